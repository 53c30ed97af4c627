/**
 * Prune: removes the journals of old operations, and the refs that kept what they replaced. They can be neither shown
 * nor undone any more, and `git gc` may take what they kept.
 *
 * The order is what makes it safe to die anywhere in it:
 *
 * 1. Journals go, the oldest first, and their folder is flushed. A journal is one file: an operation is there whole, or
 *    it is gone.
 * 2. Then the keep refs that no journal speaks for are deleted, in one transaction.
 *
 * In between there are keep refs without an operation. They do no harm, and the next prune finds them, since it asks of
 * every keep ref whether its operation is there. In the other order there would be operations that claim that they can
 * be undone while `git gc` takes what that needs (proof: `tests/crash/prune.test.ts`).
 *
 * @module
 */
import type { System } from "../platform/system.ts";
import { type JournaledOperation, journaledOperations, type OperationSummary } from "../engine/history.ts";
import { listJournals } from "../engine/journal.ts";
import { OPERATION_ID, operationTimeMs } from "../engine/operation_id.ts";
import { readOpState } from "../engine/op_state.ts";
import { journalPath, KEEP_PREFIX, opsFolder, removeIfThere } from "../engine/paths.ts";
import { recordedValue } from "../engine/plan.ts";
import { expectationOf, type RefOutcome } from "../engine/update.ts";
import type { Writer } from "../engine/writer.ts";
import type { RefEntry } from "../git/refs/store.ts";

/** Which operations are kept: those that one of the two speaks for. */
export interface PruneRule {
  /** So many of the newest ones. */
  readonly keep: number;
  /** Those that began less than so many milliseconds ago; 0: none is kept for its age. */
  readonly keepForMs: number;
}

/** What was removed. */
export interface PruneResult {
  /** The operations, newest first. */
  readonly pruned: readonly OperationSummary[];
  /** How many journals of plumbing went with them. */
  readonly plumbing: number;
  /** The keep refs that were deleted, sorted by name. */
  readonly keepRefs: readonly RefOutcome[];
  /** Keep refs that wait for the next prune, because an operation is unfinished and refs must not change now. */
  readonly waiting: number;
}

/**
 * Prunes.
 *
 * An operation that is unfinished or paused stays, whatever the rule says. Journals of plumbing are no operations; the
 * rule is applied to them by themselves.
 *
 * @throws {LatticeError} `invalid_data`: a journal or a keep ref is damaged, and nothing was removed; `io`; as
 *   `Writer.transact`.
 */
export function prune(writer: Writer, rule: PruneRule): PruneResult {
  const { system, commonDir, refs } = writer.repository;
  const keepRefs = [...refs.list(KEEP_PREFIX)]; // first: a damaged one is to be met before anything is removed
  const doomed = chooseJournals(system, commonDir, rule);
  removeJournals(system, commonDir, doomed);
  const orphans = withoutJournal(system, commonDir, keepRefs);
  const isBusy = readOpState(system, commonDir) !== null;
  return {
    pruned: doomed.flatMap(({ begin, endRecorded: _endRecorded, ...summary }) =>
      begin.purpose === "operation" ? [summary] : []
    ),
    plumbing: doomed.filter(({ begin }) => begin.purpose === "plumbing").length,
    keepRefs: isBusy ? [] : deleteKeepRefs(writer, orphans),
    waiting: isBusy ? orphans.length : 0,
  };
}

/** The journals that the rule gives up and nothing needs, newest first. */
function chooseJournals(system: System, commonDir: string, rule: PruneRule): JournaledOperation[] {
  const all = [...journaledOperations(system, commonDir)];
  const nowMs = system.clock.nowMs();
  const seen = { operation: 0, plumbing: 0 };
  const marker = readOpState(system, commonDir);
  const unfinished = marker === null || marker === "unreadable" ? null : marker.op_id;
  const kept = new Map<string, JournaledOperation>();
  for (const operation of all) {
    const { op_id: id, begin } = operation;
    const isYoung = rule.keepForMs > 0 && nowMs - operationTimeMs(id) < rule.keepForMs;
    const isNew = seen[begin.purpose]++ < rule.keep || isYoung;
    if (isNew || !isOver(operation) || id === unfinished) kept.set(id, operation);
  }
  return all.filter(({ op_id: id, begin }) =>
    !kept.has(id) && !tellsEndOf(system, commonDir, kept, begin.previous?.id)
  );
}

function isOver({ phase }: OperationSummary): boolean {
  return phase === "committed" || phase === "rolled_back";
}

/**
 * Whether a journal is needed because it alone says how the kept one before it ended. Where that one says so itself, it
 * is flushed: what is merely seen may be lost in a power cut that leaves the removal.
 */
function tellsEndOf(
  system: System,
  commonDir: string,
  kept: ReadonlyMap<string, JournaledOperation>,
  id: string | undefined,
): boolean {
  const before = id === undefined ? undefined : kept.get(id);
  if (before === undefined || !isOver(before)) return false;
  if (before.endRecorded) system.disk.syncFile(journalPath(commonDir, before.op_id));
  return !before.endRecorded;
}

function removeJournals(system: System, commonDir: string, doomed: readonly JournaledOperation[]): void {
  if (doomed.length === 0) return;
  for (const { op_id: id } of doomed.toReversed()) removeIfThere(system, journalPath(commonDir, id));
  system.disk.syncDirectory(opsFolder(commonDir));
}

/**
 * The keep refs whose operation has no journal. The journals are listed now, behind the refs: who sets a keep ref has
 * written the journal before.
 */
function withoutJournal(system: System, commonDir: string, keepRefs: readonly RefEntry[]): RefEntry[] {
  if (keepRefs.length === 0) return [];
  const journals = new Set(listJournals(system, commonDir));
  return keepRefs.filter(({ name }) => {
    const [id = ""] = name.slice(KEEP_PREFIX.length).split("/", 1);
    return OPERATION_ID.test(id) && !journals.has(id);
  });
}

function deleteKeepRefs(writer: Writer, orphans: readonly RefEntry[]): RefOutcome[] {
  if (orphans.length === 0) return [];
  const outcomes = orphans.map(({ name, value }) => ({ ref: name, value: recordedValue(value) }));
  writer.transact({
    updates: outcomes.map(({ ref, value }) => ({
      name: ref,
      expect: expectationOf(value),
      change: { kind: "delete" },
      follow: false,
    })),
    objects: [],
    message: "lattice: prune",
    purpose: "plumbing",
    mayChangeOwnRefs: true,
  });
  return outcomes.map(({ ref, value }) => ({ ref, old: value, new: null }));
}

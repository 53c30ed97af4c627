/**
 * Prune: removes the journals of old operations, and the refs that kept what they replaced. They can be neither shown
 * nor undone any more, and `git gc` may take what they kept.
 *
 * The order is what makes it safe to die anywhere in it:
 *
 * 1. Journals go, the oldest first, and their folder is flushed. A journal is one file: an operation is there whole, or
 *    it is gone.
 * 2. Then the keep refs that no journal speaks for are deleted.
 *
 * In between there are keep refs without an operation. They do no harm, and a later prune finds them, since it asks of
 * every keep ref that is old enough whether its operation is there. In the other order there would be operations that claim that they can
 * be undone while `git gc` takes what that needs (proof: `tests/crash/prune.test.ts`).
 *
 * @module
 */
import type { System } from "../platform/system.ts";
import { type JournaledOperation, journaledOperations, type OperationSummary } from "../engine/history.ts";
import { listJournals } from "../engine/journal.ts";
import { isOperationId, operationTimeMs } from "../engine/operation_id.ts";
import { readOpState } from "../engine/op_state.ts";
import { journalPath, KEEP_PREFIX, opsFolder, removeIfThere } from "../engine/paths.ts";
import { refusePackedRefsLink } from "../engine/ref_files.ts";
import { recordedValue } from "../engine/plan.ts";
import { expectationOf, type RefOutcome, type RefUpdate } from "../engine/update.ts";
import type { Writer } from "../engine/writer.ts";
import type { RefEntry } from "../git/refs/store.ts";

/** Which operations are kept: those that one of the two speaks for. */
export interface PruneRule {
  /** So many of the newest ones. */
  readonly keep: number;
  /** Those that began less than so many milliseconds ago; 0: none is kept for its age. */
  readonly keepForMs: number;
}

/** The journals that were removed. */
export interface PrunedJournals {
  /** The operations, newest first. */
  readonly operations: readonly OperationSummary[];
  /** How many journals of plumbing went with them. */
  readonly plumbing: number;
}

/** The keep refs whose operations are gone. */
export interface PrunedKeepRefs {
  /** Those that were deleted, sorted by name. */
  readonly deleted: readonly RefOutcome[];
  /** How many wait for the next prune, because an operation is unfinished and refs must not change now. */
  readonly waiting: number;
}

/**
 * The first half: removes the journals that the rule gives up.
 *
 * An operation that is unfinished or paused stays, whatever the rule says. Journals of plumbing are no operations; the
 * rule is applied to them by themselves.
 *
 * @throws {LatticeError} `invalid_data`: a journal or a keep ref is damaged, and nothing was removed; `unsupported`:
 *   `packed-refs` is a symbolic link, and nothing was removed; `io`.
 */
export function pruneJournals({ context, repository }: Writer, rule: PruneRule): PrunedJournals {
  const { system, commonDir, refs } = repository;
  for (const _keepRef of refs.list(KEEP_PREFIX)); // a damaged one is to be met before anything is removed
  const doomed = chooseJournals(system, commonDir, rule);
  if (doomed.length > 0) refusePackedRefsLink(context); // or the keep refs would stay behind
  for (const { op_id: id } of doomed) removeIfThere(system, journalPath(commonDir, id));
  if (doomed.length > 0) system.disk.syncDirectory(opsFolder(commonDir));
  const operations = doomed.flatMap(({ begin, endRecorded: _endRecorded, ...summary }) =>
    begin.purpose === "operation" ? [summary] : []
  );
  return { operations: operations.reverse(), plumbing: doomed.length - operations.length };
}

/**
 * So many keep refs are deleted in one transaction. Git waits a second for `packed-refs.lock`, which stands as long as
 * that takes, and nothing needs them to go all at once.
 */
const KEEP_REFS_AT_ONCE = 500;

/**
 * Who journals what plain git did takes no lock, and sets its keep refs before it writes its journal. So a keep ref
 * without a journal is taken for a left-over only when it is older than that can take by any reckoning (an hour).
 */
const LEFT_OVER_AGE_MS = 3_600_000;

/**
 * The second half: deletes the keep refs whose operations are gone.
 *
 * @param pruned Operations whose journals the first half has just removed.
 * @throws {LatticeError} As `Writer.transact`; the next prune finds those that are left.
 */
export async function pruneKeepRefs(writer: Writer, pruned: readonly OperationSummary[]): Promise<PrunedKeepRefs> {
  const { system, commonDir, refs } = writer.repository;
  const orphans = withoutJournal(system, commonDir, [...refs.list(KEEP_PREFIX)], pruned);
  if (readOpState(system, commonDir) !== null) return { deleted: [], waiting: orphans.length };
  for (let start = 0; start < orphans.length; start += KEEP_REFS_AT_ONCE) {
    const updates = orphans.slice(start, start + KEEP_REFS_AT_ONCE).map(deletion);
    await writer.patiently(() =>
      writer.transact({
        updates,
        objects: [],
        message: "lattice: prune",
        purpose: "plumbing",
        mayChangeOwnRefs: true,
      })
    );
  }
  return {
    deleted: orphans.map(({ name, value }) => ({ ref: name, old: recordedValue(value), new: null })),
    waiting: 0,
  };
}

function deletion({ name, value }: RefEntry): RefUpdate {
  return { name, expect: expectationOf(recordedValue(value)), change: { kind: "delete" }, follow: false };
}

/** The journals that the rule gives up and nothing needs, oldest first. */
function chooseJournals(system: System, commonDir: string, rule: PruneRule): JournaledOperation[] {
  const all = [...journaledOperations(system, commonDir)];
  const nowMs = system.clock.nowMs();
  const marker = readOpState(system, commonDir);
  const unfinished = marker === null || marker === "unreadable" ? null : marker.op_id;
  const seen = { operation: 0, plumbing: 0 };
  const kept = new Map<string, JournaledOperation>();
  for (const operation of all) {
    const { op_id: id, begin } = operation;
    const isYoung = rule.keepForMs > 0 && nowMs - operationTimeMs(id) < rule.keepForMs;
    const isNew = seen[begin.purpose]++ < rule.keep || isYoung;
    if (isNew || !isOver(operation) || id === unfinished) kept.set(id, operation);
  }
  return all.reverse().filter((operation) => {
    if (kept.has(operation.op_id)) return false;
    const before = operation.begin.previous === null ? undefined : kept.get(operation.begin.previous.id);
    if (before === undefined || !tellsEndOf(system, commonDir, before)) return true;
    kept.set(operation.op_id, operation);
    return false;
  });
}

function isOver({ phase }: OperationSummary): boolean {
  return phase === "committed" || phase === "rolled_back";
}

/**
 * Whether the journal behind a kept one is needed, because it alone tells how that one ended. Where the kept one says so
 * itself, that is flushed: what is merely seen may be lost in a power cut that leaves the removal.
 */
function tellsEndOf(system: System, commonDir: string, kept: JournaledOperation): boolean {
  if (!isOver(kept)) return false;
  if (kept.endRecorded) system.disk.syncFile(journalPath(commonDir, kept.op_id));
  return !kept.endRecorded;
}

/** The keep refs whose operation was just pruned, or has had no journal for long. */
function withoutJournal(
  system: System,
  commonDir: string,
  keepRefs: readonly RefEntry[],
  pruned: readonly OperationSummary[],
): RefEntry[] {
  if (keepRefs.length === 0) return [];
  const gone = new Set(pruned.map(({ op_id }) => op_id));
  const there = new Set(listJournals(system, commonDir));
  const lastMs = system.clock.nowMs() - LEFT_OVER_AGE_MS;
  return keepRefs.filter(({ name }) => {
    const [id = ""] = name.slice(KEEP_PREFIX.length).split("/", 1);
    if (!isOperationId(id) || there.has(id)) return false;
    return gone.has(id) || operationTimeMs(id) < lastMs;
  });
}

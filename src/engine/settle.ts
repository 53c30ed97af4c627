/**
 * Bringing one operation to its end, from whatever a crash or a failing call left of it.
 *
 * The same code serves a command whose own write failed and a later command that finds the journal of a dead one. It
 * may be killed at any point, any number of times, and ends in the same state.
 *
 * @module
 */
import { isDiskError } from "../platform/disk.ts";
import { invariant } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";
import { equalBytes, utf8 } from "../platform/text.ts";
import { folderOf } from "../platform/paths.ts";
import { type EngineContext, share } from "./context.ts";
import { filesRefs, lockPath, packedLockPath, seenFrom } from "./files_refs.ts";
import { type Journal, readJournal } from "./journal.ts";
import type { DivergedRef, JournalRecord, UpdatesRecord } from "./journal_format.ts";
import { isMarkerOf, readOpState, removeOpState, writeOpState } from "./op_state.ts";
import { PausedError } from "./outcome_errors.ts";
import {
  KEEP_PREFIX,
  makeFolder,
  opStatePath,
  removeIfThere,
  removeSpanFolder,
  removeTree,
  temporaryFolder,
  temporaryRoot,
} from "./paths.ts";
import { recordedValue } from "./plan.ts";
import { decide } from "./recovery_table.ts";
import {
  canWrite,
  type Direction,
  missingWrites,
  needsLinkedPackedRefs,
  secureDocuments,
  writeMissing,
} from "./redo.ts";
import { isRefSubfolder, packedRefsLinkError, removeEmptyParents, syncFolderOf } from "./ref_files.ts";
import { isOurLock, type LockProof } from "./ref_locks.ts";
import { appendReflogLines, removeReflog, removeReflogLines, syncReflogFolders } from "./reflog_lines.ts";
import { changingUpdates, lastTransaction, observe, type RefState, type Situation } from "./situation.ts";

/** How an operation ended, or that it waits for a person. */
export type Outcome = "committed" | "rolled_back" | "paused";

/**
 * Whether an operation holds several transactions (`op run`, `op begin`): then a transaction's end is not its own, and
 * its end is decided elsewhere (`span_end.ts`).
 */
export function isSpan({ begin }: Journal): boolean {
  return begin.span !== undefined;
}

/** Result of {@link settle}. */
export interface Settled {
  readonly outcome: Outcome;
  /** Refs that are neither old nor new; empty unless paused. */
  readonly diverged: readonly DivergedRef[];
}

/**
 * Settles an operation.
 *
 * @param made Folders that the operation is known to have made; they are removed again where it is rolled back and
 *   they are empty.
 * @throws {LatticeError} `io`, `locked`: it could not be settled now; the next attempt goes on. {@link PausedError}: it
 *   is paused, since `packed-refs` is a symbolic link.
 */
export function settle(here: EngineContext, journal: Journal, made: readonly string[] = []): Settled {
  const context = { ...here, repository: seenFrom(here.repository, journal.begin.worktree_id) };
  const proof: LockProof = journal;
  const pause = pausedRecord(journal.records);
  if (pause !== null) {
    sweepLocks(context, journal, proof);
    return { outcome: "paused", diverged: pause.detail };
  }
  const situation = observe(context, journal, proof);
  const direction: Direction = situation.last === "reverting" ? "backward" : "forward";
  const missing = missingWrites(situation, direction);
  const possible = situation.last === "updates" || situation.last === "end" || canWrite(context, missing);
  const decision = decide({ ...situation, possible });
  context.log(`recovery of ${journal.begin.op_id}: ${decision}`);
  switch (decision) {
    case "pause": {
      const paused = pauseOperation(context, journal, proof, situation);
      if (needsLinkedPackedRefs(context, missing)) {
        throw new PausedError(journal.begin.op_id, packedRefsLinkError(context));
      }
      return paused;
    }
    case "redo":
    case "take-back":
      writeMissing(context, journal, proof, missing);
      secureDocuments(context, journal, situation, direction);
      return finish(context, journal, proof, situation, decision === "redo" ? "committed" : "rolled_back", made);
    case "applied":
      secureDocuments(context, journal, situation, "forward");
      return finish(context, journal, proof, situation, "committed", made);
    case "reverted":
      return finish(context, journal, proof, situation, "rolled_back", made);
    case "sweep":
      return sweep(context, journal, proof);
  }
}

/**
 * Ends an operation whose refs were not touched, because it was refused or given up before its commit.
 *
 * Here nothing is concluded from what the refs hold: somebody else may have given them our values meanwhile.
 *
 * @param made Folders that the operation made.
 */
export function rollBackUntouched(context: EngineContext, journal: Journal, made: readonly string[]): void {
  const proof: LockProof = journal;
  sweepLocks(context, journal, proof);
  journal.append([endRecord(context, journal, "rolled_back")], "flush");
  removeMadeFolders(context, made);
  removeTraces(context, journal);
}

/** The record that says how the last transaction ended, and with it the operation, if that has only one. */
function endRecord(context: EngineContext, journal: Journal, outcome: "committed" | "rolled_back"): JournalRecord {
  const at = new Date(context.system.clock.nowMs()).toISOString();
  if (!isSpan(journal)) return { type: outcome, at };
  const { transaction } = lastTransaction(journal.records);
  invariant(transaction !== null, "there is a transaction to be ended");
  const number = transaction.transaction;
  return outcome === "committed"
    ? { type: "applied", transaction: number, at }
    : { type: "reverted", transaction: number };
}

/** The last `paused` record that nothing has followed up, or `null`. */
export function pausedRecord(records: readonly JournalRecord[]): Extract<JournalRecord, { type: "paused" }> | null {
  const last = records.at(-1);
  return last?.type === "paused" ? last : null;
}

/** How a journal ended, or `null` when it did not. */
export function endOf(records: readonly JournalRecord[]): "committed" | "rolled_back" | null {
  for (const record of records.toReversed()) {
    if (record.type === "committed" || record.type === "rolled_back") return record.type;
  }
  return null;
}

function finish(
  context: EngineContext,
  journal: Journal,
  proof: LockProof,
  situation: Situation,
  outcome: "committed" | "rolled_back",
  made: readonly string[],
): Settled {
  const { transaction } = situation;
  if (transaction !== null) {
    settleReflogs(context, situation, transaction, outcome);
    syncRefFolders(context, transaction);
  }
  const end = endRecord(context, journal, outcome);
  if (situation.kind === "single") {
    // The marker of a single update is not durable, so a lock that came back after a power cut would have no journal
    // without an end that leads to it. Here the locks go first; this row of the table does not look at them.
    sweepLocks(context, journal, proof);
    journal.append([end], "flush");
  } else {
    journal.append([end], "flush");
    sweepLocks(context, journal, proof);
  }
  if (outcome === "rolled_back") removeMadeFolders(context, made);
  removeTraces(context, journal);
  return { outcome, diverged: [] };
}

function sweep(context: EngineContext, journal: Journal, proof: LockProof): Settled {
  sweepLocks(context, journal, proof);
  const outcome = endOf(journal.records) ?? "rolled_back";
  if (endOf(journal.records) === null && !isSpan(journal)) {
    // A journal that never came to its updates: nothing had happened.
    journal.append([{ type: "rolled_back", at: new Date(context.system.clock.nowMs()).toISOString() }], "flush");
  }
  removeTraces(context, journal);
  return { outcome, diverged: [] };
}

/**
 * Reflogs are no part of the atomic unit: what is wrong with one must not keep the refs from being settled. That of a
 * ref that others have moved on since, or made again, is theirs now.
 */
function settleReflogs(
  context: EngineContext,
  { refs, kind }: Situation,
  { logs, identity }: UpdatesRecord,
  outcome: "committed" | "rolled_back",
): void {
  try {
    if (outcome === "rolled_back") {
      for (const { update: { ref } } of refs) if (ref.startsWith(KEEP_PREFIX)) removeReflog(context, ref);
      return removeReflogLines(context, logs, identity);
    }
    // What was shown by one step and is at its old value now was put back by others; of several refs such a one is redone.
    const isMoved = (state: RefState) => state === "third" || (state === "old" && kind !== "several");
    const moved = new Set(refs.filter(({ state }) => isMoved(state)).map(({ update }) => update.ref));
    appendReflogLines(context, logs.filter(({ ref }) => !moved.has(ref)), identity, "complete");
    const gone = refs.flatMap(({ update: { ref, new: value } }) => value === null && !moved.has(ref) ? [ref] : []);
    for (const ref of gone) removeReflog(context, ref);
    syncReflogFolders(context, gone);
  } catch (error) {
    if (!isDiskError(error)) throw error;
    context.log(`a reflog was left as it is: ${error.message}`);
  }
}

/** Makes durable what is seen of every ref of the transaction, redone or not. */
function syncRefFolders(context: EngineContext, transaction: UpdatesRecord): void {
  const { disk } = context.system;
  const folders = new Set<string>();
  const updates = changingUpdates(transaction);
  if (transaction.path === "batch" || updates.some((update) => update.new === null || update.old === null)) {
    disk.syncDirectory(context.repository.commonDir);
  }
  for (const { ref } of updates) {
    const path = filesRefs(context.repository).loosePath(ref);
    if (folders.has(folderOf(path))) continue;
    folders.add(folderOf(path));
    syncFolderOf(disk, path);
  }
}

function pauseOperation(context: EngineContext, journal: Journal, proof: LockProof, situation: Situation): Settled {
  const { system, repository } = context;
  const diverged: DivergedRef[] = situation.refs.map(({ update, actual }) => ({
    ref: update.ref,
    old: update.old,
    new: update.new,
    actual: recordedValue(actual),
  }));
  const at = new Date(system.clock.nowMs()).toISOString();
  journal.append([{ type: "paused", reason: "diverged", detail: diverged, at }], "flush");
  markPaused(context, journal.records);
  sweepLocks(context, journal, proof);
  removeTree(system, temporaryFolder(repository.commonDir, journal.begin.op_id));
  return { outcome: "paused", diverged };
}

/**
 * Pauses an operation of several transactions, none of which is under way.
 *
 * @param reason For people.
 * @param detail Refs that a person must decide about.
 */
export function pauseSpan(
  context: EngineContext,
  journal: Journal,
  reason: string,
  detail: readonly DivergedRef[],
): void {
  const at = new Date(context.system.clock.nowMs()).toISOString();
  journal.append([{ type: "paused", reason, detail, at }], "flush");
  markPaused(context, journal.records);
}

/**
 * Makes the marker say, durably, that an operation is paused.
 *
 * @param records Its journal.
 */
export function markPaused(context: EngineContext, records: readonly JournalRecord[]): void {
  const { system, repository } = context;
  const [begin] = records;
  const pause = pausedRecord(records);
  invariant(begin?.type === "begin" && pause !== null, "the operation is paused");
  makeFolder(system, temporaryRoot(repository.commonDir));
  makeFolder(system, temporaryFolder(repository.commonDir, begin.op_id));
  writeOpState(system, repository.commonDir, {
    op_id: begin.op_id,
    command: begin.command,
    phase: "paused",
    updated_at: pause.at,
    origin_git_dir: begin.origin_git_dir,
    origin_work_dir: begin.origin_work_dir,
    plan_digest: begin.span?.plan_digest ?? null,
    touched_refs: pause.detail.map(({ ref, old }) => ({ ref, old })),
    awaiting_reason: pause.reason,
  });
  share(context, opStatePath(repository.commonDir), "file");
  system.disk.syncFile(opStatePath(repository.commonDir));
  system.disk.syncDirectory(`${repository.commonDir}/lattice`);
  removeTree(system, temporaryFolder(repository.commonDir, begin.op_id));
}

/**
 * Takes an operation's marker away. Where it helped a paused one to its end, that one's marker comes back: until its
 * journal says that it ended, it is paused.
 *
 * @param resumes The paused operation.
 * @returns Whether there was a marker to change.
 */
export function clearMarker(context: EngineContext, opId: string, resumes: string | undefined): boolean {
  const { system, repository } = context;
  if (!isMarkerOf(system, repository.commonDir, opId)) {
    const marker = readOpState(system, repository.commonDir);
    if (marker === null || (marker !== "unreadable" && marker.op_id !== opId)) return false;
  }
  const paused = resumes === undefined ? null : readJournal(system, repository.commonDir, resumes);
  if (paused !== null && pausedRecord(paused) !== null) markPaused(context, paused);
  else removeOpState(system, repository.commonDir);
  return true;
}

/** Takes away every lock that is surely ours, and makes that durable. */
function sweepLocks(context: EngineContext, journal: Journal, proof: LockProof): void {
  const { system, repository } = context;
  const { transaction } = lastTransaction(journal.records);
  const paths = new Set<string>();
  for (const { ref } of transaction?.updates ?? []) paths.add(lockPath(repository, ref));
  for (const ref of transaction?.locked ?? []) paths.add(lockPath(repository, ref));
  paths.add(packedLockPath(repository)); // last, as it was taken
  const folders = new Map<string, string>();
  for (const path of paths) {
    // The folder of a lock that is gone is flushed too: it may have gone visibly only.
    folders.set(folderOf(path), path);
    if (isOurLock(system, path, proof)) removeIfThere(system, path);
  }
  for (const path of folders.values()) syncFolderOf(system.disk, path);
}

function removeMadeFolders(context: EngineContext, made: readonly string[]): void {
  const ours = new Set(made);
  for (const folder of made.toReversed()) {
    removeEmptyParents(context.system.disk, folder, (at) => ours.has(at));
  }
}

/** Removes what the operation left beside its journal; the marker last. */
function removeTraces(context: EngineContext, journal: Journal): void {
  const { system, repository } = context;
  const opId = journal.begin.op_id;
  const { transaction } = lastTransaction(journal.records);
  for (const update of transaction === null ? [] : changingUpdates(transaction)) {
    const folder = folderOf(filesRefs(repository).loosePath(update.ref));
    if (update.new === null) removeEmptyParents(system.disk, folder, (at) => isRefSubfolder(context, at));
  }
  removeKeepFiles(context);
  removeTree(system, temporaryFolder(repository.commonDir, opId));
  if (isSpan(journal)) {
    if (endOf(journal.records) === null) return; // it goes on
    removeSpanFolder(system, repository.commonDir, opId);
  }
  if (clearMarker(context, opId, journal.begin.resumes)) system.disk.syncDirectory(`${repository.commonDir}/lattice`);
}

/**
 * Removes the `.keep` files that lattice made. Their packs stay: refs lead into them, or `git gc` takes them.
 *
 * One operation runs at a time, and a paused one has its documents in the journal, so none is needed any more.
 */
export function removeKeepFiles(context: EngineContext): void {
  const { system, repository } = context;
  const folder = `${repository.objectsDir}/pack`;
  for (const entry of system.disk.list(folder) ?? []) {
    const path = `${folder}/${entry.name}`;
    if (entry.name.endsWith(".keep") && entry.kind === "file" && isOurKeepFile(system, path)) {
      removeIfThere(system, path);
    }
  }
}

/** Ours is a second name of a pack index, or holds our text where there are no hard links. */
function isOurKeepFile(system: System, path: string): boolean {
  const file = system.disk.openRead(path);
  if (file === null) return false;
  using _closed = file;
  const head = new Uint8Array(KEEP_TEXT.length);
  const count = file.readAt(head, 0);
  return equalBytes(head.subarray(0, 4), INDEX_MAGIC) || (count === head.length && equalBytes(head, KEEP_TEXT));
}

/** The first bytes of a pack index (gitformat-pack, version 2). */
const INDEX_MAGIC = Uint8Array.of(0xff, 0x74, 0x4f, 0x63);

const KEEP_TEXT = utf8("lattice ");

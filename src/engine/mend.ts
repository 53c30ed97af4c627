/**
 * Mending refs that a transaction cannot change because they cannot be read, or because what is wrong is the file and
 * not the value: a loose file that is empty, garbled or a loop, a damaged `packed-refs`, a reflog with lines that are no
 * entries.
 *
 * It runs under the repository lock and git's own lock of what is mended, a hard link to a journal as always, so that a
 * kill at any point leaves the damage as it was or mended, and locks that the next command knows for ours. What was
 * found is compared once more under the lock: that is the compare-and-swap of a value that cannot be read.
 *
 * No `reference-transaction` hook is asked, and no reflog gets a line: no value changes that a program could have used, and
 * a line that names a missing object would be damage again.
 *
 * @module
 */
import type { RefValue } from "../git/refs/store.ts";
import { LatticeError } from "../platform/errors.ts";
import { folderOf } from "../platform/paths.ts";
import { type EngineContext, packedLockTimeoutMs, refLockTimeoutMs, share } from "./context.ts";
import { filesRefs, lockPath, packedLockPath } from "./files_refs.ts";
import { Journal } from "./journal.ts";
import type { UpdateRecord } from "./journal_format.ts";
import { writeOpState } from "./op_state.ts";
import { newOperationId } from "./operation_id.ts";
import {
  makeDurableFolder,
  makeFolder,
  opsFolder,
  opStatePath,
  removeIfThere,
  removeTree,
  temporaryFolder,
  temporaryRoot,
} from "./paths.ts";
import { recordedValue } from "./plan.ts";
import { beginRecord } from "./records.ts";
import { makeRefFolders, publishValue, refusePackedRefsLink, stageValues, syncFolderOf } from "./ref_files.ts";
import { LockMaker } from "./ref_locks.ts";
import { refuseLinkedReflogs } from "./reflog_lines.ts";
import { clearMarker, rollBackUntouched, settle } from "./settle.ts";
import type { Writer } from "./writer.ts";

/** Git takes a `packed-refs` for unchanged by size, inode and seconds. */
const MTIME_STEP_NS = 1_000_000_000n;

/** One loose ref that is to be mended. */
export interface RefMend {
  /** Full name, as the worktree that runs knows it. */
  readonly name: string;
  /** What it holds as far as that can be read; `null`: it cannot. */
  readonly old: RefValue | null;
  /** What it is to hold; `null`: its file goes. */
  readonly value: RefValue | null;
  /** Whether the file is still what was found; asked under the lock. */
  readonly isAsFound: () => boolean;
  /** Puts a copy of the file elsewhere before it is replaced or removed. */
  readonly keepCopy: () => void;
}

/** A reflog that is to be written anew. */
export interface ReflogMend {
  /** Full name of its ref, as the worktree that runs knows it. */
  readonly name: string;
  /** Reads it and gives its next content, under the lock. */
  readonly content: () => Uint8Array;
  /** Whether the file is still what was found; asked under the lock of the ref. */
  readonly isAsFound: () => boolean;
  /** Puts a copy of the file elsewhere before it is replaced. */
  readonly keepCopy: () => void;
}

/** A `packed-refs` that is to be written anew. */
export interface PackedRefsMend {
  /** Its next content. */
  readonly content: Iterable<Uint8Array>;
  /** Whether the file is still what was found; asked under the lock. */
  readonly isAsFound: () => boolean;
  /** Puts what is there elsewhere; what is no file must be gone afterwards, a file may stay. */
  readonly keepCopy: () => void;
}

/**
 * Gives a damaged loose ref a value, or takes its file away. When this returns, it survives a power cut.
 *
 * @throws {LatticeError} `cas_failed`: the file is no longer what was found; `locked`: somebody holds git's lock of it;
 *   `io`. Nothing was changed then.
 */
export function mendRef(writer: Writer, mend: RefMend): void {
  const { context } = writer;
  const { system, repository } = context;
  const update: UpdateRecord = { ref: mend.name, old: recordedValue(mend.old), new: recordedValue(mend.value) };
  runMend(writer, [update], [], ({ lock, folder }) => {
    makeRefFolders(context, [mend.name], []);
    lock(lockPath(repository, mend.name), mend.name, refLockTimeoutMs(context));
    const path = filesRefs(repository).loosePath(mend.name);
    insist(mend.isAsFound(), path);
    const { value } = mend;
    const staged = value === null ? undefined : stageValues(context, folder, [{ ref: mend.name, value }]);
    mend.keepCopy();
    if (staged === undefined) removeIfThere(system, path);
    else publishValue(context, mend.name, staged.get(mend.name)!);
    syncFolderOf(system.disk, path);
  });
}

/**
 * Writes a reflog anew, under the lock of its ref, which whoever appends to it holds. When this returns, it survives a
 * power cut.
 *
 * @throws {LatticeError} `cas_failed`, `locked`, `io` as {@link mendRef}.
 */
export function mendReflog(writer: Writer, mend: ReflogMend): void {
  const { context } = writer;
  const { system, repository } = context;
  refuseLinkedReflogs(context, [mend.name]);
  runMend(writer, [], [mend.name], ({ lock, folder, journal }) => {
    makeRefFolders(context, [mend.name], []); // of a ref that is packed there may be none
    lock(lockPath(repository, mend.name), mend.name, refLockTimeoutMs(context));
    const path = filesRefs(repository).logPath(mend.name);
    const content = mend.content();
    insist(mend.isAsFound(), path);
    const staged = `${folder}/log`;
    using file = system.disk.create(staged);
    file.write(content);
    share(context, staged, "file");
    file.sync();
    mend.keepCopy();
    system.disk.rename(staged, path);
    syncFolderOf(system.disk, path);
    noteDone(journal);
  });
}

/**
 * Writes `packed-refs` anew. When this returns, it survives a power cut.
 *
 * @throws {LatticeError} `cas_failed`, `locked`, `io` as {@link mendRef}; `unsupported`: it is a symbolic link.
 */
export function mendPackedRefs(writer: Writer, mend: PackedRefsMend): void {
  const { context } = writer;
  const { system, repository } = context;
  runMend(writer, [], [], ({ lock, folder, journal }) => {
    lock(packedLockPath(repository), "packed-refs", packedLockTimeoutMs(context));
    refusePackedRefsLink(context);
    const path = filesRefs(repository).packedRefsPath;
    insist(mend.isAsFound(), path);
    const before = system.disk.lstat(path);
    const staged = `${folder}/packed-refs`;
    using file = system.disk.create(staged);
    for (const chunk of mend.content) file.write(chunk);
    share(context, staged, "file");
    const least = (before?.mtimeNs ?? 0n) + MTIME_STEP_NS;
    if (BigInt(Math.floor(system.clock.nowMs())) * 1_000_000n < least) system.disk.setTimes(staged, least);
    file.sync();
    mend.keepCopy();
    system.disk.rename(staged, path);
    system.disk.syncDirectory(folderOf(path));
    noteDone(journal);
  });
}

/** What a mend works with between its journal and its end. */
interface RunningMend {
  readonly journal: Journal;
  /** The operation's temporary folder. */
  readonly folder: string;
  /** Takes one of git's locks, or throws `locked`. */
  readonly lock: (path: string, what: string, timeoutMs: number) => void;
}

/**
 * Says that a mend of no ref's value is done. A crash before this makes it count as not done, which nobody asks: it is
 * no operation, and what its files hold is what counts.
 */
function noteDone(journal: Journal): void {
  journal.append([{ type: "prepared", transaction: 1 }], "flush");
}

/** Marker, journal, the work itself, and the end: as a transaction, and recovered like one. */
function runMend(
  writer: Writer,
  updates: readonly UpdateRecord[],
  locked: readonly string[],
  work: (running: RunningMend) => void,
): void {
  const { context } = writer;
  const { system, repository } = context;
  const { commonDir } = repository;
  const previous = writer.lock.notes.lastOperation;
  const opId = newOperationId(system, previous?.id ?? null);
  const folder = temporaryFolder(commonDir, opId);
  mark(context, opId, folder, updates);
  let journal: Journal;
  try {
    journal = Journal.begin(system, commonDir, [
      beginRecord(context, { opId, previous }, { updates: [], objects: [], message: "", purpose: "plumbing" }),
      { type: "updates", transaction: 1, path: "loose", updates, locked, logs: [], identity: "" },
    ]);
  } catch (error) {
    removeTree(system, folder);
    clearMarker(context, opId, undefined);
    throw error;
  }
  let outcome = "rolled_back";
  try {
    share(context, journal.path, "file");
    // The end of a journal of no single ref is recorded before its locks go, so what leads to them must be durable.
    system.disk.syncFile(opStatePath(commonDir));
    system.disk.syncDirectory(`${commonDir}/lattice`);
    const maker = new LockMaker(system, journal.path, journal, folder);
    work({ journal, folder, lock: (path, what, timeoutMs) => maker.lock(path, what, timeoutMs) });
    outcome = settle(context, journal).outcome;
  } catch (error) {
    // What was refused before anything was written ends as untouched; what failed later, by what the files hold.
    if (error instanceof NotAsFoundError) rollBackUntouched(context, journal, []);
    else settle(context, journal);
    throw error;
  } finally {
    journal.close();
  }
  writer.lock.writeNotes({ sweptBootId: writer.lock.notes.sweptBootId, lastOperation: { id: opId, outcome } });
}

function mark(context: EngineContext, opId: string, folder: string, updates: readonly UpdateRecord[]): void {
  const { system, repository } = context;
  const ops = opsFolder(repository.commonDir);
  if (makeDurableFolder(system, ops)) share(context, ops, "directory");
  const root = temporaryRoot(repository.commonDir);
  if (makeFolder(system, root)) share(context, root, "directory");
  makeFolder(system, folder);
  share(context, folder, "directory");
  writeOpState(system, repository.commonDir, {
    op_id: opId,
    command: context.command,
    phase: "in_progress",
    updated_at: new Date(system.clock.nowMs()).toISOString(),
    origin_git_dir: repository.gitDir,
    origin_work_dir: repository.workDir,
    plan_digest: null,
    touched_refs: updates.map(({ ref, old }) => ({ ref, old })),
    awaiting_reason: null,
  });
  share(context, opStatePath(repository.commonDir), "file");
}

/** What was to be mended is no longer what was found. */
class NotAsFoundError extends LatticeError {
  constructor(path: string) {
    super("cas_failed", `${JSON.stringify(path)} changed since it was looked at`, {
      hint: "run `lattice doctor` again",
      details: { path },
    });
  }
}

function insist(condition: boolean, path: string): void {
  if (!condition) throw new NotAsFoundError(path);
}

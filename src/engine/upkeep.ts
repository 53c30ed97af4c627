/**
 * Work under git's own locks that is no transaction: packing refs, rewriting reflogs. It leaves every ref at its value,
 * or moves a single one by a single rename, so there is nothing to be taken back and no journal is kept.
 *
 * A crash must still leave no lock that nobody recognises. So the names that may be locked are written down, flushed,
 * in the temporary folder before the first lock is taken. The locks are hard links of that file, and whoever holds the
 * repository lock next finds it there and takes them away (`recoverUpkeep`). Proof: `tests/crash/upkeep.test.ts`.
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import { concatBytes } from "../platform/text.ts";
import { type EngineContext, packedLockTimeoutMs, refLockTimeoutMs, share } from "./context.ts";
import { lockPath, packedLockPath, seenFrom } from "./files_refs.ts";
import { type BeginRecord, decodeJournal, encodeRecord } from "./journal_format.ts";
import { newOperationId } from "./operation_id.ts";
import { readOwnFile } from "../platform/own_file.ts";
import { folderOf } from "../platform/paths.ts";
import { makeFolder, removeIfThere, removeTree, temporaryFolder, temporaryRoot } from "./paths.ts";
import { beginRecord } from "./records.ts";
import { isRefSubfolder, makeRefFolders, removeEmptyParents, syncFolderOf } from "./ref_files.ts";
import { isOurLock, LockMaker, type LockProof } from "./ref_locks.ts";

/** Name of the file that tells which locks the work may take. */
const RECORD_NAME = "upkeep.jsonl";

/** A larger record is neither written nor read, in bytes (256 MiB); a ref takes about its name. */
const RECORD_BYTES_MAX = 256 * 1024 * 1024;

/** What the work has at hand. */
export interface Upkeep {
  readonly context: EngineContext;
  /** A temporary folder, which is removed at the end. */
  readonly folder: string;
  /**
   * Takes `<ref>.lock`; the ref is one of those that were announced.
   *
   * @throws {LatticeError} `locked`: somebody else's lock stayed for as long as git would wait; `io`.
   */
  lockRef(ref: string): void;
  /** Gives it back; does nothing where it is not held. */
  unlockRef(ref: string): void;
  /** Takes `packed-refs.lock`. @throws {LatticeError} `locked`; `io`. */
  lockPacked(): void;
  /** Gives it back; does nothing where it is not held. */
  unlockPacked(): void;
  /** Has the folder of a path flushed at the end; those of all locks are flushed anyway. */
  touch(path: string): void;
}

/**
 * Does some work under git's locks. The caller holds the repository lock and has recovered what a crash left.
 *
 * Afterwards no lock stands, and what the work did beside the locks it took is durable.
 *
 * @param refs Every ref that may be locked.
 * @throws {LatticeError} What the work throws; `io`; `unsupported`: too many refs.
 */
export function doUpkeep<T>(context: EngineContext, refs: readonly string[], work: (upkeep: Upkeep) => T): T {
  const running = new RunningUpkeep(context, refs);
  let result: T;
  try {
    running.begin();
    result = work(running);
  } catch (error) {
    try {
      running.end();
    } catch (second) {
      // The record stays where it could not be removed, and the next command goes on from there.
      context.log(`could not clean up: ${second instanceof Error ? second.message : String(second)}`);
    }
    throw error;
  }
  running.end();
  return result;
}

class RunningUpkeep implements Upkeep {
  readonly folder: string;
  private readonly opId: string;
  private maker: LockMaker | null = null;
  private readonly held = new Set<string>();
  /** A path in each folder that is to be flushed. */
  private readonly touched = new Map<string, string>();
  private readonly made: string[] = [];

  constructor(readonly context: EngineContext, private readonly refs: readonly string[]) {
    this.opId = newOperationId(context.system, null);
    this.folder = temporaryFolder(context.repository.commonDir, this.opId);
  }

  begin(): void {
    const { system, repository } = this.context;
    const root = temporaryRoot(repository.commonDir);
    if (makeFolder(system, root)) share(this.context, root, "directory");
    makeFolder(system, this.folder);
    share(this.context, this.folder, "directory");
    const path = `${this.folder}/${RECORD_NAME}`;
    const proof = writeRecord(this.context, path, this.opId, this.refs);
    // From here on a lock that outlives us leads back to us, whether it is a kill or a power cut that ends us.
    system.disk.syncDirectory(this.folder);
    system.disk.syncDirectory(root);
    system.disk.syncDirectory(folderOf(root));
    const makeFolderOf = (ref: string) => makeRefFolders(this.context, [ref], this.made);
    this.maker = new LockMaker(system, path, proof, this.folder, makeFolderOf);
  }

  lockRef(ref: string): void {
    this.lock(lockPath(this.context.repository, ref), ref, refLockTimeoutMs(this.context));
  }

  unlockRef(ref: string): void {
    this.unlock(lockPath(this.context.repository, ref));
  }

  lockPacked(): void {
    this.lock(packedLockPath(this.context.repository), "packed-refs", packedLockTimeoutMs(this.context));
  }

  unlockPacked(): void {
    this.unlock(packedLockPath(this.context.repository));
  }

  touch(path: string): void {
    this.touched.set(folderOf(path), path);
  }

  /** Locks off, durably; then the record of them may go. */
  end(): void {
    const { system } = this.context;
    for (const path of [...this.held]) this.unlock(path);
    for (const folder of this.made.toReversed()) {
      removeEmptyParents(system.disk, folder, (at) => this.made.includes(at) && isRefSubfolder(this.context, at));
    }
    for (const path of this.touched.values()) syncFolderOf(system.disk, path);
    removeTree(system, this.folder);
  }

  private lock(path: string, what: string, timeoutMs: number): void {
    this.touch(path);
    this.maker!.lock(path, what, timeoutMs);
    this.held.add(path);
  }

  /** A lock that is not held is somebody else's, and stays. */
  private unlock(path: string): void {
    if (!this.held.has(path)) return;
    removeIfThere(this.context.system, path);
    this.held.delete(path);
  }
}

/**
 * Takes away the locks that a killed command left, durably.
 *
 * @param refuse Called for the work of another host where the repository lock may not reach it; it may throw.
 * @throws {LatticeError} `invalid_data`, `unsupported`: the record is none of ours; `io`.
 */
export function recoverUpkeep(here: EngineContext, refuse: (begin: BeginRecord) => void): void {
  const { system, repository } = here;
  const root = temporaryRoot(repository.commonDir);
  for (const entry of system.disk.list(root) ?? []) {
    if (entry.kind !== "directory") continue;
    const path = `${root}/${entry.name}/${RECORD_NAME}`;
    const record = readRecord(here, path);
    if (record === null) continue;
    refuse(record.begin);
    here.log(`taking away the locks of ${JSON.stringify(record.begin.command)}`);
    sweepLocks({ ...here, repository: seenFrom(repository, record.begin.worktree_id) }, record);
    removeTree(system, `${root}/${entry.name}`);
  }
}

interface UpkeepRecord {
  readonly begin: BeginRecord;
  readonly refs: readonly string[];
  readonly proof: LockProof;
}

function writeRecord(context: EngineContext, path: string, opId: string, refs: readonly string[]): LockProof {
  const begin = beginRecord(context, { opId, previous: null }, {
    updates: [],
    objects: [],
    message: "",
    purpose: "plumbing",
  });
  const firstLine = encodeRecord(begin, 0);
  const bytes = concatBytes([
    firstLine,
    encodeRecord(
      { type: "updates", transaction: 1, path: "loose", updates: [], locked: refs, logs: [], identity: "" },
      0,
    ),
  ]);
  if (bytes.length > RECORD_BYTES_MAX) {
    throw new LatticeError("unsupported", `${refs.length} refs are too many for one command`, {
      hint: "name fewer of them, by patterns",
      details: { size: bytes.length, limit: RECORD_BYTES_MAX },
    });
  }
  using file = context.system.disk.create(path);
  file.write(bytes);
  share(context, path, "file");
  file.sync();
  const { device, inode } = file.stat();
  return { device, inode, firstLine };
}

/** `null`: there is none, or it is torn; then no lock was taken yet. */
function readRecord(context: EngineContext, path: string): UpkeepRecord | null {
  const { disk } = context.system;
  const bytes = readOwnFile(disk, path, RECORD_BYTES_MAX);
  const stat = disk.lstat(path);
  if (bytes === null || stat === null) return null;
  const { records: [begin, updates], firstLine } = decodeJournal(bytes, path);
  if (begin?.type !== "begin" || updates?.type !== "updates") return null;
  return { begin, refs: updates.locked, proof: { device: stat.device, inode: stat.inode, firstLine } };
}

function sweepLocks(context: EngineContext, { refs, proof }: UpkeepRecord): void {
  const { system, repository } = context;
  const folders = new Map<string, string>();
  for (const path of [...refs.map((ref) => lockPath(repository, ref)), packedLockPath(repository)]) {
    // The folder of a lock that is gone is flushed too: it, or a loose file beside it, may have gone visibly only.
    folders.set(folderOf(path), path);
    if (isOurLock(system, path, proof)) removeIfThere(system, path);
  }
  for (const path of folders.values()) syncFolderOf(system.disk, path);
}

/**
 * Git's own lock files, made so that they prove whose they are.
 *
 * A lock is a hard link to the operation's journal: `link(2)` is as exclusive as `O_EXCL`, and whoever finds the lock
 * reads in its first line which operation made it. It never holds a value: values are other files, renamed onto the
 * refs while the lock stands, so that a crash never leaves a doubt whether the ref was changed. A lock that is not
 * ours is never removed.
 *
 * @module
 */
import { isDiskError } from "../platform/disk.ts";
import { LatticeError } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";
import { equalBytes, sortByName } from "../platform/text.ts";
import { startWaiting } from "../locks/waiting.ts";
import { removeIfThere } from "./paths.ts";

/** By what a lock of an operation is known. */
export interface LockProof {
  /** Device and inode of the journal. */
  readonly device: bigint;
  readonly inode: bigint;
  /** First line of the journal, which names the operation. */
  readonly firstLine: Uint8Array;
}

/** ext4 allows 65,000 links of one file; a further copy of the proof is taken well before. */
const LINKS_PER_PROOF = 30_000;

/** A folder that vanishes between its making and its use is made again so often. */
const FOLDER_ATTEMPTS = 3;

/** Makes the locks of one operation. */
export class LockMaker {
  private links = 0;
  private source: string;
  private copies = 0;
  private sourceInode: bigint;

  /**
   * @param journalPath The journal.
   * @param proof By what its locks are known.
   * @param copyFolder Where further copies of the proof may be put.
   * @param makeFolderOf Makes the folder of a lock again: git removes folders that hold no ref.
   */
  constructor(
    private readonly system: System,
    journalPath: string,
    private readonly proof: LockProof,
    private readonly copyFolder: string,
    private readonly makeFolderOf: (what: string) => void = () => {},
  ) {
    this.source = journalPath;
    this.sourceInode = proof.inode;
  }

  /**
   * Takes a lock, waiting for it.
   *
   * @param path The lock file, `<ref file>.lock`; its folder must be there.
   * @param what Name of what is locked, for messages.
   * @param timeoutMs Longest wait in milliseconds.
   * @throws {LatticeError} `locked`: somebody else's lock stayed; `io`.
   */
  lock(path: string, what: string, timeoutMs: number): void {
    if (this.tryLockIn(path, what)) return; // nearly always
    const waiting = startWaiting(this.system, timeoutMs);
    while (!this.tryLockIn(path, what)) {
      const delayMs = waiting.nextDelayMs();
      if (delayMs === null) throw lockedError(path, what, waiting.waitedMs());
      this.system.clock.sleepSync(delayMs);
    }
  }

  private tryLockIn(path: string, what: string): boolean {
    for (let attempt = 1;; attempt++) {
      try {
        return this.tryLock(path);
      } catch (error) {
        if (!isDiskError(error, "ENOENT") || attempt === FOLDER_ATTEMPTS) throw error;
        this.makeFolderOf(what);
      }
    }
  }

  private tryLock(path: string): boolean {
    if (this.links >= LINKS_PER_PROOF) this.copyProof();
    try {
      this.system.disk.link(this.source, path);
    } catch (error) {
      if (isDiskError(error, "EMLINK") && this.links > 0) {
        this.copyProof();
        return this.tryLock(path);
      }
      if (isDiskError(error, "EPERM", "ENOTSUP", "EOPNOTSUPP", "EXDEV", "ENOSYS")) return this.lockByCreation(path);
      if (!isDiskError(error, "EEXIST")) throw error;
      // Network file systems may report a link that succeeded as failed.
      if (this.system.disk.lstat(path)?.inode !== this.sourceInode) return false;
    }
    this.links++;
    return true;
  }

  /** Where there are no hard links: exclusive creation, with the proof as content. */
  private lockByCreation(path: string): boolean {
    let file;
    try {
      file = this.system.disk.create(path);
    } catch (error) {
      if (isDiskError(error, "EEXIST")) return false;
      throw error;
    }
    try {
      using _closed = file;
      file.write(this.proof.firstLine);
      file.sync();
    } catch (error) {
      removeIfThere(this.system, path); // it is ours: it did not exist before
      throw error;
    }
    return true;
  }

  private copyProof(): void {
    const copy = `${this.copyFolder}/proof-${++this.copies}`;
    const file = this.system.disk.create(copy);
    try {
      file.write(this.proof.firstLine);
      file.sync();
      this.sourceInode = file.stat().inode;
    } finally {
      file.close();
    }
    this.source = copy;
    this.links = 0;
  }
}

/** Whether a lock file is there and was made by the operation of this proof. */
export function isOurLock(system: System, path: string, proof: LockProof): boolean {
  const stat = system.disk.lstat(path);
  if (stat === null || stat.kind !== "file") return false;
  if (stat.inode === proof.inode && stat.device === proof.device) return true;
  if (stat.size < proof.firstLine.length) return false;
  const file = system.disk.openRead(path);
  if (file === null) return false;
  using _closed = file;
  const head = new Uint8Array(proof.firstLine.length);
  return file.readAt(head, 0) === head.length && equalBytes(head, proof.firstLine);
}

/**
 * Waits until a lock file is gone, without taking anything: what is refused here has left no trace.
 *
 * @throws {LatticeError} `locked`: it stayed.
 */
export function waitUntilFree(system: System, path: string, what: string, timeoutMs: number): void {
  if (system.disk.lstat(path) === null) return;
  const waiting = startWaiting(system, timeoutMs);
  do {
    const delayMs = waiting.nextDelayMs();
    if (delayMs === null) throw lockedError(path, what, waiting.waitedMs());
    system.clock.sleepSync(delayMs);
  } while (system.disk.lstat(path) !== null);
}

/** Whether an error says that a lock of git's, not of ours, is in the way. */
export function isForeignLock(error: unknown): error is LatticeError {
  return error instanceof LatticeError && error.code === "locked" && error.details["holder"] === null;
}

function lockedError(path: string, what: string, waitedMs: number): LatticeError {
  return new LatticeError("locked", `cannot lock ${JSON.stringify(what)}: ${JSON.stringify(path)} exists`, {
    hint: "another git process holds it; if `fuser` or `lsof` shows none that runs on this repository and the file " +
      "stays, it is stale and may be removed",
    details: { path, ref: what, holder: null, waited_ms: Math.round(waitedMs) },
  });
}

/** Refs in the order of their bytes; `HEAD` and other root refs behind them. */
export function sortForLocking(names: readonly string[]): string[] {
  const isRoot = (name: string) => !name.startsWith("refs/");
  const itself = (name: string) => name;
  const sorted = sortByName(names.filter((name) => !isRoot(name)), itself);
  return sorted.concat(sortByName(names.filter(isRoot), itself));
}

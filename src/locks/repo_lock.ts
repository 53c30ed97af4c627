/**
 * The repository lock: the flock on `<common dir>/lattice/lock`, held by whoever changes the repository.
 *
 * Guarantee: at most one process holds it; the kernel releases it when that process ends, however it ends. Whether
 * somebody lives is told by the flock alone; the text in the file is for messages and for two notes that a command
 * leaves to the next one ({@link LockNotes}). The file is never removed, so that two processes can never hold the
 * flocks of two files of that name.
 *
 * A command that runs inside `lattice lock run` carries a token; it does not wait for its own ancestor, but takes
 * turns with its siblings by the flock of `lattice/lock.children`.
 *
 * @module
 */
import { isDiskError } from "../platform/disk.ts";
import { LatticeError } from "../platform/errors.ts";
import { hashHex } from "../platform/hash.ts";
import type { LockableFile, System } from "../platform/system.ts";
import { toHex, utf8 } from "../platform/text.ts";
import { isUuidVersion7 } from "../platform/uuid.ts";
import { Contention } from "./contention.ts";
import { hintAboutHolder, InvalidLockFileError, publicHolder } from "./file_lock_errors.ts";
import { describeHolder, type LockHolder } from "./holder.ts";
import type { BackendName, Refusal } from "./lock_backend.ts";
import { openPidLockable, PidLockable } from "./pid_lockable.ts";
import { inspectPidLock } from "./pid_lock_file.ts";
import { repoLockBackend } from "./repo_lock_backend.ts";
import { sleepUnlessAborted, startWaiting } from "./waiting.ts";

/** Environment variable that carries the token of `lattice lock run` to the commands inside. */
export const LOCK_TOKEN_VARIABLE = "LATTICE_LOCK_TOKEN";

/** What one holder leaves in the text for the next. Neither is flushed: a power cut may lose them, and only costs time. */
export interface LockNotes {
  /** The boot whose left-overs were searched for; `null` when none were. */
  sweptBootId: string | null;
  /** The operation that ended last, and how; `null` when unknown. */
  lastOperation: { id: string; outcome: string } | null;
}

/** The lock, held. `using` releases it. */
export interface RepoLock extends Disposable {
  /** What the holder before left. */
  readonly notes: LockNotes;
  /** How long was waited, in milliseconds. */
  readonly waitedMs: number;
  /** How it is held. */
  readonly backend: BackendName;
  /** Token for the commands inside `lock run`. */
  readonly token: string;
  /** Whether an ancestor holds the lock, and this is a turn among its children. */
  readonly joined: boolean;
  /** The flocked file: a program that inherits it keeps the lock for as long as it or a child of it lives. */
  readonly file: LockableFile;
  /** Leaves notes for the next holder. */
  writeNotes(notes: LockNotes): void;
  /** Gives the lock back; a second call does nothing. */
  release(): void;
}

/** How to take the lock. */
export interface LockOptions {
  /** The repository's common dir; absolute. */
  commonDir: string;
  /** What the holder is doing, for messages. */
  command: string;
  /** Longest wait in milliseconds. */
  timeoutMs: number;
  /** Called when waiting begins, and again whenever another holder is seen; `null`: the holder's text cannot be read. */
  onContention?: (holder: LockHolder | null) => void;
  /** Ends the wait when it is aborted. */
  signal?: AbortSignal;
}

/** How to take the lock now or not at all. */
export interface TryLockOptions extends Pick<LockOptions, "commonDir" | "command"> {
  /** How the repository is locked: what {@link repoLockBackend} says. */
  backend: BackendName;
}

/**
 * Someone else holds the repository lock.
 *
 * @example
 * ```ts
 * import { AlreadyLockedError, RepoLock, type Repository } from "../mod.ts";
 *
 * async function isBusy(repository: Repository): Promise<string | null> {
 *   try {
 *     using _lock = await RepoLock.acquire(repository, { command: "look", timeoutMs: 0 });
 *     return null;
 *   } catch (error) {
 *     if (error instanceof AlreadyLockedError) return error.holder?.command ?? "somebody";
 *     throw error;
 *   }
 * }
 * ```
 */
export class AlreadyLockedError extends LatticeError {
  /** Tells the class apart. */
  override readonly name = "AlreadyLockedError";

  /**
   * Made where waiting ends.
   *
   * @param path The lock file.
   * @param holder Who holds it, or `null` when its text cannot be read.
   * @param waitedMs How long was waited, in milliseconds.
   * @param isKnownToLive Whether the holder lives; `false`: that cannot be told from here.
   */
  constructor(path: string, readonly holder: LockHolder | null, waitedMs: number, isKnownToLive = true) {
    super("locked", `the repository is locked by ${describeHolder(holder)}`, {
      hint: hintAboutHolder(path, holder, isKnownToLive),
      details: { path, holder: publicHolder(holder), waited_ms: Math.round(waitedMs) },
    });
  }
}

/** The file by whose flock the commands inside one `lock run` take turns. */
export function childrenPath(commonDir: string): string {
  return `${commonDir}/lattice/lock.children`;
}

/** Path of the lock file of a repository. */
export function repoLockPath(commonDir: string): string {
  return `${commonDir}/lattice/lock`;
}

/**
 * Takes the lock, waiting for it.
 *
 * @throws {AlreadyLockedError} The time is up.
 * @throws {unknown} The reason of the signal, when that was aborted.
 * @throws {LatticeError} `io`; `unsupported` where flock is not to be had.
 */
export async function acquireRepoLock(system: System, options: LockOptions): Promise<RepoLock> {
  const waiting = startWaiting(system, options.timeoutMs);
  const backend = await repoLockBackend(system, options.commonDir);
  const contention = new Contention(options.onContention);
  for (;;) {
    options.signal?.throwIfAborted();
    const outcome = attempt(system, { ...options, backend }, waiting.waitedMs());
    if ("lock" in outcome) return outcome.lock;
    const delayMs = waiting.nextDelayMs();
    if (delayMs === null) throw refusalError(options.commonDir, outcome, waiting.waitedMs());
    contention.tell(outcome.refusal.holder);
    await sleepUnlessAborted(system, delayMs, options.signal);
  }
}

/**
 * Takes the lock if it is free.
 *
 * @returns `undefined` when somebody holds it.
 */
export function tryAcquireRepoLock(system: System, options: TryLockOptions): RepoLock | undefined {
  const outcome = attempt(system, options, 0);
  return "lock" in outcome ? outcome.lock : undefined;
}

/** Why the lock was not taken, and which file says so. */
interface Refused {
  readonly refusal: Refusal;
  readonly path: string;
}

function refusalError(commonDir: string, { refusal, path }: Refused, waitedMs: number): LatticeError {
  if (refusal.garbled !== undefined) return new InvalidLockFileError(path, refusal.garbled);
  const { holder, isKnownToLive } = refusal;
  return new AlreadyLockedError(isKnownToLive ? repoLockPath(commonDir) : path, holder, waitedMs, isKnownToLive);
}

/** @param waitedMs What to report as waited, in milliseconds. */
function attempt(system: System, options: TryLockOptions, waitedMs: number): { readonly lock: RepoLock } | Refused {
  const { commonDir } = options;
  makeLatticeFolder(system, commonDir);
  const path = repoLockPath(commonDir);
  const file = openCurrent(system, path, options);
  let keepOpen = false;
  try {
    const refused = take(file, path);
    if (refused === null) {
      // Somebody may have replaced the file (a restore of a backup): the lock counts only on what the name names.
      const named = system.disk.lstat(path);
      if (named === null || named.inode !== file.stat().inode) return busy(path, file);
      const lock = hold(system, options, file, null, waitedMs);
      if (hasLivingChild(system, options)) return busy(path, file);
      keepOpen = true;
      return { lock };
    }
    const token = system.env[LOCK_TOKEN_VARIABLE];
    if (token === undefined || parseText(file.read()).tokenDigest !== digestOf(token)) return refused;
    const children = openCurrent(system, childrenPath(commonDir), options);
    const refusedByChild = take(children, path);
    if (refusedByChild !== null) {
      children.close();
      return refusedByChild;
    }
    if (parseText(file.read()).tokenDigest !== digestOf(token)) {
      children.close(); // the ancestor died meanwhile, and somebody else took over
      return busy(path, file);
    }
    keepOpen = true;
    return { lock: hold(system, options, file, children, waitedMs) };
  } finally {
    if (!keepOpen) file.close();
  }
}

/** Somebody who lives is in the way. */
function busy(path: string, file: LockableFile): Refused {
  return { refusal: { holder: parseText(file.read()).holder, isKnownToLive: true }, path };
}

/**
 * Who holds the lock, in whichever way: `undefined` when it is free, `null` when the holder's text cannot be read.
 */
export function inspectRepoLock(system: System, commonDir: string): LockHolder | null | undefined {
  if (!hasLatticeFolder(system, commonDir)) return undefined;
  const found = inspectPidLock(system, repoLockPath(commonDir));
  const byLockFile = found === null || found.verdict === "gone" ? undefined : found.holder;
  if (byLockFile) return byLockFile;
  const byFlock = flockHolder(system, commonDir);
  return byFlock === undefined ? byLockFile : byFlock;
}

/** Whether a process holds the lock, in whichever way; a PID lock file that names nobody is in the way, and no holder. */
export function isRepoLockHeld(system: System, commonDir: string): boolean {
  if (!hasLatticeFolder(system, commonDir)) return false;
  const found = inspectPidLock(system, repoLockPath(commonDir));
  if (found !== null && found.holder !== null && found.verdict !== "gone") return true;
  return flockHolder(system, commonDir) !== undefined;
}

/** As {@link inspectRepoLock}, of the flock alone. */
function flockHolder(system: System, commonDir: string): LockHolder | null | undefined {
  const file = system.openLockable(repoLockPath(commonDir), null);
  if (file === null) return undefined;
  try {
    if (take(file, repoLockPath(commonDir)) === null) {
      file.unlock();
      return undefined;
    }
    return parseText(file.read()).holder;
  } finally {
    file.close();
  }
}

/** Where lattice keeps what is its own in a repository. */
export function latticeFolder(commonDir: string): string {
  return `${commonDir}/lattice`;
}

/**
 * Whether `<common dir>/lattice` is there.
 *
 * @throws {LatticeError} `unsupported`: something else stands in its place, be it a link to a folder; `io`.
 */
export function hasLatticeFolder(system: System, commonDir: string): boolean {
  const folder = latticeFolder(commonDir);
  const stat = system.disk.lstat(folder);
  if (stat === null) return false;
  if (stat.kind === "directory") return true;
  throw new LatticeError("unsupported", `${JSON.stringify(folder)} is not a folder`, {
    hint: "move it away; lattice keeps its journal in a folder of that name",
    details: { path: folder },
  });
}

/** Makes `<common dir>/lattice`, durably, where it is not there. A symbolic link in its place is refused. */
export function makeLatticeFolder(system: System, commonDir: string): void {
  if (hasLatticeFolder(system, commonDir)) return;
  const folder = latticeFolder(commonDir);
  try {
    system.disk.makeDirectory(folder);
  } catch (error) {
    if (!isDiskError(error, "EEXIST")) throw error; // another process was first
  }
  system.disk.syncDirectory(commonDir);
}

/**
 * Whether a command inside a `lock run` that died still works. Our text already stands, so a child that comes later
 * does not find its token and waits like everybody else.
 */
function hasLivingChild(system: System, options: TryLockOptions): boolean {
  const path = childrenPath(options.commonDir);
  const children = openLockable(system, path, null, options);
  if (children === null) return false;
  using _closed = children;
  return take(children, path) !== null;
}

function openLockable(
  system: System,
  path: string,
  createMode: number | null,
  { backend, command }: TryLockOptions,
): LockableFile | null {
  return backend === "pid" ? openPidLockable(system, path, createMode, command) : system.openLockable(path, createMode);
}

function openCurrent(system: System, path: string, options: TryLockOptions): LockableFile {
  const file = openLockable(system, path, 0o666, options);
  if (file === null) {
    throw new LatticeError("io", `cannot open ${JSON.stringify(path)}`, {
      hint: "somebody removed it meanwhile: run the command again",
      details: { path },
    });
  }
  return file;
}

/** @returns `null`: it was taken. */
function take(file: LockableFile, path: string): Refused | null {
  const taken = file.tryLock();
  if (taken === null) {
    throw new LatticeError("unsupported", "this platform has no flock, by which the repository is locked", {
      hint: `write backend = "pid" below [lock] in the repository's config file; all who use it must do so`,
      details: { path },
    });
  }
  if (taken) return null;
  if (!(file instanceof PidLockable) || file.refusal === null) return busy(path, file);
  return { refusal: file.refusal, path: file.lockPath };
}

function hold(
  system: System,
  options: TryLockOptions,
  file: LockableFile,
  children: LockableFile | null,
  waitedMs: number,
): RepoLock {
  const before = parseText(file.read());
  const token = (children === null ? undefined : system.env[LOCK_TOKEN_VARIABLE]) ?? toHex(system.randomBytes(16));
  const holder: LockHolder = {
    pid: system.host.pid,
    host: system.host.hostName,
    command: options.command,
    since: new Date(system.clock.nowMs()).toISOString(),
  };
  let notes = newerNotes(
    before.notes,
    parseText(children?.read() ?? readChildrenText(system, options.commonDir)).notes,
  );
  let released = false;
  // A child writes into its own file: the text of the lock names its ancestor, and whoever takes over after that one.
  const write = () => (children ?? file).overwrite(renderText(holder, notes, digestOf(token)));
  write();
  const lock: RepoLock = {
    get notes() {
      return notes;
    },
    waitedMs,
    backend: options.backend,
    token,
    joined: children !== null,
    file,
    writeNotes(next) {
      notes = next;
      write();
    },
    release() {
      if (released) return;
      released = true;
      try {
        (children ?? file).unlock();
        children?.close();
        file.close();
      } catch (error) {
        // The kernel gives the lock back when the process ends; a failing release must not hide why we end.
        if (!isDiskError(error)) throw error;
      }
    },
    [Symbol.dispose]() {
      lock.release();
    },
  };
  return lock;
}

/** The text that the last child of a `lock run` left; empty when there never was one. */
function readChildrenText(system: System, commonDir: string): string {
  const file = system.openLockable(childrenPath(commonDir), null);
  if (file === null) return "";
  using _closed = file;
  return file.read();
}

/** Of two notes the one about the later operation: their ids sort by time. */
function newerNotes(a: LockNotes, b: LockNotes): LockNotes {
  const newer = (b.lastOperation?.id ?? "") > (a.lastOperation?.id ?? "") ? b : a;
  return { sweptBootId: a.sweptBootId ?? b.sweptBootId, lastOperation: newer.lastOperation };
}

function digestOf(token: string): string {
  return hashHex("sha1", utf8(`lattice lock token ${token}`));
}

function renderText(holder: LockHolder, notes: LockNotes, tokenDigest: string): string {
  return `${
    JSON.stringify({
      ...holder,
      boot_id: notes.sweptBootId,
      last_operation: notes.lastOperation,
      token_digest: tokenDigest,
    })
  }\n`;
}

interface LockText {
  holder: LockHolder | null;
  notes: LockNotes;
  tokenDigest: string | null;
}

/** What the text says; whatever cannot be read (torn, garbled, empty) counts as not said. */
function parseText(text: string): LockText {
  const unknown: LockText = { holder: null, notes: { sweptBootId: null, lastOperation: null }, tokenDigest: null };
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return unknown; // the text is overwritten in place, so a reader may meet half of it; it decides nothing
  }
  if (typeof value !== "object" || value === null) return unknown;
  const { pid, host, command, since, boot_id, last_operation, token_digest } = value;
  return {
    holder: typeof pid === "number" && typeof host === "string" && typeof command === "string" &&
        typeof since === "string"
      ? { pid, host, command, since }
      : null,
    notes: {
      sweptBootId: typeof boot_id === "string" ? boot_id : null,
      lastOperation: parseLastOperation(last_operation),
    },
    tokenDigest: typeof token_digest === "string" ? token_digest : null,
  };
}

/** The next journal repeats this note and the next id sorts behind it, so anything that is no operation's is absent. */
function parseLastOperation(value: unknown): LockNotes["lastOperation"] {
  const { id, outcome } = (value ?? {}) as { id?: unknown; outcome?: unknown };
  if (typeof id !== "string" || !isUuidVersion7(id)) return null;
  return outcome === "committed" || outcome === "rolled_back" ? { id, outcome } : null;
}

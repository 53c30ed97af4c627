/**
 * What can go wrong with a file lock: one class each, all of them {@link LatticeError}s.
 *
 * @module
 */
import { describeErrno, DiskError } from "../platform/disk.ts";
import { LatticeError } from "../platform/errors.ts";
import { describeHolder, type LockHolder } from "./holder.ts";
import { folderOf } from "../platform/paths.ts";

/** How a lock that cannot be had at once is told of. */
export interface HeldFacts {
  /** Who holds it; `null`: that cannot be read. */
  readonly holder: LockHolder | null;
  /** Whether the holder lives; `false`: that cannot be told from here. */
  readonly isKnownToLive: boolean;
}

/** Says what to do about a lock that somebody holds. */
export function hintAboutHolder(path: string, holder: LockHolder | null, isKnownToLive: boolean): string {
  if (isKnownToLive) return "wait for it to end, or wait longer with --lock-timeout 60s";
  const where = holder === null || holder.host === "" ? "" : ` on ${holder.host}`;
  return `whether it still runs${where} cannot be told from here; if it does not, remove ${JSON.stringify(path)}`;
}

/**
 * Somebody holds the lock, and it was not to be waited for.
 *
 * @example
 * ```ts
 * import { FileLock, LockHeldError } from "../mod.ts";
 *
 * // Who deploys at present; `null`: nobody.
 * async function whoDeploys(folder: string): Promise<string | null> {
 *   try {
 *     await new FileLock(`${folder}/deploy`, { timeoutMs: 0 }).using(() => {});
 *     return null;
 *   } catch (error) {
 *     if (error instanceof LockHeldError) return error.holder?.command ?? "somebody";
 *     throw error;
 *   }
 * }
 * ```
 */
export class LockHeldError extends LatticeError {
  /** Tells the class apart. */
  override readonly name = "LockHeldError";
  /** Who holds it; `null`: that cannot be read. */
  readonly holder: LockHolder | null;
  /** Whether the holder lives; `false`: that cannot be told from here, since it is another host's or container's. */
  readonly isKnownToLive: boolean;

  /**
   * Made where the lock is refused.
   *
   * @param path The lock file.
   * @param facts Who holds it.
   */
  constructor(path: string, facts: HeldFacts) {
    super("locked", `${JSON.stringify(path)} is held by ${describeHolder(facts.holder)}`, {
      hint: hintAboutHolder(path, facts.holder, facts.isKnownToLive),
      details: { path, holder: publicHolder(facts.holder), waited_ms: 0 },
    });
    this.holder = facts.holder;
    this.isKnownToLive = facts.isKnownToLive;
  }
}

/**
 * Somebody holds the lock, and the time to wait for it is up.
 *
 * @example
 * ```ts
 * import { AcquisitionTimeoutError, FileLock } from "../mod.ts";
 *
 * async function orLater(lock: FileLock, work: () => void): Promise<boolean> {
 *   try {
 *     await lock.using(work, { timeoutMs: 30_000 });
 *     return true;
 *   } catch (error) {
 *     if (error instanceof AcquisitionTimeoutError) return false; // `error.isKnownToLive` tells whether to ask a person
 *     throw error;
 *   }
 * }
 * ```
 */
export class AcquisitionTimeoutError extends LatticeError {
  /** Tells the class apart. */
  override readonly name = "AcquisitionTimeoutError";
  /** The lock file. */
  readonly path: string;
  /** Who holds it; `null`: that cannot be read. */
  readonly holder: LockHolder | null;
  /** Whether the holder lives; `false`: that cannot be told from here, since it is another host's or container's. */
  readonly isKnownToLive: boolean;
  /** How long was to be waited, in milliseconds. */
  readonly timeoutMs: number;

  /**
   * Made where waiting ends.
   *
   * @param path The lock file.
   * @param facts Who holds it.
   * @param timeoutMs How long was to be waited, in milliseconds.
   * @param waitedMs How long was waited, in milliseconds.
   */
  constructor(path: string, facts: HeldFacts, timeoutMs: number, waitedMs: number) {
    const who = describeHolder(facts.holder);
    super("locked", `${JSON.stringify(path)} is still held by ${who} after ${Math.round(waitedMs)} ms`, {
      hint: hintAboutHolder(path, facts.holder, facts.isKnownToLive),
      details: { path, holder: publicHolder(facts.holder), waited_ms: Math.round(waitedMs) },
    });
    this.path = path;
    this.holder = facts.holder;
    this.isKnownToLive = facts.isKnownToLive;
    this.timeoutMs = timeoutMs;
  }
}

/**
 * The lock file could not be made.
 *
 * @example
 * ```ts
 * import { CreateFailedError } from "../mod.ts";
 *
 * const isFull = (error: unknown) => error instanceof CreateFailedError && error.details["errno"] === "ENOSPC";
 * ```
 */
export class CreateFailedError extends LatticeError {
  /** Tells the class apart. */
  override readonly name = "CreateFailedError";

  /** Made of what the disk, or the lack of a call, says. */
  constructor(path: string, cause: unknown) {
    super(codeOf(cause), `cannot make the lock ${JSON.stringify(path)}: ${textOf(cause)}`, factsOf(path, cause));
  }
}

/**
 * The lock file is there and could not be read.
 *
 * @example
 * ```ts
 * import { ReadFailedError } from "../mod.ts";
 *
 * const isForbidden = (error: unknown) => error instanceof ReadFailedError && error.details["errno"] === "EACCES";
 * ```
 */
export class ReadFailedError extends LatticeError {
  /** Tells the class apart. */
  override readonly name = "ReadFailedError";

  /** Made of what the disk says. */
  constructor(path: string, cause: unknown) {
    super(codeOf(cause), `cannot read the lock ${JSON.stringify(path)}: ${textOf(cause)}`, factsOf(path, cause));
  }
}

/** How much of a lock file's text is shown, in characters. */
const CONTENT_CHARACTERS_MAX = 200;

/**
 * The lock file names nobody: it is empty, cut off, or no lock file at all. It is left as it is.
 *
 * @example
 * ```ts
 * import { InvalidLockFileError } from "../mod.ts";
 *
 * const toBreak = (error: unknown) => error instanceof InvalidLockFileError ? error.path : null;
 * ```
 */
export class InvalidLockFileError extends LatticeError {
  /** Tells the class apart. */
  override readonly name = "InvalidLockFileError";
  /** The lock file. */
  readonly path: string;
  /** What it holds, up to a length. */
  readonly content: string;

  /**
   * Made when the file has stayed as it is for the grace time.
   *
   * @param path The lock file.
   * @param content What it holds.
   */
  constructor(path: string, content: string) {
    const shown = content.slice(0, CONTENT_CHARACTERS_MAX);
    const what = content === "" ? "is empty" : `holds ${JSON.stringify(shown)}`;
    super("invalid_data", `the lock file ${JSON.stringify(path)} names no process: it ${what}`, {
      hint: `if no program is using it, break the lock: rm ${JSON.stringify(path)}`,
      details: { path, content: shown },
    });
    this.path = path;
    this.content = shown;
  }
}

/**
 * The lock could not be given back, or was no longer ours.
 *
 * @example
 * ```ts
 * import { ReleaseFailedError } from "../mod.ts";
 *
 * // Somebody broke our lock: what was done under it may have been done twice.
 * const wasBroken = (error: unknown) => error instanceof ReleaseFailedError && error.cause === undefined;
 * ```
 */
export class ReleaseFailedError extends LatticeError {
  /** Tells the class apart. */
  override readonly name = "ReleaseFailedError";

  /** Made of what the disk says; without a cause the file is another one than that which we made. */
  constructor(path: string, cause?: unknown) {
    const why = cause === undefined ? "it is not the file that we made: somebody broke the lock" : textOf(cause);
    super(
      cause === undefined ? "locked" : codeOf(cause),
      `cannot give back the lock ${JSON.stringify(path)}: ${why}`,
      factsOf(path, cause),
    );
  }
}

/** The holder as JSON shows it: neither more nor less than the contract says; what its lock does not tell is `null`. */
export function publicHolder(holder: LockHolder | null): Record<keyof LockHolder, string | number | null> | null {
  if (holder === null) return null;
  const { pid, host, command, since } = holder;
  return { pid, host: host || null, command: command || null, since: since || null };
}

function codeOf(cause: unknown): LatticeError["code"] {
  return cause instanceof LatticeError ? cause.code : "io";
}

/** Of a failing call only why: the path that it was about is a temporary one, which says nothing to anybody. */
function textOf(cause: unknown): string {
  if (cause instanceof DiskError) return describeErrno(cause.errno);
  return cause instanceof Error ? cause.message : String(cause);
}

function factsOf(path: string, cause: unknown): { hint?: string; details: Record<string, unknown>; cause?: unknown } {
  const isFolderMissing = cause instanceof DiskError && cause.errno === "ENOENT";
  const hint = isFolderMissing
    ? `make the folder first: mkdir -p ${JSON.stringify(folderOf(path))}`
    : cause instanceof DiskError
    ? new DiskError(cause.errno, cause.action, path).hint // the call may have been about a temporary file
    : cause instanceof LatticeError
    ? cause.hint
    : undefined;
  return {
    ...(hint === undefined ? {} : { hint }),
    details: { path, ...(cause instanceof DiskError ? { errno: cause.errno } : {}) },
    ...(cause === undefined ? {} : { cause }),
  };
}

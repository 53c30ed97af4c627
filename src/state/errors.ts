/**
 * What can go wrong with state documents: one class each, all of them {@link LatticeError}s with the path that it is about,
 * the cause, and what to do. No message repeats what a document says.
 *
 * @module
 */
import { AcquisitionTimeoutError, InvalidLockFileError, LockHeldError } from "../locks/file_lock_errors.ts";
import { describeHolder, type LockHolder } from "../locks/holder.ts";
import { describeErrno, DiskError } from "../platform/disk.ts";
import { type ErrorCode, LatticeError, type LatticeErrorOptions } from "../platform/errors.ts";
import { folderOf } from "../platform/paths.ts";

/**
 * What all errors of state documents have in common.
 *
 * @example
 * ```ts
 * import { StateError } from "../mod.ts";
 *
 * const toLookAt = (error: unknown) => error instanceof StateError ? `${error.path}: ${error.hint}` : String(error);
 * ```
 */
export abstract class StateError extends LatticeError {
  /** The file or folder that it is about; for a backend without files, what names the document there. */
  readonly path: string;

  /**
   * Made by the classes.
   *
   * @param path What it is about.
   * @param code The stable code.
   * @param message What failed.
   * @param options Hint, cause, and details beside the path.
   */
  constructor(path: string, code: ErrorCode, message: string, options: LatticeErrorOptions) {
    super(code, message, { ...options, details: { path, ...options.details } });
    this.path = path;
  }
}

/**
 * What is stored is not what must be there; nothing was changed.
 *
 * @example
 * ```ts
 * import { ExpectationFailed, type StateRepository } from "../mod.ts";
 *
 * // Counts up, however many others do so at the same time.
 * async function countUp(states: StateRepository<{ count: number }>, name: string): Promise<void> {
 *   const seen = await states.read(name);
 *   try {
 *     await states.save(name, { count: (seen?.value.count ?? 0) + 1 }, seen?.digest ?? null);
 *   } catch (error) {
 *     if (!(error instanceof ExpectationFailed)) throw error;
 *     await countUp(states, name); // somebody was faster: look again
 *   }
 * }
 * ```
 */
export class ExpectationFailed extends StateError {
  /** Tells the class apart. */
  override readonly name = "ExpectationFailed";
  /** The digest that was expected; `null`: there was to be none. */
  readonly expected: string | null;
  /** The digest of what is there; `null`: nothing is. */
  readonly actual: string | null;

  /**
   * Made where the two are compared.
   *
   * @param path Where the document is.
   * @param state Its name.
   * @param expected The digest that was expected; `null`: there was to be none.
   * @param actual The digest of what is there; `null`: nothing is.
   */
  constructor(path: string, state: string, expected: string | null, actual: string | null) {
    const found = actual === null ? "it does not exist" : `its digest is ${actual}`;
    const wanted = expected === null ? "expected was that it does not exist" : `expected was ${expected}`;
    super(path, "cas_failed", `state ${JSON.stringify(state)} is not as expected: ${found}, ${wanted}`, {
      hint: "load it again, decide again, and retry with its digest as the expectation",
      details: { name: state, expected, actual },
    });
    this.expected = expected;
    this.actual = actual;
  }
}

/**
 * A value that cannot be stored: the schema refuses it, JSON would not give it back, or it is too large.
 *
 * @example
 * ```ts
 * import { SerializationFailed } from "../mod.ts";
 *
 * const isRefused = (error: unknown) => error instanceof SerializationFailed; // nothing was written
 * ```
 */
export class SerializationFailed extends StateError {
  /** Tells the class apart. */
  override readonly name = "SerializationFailed";

  /**
   * Made before anything is written.
   *
   * @param path Where the document would be.
   * @param reason What is wrong with the value, as the end of a sentence.
   * @param options What to do, where there is something special, and the cause.
   */
  constructor(path: string, reason: string, options: { hint?: string; cause?: unknown } = {}) {
    super(path, "invalid_data", `this cannot be stored as ${JSON.stringify(path)}: ${reason}`, {
      hint: "correct the value; nothing was written",
      ...options,
    });
  }
}

/**
 * A document that is JSON, and not what the schema accepts.
 *
 * @example
 * ```ts
 * import { DeserializationFailed } from "../mod.ts";
 *
 * // `error.cause` is what the schema said.
 * const isOfAnotherVersion = (error: unknown) => error instanceof DeserializationFailed;
 * ```
 */
export class DeserializationFailed extends StateError {
  /** Tells the class apart. */
  override readonly name = "DeserializationFailed";

  /**
   * Made when a document is read.
   *
   * @param path Where it is.
   * @param reason What the schema has against it, as the end of a sentence.
   * @param cause What the schema said.
   */
  constructor(path: string, reason: string, cause: unknown) {
    super(path, "invalid_data", `the state ${JSON.stringify(path)} is not what this program expects: ${reason}`, {
      hint: "another version of the program may have written it; `lattice state load` shows it",
      cause,
    });
  }
}

/**
 * A document that is damaged: not UTF-8, cut off, not one JSON object. It is left as it is.
 *
 * @example
 * ```ts
 * import { CorruptedStateFile, OVERWRITE, type StateRepository } from "../mod.ts";
 *
 * async function loadOrReset<T>(states: StateRepository<T>, name: string, fresh: T): Promise<T> {
 *   try {
 *     return await states.load(name) ?? fresh;
 *   } catch (error) {
 *     if (!(error instanceof CorruptedStateFile)) throw error;
 *     await states.save(name, fresh, OVERWRITE); // nothing less replaces a damaged document
 *     return fresh;
 *   }
 * }
 * ```
 */
export class CorruptedStateFile extends StateError {
  /** Tells the class apart. */
  override readonly name = "CorruptedStateFile";

  /**
   * Made when a document is read.
   *
   * @param path Where it is.
   * @param state Its name.
   * @param flaw What is wrong, as the end of a sentence.
   * @param cause What the parser said, if it said something.
   */
  constructor(path: string, state: string, flaw: string, cause?: unknown) {
    super(path, "invalid_data", `the state ${JSON.stringify(path)} is damaged: ${flaw}`, {
      hint: `mend the file by hand, or replace it: lattice state save ${state} --expect-any`,
      details: { name: state },
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

/**
 * The lock of a document was not to be had: somebody holds it, or it cannot be made.
 *
 * @example
 * ```ts
 * import { LockAcquisitionFailed } from "../mod.ts";
 *
 * const whoWrites = (error: unknown) => error instanceof LockAcquisitionFailed ? error.holder?.command : undefined;
 * ```
 */
export class LockAcquisitionFailed extends StateError {
  /** Tells the class apart. */
  override readonly name = "LockAcquisitionFailed";
  /** Who holds it; `null`: nobody, or that cannot be read. */
  readonly holder: LockHolder | null;

  /**
   * Made where the wait ends.
   *
   * @param path The lock file.
   * @param cause Why it was not to be had.
   */
  constructor(path: string, cause: unknown) {
    const holder = holderIn(cause);
    const isHeld = cause instanceof LockHeldError || cause instanceof AcquisitionTimeoutError;
    const why = isHeld ? `it is held by ${describeHolder(holder)}${waited(cause)}` : reasonOf(cause);
    super(path, codeOf(cause), `cannot take the lock ${JSON.stringify(path)}: ${why}`, {
      ...hintOf(cause, folderOf(path)),
      details: isHeld ? cause.details : errnoOf(cause),
      cause,
    });
    this.holder = holder;
  }
}

/**
 * The lock of a document is held by whom nobody here can judge, such as a process of another host: it may be stale, and is
 * not taken over. (One whose holder is known to have ended is.)
 *
 * @example
 * ```ts
 * import { StaleLockDetected } from "../mod.ts";
 *
 * // A person looks at that host; if nothing runs there, the file is to be removed.
 * const toLookAt = (error: unknown) => error instanceof StaleLockDetected ? [error.holder?.host, error.path] : [];
 * ```
 */
export class StaleLockDetected extends StateError {
  /** Tells the class apart. */
  override readonly name = "StaleLockDetected";
  /** Whom the lock names; `null`: nobody. */
  readonly holder: LockHolder | null;

  /**
   * Made where the wait ends.
   *
   * @param path The lock file.
   * @param cause Why it was not to be had.
   */
  constructor(path: string, cause: unknown) {
    const holder = holderIn(cause);
    const whose = cause instanceof InvalidLockFileError
      ? "it names no process"
      : `it is that of ${describeHolder(holder)}, of which nothing can be told from here`;
    super(path, codeOf(cause), `the lock ${JSON.stringify(path)} may be stale: ${whose}${waited(cause)}`, {
      ...hintOf(cause, path),
      details: { ...(cause instanceof LatticeError ? cause.details : {}) },
      cause,
    });
    this.holder = holder;
  }
}

/**
 * A folder for documents cannot be made, or something else stands in its place.
 *
 * @example
 * ```ts
 * import { DirectoryCreationFailed } from "../mod.ts";
 *
 * const isReadOnly = (error: unknown) => error instanceof DirectoryCreationFailed && error.details["errno"] === "EROFS";
 * ```
 */
export class DirectoryCreationFailed extends StateError {
  /** Tells the class apart. */
  override readonly name = "DirectoryCreationFailed";

  /**
   * Made before anything is written.
   *
   * @param path The folder.
   * @param cause What the disk said.
   */
  constructor(path: string, cause: unknown) {
    super(path, codeOf(cause), `cannot make the folder ${JSON.stringify(path)}: ${reasonOf(cause)}`, {
      ...hintOf(cause, folderOf(path)),
      details: errnoOf(cause),
      cause,
    });
  }
}

/**
 * A document cannot be written. What was there is untouched, unless the message says that the new one is in place and only
 * its durability is in doubt.
 *
 * @example
 * ```ts
 * import { WriteStateFailed } from "../mod.ts";
 *
 * const isDiskFull = (error: unknown) => error instanceof WriteStateFailed && error.details["errno"] === "ENOSPC";
 * ```
 */
export class WriteStateFailed extends StateError {
  /** Tells the class apart. */
  override readonly name = "WriteStateFailed";

  /**
   * Made when the write was taken back.
   *
   * @param path The document.
   * @param cause What the disk said.
   * @param isInPlace Whether the new document stands, and could not be made durable.
   */
  constructor(path: string, cause: unknown, isInPlace = false) {
    const outcome = isInPlace ? "; the new document is in place, but may be lost in a power cut" : "";
    super(path, codeOf(cause), `cannot write the state ${JSON.stringify(path)}: ${reasonOf(cause)}${outcome}`, {
      ...hintOf(cause, folderOf(path)),
      details: errnoOf(cause),
      cause,
    });
  }
}

/**
 * A document, or its folder, cannot be read, or something else stands in its place.
 *
 * @example
 * ```ts
 * import { ReadStateFailed } from "../mod.ts";
 *
 * const isForbidden = (error: unknown) => error instanceof ReadStateFailed && error.details["errno"] === "EACCES";
 * ```
 */
export class ReadStateFailed extends StateError {
  /** Tells the class apart. */
  override readonly name = "ReadStateFailed";

  /**
   * Made where the read fails.
   *
   * @param path What was to be read.
   * @param cause What the disk said.
   */
  constructor(path: string, cause: unknown) {
    super(path, codeOf(cause), `cannot read the state ${JSON.stringify(path)}: ${reasonOf(cause)}`, {
      ...hintOf(cause, path),
      details: errnoOf(cause),
      cause,
    });
  }
}

/**
 * A document cannot be removed.
 *
 * @example
 * ```ts
 * import { DeleteStateFailed } from "../mod.ts";
 *
 * const isReadOnly = (error: unknown) => error instanceof DeleteStateFailed && error.details["errno"] === "EROFS";
 * ```
 */
export class DeleteStateFailed extends StateError {
  /** Tells the class apart. */
  override readonly name = "DeleteStateFailed";

  /**
   * Made where the removal fails.
   *
   * @param path The document.
   * @param cause What the disk said.
   * @param isGone Whether the document is gone, and that could not be made durable.
   */
  constructor(path: string, cause: unknown, isGone = false) {
    const outcome = isGone ? "; it is gone, but may be back after a power cut" : "";
    super(path, codeOf(cause), `cannot remove the state ${JSON.stringify(path)}: ${reasonOf(cause)}${outcome}`, {
      ...hintOf(cause, folderOf(path)),
      details: errnoOf(cause),
      cause,
    });
  }
}

function codeOf(cause: unknown): ErrorCode {
  return cause instanceof LatticeError ? cause.code : "io";
}

/** Why a call failed. Its own path may be that of a temporary file, which says nothing to anybody. */
function reasonOf(cause: unknown): string {
  const disk = diskErrorIn(cause);
  if (disk !== null) return describeErrno(disk.errno);
  return cause instanceof Error ? cause.message : String(cause);
}

/** What to do: about the path that a person knows. */
function hintOf(cause: unknown, path: string): { hint?: string } {
  const disk = diskErrorIn(cause);
  const hint = disk !== null
    ? new DiskError(disk.errno, "", path).hint
    : cause instanceof LatticeError
    ? cause.hint
    : undefined;
  return { hint: hint ?? `look at ${JSON.stringify(path)} and at the folders above it` };
}

function errnoOf(cause: unknown): Record<string, unknown> {
  const disk = diskErrorIn(cause);
  return disk === null ? {} : { errno: disk.errno };
}

/** The failing call behind an error, also where a lock stands between. */
function diskErrorIn(cause: unknown): DiskError | null {
  for (let at = cause; at instanceof Error; at = at.cause) if (at instanceof DiskError) return at;
  return null;
}

function holderIn(cause: unknown): LockHolder | null {
  return cause instanceof LockHeldError || cause instanceof AcquisitionTimeoutError ? cause.holder : null;
}

function waited(cause: unknown): string {
  return cause instanceof AcquisitionTimeoutError ? `, after ${String(cause.details["waited_ms"])} ms` : "";
}

/**
 * What can go wrong with a lock store, one class each.
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import type { PersistedLock } from "./lock.ts";

/**
 * There is no such lock record, or it has expired.
 *
 * @example
 * ```ts
 * import { LockNotFoundError, type LockStore } from "../mod.ts";
 *
 * async function release(locks: LockStore, id: string): Promise<void> {
 *   try {
 *     await locks.deleteLock(id);
 *   } catch (error) {
 *     if (!(error instanceof LockNotFoundError)) throw error; // it had expired
 *   }
 * }
 * ```
 */
export class LockNotFoundError extends LatticeError {
  /** Tells the class apart. */
  override readonly name = "LockNotFoundError";

  /**
   * Made where it is looked for.
   *
   * @param id The id that there is no record of.
   */
  constructor(readonly id: string) {
    super("not_found", `there is no lock record ${JSON.stringify(id)}`, {
      hint: "it may have been released or have expired: lattice lease list shows what is held",
      details: { id },
    });
  }
}

/**
 * Somebody else holds a lock that excludes the one wanted.
 *
 * @example
 * ```ts
 * import { LockConflictError, type LockRequest, type LockStore } from "../mod.ts";
 *
 * async function whoIsInTheWay(locks: LockStore, request: LockRequest): Promise<string | null> {
 *   try {
 *     await locks.deleteLock((await locks.acquire(request)).id);
 *     return null;
 *   } catch (error) {
 *     if (error instanceof LockConflictError) return error.conflicting.ownerId;
 *     throw error;
 *   }
 * }
 * ```
 */
export class LockConflictError extends LatticeError {
  /** Tells the class apart. */
  override readonly name = "LockConflictError";

  /**
   * Made when waiting ends.
   *
   * @param conflicting One of the locks that are in the way.
   * @param waitedMs How long was waited, in milliseconds.
   */
  constructor(readonly conflicting: PersistedLock, waitedMs: number) {
    const { shareName, fileId, ownerId, clientId, expiresAt } = conflicting;
    const until = expiresAt === null ? "without end" : `until ${expiresAt.toISOString()}`;
    super(
      "locked",
      `file ${JSON.stringify(fileId)} of share ${JSON.stringify(shareName)} is locked by ` +
        `${JSON.stringify(ownerId)} of ${JSON.stringify(clientId)}, ${until}`,
      {
        hint: "wait for it with --wait 30s; lattice lease list shows what is held",
        details: {
          holder: null,
          waited_ms: Math.round(waitedMs),
          id: conflicting.id,
          owner: ownerId,
          client: clientId,
          expires_at: expiresAt?.toISOString() ?? null,
        },
      },
    );
  }
}

/**
 * The lock that a fencing token belongs to is no longer held: what its holder does now comes too late.
 *
 * @example
 * ```ts
 * import { FencingTokenRefusedError } from "../mod.ts";
 *
 * // Somebody else may hold the lock by now: what was written so far is not to be gone on with.
 * const isTooLate = (error: unknown) => error instanceof FencingTokenRefusedError;
 * ```
 */
export class FencingTokenRefusedError extends LatticeError {
  /** Tells the class apart. */
  override readonly name = "FencingTokenRefusedError";

  /** Made where the token is shown. */
  constructor(readonly id: string, readonly fencingToken: bigint) {
    super(
      "cas_failed",
      `fencing token ${fencingToken} is refused: lock ${JSON.stringify(id)} is no longer held by it`,
      {
        hint: "the lock expired or was released, and somebody else may hold it: take it again, and begin anew",
        details: { id, fencing_token: String(fencingToken) },
      },
    );
  }
}

/**
 * A value of a lock record is out of its range.
 *
 * @example
 * ```ts
 * import { InvalidLockError } from "../mod.ts";
 *
 * const badField = (error: unknown) => error instanceof InvalidLockError ? error.field : null;
 * ```
 */
export class InvalidLockError extends LatticeError {
  /** Tells the class apart. */
  override readonly name = "InvalidLockError";

  /** The value, as the message shows it. */
  readonly shown: string;

  /** Made where the value is given. */
  constructor(readonly field: string, value: unknown, readonly expected: string) {
    const shown = typeof value === "string" ? JSON.stringify(value.slice(0, 100)) : String(value);
    super("usage", `${field} of a lock is ${shown}, expected ${expected}`, {
      hint: "LockRequest and PersistedLock say what each field holds",
      details: { field },
    });
    this.shown = shown;
  }
}

/**
 * The database cannot be reached, or stopped answering. Nothing was changed, unless `mayHaveBeenDone` says otherwise.
 *
 * @example
 * ```ts
 * import { StoreUnavailableError } from "../mod.ts";
 *
 * const toTryAgain = (error: unknown) => error instanceof StoreUnavailableError && !error.mayHaveBeenDone;
 * ```
 */
export class StoreUnavailableError extends LatticeError {
  /** Tells the class apart. */
  override readonly name = "StoreUnavailableError";
  /** Whether the transaction was being completed, and nobody can tell whether it was done. */
  readonly mayHaveBeenDone: boolean;
  /** Whether the same call may succeed later, without anything being set right but that the server runs. */
  readonly mayPass: boolean;

  /** Made of what the client of the database says; `store` is its address without any password. */
  constructor(
    store: string,
    reason: string,
    options: { hint?: string; cause?: unknown; mayHaveBeenDone?: boolean; mayPass?: boolean } = {},
  ) {
    const { hint, cause, mayHaveBeenDone = false, mayPass = false } = options;
    super("store_unavailable", `the store ${JSON.stringify(store)} cannot be used: ${reason}`, {
      hint: hint ?? "check that it runs and can be reached, then try again",
      details: { store, ...(mayHaveBeenDone ? { may_have_been_done: true } : {}) },
      cause,
    });
    this.mayHaveBeenDone = mayHaveBeenDone;
    this.mayPass = mayPass;
  }
}

/**
 * The database has another schema than this program knows.
 *
 * @example
 * ```ts
 * import { SchemaVersionError } from "../mod.ts";
 *
 * const isNewer = (error: unknown) => error instanceof SchemaVersionError && error.found > error.known;
 * ```
 */
export class SchemaVersionError extends LatticeError {
  /** Tells the class apart. */
  override readonly name = "SchemaVersionError";

  /** Made when the store is opened. */
  constructor(store: string, readonly found: number, readonly known: number) {
    const isNewer = found > known;
    super(
      "unsupported",
      `the store ${JSON.stringify(store)} has schema version ${found}, and this lattice knows ${known}`,
      {
        hint: isNewer
          ? "use the newer lattice that made it"
          : "type lattice lease migrate, or set auto_migrate in the config",
        details: { store, found, known },
      },
    );
  }
}

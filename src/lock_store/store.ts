/**
 * What every lock store can do, whichever way it keeps its records.
 *
 * All returned values are copies. An `AbortSignal` that is aborted already keeps a call from doing anything; one that is
 * aborted later ends waiting. A record whose time is up counts as gone in every call.
 *
 * @module
 */
import type { DocumentRecords } from "./documents.ts";
import type { LockType, PersistedLock, ShareReservation } from "./lock.ts";

/** Which records are meant: all that are given must match; nothing given means all. */
export interface LockQuery {
  /** Of this file. */
  readonly fileId?: string;
  /** Of this owner. */
  readonly ownerId?: string;
  /** Of this client. */
  readonly clientId?: string;
  /** Of this share. */
  readonly shareName?: string;
}

/** What every call takes. */
export interface CallOptions {
  /** Ends the call with its reason when it is aborted. */
  readonly signal?: AbortSignal;
}

/** How a transaction is run. */
export interface TransactionOptions extends CallOptions {
  /** Whether it only reads: then it waits for nobody, sees one state of the store throughout, and cannot change it. */
  readonly readOnly?: boolean;
}

/** A lock that is wanted. */
export interface LockRequest {
  /** The share: a name for a set of files. */
  readonly shareName: string;
  /** The file: any name within the share. */
  readonly fileId: string;
  /** Who wants it, within its client. */
  readonly ownerId: string;
  /** The program, session or host that the owner belongs to. */
  readonly clientId: string;
  /** 1 (exclusive) when nothing is said. */
  readonly lockType?: LockType;
  /** First byte; 0 when nothing is said. */
  readonly offset?: bigint;
  /** Number of bytes; 0, to the end, when nothing is said. */
  readonly length?: bigint;
  /** 0 when nothing is said. */
  readonly shareReservation?: ShareReservation;
  /** For how long, in milliseconds, by the clock of the store; without it, it never expires. */
  readonly ttlMs?: number;
}

/** What a migration did, or would do. */
export interface Migration {
  /** The schema's version before; 0: there were no tables. */
  readonly from: number;
  /** The version after it. */
  readonly to: number;
  /** What leads there, one statement each. */
  readonly statements: readonly string[];
}

/** How long to wait for a lock. */
export interface AcquireOptions extends CallOptions {
  /** Longest wait in milliseconds while others are in the way: 0 (default) fails at once, `Infinity` never gives up. */
  readonly waitMs?: number;
  /**
   * Called before each try: a lock that is got then lives from some moment after the last call, so who counts its time to
   * live by a clock of its own counts from there.
   */
  readonly onTry?: () => void;
}

/** What can be done with lock records, alone or within a transaction. */
export interface LockOperations {
  /**
   * Stores a record, in place of one with the same id. A fencing token of 0 becomes the next one of the store.
   *
   * @throws {InvalidLockError}
   */
  putLock(lock: PersistedLock, options?: CallOptions): Promise<PersistedLock>;
  /** Finds a record. @throws {LockNotFoundError} */
  getLock(id: string, options?: CallOptions): Promise<PersistedLock>;
  /** Gives a lock back. @throws {LockNotFoundError} It has expired, or was released. */
  deleteLock(id: string, options?: CallOptions): Promise<void>;
  /** Records that match, by fencing token; an empty list when there are none. */
  listLocks(query?: LockQuery, options?: CallOptions): Promise<PersistedLock[]>;
  /** Deletes all records of a client. @returns How many are gone. */
  deleteLocksByClient(clientId: string, options?: CallOptions): Promise<number>;
  /** Deletes all records of a file, of whichever share. @returns How many are gone. */
  deleteLocksByFile(fileId: string, options?: CallOptions): Promise<number>;
  /** The epoch; 0 in a fresh store. */
  getServerEpoch(options?: CallOptions): Promise<bigint>;
  /** Begins the next epoch. @returns The new one. */
  incrementServerEpoch(options?: CallOptions): Promise<bigint>;
  /** Deletes the records of earlier epochs. @returns How many are gone. */
  deleteStaleLocks(options?: CallOptions): Promise<number>;
  /**
   * Lets a lock live on.
   *
   * @param ttlMs From now on, in milliseconds; `null`: for ever.
   * @throws {LockNotFoundError} It has expired or was released.
   */
  renewLock(id: string, ttlMs: number | null, options?: CallOptions): Promise<PersistedLock>;
  /**
   * Makes sure that a lock is still held with this token: to be called in the transaction that does what the lock
   * protects.
   *
   * @throws {FencingTokenRefusedError}
   */
  requireFencingToken(id: string, fencingToken: bigint, options?: CallOptions): Promise<void>;
}

/** Locks and state documents in one transaction. */
export interface StoreTransaction extends LockOperations {
  /** The store's state documents; `statesIn` makes a repository of them. */
  readonly documents: DocumentRecords;
  /** Takes a lock, or fails at once. @throws {LockConflictError} */
  acquire(request: LockRequest, options?: CallOptions): Promise<PersistedLock>;
}

/** A store of lock records. */
export interface LockStore extends LockOperations, AsyncDisposable {
  /**
   * Takes a lock: looks for conflicts and inserts the record in one step. Who waits goes on waiting while a store that has
   * answered once cannot be reached, or is kept busy by others.
   *
   * @throws {LockConflictError} Others are in the way, and the time to wait is up.
   * @throws {InvalidLockError}
   */
  acquire(request: LockRequest, options?: AcquireOptions): Promise<PersistedLock>;
  /**
   * Does several things, all of them or none. A transaction that meets another one is done again from its beginning, a
   * bounded number of times: so what it does outside of the store may happen more than once. A signal that is aborted
   * while it is being completed has it ended with what became of it: its value where it was done.
   *
   * @param action Works with the transaction that it is given, not with the store itself. What it begins at once is done one
   *   after the other.
   * @throws {StoreUnavailableError} With `mayHaveBeenDone`: nobody can tell whether it was done.
   */
  transaction<T>(action: (transaction: StoreTransaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /**
   * Brings the tables to the present version (`up`), or takes them away with everything in them (`down`). Several may do so
   * at once.
   *
   * @throws {SchemaVersionError} A newer program made the tables.
   */
  migrate(direction: "up" | "down", options?: { readonly dryRun: boolean }): Promise<Migration>;
  /** The store's address, without any password. */
  readonly address: string;
  /** Closes the store. */
  close(): Promise<void>;
}

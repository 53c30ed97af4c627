/**
 * What a way of keeping lock records has to offer; everything else of a store is built on it once, in `locks.ts`.
 *
 * @module
 */
import type { Claim } from "./conflict.ts";
import type { PersistedLock } from "./lock.ts";
import type { DocumentRecords } from "./documents.ts";
import type { LockQuery, Migration } from "./store.ts";

/** The records as one transaction sees them. */
export interface LockSession {
  /** State documents that are kept beside the lock records. */
  readonly documents: DocumentRecords;
  /** The present time, by the store's own clock. */
  now(): Promise<Date>;
  /** Stores a record whose id nobody has. */
  add(lock: PersistedLock): Promise<void>;
  /** Stores a record in place of one with the same id. */
  put(lock: PersistedLock): Promise<void>;
  /** A record, whether its time is up or not. */
  get(id: string): Promise<PersistedLock | null>;
  /** Removes a record; that it is not there is fine. */
  remove(id: string): Promise<void>;
  /** Records that match, in any order. */
  list(query: LockQuery): Promise<PersistedLock[]>;
  /** At least all records that conflict with a claim. */
  rivals(claim: Claim): Promise<PersistedLock[]>;
  /** Removes the records of a file whose time is up at an instant. */
  removeExpired(shareName: string, fileId: string, now: Date): Promise<void>;
  /** The token that was given last; 0 in a fresh store. */
  lastFencingToken(): Promise<bigint>;
  /** Sets the token that was given last. */
  setLastFencingToken(token: bigint): Promise<void>;
  /** 0 in a fresh store. */
  epoch(): Promise<bigint>;
  /** Sets the epoch. */
  setEpoch(epoch: bigint): Promise<void>;
}

/** How a transaction is run. */
export interface TransactOptions {
  /** Whether it only reads. */
  readonly readOnly: boolean;
  /**
   * Whether the action does nothing but work on its session. Then it may begin before the transaction has its turn, and a
   * change need not have been answered when the next step is taken: no answer means anything before that to the end.
   */
  readonly isOwn: boolean;
  readonly signal: AbortSignal | undefined;
}

/** A file of a share. */
export type Place = Pick<Claim, "shareName" | "fileId">;

/** A pause between two tries to take a lock. */
export interface Pause {
  /** What is waited for. */
  readonly place: Place;
  /** When to look again where nobody tells of changes, in milliseconds. */
  readonly delayMs: number;
  /** When to look again at the latest, in milliseconds. */
  readonly leftMs: number;
  /** What {@link LockStoreBackend.changesHeard} said before the last try: a change since then ends the pause at once. */
  readonly since: number;
  readonly signal: AbortSignal | undefined;
}

/** A way of keeping lock records. */
export interface LockStoreBackend {
  /** Where the records are, without any password: for messages. */
  readonly address: string;
  /** Runs a transaction; serialisable. Where it meets another one it is done again, a bounded number of times. */
  transact<T>(action: (session: LockSession) => Promise<T>, options: TransactOptions): Promise<T>;
  /**
   * Grows with each change of a file's records that the backend hears of: asked before a try, and given to
   * {@link waitForChange} after it.
   */
  changesHeard(place: Place): number;
  /** Waits until records of the file may have changed. */
  waitForChange(pause: Pause): Promise<void>;
  /** Brings the tables to the present version, or takes them away. */
  migrate(direction: "up" | "down", options: { readonly dryRun: boolean }): Promise<Migration>;
  /** Closes the store. */
  close(): Promise<void>;
}

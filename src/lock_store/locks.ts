/**
 * A store of lock records over any backend.
 *
 * @module
 */
import { startWaiting } from "../locks/waiting.ts";
import { LatticeError } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";
import { toHex } from "../platform/text.ts";
import type { LockSession, LockStoreBackend } from "./backend.ts";
import { type DocumentRecords, withCheckedNames } from "./documents.ts";
import { LockConflictError, StoreUnavailableError } from "./errors.ts";
import type { PersistedLock } from "./lock.ts";
import {
  get,
  list,
  nextEpoch,
  put,
  remove,
  removeMatching,
  removeStale,
  renew,
  requireFencingToken,
  take,
} from "./operations.ts";
import type {
  AcquireOptions,
  CallOptions,
  LockOperations,
  LockQuery,
  LockRequest,
  LockStore,
  Migration,
  StoreTransaction,
  TransactionOptions,
} from "./store.ts";

/** Runs one step of work on the records. */
type Runner = <T>(
  readOnly: boolean,
  options: CallOptions | undefined,
  work: (session: LockSession) => Promise<T>,
) => Promise<T>;

/** The operations, each run by a runner: in a transaction of its own, or in one that is under way. */
class Operations implements LockOperations {
  constructor(protected readonly run: Runner) {}

  putLock(lock: PersistedLock, options?: CallOptions): Promise<PersistedLock> {
    return this.run(false, options, (session) => put(session, lock));
  }
  getLock(id: string, options?: CallOptions): Promise<PersistedLock> {
    return this.run(true, options, (session) => get(session, id));
  }
  deleteLock(id: string, options?: CallOptions): Promise<void> {
    return this.run(false, options, (session) => remove(session, id));
  }
  listLocks(query: LockQuery = {}, options?: CallOptions): Promise<PersistedLock[]> {
    return this.run(true, options, (session) => list(session, query));
  }
  deleteLocksByClient(clientId: string, options?: CallOptions): Promise<number> {
    return this.run(false, options, (session) => removeMatching(session, { clientId }));
  }
  deleteLocksByFile(fileId: string, options?: CallOptions): Promise<number> {
    return this.run(false, options, (session) => removeMatching(session, { fileId }));
  }
  getServerEpoch(options?: CallOptions): Promise<bigint> {
    return this.run(true, options, (session) => session.epoch());
  }
  incrementServerEpoch(options?: CallOptions): Promise<bigint> {
    return this.run(false, options, nextEpoch);
  }
  deleteStaleLocks(options?: CallOptions): Promise<number> {
    return this.run(false, options, removeStale);
  }
  renewLock(id: string, ttlMs: number | null, options?: CallOptions): Promise<PersistedLock> {
    return this.run(false, options, (session) => renew(session, id, ttlMs));
  }
  requireFencingToken(id: string, fencingToken: bigint, options?: CallOptions): Promise<void> {
    return this.run(true, options, (session) => requireFencingToken(session, id, fencingToken));
  }
}

class Transaction extends Operations implements StoreTransaction {
  constructor(private readonly system: System, readonly documents: DocumentRecords, run: Runner) {
    super(run);
  }

  acquire(request: LockRequest, options?: CallOptions): Promise<PersistedLock> {
    return this.run(false, options, (session) => take(session, request, newLockId(this.system), 0));
  }
}

/** See {@link LockStore}. */
export class Locks extends Operations implements LockStore {
  /**
   * @param system Its clock measures how long is waited, its random source makes the ids.
   * @param backend Where the records are kept.
   */
  constructor(private readonly system: System, private readonly backend: LockStoreBackend) {
    super(async (readOnly, options, work) => {
      options?.signal?.throwIfAborted();
      return await backend.transact(work, { readOnly, isOwn: true, signal: options?.signal });
    });
  }

  get address(): string {
    return this.backend.address;
  }

  async acquire(request: LockRequest, options: AcquireOptions = {}): Promise<PersistedLock> {
    const { waitMs = 0, signal, onTry } = options;
    const waiting = startWaiting(this.system, waitMs);
    const id = newLockId(this.system);
    let wasRefused = false;
    for (;;) {
      const since = this.backend.changesHeard(request);
      onTry?.();
      try {
        return await this.run(false, options, (session) => take(session, request, id, 0));
      } catch (error) {
        const isRefused = error instanceof LockConflictError;
        // A store that has answered this wait already is only being started again, or moved, or others keep it busy.
        const isAway = wasRefused && !isRefused && mayPass(error);
        if (!isRefused && !isAway) throw error;
        wasRefused = true;
        const delayMs = waiting.nextDelayMs();
        if (delayMs === null) throw isRefused ? new LockConflictError(error.conflicting, waiting.waitedMs()) : error;
        const leftMs = waitMs - waiting.waitedMs();
        await this.backend.waitForChange({
          place: request,
          delayMs: isAway ? Math.min(AWAY_MS, leftMs) : delayMs,
          leftMs,
          since: isAway ? this.backend.changesHeard(request) : since,
          signal,
        });
      }
    }
  }

  async transaction<T>(
    action: (transaction: StoreTransaction) => Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    const { signal, readOnly = false } = options;
    signal?.throwIfAborted();
    return await this.backend.transact((session) => {
      // One after the other, whether they are waited for or not: each looks at what the one before has left.
      let last: Promise<unknown> = Promise.resolve();
      const run: Runner = (reads, inner, work) => {
        const mine = last.then(async () => {
          inner?.signal?.throwIfAborted();
          if (readOnly && !reads) throw writeRefused();
          return await work(session);
        });
        last = mine.catch(() => {});
        return mine;
      };
      const documents = withCheckedNames(session.documents);
      return action(new Transaction(this.system, readOnly ? readingAlone(documents) : documents, run));
    }, { readOnly, isOwn: false, signal });
  }

  migrate(direction: "up" | "down", options = { dryRun: false }): Promise<Migration> {
    return this.backend.migrate(direction, options);
  }

  close(): Promise<void> {
    return this.backend.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** How long a store that cannot be reached is left alone between two tries, in milliseconds. */
const AWAY_MS = 1000;

/** Whether a store can be reached again, or gives a turn, some time later. */
function mayPass(error: unknown): boolean {
  if (error instanceof StoreUnavailableError) return error.mayPass;
  return error instanceof LatticeError && error.code === "locked";
}

/** Documents that are not to be changed. */
function readingAlone(documents: DocumentRecords): DocumentRecords {
  const refuse = () => Promise.reject(writeRefused());
  return {
    read: (name) => documents.read(name),
    list: () => documents.list(),
    put: refuse,
    remove: refuse,
  };
}

function writeRefused(): LatticeError {
  return new LatticeError("usage", "a transaction that was begun with readOnly cannot change anything", {
    hint: "begin it without readOnly",
  });
}

/** A random UUID (version 4 of RFC 9562). */
export function newLockId({ randomBytes }: System): string {
  const bytes = randomBytes(16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = toHex(bytes);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

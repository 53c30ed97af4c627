/**
 * A store of lock records over any backend.
 *
 * @module
 */
import { startWaiting } from "../locks/waiting.ts";
import type { System } from "../platform/system.ts";
import { toHex } from "../platform/text.ts";
import type { LockSession, LockStoreBackend } from "./backend.ts";
import type { DocumentRecords } from "./documents.ts";
import { LockConflictError } from "./errors.ts";
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
      return await backend.transact(work, { readOnly, signal: options?.signal });
    });
  }

  get address(): string {
    return this.backend.address;
  }

  async acquire(request: LockRequest, options: AcquireOptions = {}): Promise<PersistedLock> {
    const { waitMs = 0, signal } = options;
    const waiting = startWaiting(this.system, waitMs);
    const id = newLockId(this.system);
    for (;;) {
      const since = this.backend.changesHeard;
      try {
        return await this.run(false, options, (session) => take(session, request, id, 0));
      } catch (error) {
        if (!(error instanceof LockConflictError)) throw error;
        const delayMs = waiting.nextDelayMs();
        if (delayMs === null) throw new LockConflictError(error.conflicting, waiting.waitedMs());
        await this.backend.waitForChange({ delayMs, leftMs: waitMs - waiting.waitedMs(), since, signal });
      }
    }
  }

  transaction<T>(action: (transaction: StoreTransaction) => Promise<T>, options?: TransactionOptions): Promise<T> {
    return this.run(options?.readOnly === true, options, (session) =>
      action(
        new Transaction(this.system, session.documents, async (_readOnly, inner, work) => {
          inner?.signal?.throwIfAborted();
          return await work(session);
        }),
      ));
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

/** A random UUID (version 4 of RFC 9562). */
export function newLockId({ randomBytes }: System): string {
  const bytes = randomBytes(16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = toHex(bytes);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

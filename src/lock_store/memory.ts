/**
 * Lock records in memory, for one process: for tests, and for programs that need nothing more.
 *
 * Transactions run one after the other. What a transaction that fails has changed is put back.
 *
 * @module
 */
import { sleepUnlessAborted } from "../locks/waiting.ts";
import type { System } from "../platform/system.ts";
import type { LockSession, LockStoreBackend, Pause, TransactOptions } from "./backend.ts";
import type { Claim } from "./conflict.ts";
import type { PersistedLock } from "./lock.ts";
import { isExpired } from "./operations.ts";
import type { LockQuery, Migration } from "./store.ts";
import { Turns } from "./turns.ts";

/** How long a transaction waits for those before it, in milliseconds, when nothing is said. */
const TIMEOUT_MS_DEFAULT = 10_000;

/** Keeps lock records in memory. */
export class MemoryBackend implements LockStoreBackend {
  readonly address = "memory:";
  private changes = 0;
  private readonly documents = new Map<string, Uint8Array>();
  private readonly locks = new Map<string, PersistedLock>();
  private readonly counters = new Map<"fencing" | "epoch", bigint>();
  private readonly turns: Turns;
  private readonly sleepers = new Set<() => void>();

  /**
   * Makes an empty store.
   *
   * @param system Its clock decides what has expired.
   * @param timeoutMs How long a transaction waits for those before it, in milliseconds.
   */
  constructor(private readonly system: System, private readonly timeoutMs: number = TIMEOUT_MS_DEFAULT) {
    this.turns = new Turns(system);
  }

  async transact<T>(action: (session: LockSession) => Promise<T>, options: TransactOptions): Promise<T> {
    using _turn = await this.turns.take(this.timeoutMs, options.signal);
    const undo: (() => void)[] = [];
    try {
      options.signal?.throwIfAborted();
      const result = await action(this.session(undo));
      options.signal?.throwIfAborted();
      if (undo.length > 0) this.wakeAll();
      return result;
    } catch (error) {
      for (const step of undo.reverse()) step();
      throw error;
    }
  }

  changesHeard(): number {
    return this.changes;
  }

  async waitForChange({ delayMs, since, signal }: Pause): Promise<void> {
    if (this.changes !== since) return;
    let wake = () => {};
    const changed = new Promise<void>((resolve) => wake = resolve);
    this.sleepers.add(wake);
    try {
      await Promise.race([sleepUnlessAborted(this.system, delayMs, signal), changed]);
    } finally {
      this.sleepers.delete(wake);
    }
  }

  migrate(): Promise<Migration> {
    return Promise.resolve({ from: 0, to: 0, statements: [] });
  }

  async close(): Promise<void> {
    using _turn = await this.turns.take(this.timeoutMs, undefined);
    this.locks.clear();
    this.documents.clear();
  }

  private wakeAll(): void {
    this.changes++;
    for (const wake of this.sleepers) wake();
  }

  private session(undo: (() => void)[]): LockSession {
    const { locks, counters, documents, system } = this;
    const change = <K, V>(map: Map<K, V>, key: K, value: V | undefined): void => {
      const old = map.get(key);
      undo.push(() => old === undefined ? map.delete(key) : map.set(key, old));
      if (value === undefined) map.delete(key);
      else map.set(key, value);
    };
    const set = (id: string, lock: PersistedLock | undefined): void => change(locks, id, lock);
    const count = (name: "fencing" | "epoch", value: bigint) => Promise.resolve(change(counters, name, value));
    const find = (isMeant: (lock: PersistedLock) => boolean) => Promise.resolve([...locks.values()].filter(isMeant));
    return {
      documents: {
        read: (name) => Promise.resolve(documents.get(name)?.slice() ?? null),
        put: (name, content) => Promise.resolve(change(documents, name, content.slice())),
        remove: (name) => Promise.resolve(change(documents, name, undefined)),
        list: () => Promise.resolve([...documents.keys()]),
      },
      now: () => Promise.resolve(new Date(system.clock.nowMs())),
      add: (lock) => Promise.resolve(set(lock.id, lock)),
      put: (lock) => Promise.resolve(set(lock.id, lock)),
      get: (id) => Promise.resolve(locks.get(id) ?? null),
      remove: (id) => Promise.resolve(set(id, undefined)),
      list: (query) => find((lock) => matches(lock, query)),
      rivals: (claim) => find((lock) => isSameFile(lock, claim)),
      removeExpired: (shareName, fileId, now) => {
        for (const lock of [...locks.values()]) {
          if (isSameFile(lock, { shareName, fileId }) && isExpired(lock, now)) set(lock.id, undefined);
        }
        return Promise.resolve();
      },
      lastFencingToken: () => Promise.resolve(counters.get("fencing") ?? 0n),
      setLastFencingToken: (token) => count("fencing", token),
      epoch: () => Promise.resolve(counters.get("epoch") ?? 0n),
      setEpoch: (epoch) => count("epoch", epoch),
    };
  }
}

function isSameFile(lock: PersistedLock, { shareName, fileId }: Pick<Claim, "shareName" | "fileId">): boolean {
  return lock.shareName === shareName && lock.fileId === fileId;
}

function matches(lock: PersistedLock, { fileId, ownerId, clientId, shareName }: LockQuery): boolean {
  return (fileId === undefined || lock.fileId === fileId) && (ownerId === undefined || lock.ownerId === ownerId) &&
    (clientId === undefined || lock.clientId === clientId) &&
    (shareName === undefined || lock.shareName === shareName);
}

/**
 * A plain model of a lock store, and what compares a backend with it: one client that does anything, and several at once
 * whose acquisitions and releases must have happened one after the other.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { FencingTokenRefusedError, LockConflictError, LockNotFoundError } from "../../src/lock_store/errors.ts";
import { type PersistedLock, type ShareReservation, UINT64_MAX } from "../../src/lock_store/lock.ts";
import type { LockOperations, LockQuery, LockRequest, LockStore } from "../../src/lock_store/store.ts";
import { test } from "../harness.ts";
import { holdsAsync } from "../property.ts";
import { type HistoryOperation, linearize } from "../simulation/linearizability.ts";
import { seededRandom } from "../simulation/random.ts";
import { runs, seedOr, tried } from "../thoroughness.ts";
import type { Bed } from "./conformance.ts";
import { lockWith } from "./samples.ts";

/** What the model keeps of a lock. */
interface ModelLock {
  request: Required<Omit<LockRequest, "ttlMs">>;
  epoch: bigint;
}

/** One step; `which` chooses among the locks that were ever taken. */
type Step =
  | { kind: "acquire"; request: Required<Omit<LockRequest, "ttlMs">>; ttl: boolean }
  | { kind: "release" | "expire" | "fence" | "renew" | "put" | "get"; which: number }
  | { kind: "list"; query: LockQuery }
  | { kind: "drop client" | "drop file"; name: string }
  | { kind: "epoch" | "bump" | "drop stale" }
  | { kind: "failing transaction"; which: number; request: Required<Omit<LockRequest, "ttlMs">> };

const NAMES = ["a", "b"] as const;
const name = fc.constantFrom(...NAMES);
const edge = fc.constantFrom(0n, 1n, 2n, 1n << 63n, UINT64_MAX - 1n, UINT64_MAX);
const range = fc.tuple(edge, edge).filter(([offset, length]) => length === 0n || offset + (length - 1n) <= UINT64_MAX);

const request = fc.tuple(name, name, name, name, fc.constantFrom(0, 1), range, fc.constantFrom(0, 0, 0, 1, 2, 3)).map(
  ([shareName, fileId, ownerId, clientId, lockType, [offset, length], reservation]) => ({
    shareName,
    fileId,
    ownerId,
    clientId,
    lockType: lockType as 0 | 1,
    offset,
    length,
    shareReservation: reservation as ShareReservation,
  }),
);

const which = fc.nat(20);
const query = fc.record({ shareName: name, fileId: name, ownerId: name, clientId: name }, { requiredKeys: [] });

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("acquire" as const), request, ttl: fc.boolean() }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom("release" as const, "expire" as const, "fence" as const, "renew" as const, "put" as const),
      which,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("get" as const), which }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("list" as const), query }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("drop client" as const, "drop file" as const), name }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom("epoch" as const, "bump" as const, "drop stale" as const) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("failing transaction" as const), which, request }) },
);

/** Whether two locks exclude each other, said in the plainest way. */
function excludes(a: ModelLock["request"], b: ModelLock["request"]): boolean {
  if (a.shareName !== b.shareName || a.fileId !== b.fileId) return false;
  if (a.ownerId === b.ownerId && a.clientId === b.clientId) return false;
  const does = (type: number) => type === 0 ? ["read"] : ["read", "write"];
  const denied = (reservation: number) => [[], ["read"], ["write"], ["read", "write"]][reservation]!;
  const isDenied = (by: ModelLock["request"], other: ModelLock["request"]) =>
    does(other.lockType).some((action) => denied(by.shareReservation).includes(action));
  if (isDenied(a, b) || isDenied(b, a)) return true;
  if (a.lockType === 0 && b.lockType === 0) return false;
  const end = (lock: ModelLock["request"]) => lock.length === 0n ? 1n << 64n : lock.offset + lock.length;
  return a.offset < end(b) && b.offset < end(a);
}

/** A store and its model side by side. */
class SideBySide {
  /** Every lock that was ever taken, by the order of that. */
  private readonly taken: PersistedLock[] = [];
  private readonly model = new Map<string, ModelLock>();
  private epoch = 0n;
  private lastToken = 0n;

  constructor(private readonly bed: Bed, private readonly store: LockStore) {}

  async do(one: Step): Promise<void> {
    switch (one.kind) {
      case "acquire":
        return await this.acquire(one.request, one.ttl);
      case "list":
        return assert.deepEqual(await this.ids(one.query), this.expectedIds(one.query));
      case "drop client":
        return await this.drop({ clientId: one.name }, (store) => store.deleteLocksByClient(one.name));
      case "drop file":
        return await this.drop({ fileId: one.name }, (store) => store.deleteLocksByFile(one.name));
      case "epoch":
        return assert.equal(await this.store.getServerEpoch(), this.epoch);
      case "bump":
        return assert.equal(await this.store.incrementServerEpoch(), ++this.epoch);
      case "drop stale": {
        const stale = [...this.model].filter(([, lock]) => lock.epoch < this.epoch).map(([id]) => id);
        assert.equal(await this.store.deleteStaleLocks(), stale.length);
        for (const id of stale) this.model.delete(id);
        return;
      }
      case "failing transaction":
        return await this.failingTransaction(one.which, one.request);
      default:
        if (this.taken.length > 0) await this.withLock(one.kind, this.taken[one.which % this.taken.length]!);
    }
  }

  private async acquire(wanted: ModelLock["request"], ttl: boolean): Promise<void> {
    const isFree = ![...this.model.values()].some((held) => excludes(held.request, wanted));
    try {
      const lock = await this.store.acquire({ ...wanted, ...(ttl ? { ttlMs: 3_600_000 } : {}) });
      assert.ok(isFree, "it was taken");
      assert.ok(lock.fencingToken > this.lastToken);
      this.lastToken = lock.fencingToken;
      assert.deepEqual([lock.serverEpoch, lock.expiresAt !== null], [this.epoch, ttl]);
      this.taken.push(lock);
      this.model.set(lock.id, { request: wanted, epoch: this.epoch });
    } catch (error) {
      if (!(error instanceof LockConflictError)) throw error;
      assert.ok(!isFree, "it was free");
      assert.ok(this.model.has(error.conflicting.id), "who is in the way is there");
    }
  }

  private async withLock(kind: "release" | "expire" | "fence" | "renew" | "put" | "get", lock: PersistedLock) {
    const isHeld = this.model.has(lock.id);
    const attempt = async (call: () => Promise<unknown>) => {
      if (isHeld) return void await call();
      await assert.rejects(call, kind === "fence" ? FencingTokenRefusedError : LockNotFoundError);
    };
    switch (kind) {
      case "get":
        return await attempt(() => this.store.getLock(lock.id));
      case "fence":
        return await attempt(() => this.store.requireFencingToken(lock.id, lock.fencingToken));
      case "renew":
        return await attempt(() => this.store.renewLock(lock.id, 7_200_000));
      case "release":
        await attempt(() => this.store.deleteLock(lock.id));
        this.model.delete(lock.id);
        return;
      case "put": {
        const stored = await this.store.putLock({ ...lock, serverEpoch: this.epoch });
        this.model.set(lock.id, { request: requestOf(stored), epoch: this.epoch });
        return;
      }
      case "expire":
        if (!isHeld) return;
        await this.bed.expire(this.store, await this.store.renewLock(lock.id, 1000));
        this.model.delete(lock.id);
        return await this.expectOthers();
    }
  }

  /** A clock that was set ahead by a second has ended nobody else's time: all others have an hour. */
  private async expectOthers(): Promise<void> {
    assert.deepEqual(await this.ids({}), this.expectedIds({}));
  }

  private async drop(asked: LockQuery, call: (store: LockOperations) => Promise<number>): Promise<void> {
    const gone = this.expectedIds(asked);
    assert.equal(await call(this.store), gone.length);
    for (const id of gone) this.model.delete(id);
  }

  private async failingTransaction(whichOne: number, wanted: ModelLock["request"]): Promise<void> {
    const failure = new Error("in the middle");
    const lock = this.taken[whichOne % Math.max(1, this.taken.length)];
    await assert.rejects(
      this.store.transaction(async (inside) => {
        await inside.incrementServerEpoch();
        if (lock !== undefined && this.model.has(lock.id)) await inside.deleteLock(lock.id);
        await inside.acquire({ ...wanted, ownerId: "transaction", fileId: "its own" });
        await inside.documents.put("half", new Uint8Array([1]));
        throw failure;
      }),
      (error: unknown) => error === failure,
    );
    assert.deepEqual(await this.ids({}), this.expectedIds({}));
    assert.equal(await this.store.getServerEpoch(), this.epoch);
    assert.equal(await this.store.transaction(({ documents }) => documents.read("half")), null);
  }

  private async ids(asked: LockQuery): Promise<string[]> {
    return (await this.store.listLocks(asked)).map(({ id }) => id).sort();
  }

  private expectedIds(asked: LockQuery): string[] {
    const isMeant = ({ request }: ModelLock) =>
      Object.entries(asked).every(([field, value]) => request[field as keyof LockQuery] === value);
    return [...this.model].filter(([, lock]) => isMeant(lock)).map(([id]) => id).sort();
  }
}

function requestOf(lock: PersistedLock): ModelLock["request"] {
  const { shareName, fileId, ownerId, clientId, lockType, offset, length, shareReservation } = lock;
  return { shareName, fileId, ownerId, clientId, lockType, offset, length, shareReservation };
}

/** How much is tried: sequences of steps, and histories of clients at once. */
export interface ModelRuns {
  readonly sequences: number;
  readonly histories: number;
}

/**
 * Declares the tests.
 *
 * @param openTwo Two stores over the same records, as two clients have them; fresh each time.
 */
export function testAgainstModel(bed: Bed, openTwo: () => Promise<[LockStore, LockStore]>, count: ModelRuns): void {
  test(`a plain model of a lock store does the same, whatever is done (${bed.name})`, async () => {
    const steps = fc.array(step, { minLength: 1, maxLength: 40 });
    await holdsAsync(
      `lock store against its model: ${bed.name}`,
      fc.asyncProperty(steps, async (all) => {
        await using store = await bed.open();
        const both = new SideBySide(bed, store);
        for (const one of all) await both.do(one);
      }),
      { seed: 20_261_121, numRuns: count.sequences, tortureRuns: count.sequences * 100 },
    );
  });

  test(`acquisitions and releases of clients at once happened one after the other (${bed.name})`, async () => {
    const seed = seedOr(20_261_121);
    const histories = runs(count.histories, count.histories * 100);
    for (let i = 0; i < histories; i++) {
      const stores = await openTwo();
      const history = await recordHistory(stores, seed + i);
      assert.notEqual(linearize(new Set<string>(), history, keyOf), null, `seed ${seed + i}: no order explains it`);
      for (const store of stores) await store.close();
    }
    tried(`histories of a lock store: ${bed.name}`, { schedules: histories }, seed);
  });
}

/** Who holds the one lock: the owners' names; one at most, as the operations see to it. */
type Holders = ReadonlySet<string>;

function keyOf(holders: Holders): string {
  return [...holders].sort().join();
}

/** Four clients that take and give back one exclusive lock, as fast as they can. */
async function recordHistory(stores: readonly LockStore[], seed: number): Promise<HistoryOperation<Holders>[]> {
  const history: HistoryOperation<Holders>[] = [];
  let time = 0;
  const client = async (number: number): Promise<void> => {
    const owner = `client ${number}`;
    const store = stores[number % stores.length]!;
    const random = seededRandom(seed * 31 + number);
    let held: PersistedLock | null = null;
    for (let i = 0; i < 7; i++) {
      const from = ++time;
      if (held === null) {
        held = await take(store, owner, random.below(2) * 50);
        const got = held !== null;
        history.push({
          label: `${owner} ${got ? "takes" : "is refused"}`,
          from,
          to: ++time,
          optional: false,
          apply: (holders) => got === (holders.size === 0) ? (got ? new Set([owner]) : holders) : undefined,
        });
      } else {
        await store.deleteLock(held.id);
        held = null;
        history.push({
          label: `${owner} gives back`,
          from,
          to: ++time,
          optional: false,
          apply: (holders) => holders.has(owner) ? new Set<string>() : undefined,
        });
      }
    }
  };
  await Promise.all([0, 1, 2, 3].map(client));
  return history;
}

async function take(store: LockStore, ownerId: string, waitMs: number): Promise<PersistedLock | null> {
  const { shareName, fileId, clientId } = lockWith();
  try {
    return await store.acquire({ shareName, fileId, ownerId, clientId }, { waitMs });
  } catch (error) {
    if (error instanceof LockConflictError) return null;
    throw error;
  }
}

/**
 * What every lock store must do: declared once, run on each backend.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  FencingTokenRefusedError,
  InvalidLockError,
  LockConflictError,
  LockNotFoundError,
} from "../../src/lock_store/errors.ts";
import { type PersistedLock, UINT64_MAX } from "../../src/lock_store/lock.ts";
import type { LockRequest, LockStore } from "../../src/lock_store/store.ts";
import { test } from "../harness.ts";
import { type Check, ID, lockWith, requestBy } from "./samples.ts";
import { checkTransactions } from "./transaction_conformance.ts";

/** A backend under test. */
export interface Bed {
  readonly name: string;
  /** A fresh store. */
  open(): Promise<LockStore>;
  /** Makes the time of a lock be up. */
  expire(store: LockStore, lock: PersistedLock): Promise<void>;
}

function idOf(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;
}

const HUGE = UINT64_MAX;

/** Declares the tests. */
export function testConformance({ name, open, expire }: Bed): void {
  const check: Check = (title, body) => {
    test(`${title} (${name})`, async () => {
      await using store = await open();
      await body(store);
    });
  };

  check("a lock comes back as it was stored, also with the largest numbers and odd names", async (store) => {
    const odd = lockWith({
      shareName: "a'b\"; drop table locks; --",
      fileId: "über/☃/\u{1f512}\n\t%_",
      ownerId: " ",
      offset: HUGE - 1n,
      length: 2n,
      shareReservation: 3,
      serverEpoch: HUGE,
      expiresAt: new Date("9999-12-31T23:59:59.999Z"),
      fencingToken: 1n << 63n,
    });
    assert.deepEqual(await store.putLock(odd), odd);
    assert.deepEqual(await store.getLock(ID), odd);
    assert.deepEqual(await store.listLocks({ fileId: odd.fileId }), [odd]);
    const next = await store.putLock(lockWith({ id: idOf(2) }));
    assert.equal(next.fencingToken, (1n << 63n) + 1n, "tokens go on from the highest");
  });

  check("names may be as long as is allowed, whatever their characters take in bytes", async (store) => {
    const long = (first: number) =>
      String.fromCodePoint(...Array.from({ length: 1024 }, (_, i) => first + i * 7 % 8000));
    const lock = lockWith({
      shareName: long(0x4e00),
      fileId: long(0x5000),
      ownerId: long(0x5200),
      clientId: long(0x5400),
      fencingToken: 1n,
    });
    await store.putLock(lock);
    const { shareName, fileId, ownerId, clientId } = lock;
    assert.deepEqual(await store.listLocks({ shareName, fileId, ownerId, clientId }), [lock]);
  });

  check("putLock() replaces the record with the same id, and what is returned is a copy", async (store) => {
    const first = await store.putLock(lockWith());
    first.acquiredAt.setTime(0);
    const second = await store.putLock(lockWith({ ownerId: "another" }));
    assert.equal(second.ownerId, "another");
    const found = await store.getLock(ID);
    assert.equal(found.acquiredAt.toISOString(), "2026-01-02T03:04:05.678Z");
    found.acquiredAt.setTime(0);
    assert.equal((await store.getLock(ID)).acquiredAt.getTime() > 0, true);
    assert.equal((await store.listLocks()).length, 1);
    assert.ok(second.fencingToken > first.fencingToken);
  });

  check("what is not there is a LockNotFoundError", async (store) => {
    for (
      const call of [() => store.getLock(ID), () => store.deleteLock(ID), () => store.renewLock(ID, 1000)]
    ) {
      await assert.rejects(call, (error: unknown) => {
        assert.ok(error instanceof LockNotFoundError);
        assert.deepEqual([error.code, error.id], ["not_found", ID]);
        return true;
      });
    }
  });

  check("bad values are refused by the name of the field, and change nothing", async (store) => {
    const bad: readonly Partial<Record<keyof PersistedLock, unknown>>[] = [
      { id: "x" },
      { id: ID.toUpperCase() },
      { shareName: "" },
      { fileId: "a\0b" },
      { ownerId: "\ud800" },
      { clientId: "x".repeat(1025) },
      { lockType: 2 },
      { offset: -1n },
      { offset: HUGE + 1n },
      { length: HUGE + 1n },
      { offset: 2n, length: HUGE },
      { offset: 7 },
      { shareReservation: 4 },
      { acquiredAt: new Date(NaN) },
      { serverEpoch: -1n },
      { expiresAt: new Date("+010000-01-01T00:00:00Z") },
      { fencingToken: HUGE + 1n },
    ];
    for (const change of bad) {
      await assert.rejects(store.putLock(lockWith(change as Partial<PersistedLock>)), (error: unknown) => {
        assert.ok(error instanceof InvalidLockError, `${JSON.stringify(Object.keys(change))}: ${error}`);
        assert.ok(Object.keys(change).includes(error.field) || error.field === "length", error.field);
        return true;
      });
    }
    await assert.rejects(store.listLocks({ clientId: "" }), InvalidLockError);
    await assert.rejects(store.deleteLocksByClient("\0"), InvalidLockError);
    await assert.rejects(store.acquire(requestBy("a", { ttlMs: 0 })), InvalidLockError);
    await assert.rejects(store.acquire(requestBy("a", { ttlMs: NaN })), InvalidLockError);
    assert.deepEqual(await store.listLocks(), []);
  });

  check("queries: all given fields must match; none means all; no match is an empty list", async (store) => {
    const values = ["1", "2"];
    let number = 0;
    for (const shareName of values) {
      for (const fileId of values) {
        for (const ownerId of values) {
          for (const clientId of values) {
            await store.putLock(lockWith({ id: idOf(++number), shareName, fileId, ownerId, clientId }));
          }
        }
      }
    }
    assert.equal((await store.listLocks()).length, 16);
    assert.equal((await store.listLocks({})).length, 16);
    assert.equal((await store.listLocks({ fileId: "1" })).length, 8);
    assert.equal((await store.listLocks({ ownerId: "1", clientId: "2" })).length, 4);
    const [only, ...others] = await store.listLocks({ shareName: "1", fileId: "2", ownerId: "1", clientId: "2" });
    assert.deepEqual([others, only?.fileId], [[], "2"]);
    assert.deepEqual(await store.listLocks({ fileId: "3" }), []);
    const tokens = (await store.listLocks()).map(({ fencingToken }) => fencingToken);
    assert.deepEqual(tokens, [...tokens].sort((a, b) => a < b ? -1 : 1));
    assert.equal(await store.deleteLocksByClient("1"), 8);
    assert.equal(await store.deleteLocksByClient("1"), 0);
    assert.equal(await store.deleteLocksByFile("2"), 4);
    assert.equal((await store.listLocks()).length, 4);
  });

  check("the epoch is 0 in a fresh store, and records of earlier ones can be dropped", async (store) => {
    assert.equal(await store.getServerEpoch(), 0n);
    const old = await store.acquire(requestBy("a"));
    assert.equal(old.serverEpoch, 0n);
    assert.equal(await store.incrementServerEpoch(), 1n);
    assert.equal(await store.incrementServerEpoch(), 2n);
    const young = await store.acquire(requestBy("a", { fileId: "other" }));
    assert.equal(young.serverEpoch, 2n);
    assert.equal(await store.deleteStaleLocks(), 1);
    assert.deepEqual((await store.listLocks()).map(({ id }) => id), [young.id]);
    assert.equal(await store.getServerEpoch(), 2n);
  });

  check("acquire() refuses what conflicts, and names who is in the way", async (store) => {
    const held = await store.acquire(requestBy("a", { offset: 10n, length: 10n }));
    assert.deepEqual([held.lockType, held.expiresAt], [1, null]);
    const refused: readonly Partial<LockRequest>[] = [
      {},
      { offset: 10n, length: 10n },
      { offset: 0n, length: 11n },
      { offset: 19n, length: 1n },
      { offset: 19n, length: 0n },
      { lockType: 0, offset: 15n, length: 1n },
      { clientId: "another client", ownerId: "a" },
    ];
    for (const change of refused) {
      await assert.rejects(store.acquire(requestBy("b", change)), (error: unknown) => {
        assert.ok(error instanceof LockConflictError, String(error));
        assert.deepEqual([error.code, error.conflicting], ["locked", held]);
        return true;
      });
    }
    const allowed: readonly Partial<LockRequest>[] = [
      { offset: 0n, length: 10n },
      { offset: 20n, length: 0n },
      { fileId: "other" },
      { shareName: "other" },
      { ownerId: "a" },
    ];
    for (const change of allowed) {
      const lock = await store.acquire(requestBy("b", change));
      await store.deleteLock(lock.id);
    }
    assert.deepEqual(await store.listLocks(), [held]);
  });

  check("two shared locks never exclude each other by their ranges; ranges end with 64 bits", async (store) => {
    await store.acquire(requestBy("a", { lockType: 0 }));
    await store.acquire(requestBy("b", { lockType: 0 }));
    await assert.rejects(store.acquire(requestBy("c", { offset: HUGE, length: 1n })), LockConflictError);
    await assert.rejects(store.acquire(requestBy("c", { offset: HUGE })), LockConflictError);
    const last = await store.acquire(requestBy("a", { fileId: "end", offset: HUGE, length: 1n }));
    await store.acquire(requestBy("b", { fileId: "end", offset: 0n, length: HUGE }));
    assert.equal(last.offset, HUGE);
  });

  check("a reservation denies what others do with the file, wherever their ranges are", async (store) => {
    const far = { offset: 1000n, length: 1n };
    const expected: readonly (readonly [0 | 1 | 2 | 3, boolean, boolean])[] = [
      [0, true, true],
      [1, false, false],
      [2, true, false],
      [3, false, false],
    ];
    for (const [shareReservation, sharedGoes, exclusiveGoes] of expected) {
      for (const [lockType, goes] of [[0, sharedGoes], [1, exclusiveGoes]] as const) {
        const one = requestBy("a", { lockType: 0, offset: 0n, length: 1n, shareReservation });
        const other = requestBy("b", { lockType, ...far });
        for (const [first, second] of [[one, other], [other, one]] as const) {
          const lock = await store.acquire(first);
          const attempt = store.acquire(second);
          if (goes) await store.deleteLock((await attempt).id);
          else await assert.rejects(attempt, LockConflictError, `${shareReservation} ${lockType}`);
          await store.deleteLock(lock.id);
        }
      }
    }
  });

  check("a lock whose time is up is gone in every call, and its token is refused", async (store) => {
    const lock = await store.acquire(requestBy("a", { ttlMs: 60_000 }));
    assert.ok(lock.expiresAt !== null && lock.expiresAt.getTime() - lock.acquiredAt.getTime() === 60_000);
    await store.requireFencingToken(lock.id, lock.fencingToken);
    await expire(store, lock);
    await assert.rejects(store.getLock(lock.id), LockNotFoundError);
    await assert.rejects(store.renewLock(lock.id, 1000), LockNotFoundError);
    await assert.rejects(store.deleteLock(lock.id), LockNotFoundError);
    assert.deepEqual(await store.listLocks(), []);
    assert.equal(await store.deleteLocksByClient("other"), 0);
    const next = await store.acquire(requestBy("b"));
    assert.ok(next.fencingToken > lock.fencingToken);
    await assert.rejects(store.requireFencingToken(lock.id, lock.fencingToken), (error: unknown) => {
      assert.ok(error instanceof FencingTokenRefusedError);
      assert.deepEqual([error.code, error.fencingToken], ["cas_failed", lock.fencingToken]);
      return true;
    });
    await assert.rejects(store.requireFencingToken(next.id, lock.fencingToken), FencingTokenRefusedError);
    await store.requireFencingToken(next.id, next.fencingToken);
  });

  check("renewLock() lets a lock live on, for a time or for ever, and keeps its token", async (store) => {
    const lock = await store.acquire(requestBy("a", { ttlMs: 60_000 }));
    const renewed = await store.renewLock(lock.id, 3_600_000);
    assert.ok(renewed.expiresAt!.getTime() > lock.expiresAt!.getTime() + 3_000_000);
    assert.equal(renewed.fencingToken, lock.fencingToken);
    assert.equal((await store.renewLock(lock.id, null)).expiresAt, null);
    await assert.rejects(store.renewLock(lock.id, -1), InvalidLockError);
    assert.equal((await store.getLock(lock.id)).expiresAt, null);
  });

  check("acquire() waits for who is in the way, and gets the lock when that one goes", async (store) => {
    const held = await store.acquire(requestBy("a"));
    const waiter = store.acquire(requestBy("b"), { waitMs: 60_000 });
    await store.deleteLock(held.id);
    const lock = await waiter;
    assert.equal(lock.ownerId, "b");
    await assert.rejects(store.acquire(requestBy("c"), { waitMs: 30 }), (error: unknown) => {
      assert.ok(error instanceof LockConflictError);
      assert.ok(Number(error.details["waited_ms"]) >= 30);
      return true;
    });
  });

  check("a signal that is aborted keeps every call from doing anything, and ends waiting", async (store) => {
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    const isReason = (error: unknown) => error === reason;
    const held = await store.acquire(requestBy("a"));
    const calls = [
      () => store.putLock(lockWith(), { signal }),
      () => store.getLock(held.id, { signal }),
      () => store.deleteLock(held.id, { signal }),
      () => store.listLocks({}, { signal }),
      () => store.deleteLocksByClient("client", { signal }),
      () => store.deleteLocksByFile("file", { signal }),
      () => store.getServerEpoch({ signal }),
      () => store.incrementServerEpoch({ signal }),
      () => store.deleteStaleLocks({ signal }),
      () => store.renewLock(held.id, null, { signal }),
      () => store.requireFencingToken(held.id, held.fencingToken, { signal }),
      () => store.acquire(requestBy("b", { fileId: "free" }), { signal }),
      () => store.transaction(() => Promise.reject(new Error("it ran")), { signal }),
    ];
    for (const call of calls) await assert.rejects(call, isReason, String(call));
    assert.deepEqual(await store.listLocks(), [held]);
    assert.equal(await store.getServerEpoch(), 0n);
    const stop = new AbortController();
    const waiter = store.acquire(requestBy("b"), { waitMs: Infinity, signal: stop.signal });
    setTimeout(() => stop.abort(reason), 5);
    await assert.rejects(waiter, isReason);
    assert.deepEqual(await store.listLocks(), [held]);
  });

  check("of many who want one lock at once one gets it, and tokens are given once", async (store) => {
    const owners = Array.from({ length: 24 }, (_, number) => `owner ${number}`);
    const ends = await Promise.allSettled(owners.map((owner) => store.acquire(requestBy(owner))));
    assert.equal(ends.filter(({ status }) => status === "fulfilled").length, 1);
    const counts = await Promise.all(
      owners.map((owner) => store.acquire(requestBy(owner, { fileId: owner }))),
    );
    assert.equal(new Set(counts.map(({ fencingToken }) => fencingToken)).size, owners.length);
  });

  checkTransactions(check);
}

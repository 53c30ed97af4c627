/**
 * What transactions of every lock store must do, and the documents in them.
 *
 * @module
 */
import assert from "node:assert/strict";
import { FencingTokenRefusedError } from "../../src/lock_store/errors.ts";
import type { StoreTransaction } from "../../src/lock_store/store.ts";
import { LatticeError } from "../../src/platform/errors.ts";
import { type Check, lockWith, requestBy } from "./samples.ts";

/** Declares the tests. */
export function checkTransactions(check: Check): void {
  check("a name that no document can have is refused before the store sees it, waited for or not", async (store) => {
    const longest = "n".repeat(255);
    const isRefused = (error: unknown) => error instanceof LatticeError && error.code === "usage";
    for (const name of ["", `${longest}n`, "a\0b", "a\ud800", undefined as unknown as string]) {
      const attempt = store.transaction(async ({ documents }) => {
        await documents.put("lost", new Uint8Array(1));
        void documents.put(name, new Uint8Array(1));
      });
      await assert.rejects(attempt, isRefused, JSON.stringify(name));
      await store.transaction(async ({ documents }) => {
        await documents.put("kept", new Uint8Array(1));
        await assert.rejects(async () => await documents.put(name, new Uint8Array(1)), isRefused);
      });
    }
    const names = await store.transaction(async ({ documents }) => {
      await documents.put(longest, new Uint8Array(1));
      return await documents.list();
    });
    assert.deepEqual(names.sort(), ["kept", longest], "what was refused and caught has not spoilt its transaction");
  });

  check("a transaction that only reads refuses to change anything", async (store) => {
    const held = await store.acquire(requestBy("a"));
    await store.transaction(async ({ documents }) => await documents.put("kept", new Uint8Array(1)));
    const changes: readonly ((inside: StoreTransaction) => Promise<unknown>)[] = [
      (inside) => inside.putLock(lockWith()),
      (inside) => inside.deleteLock(held.id),
      (inside) => inside.deleteLocksByClient("client"),
      (inside) => inside.deleteLocksByFile("file"),
      (inside) => inside.incrementServerEpoch(),
      (inside) => inside.deleteStaleLocks(),
      (inside) => inside.renewLock(held.id, null),
      (inside) => inside.acquire(requestBy("b", { fileId: "free" })),
      (inside) => inside.documents.put("kept", new Uint8Array(2)),
      (inside) => inside.documents.remove("kept"),
    ];
    for (const change of changes) {
      await assert.rejects(store.transaction(change, { readOnly: true }), (error: unknown) => {
        assert.ok(error instanceof LatticeError, String(error));
        assert.deepEqual([error.code, /was begun with readOnly/.test(error.message)], ["usage", true], String(change));
        return true;
      });
    }
    await store.transaction(async (inside) => {
      assert.deepEqual(await inside.listLocks(), [held]);
      await inside.requireFencingToken(held.id, held.fencingToken);
      assert.deepEqual([await inside.documents.list(), await inside.getServerEpoch()], [["kept"], 0n]);
      assert.equal((await inside.documents.read("kept"))?.length, 1);
    }, { readOnly: true });
  });

  check("a transaction does all or nothing", async (store) => {
    const held = await store.acquire(requestBy("a"));
    const failure = new Error("half way");
    const attempt = store.transaction(async (inside) => {
      await inside.deleteLock(held.id);
      await inside.acquire(requestBy("b"));
      await inside.incrementServerEpoch();
      assert.equal((await inside.listLocks()).length, 1);
      throw failure;
    });
    await assert.rejects(attempt, (error: unknown) => error === failure);
    assert.deepEqual(await store.listLocks(), [held]);
    assert.equal(await store.getServerEpoch(), 0n);
    const moved = await store.transaction(async (inside) => {
      await inside.requireFencingToken(held.id, held.fencingToken);
      await inside.deleteLock(held.id);
      return await inside.acquire(requestBy("b"));
    });
    assert.deepEqual((await store.listLocks()).map(({ id }) => id), [moved.id]);
    await assert.rejects(
      store.transaction((inside) => inside.requireFencingToken(held.id, held.fencingToken)),
      FencingTokenRefusedError,
    );
  });

  check(
    "what a transaction begins at once is done one after the other: tokens differ, and one of two gets a lock",
    async (store) => {
      const locks = await store.transaction(async (inside) => {
        const wanted = Array.from(
          { length: 10 },
          (_, number) => inside.acquire(requestBy("a", { fileId: String(number) })),
        );
        const rivals = await Promise.allSettled(["b", "c"].map((owner) => inside.acquire(requestBy(owner))));
        assert.deepEqual(rivals.map(({ status }) => status), ["fulfilled", "rejected"]);
        return await Promise.all(wanted);
      });
      assert.equal(new Set(locks.map(({ fencingToken }) => fencingToken)).size, 10);
      assert.equal((await store.listLocks()).length, 11);
    },
  );

  check("of two transactions that each look at what the other writes, both cannot go through", async (store) => {
    // Each takes a lock of its own if the other has none: together they may not both have one.
    const attempt = (mine: string, other: string) =>
      store.transaction(async (inside) => {
        const taken = await inside.listLocks({ fileId: other });
        await new Promise((resolve) => setTimeout(resolve, 1));
        if (taken.length === 0) await inside.acquire(requestBy(mine, { fileId: mine }));
      });
    for (let round = 0; round < 5; round++) {
      await Promise.allSettled([attempt("x", "y"), attempt("y", "x")]);
      assert.ok((await store.listLocks()).length <= 1);
      await store.deleteLocksByClient("client");
    }
  });
}

import assert from "node:assert/strict";
import { openLockStore } from "../../src/lock_store/open.ts";
import { Turns } from "../../src/lock_store/turns.ts";
import { realSystem } from "../../src/platform/real_system.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";

test("Turns gives turns in the order in which they were asked for, one at a time", async () => {
  const turns = new Turns(realSystem);
  const seen: number[] = [];
  let inside = 0;
  await Promise.all([0, 1, 2, 3, 4].map(async (number) => {
    using _turn = await turns.take(60_000, undefined);
    assert.equal(++inside, 1);
    await realSystem.clock.sleep(1);
    inside--;
    seen.push(number);
  }));
  assert.deepEqual(seen, [0, 1, 2, 3, 4]);
});

test("Turns gives as many turns at once as there are, and no more", async () => {
  const turns = new Turns(realSystem, 3);
  let [inside, most] = [0, 0];
  await Promise.all(Array.from({ length: 10 }, async () => {
    using _turn = await turns.take(60_000, undefined);
    most = Math.max(most, ++inside);
    await realSystem.clock.sleep(1);
    inside--;
  }));
  assert.equal(most, 3);
});

test("Turns passes on the turn of one who went away, by its time or by its signal", async () => {
  const turns = new Turns(realSystem);
  const first = await turns.take(0, undefined);
  const reason = new Error("enough");
  const stop = new AbortController();
  const aborted = turns.take(60_000, stop.signal);
  const impatient = turns.take(20, undefined);
  const patient = turns.take(60_000, undefined);
  stop.abort(reason);
  await assert.rejects(aborted, (error: unknown) => error === reason);
  await assert.rejects(impatient, { code: "locked" });
  first[Symbol.dispose]();
  (await patient)[Symbol.dispose]();
  (await turns.take(0, undefined))[Symbol.dispose]();
});

for (const address of ["memory:", `sqlite:${temporaryFolder()}/locks.db`]) {
  test(`a transaction that waits for itself is told so, and does nothing (${address.split(":")[0]})`, async () => {
    await using store = openLockStore(address, { timeoutMs: 50 });
    const request = { shareName: "s", fileId: "f", clientId: "c" };
    const attempt = store.transaction(async (inside) => {
      await inside.acquire({ ...request, ownerId: "a" });
      await store.acquire({ ...request, ownerId: "b", fileId: "other" });
    });
    await assert.rejects(attempt, { code: "locked" });
    assert.deepEqual(await store.listLocks(), []);
  });
}

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { LockNotFoundError, StoreUnavailableError } from "../../src/lock_store/errors.ts";
import { Locks } from "../../src/lock_store/locks.ts";
import { SqliteBackend } from "../../src/lock_store/sqlite.ts";
import { realSystem } from "../../src/platform/real_system.ts";
import { documentsOf } from "../../src/state/database_store.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { ClockAhead } from "./clock_ahead.ts";
import { type Bed, testConformance } from "./conformance.ts";
import { testAgainstModel } from "./model.ts";

const clock = new ClockAhead(realSystem);
const openAt = (path: string) => new Locks(clock.system, new SqliteBackend(clock.system, path));

const bed: Bed = {
  name: "sqlite",
  open: () => Promise.resolve(openAt(`${temporaryFolder()}/locks.db`)),
  expire: (_store, lock) => Promise.resolve(clock.goTo(lock.expiresAt!)),
};

testConformance(bed);
testAgainstModel(bed, () => {
  const path = `${temporaryFolder()}/locks.db`;
  return Promise.resolve([openAt(path), openAt(path)]);
}, { sequences: 25, histories: 10 });

test("sqlite: reading makes no file and no tables: what is not there is an empty store, at version 0", async () => {
  const folder = temporaryFolder();
  await using store = openAt(`${folder}/locks.db`);
  const states = documentsOf(store);
  for (const isThere of [false, true]) {
    if (isThere) writeFileSync(`${folder}/locks.db`, "");
    assert.deepEqual(await store.listLocks(), []);
    assert.equal(await store.getServerEpoch(), 0n);
    await assert.rejects(store.getLock(randomUUID()), LockNotFoundError);
    assert.deepEqual([await states.list(), await states.read("s"), await states.exists("s")], [[], null, false]);
    const { from, statements } = await store.migrate("up", { dryRun: true });
    assert.deepEqual([from, statements.length > 0], [0, true]);
    assert.deepEqual(readdirSync(folder), isThere ? ["locks.db"] : []);
    if (isThere) assert.equal(statSync(`${folder}/locks.db`).size, 0);
  }
  assert.equal(await store.incrementServerEpoch(), 1n);
  assert.equal(await store.getServerEpoch(), 1n);
  assert.equal((await store.migrate("down", { dryRun: true })).from, 1);
  rmSync(`${folder}/locks.db`);
  await assert.rejects(store.getServerEpoch(), StoreUnavailableError); // it was there before
});

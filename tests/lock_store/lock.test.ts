import assert from "node:assert/strict";
import { InvalidLockError } from "../../src/lock_store/errors.ts";
import { fromPersistedLock, toPersistedLock } from "../../src/lock_store/lock.ts";
import { test } from "../harness.ts";
import { lockWith } from "./samples.ts";

test("toPersistedLock() and fromPersistedLock() lead to one another", () => {
  const lock = lockWith({ serverEpoch: 7n });
  const inMemory = fromPersistedLock(lock);
  assert.deepEqual(inMemory.owner, { ownerId: "owner", clientId: "client" });
  assert.deepEqual(toPersistedLock(inMemory, "share", 7n), lock);
  assert.throws(() => toPersistedLock(inMemory, "", 7n), InvalidLockError);
});

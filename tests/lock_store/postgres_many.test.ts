/** Many clients of one PostgreSQL store: nothing is granted twice, nothing is lost, and everybody has an answer. */
import assert from "node:assert/strict";
import { openLockStore } from "../../src/lock_store/open.ts";
import type { LockStore } from "../../src/lock_store/store.ts";
import { test } from "../harness.ts";
import { sharedServer } from "../postgres_server.ts";
import { tried } from "../thoroughness.ts";

/** A fresh store with tables, and the way to open it again. */
async function freshStore(): Promise<() => LockStore> {
  const server = await sharedServer();
  const address = server.url({ schema: server.freshSchema() });
  const open = () => openLockStore(address, { timeoutMs: 60_000, autoMigrate: true });
  await using store = open();
  await store.migrate("up");
  return open;
}

test("32 clients that want one lock get it one after the other, each once, and no update under it is lost", async () => {
  const open = await freshStore();
  const clients = 32;
  let holders = 0;
  const tokens: bigint[] = [];
  await Promise.all(Array.from({ length: clients }, async (_, client) => {
    await using store = open();
    const request = { shareName: "s", fileId: "f", ownerId: `owner ${client}`, clientId: "c", ttlMs: 600_000 };
    const lock = await store.acquire(request, { waitMs: 300_000 });
    assert.equal(++holders, 1, "two hold it at once");
    tokens.push(lock.fencingToken);
    await store.transaction(async (inside) => {
      await inside.requireFencingToken(lock.id, lock.fencingToken);
      const count = Number(new TextDecoder().decode(await inside.documents.read("count") ?? new Uint8Array()));
      await inside.documents.put("count", new TextEncoder().encode(String(count + 1)));
    });
    holders--;
    await store.deleteLock(lock.id);
  }));
  await using store = open();
  const count = await store.transaction(({ documents }) => documents.read("count"));
  assert.deepEqual(new TextDecoder().decode(count!), String(clients));
  assert.deepEqual(tokens, [...tokens].sort((a, b) => a < b ? -1 : 1), "a later holder has a higher token");
  assert.equal(new Set(tokens).size, clients);
  tried("32 clients of one lock in PostgreSQL", { "racing updates": clients });
});

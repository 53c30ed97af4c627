/**
 * A client that does under a lock what it was told to do, however late: takes the lock of a store for a second, says its
 * token, waits for a line, and writes a document if its token is still good.
 *
 * @module
 */
import process from "node:process";
import { openLockStore } from "../../src/lock_store/open.ts";

const store = openLockStore(process.argv[2]!);
const lock = await store.acquire({ shareName: "s", fileId: "f", ownerId: "paused", clientId: "c", ttlMs: 1000 });
console.log(String(lock.fencingToken));
await new Promise((resolve) => process.stdin.once("data", resolve));
try {
  await store.transaction(async (inside) => {
    await inside.documents.put("deployed", new TextEncoder().encode("by the paused client"));
    await inside.requireFencingToken(lock.id, lock.fencingToken);
  });
  console.log("written");
} catch (error) {
  console.log((error as Error).name);
}
process.exit(0);

/** The PostgreSQL backend does what every lock store does. */
import { openLockStore } from "../../src/lock_store/open.ts";
import type { LockStore } from "../../src/lock_store/store.ts";
import { emptyPostgresStore } from "../given_postgres.ts";
import { type Bed, testConformance } from "./conformance.ts";
import { testAgainstModel } from "./model.ts";

/** Two stores over the same tables, which are fresh. */
async function openTwo(): Promise<[LockStore, LockStore]> {
  const address = await emptyPostgresStore();
  const [one, other] = [openLockStore(address), openLockStore(address)];
  await one.migrate("up");
  return [one, other];
}

const bed: Bed = {
  name: "PostgreSQL",
  async open() {
    const [store, other] = await openTwo();
    await other.close();
    return store;
  },
  async expire(store, lock) {
    // By the server's clock alone: that of the client counts for nothing.
    await store.putLock({ ...lock, expiresAt: new Date(1) });
  },
};

testConformance(bed);
testAgainstModel(bed, openTwo, { sequences: 4, histories: 2 });

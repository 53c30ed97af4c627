/** The PostgreSQL backend does what every lock store does. */
import { openLockStore } from "../../src/lock_store/open.ts";
import { sharedServer } from "../postgres_server.ts";
import { testConformance } from "./conformance.ts";

testConformance({
  name: "PostgreSQL",
  async open() {
    const server = await sharedServer();
    const store = openLockStore(server.url({ schema: server.freshSchema() }));
    await store.migrate("up");
    return store;
  },
  async expire(store, lock) {
    // By the server's clock alone: that of the client counts for nothing.
    await store.putLock({ ...lock, expiresAt: new Date(1) });
  },
});

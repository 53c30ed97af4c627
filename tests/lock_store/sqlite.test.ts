import { Locks } from "../../src/lock_store/locks.ts";
import { SqliteBackend } from "../../src/lock_store/sqlite.ts";
import { realSystem } from "../../src/platform/real_system.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { ClockAhead } from "./clock_ahead.ts";
import { testConformance } from "./conformance.ts";

const clock = new ClockAhead(realSystem);

testConformance({
  name: "sqlite",
  open: () =>
    Promise.resolve(new Locks(clock.system, new SqliteBackend(clock.system, `${temporaryFolder()}/locks.db`))),
  expire: (_store, lock) => Promise.resolve(clock.goTo(lock.expiresAt!)),
});

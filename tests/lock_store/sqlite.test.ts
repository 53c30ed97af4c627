import { Locks } from "../../src/lock_store/locks.ts";
import { SqliteBackend } from "../../src/lock_store/sqlite.ts";
import { realSystem } from "../../src/platform/real_system.ts";
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

import { Locks } from "../../src/lock_store/locks.ts";
import { MemoryBackend } from "../../src/lock_store/memory.ts";
import { realSystem } from "../../src/platform/real_system.ts";
import { ClockAhead } from "./clock_ahead.ts";
import { type Bed, testConformance } from "./conformance.ts";
import { testAgainstModel } from "./model.ts";

const clock = new ClockAhead(realSystem);

const bed: Bed = {
  name: "memory",
  open: () => Promise.resolve(new Locks(clock.system, new MemoryBackend(clock.system))),
  expire: (_store, lock) => Promise.resolve(clock.goTo(lock.expiresAt!)),
};

testConformance(bed);
testAgainstModel(bed, async () => {
  const store = await bed.open();
  return [store, store];
}, { sequences: 300, histories: 50 });

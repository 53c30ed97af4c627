import { Locks } from "../../src/lock_store/locks.ts";
import { MemoryBackend } from "../../src/lock_store/memory.ts";
import { realSystem } from "../../src/platform/real_system.ts";
import { ClockAhead } from "./clock_ahead.ts";
import { testConformance } from "./conformance.ts";

const clock = new ClockAhead(realSystem);

testConformance({
  name: "memory",
  open: () => Promise.resolve(new Locks(clock.system, new MemoryBackend(clock.system))),
  expire: (_store, lock) => Promise.resolve(clock.goTo(lock.expiresAt!)),
});

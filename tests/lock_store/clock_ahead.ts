/**
 * A clock that can be set ahead, so that nobody has to wait for a lock to expire.
 *
 * @module
 */
import type { Clock, System } from "../../src/platform/system.ts";

/** This machine with a clock that can be set ahead. */
export class ClockAhead {
  /** The machine. */
  readonly system: System;
  private aheadMs = 0;

  constructor(private readonly machine: System) {
    const clock = Object.create(machine.clock, {
      nowMs: { value: () => machine.clock.nowMs() + this.aheadMs },
    }) as Clock;
    this.system = Object.create(machine, { clock: { value: clock } }) as System;
  }

  /** Sets the clock to an instant, if that is ahead of it. */
  goTo(time: Date): void {
    this.aheadMs = Math.max(this.aheadMs, time.getTime() - this.machine.clock.nowMs());
  }
}

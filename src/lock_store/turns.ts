/**
 * Those of one program that want something of which there is one, or a few, in the order in which they came: nobody has to
 * try again and again, and nobody is passed over.
 *
 * @module
 */
import { sleepUnlessAborted } from "../locks/waiting.ts";
import { LatticeError } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";

/** Gives turns. */
export class Turns {
  private readonly waiting: (() => void)[] = [];
  private taken = 0;

  /**
   * Nobody has a turn yet.
   *
   * @param system Its clock measures how long is waited.
   * @param count How many may have a turn at once.
   */
  constructor(private readonly system: System, private readonly count: number = 1) {}

  /**
   * Waits for a turn; `using` ends it.
   *
   * @param timeoutMs Longest wait in milliseconds. Who waits for ever for a turn within a turn of its own finds out.
   * @throws {LatticeError} `locked`: the time is up.
   * @throws {unknown} The reason of the signal, when that was aborted.
   */
  async take(timeoutMs: number, signal: AbortSignal | undefined): Promise<Disposable> {
    signal?.throwIfAborted();
    if (this.taken === this.count) await this.queue(timeoutMs, signal);
    else this.taken++;
    return { [Symbol.dispose]: () => this.next() };
  }

  private async queue(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    const { clock } = this.system;
    let call = () => {};
    let isCalled = false;
    const called = new Promise<void>((resolve) =>
      call = () => {
        isCalled = true;
        resolve();
      }
    );
    this.waiting.push(call);
    try {
      const untilMs = clock.monotonicMs() + timeoutMs;
      for (let leftMs = timeoutMs; !isCalled && leftMs > 0; leftMs = untilMs - clock.monotonicMs()) {
        await Promise.race([called, sleepUnlessAborted(this.system, Math.min(leftMs, LOOK_MS), signal)]);
      }
    } catch (error) {
      this.leave(call, isCalled);
      throw error;
    }
    if (isCalled) return;
    this.leave(call, isCalled);
    throw new LatticeError("locked", "another transaction of this program has not ended yet", {
      hint: "within a transaction, work with what it is given, not with the store itself",
      details: { holder: null, waited_ms: timeoutMs },
    });
  }

  /** Goes away from the queue; a turn that came just then is passed on. */
  private leave(call: () => void, isCalled: boolean): void {
    const at = this.waiting.indexOf(call);
    if (at !== -1) this.waiting.splice(at, 1);
    if (isCalled) this.next();
  }

  private next(): void {
    const call = this.waiting.shift();
    if (call === undefined) this.taken--;
    else call(); // the turn goes from hand to hand: nobody else can come in between
  }
}

/** A pause cannot be called off: for so long, in milliseconds, a program may go on for that when all its work is done. */
const LOOK_MS = 100;

/**
 * Keeps a lock alive while a program runs, and stops the program before the lock can be somebody else's.
 *
 * The store counts a lock's time from some moment between our question and its answer. By our own clock it is counted from
 * the question: so it is over for us before it is over for the store. What is left to chance is in `docs/lock_stores.md`.
 *
 * @module
 */
import type { CommandContext } from "./context.ts";
import { leaseJson, notGivenBack } from "./lease.ts";
import { FencingTokenRefusedError, LockNotFoundError } from "../lock_store/errors.ts";
import type { PersistedLock } from "../lock_store/lock.ts";
import type { LockStore } from "../lock_store/store.ts";
import { LatticeError } from "../platform/errors.ts";
import type { Clock, RunningProgram } from "../platform/system.ts";

/** A lock is renewed so many times before it would expire. */
const RENEWALS_PER_TTL = 3;

/** A renewal that failed is tried again so many times within the time to live. */
const TRIES_PER_TTL = 10;

/** How long the program has to end after SIGTERM before it is killed, in milliseconds, where the time to live allows it. */
const GRACE_MS_MAX = 5000;

/** The part of the time to live that the program has for that at most. */
const GRACE_PER_TTL = 1 / 4;

/** The part of the time to live that is left when the program is killed: for the kill itself, and for clocks that differ. */
const SPARE_PER_TTL = 1 / 20;

type Ended = Awaited<RunningProgram["ended"]>;

/** What became of a program, and of the lock meanwhile. */
export interface Held {
  readonly ended: Ended;
  /** Why the lock was lost; `null`: no renewal told so. */
  readonly lost: LatticeError | null;
}

/** A lock that has to be renewed. All instants are of the clock that goes on steadily, in milliseconds. */
export class LeaseKeeper {
  private readonly clock: Clock;

  /** When the end of the program was heard of. */
  private endedMs = Infinity;

  /**
   * Does nothing yet.
   *
   * @param ttlMs Its time to live in milliseconds.
   * @param askedMs When it was asked for, at the earliest.
   */
  constructor(
    private readonly context: CommandContext,
    private readonly store: LockStore,
    private readonly lock: PersistedLock,
    private readonly ttlMs: number,
    private askedMs: number,
  ) {
    this.clock = context.system.clock;
  }

  /**
   * Makes sure that there is time to start a program: where the answer was long in coming, the lock is renewed first.
   *
   * @throws {LatticeError} `locked`: it is lost.
   */
  async confirm(): Promise<void> {
    const nowMs = this.clock.monotonicMs();
    if (nowMs < this.renewAtMs) return;
    try {
      // No longer than until the program would have to be stopped again.
      await this.renew(nowMs + (this.stopAtMs - this.askedMs), new Promise(() => {}));
    } catch (error) {
      if (!(error instanceof LatticeError)) throw error;
      throw this.lostError("before its program was started", error);
    }
  }

  /** Renews the lock until the program has ended. */
  async holdWhile(program: RunningProgram): Promise<Held> {
    let isOver = false;
    const end = program.ended.then(() => {
      isOver = true;
    });
    let nextMs = this.renewAtMs;
    let told: LatticeError | null = null;
    for (;;) {
      await Promise.race([end, this.clock.sleep(Math.max(0, nextMs - this.clock.monotonicMs()))]);
      if (isOver) break;
      try {
        await this.renew(this.stopAtMs, end);
        nextMs = this.renewAtMs;
        told = null;
      } catch (error) {
        if (!(error instanceof LatticeError)) throw error;
        this.context.log.detail(`lock ${this.lock.id} could not be renewed: ${error.message}`);
        if (told === null || !(error instanceof NoAnswer)) told = error;
        const nowMs = this.clock.monotonicMs();
        if (!(error instanceof LockNotFoundError) && nowMs < this.stopAtMs) {
          nextMs = Math.min(nowMs + this.ttlMs / TRIES_PER_TTL, this.stopAtMs);
          continue;
        }
        await this.stop(program, end);
        return { ended: await program.ended, lost: this.lostError("and the program was stopped", told) };
      }
      if (isOver) break;
    }
    this.endedMs = this.clock.monotonicMs();
    return { ended: await program.ended, lost: null };
  }

  /**
   * Gives the lock back, if it is still held with its token. That a store does not do so is reported, since others are kept
   * waiting; how the program ended counts nevertheless.
   *
   * @param ended How the program ended, of which {@link holdWhile} has told that the lock was not lost; `null`: it was lost,
   *   or no program was started.
   * @returns Why the lock was lost while the program ran; `null`: nothing tells that it was.
   */
  async giveBack(ended: Ended | null): Promise<LatticeError | null> {
    const { id, fencingToken } = this.lock;
    try {
      await this.store.transaction(async (inside) => {
        await inside.requireFencingToken(id, fencingToken);
        await inside.deleteLock(id);
      });
    } catch (error) {
      if (!(error instanceof LatticeError)) throw error;
      if (!(error instanceof FencingTokenRefusedError)) {
        this.context.log.error(notGivenBack(this.lock, error));
      } else if (ended !== null && !this.mayHaveExpiredSince()) {
        return this.lostError(`while its program ran, which ended with ${ended.exitCode}`, error);
      }
    }
    return null;
  }

  /** Whether the lock's time may have been up only after the program had ended: where the store was long in answering. */
  private mayHaveExpiredSince(): boolean {
    const expiresMs = this.askedMs + this.ttlMs;
    return this.endedMs < expiresMs && this.clock.monotonicMs() >= expiresMs;
  }

  private get renewAtMs(): number {
    return this.askedMs + this.ttlMs / RENEWALS_PER_TTL;
  }

  /** When the program is asked to end, if the lock could not be renewed until then. */
  private get stopAtMs(): number {
    return this.killAtMs - Math.min(GRACE_MS_MAX, this.ttlMs * GRACE_PER_TTL);
  }

  private get killAtMs(): number {
    return this.askedMs + this.ttlMs * (1 - SPARE_PER_TTL);
  }

  /**
   * @param untilMs A store that does not answer, or that others keep busy, is waited for until then.
   * @param end What ends the waiting as well.
   */
  private async renew(untilMs: number, end: Promise<void>): Promise<void> {
    const askedMs = this.clock.monotonicMs();
    const asking = new AbortController();
    try {
      const renewal = this.store.renewLock(this.lock.id, this.ttlMs, { signal: asking.signal }).then(() => {
        this.askedMs = askedMs;
        this.context.log.detail(`lock ${this.lock.id} renewed`);
      });
      await Promise.race([renewal, end, this.noAnswer(untilMs - askedMs)]);
    } finally {
      asking.abort(); // of a renewal that is still waited for: nobody waits for it any more
    }
  }

  private async noAnswer(ms: number): Promise<never> {
    await this.clock.sleep(Math.max(0, ms));
    throw new NoAnswer("locked", "the store did not renew it in time");
  }

  /** Asks the program to end, and kills it before the lock's time is up; at once where that is over. */
  private async stop(program: RunningProgram, end: Promise<void>): Promise<void> {
    const graceMs = Math.min(GRACE_MS_MAX, this.killAtMs - this.clock.monotonicMs());
    let isOver = false;
    if (graceMs > 0) {
      program.stop("SIGTERM");
      await Promise.race([end.then(() => isOver = true), this.clock.sleep(graceMs)]);
    }
    if (!isOver) program.stop("SIGKILL");
  }

  private lostError(what: string, cause: LatticeError): LatticeError {
    const hint = "somebody else may hold it now; look at what the program has done, and begin anew";
    return new LatticeError("locked", `the lock ${this.lock.id} was lost, ${what}: ${cause.message}`, {
      hint,
      details: { ...leaseJson(this.lock), holder: null },
      cause,
    });
  }
}

/** Says less than any other reason. */
class NoAnswer extends LatticeError {}

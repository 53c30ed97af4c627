/**
 * Waiting for a lock that somebody else holds: delays that grow from 1 ms to 100 ms, with jitter so that waiters do
 * not march in step, and a bound.
 *
 * @module
 */
import type { System } from "../platform/system.ts";

const DELAY_MS_FIRST = 1;
const DELAY_MS_MAX = 100;

/** Counts the attempts of one wait and says how long to pause before the next. */
export interface Waiting {
  /** Milliseconds since the wait began. */
  waitedMs(): number;
  /** Pause before the next attempt in milliseconds, or `null` when the time is up. */
  nextDelayMs(): number | null;
  /** Lets the pauses grow from the shortest again, within the same bound. */
  startAgain(): void;
}

/**
 * Begins a wait.
 *
 * @param timeoutMs Longest wait in milliseconds; 0 never waits, `Infinity` never gives up.
 * @param delayMsMax Longest pause between two attempts in milliseconds; shorter for what is soon over.
 */
export function startWaiting(system: System, timeoutMs: number, delayMsMax: number = DELAY_MS_MAX): Waiting {
  const startedMs = system.clock.monotonicMs();
  let delayMs = DELAY_MS_FIRST;
  const waitedMs = () => system.clock.monotonicMs() - startedMs;
  return {
    waitedMs,
    startAgain() {
      delayMs = DELAY_MS_FIRST;
    },
    nextDelayMs() {
      const leftMs = timeoutMs - waitedMs();
      if (!(leftMs > 0)) return null; // also where the bound is no number
      const jitter = 0.5 + (system.randomBytes(1)[0]! / 256);
      const pauseMs = Math.min(delayMs * jitter, leftMs);
      delayMs = Math.min(delayMs * 2, delayMsMax);
      return pauseMs;
    },
  };
}

/**
 * Pauses between two attempts; an abort ends the pause at once.
 *
 * @param delayMs Length in milliseconds.
 * @throws {unknown} The reason of the signal, when it was aborted.
 */
export async function sleepUnlessAborted(
  { clock }: System,
  delayMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (signal === undefined) return await clock.sleep(delayMs);
  signal.throwIfAborted();
  let wake = () => {};
  const aborted = new Promise<void>((resolve) => wake = resolve);
  signal.addEventListener("abort", wake);
  try {
    await Promise.race([clock.sleep(delayMs), aborted]);
  } finally {
    signal.removeEventListener("abort", wake);
  }
  signal.throwIfAborted();
}

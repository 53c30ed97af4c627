/**
 * What people are told about a lock that is waited for.
 *
 * @module
 */
import type { CommandContext } from "./context.ts";
import type { LockObserver } from "../locks/file_lock.ts";
import { describeHolder, type LockHolder } from "../locks/holder.ts";

/** The repository lock in messages. */
export const REPOSITORY_LOCK = "the repository lock";

/**
 * Tells a person who watches why nothing happens; others only with `-v`.
 *
 * @param what The lock, as `the repository lock`.
 * @param holder Who holds it; `null`: that cannot be read.
 * @param always Whether it is said although nobody watches.
 */
export function sayWaiting(
  { log, streams }: CommandContext,
  what: string,
  holder: LockHolder | null,
  always = false,
): void {
  const message = `waiting for ${what}, held by ${describeHolder(holder)}`;
  if (always || streams.isTerminal(2)) log.info(message);
  else log.detail(message);
}

/** Says what happens to a lock of a file: on a terminal that it is waited for, with `-v` how it was had. */
export function lockObserver(context: CommandContext, what: string, always = false): LockObserver {
  return {
    onContention: (holder) => sayWaiting(context, what, holder, always),
    onAcquired({ backend, waitedMs, takenOverFrom }) {
      context.log.detail(`${what} taken (${backend}) after ${Math.round(waitedMs)} ms`);
      if (takenOverFrom === null) return;
      context.log.detail(`it was taken over from ${describeHolder(takenOverFrom)}, which has ended`);
    },
  };
}

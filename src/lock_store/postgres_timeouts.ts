/**
 * How long a statement may take at a PostgreSQL server: it gives up by itself, first the wait for somebody's lock, and we wait
 * a little longer for it to say so.
 *
 * @module
 */
import type { TimeLeft } from "./postgres_pool.ts";

/** So much longer than the server waits for a lock do we wait for it to say so, in milliseconds. */
export const ANSWER_MS = 500;

/** The server counts no longer times than that, in milliseconds: some 24 days; 0 is for ever. */
const SERVER_MS_MAX = 2 ** 31 - 1 - ANSWER_MS;

/** The statements that set the server's times for the rest of a transaction. */
export function setTimeouts(leftMs: TimeLeft): string[] {
  const waitMs = leftMs() < SERVER_MS_MAX ? Math.ceil(leftMs()) : 0;
  const allMs = waitMs === 0 ? 0 : waitMs + ANSWER_MS / 2;
  return [`set local lock_timeout = ${waitMs}`, `set local statement_timeout = ${allMs}`];
}

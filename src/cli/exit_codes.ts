/**
 * Exit codes: what scripts learn of how a command ended.
 *
 * @module
 */
import type { ErrorCode } from "../platform/errors.ts";

/** The exit code of each kind of error. */
export const EXIT_CODES: Readonly<Record<ErrorCode, number>> = {
  not_found: 1,
  usage: 2,
  cas_failed: 3,
  locked: 4,
  op_in_progress: 5,
  invalid_data: 6,
  io: 7,
  unsupported: 8,
  not_a_repository: 9,
  unsafe_repository: 9,
  diverged: 10,
  store_unavailable: 11,
  internal: 70,
};

/** All went well. */
export const EXIT_OK = 0;

/** The answer is no. */
export const EXIT_NEGATIVE = 1;

/** Nobody reads standard output any more: 128 + SIGPIPE. */
export const EXIT_CLOSED_OUTPUT = 141;

/** Interrupted by who sits at the terminal: 128 + SIGINT. */
export const EXIT_INTERRUPTED = 130;

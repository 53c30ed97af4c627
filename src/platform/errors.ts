/**
 * The one error type that lattice throws on purpose: a value with a code, the data a program needs, and the next
 * step for a person.
 *
 * It stands at the bottom of the import order because every layer throws it; which exit status a code means is
 * decided in `cli/` alone.
 *
 * @module
 */

/** What went wrong, in the words of the command line contract (`docs/reference.md`, "Exit codes"). */
export type ErrorCode =
  | "not_found"
  | "usage"
  | "cas_failed"
  | "locked"
  | "op_in_progress"
  | "invalid_data"
  | "io"
  | "unsupported"
  | "not_a_repository"
  | "unsafe_repository"
  | "diverged"
  | "store_unavailable"
  | "internal";

/** Values that a program may want to know about an error; they are printed as JSON, in snake_case, as they are. */
export type ErrorDetails = Record<string, unknown>;

/** What may be said about an error beside its code and its message. */
export interface LatticeErrorOptions {
  /** What the person should do now; one line without a full stop at its end. */
  hint?: string;
  /** Data for programs (`--json`); never a secret. */
  details?: ErrorDetails;
  /** The error that caused this one. */
  cause?: unknown;
}

/**
 * An error with a stable code.
 *
 * @example
 * ```ts
 * import { LatticeError } from "./errors.ts";
 *
 * const error = new LatticeError("locked", "cannot lock refs/heads/main", { hint: "try --lock-timeout 30s" });
 * if (error.code !== "locked") throw error;
 * ```
 */
export class LatticeError extends Error {
  /** Tells the class apart. */
  override readonly name: string = "LatticeError";
  /** The stable code. */
  readonly code: ErrorCode;
  /** What to do now, or `undefined` when there is nothing to say. */
  readonly hint: string | undefined;
  /** Data for programs; empty when there is none. */
  readonly details: ErrorDetails;

  /**
   * Made where something fails.
   *
   * @param code The stable code.
   * @param message What failed, with names and values; lower case, no full stop.
   * @param options Hint, details and cause.
   */
  constructor(code: ErrorCode, message: string, options: LatticeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? {};
  }
}

/** Whether an error says that data is damaged, and not that it could not be got at: another copy of it may be sound. */
export function isDamage(error: unknown): error is LatticeError {
  return error instanceof LatticeError && error.code === "invalid_data";
}

/**
 * States something that only a bug of ours can make false.
 *
 * @param condition What must hold.
 * @param message What it means, for the bug report.
 * @throws {LatticeError} `internal`, when it does not hold.
 */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new LatticeError("internal", `invariant broken: ${message}`);
}

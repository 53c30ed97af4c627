/**
 * Errors of a transaction that came to its commit, and of which not all is known.
 *
 * @module
 */
import type { DiskError } from "../platform/disk.ts";
import { LatticeError } from "../platform/errors.ts";

/** The refs were changed, but a flush failed. */
export class NotDurableError extends LatticeError {
  constructor(cause: DiskError) {
    super("io", `the refs are changed, but it is not sure that a power cut leaves them so: ${cause.message}`, {
      hint: "check the disk; then look at the refs, and run the command again where they are not as wanted",
      details: cause.details,
      cause,
    });
  }
}

/** An operation cannot go on until a person has put something right; its locks are off. */
export class PausedError extends LatticeError {
  /** @param cause What is in the way, and how to put it right. */
  constructor(opId: string, cause: LatticeError) {
    super(cause.code, `${cause.message}; operation ${opId} is paused`, {
      hint: `${
        cause.hint ?? "put that right"
      }; then type \`lattice abort\` or \`lattice continue\`, as \`lattice op status\` says`,
      details: { ...cause.details, op: opId },
      cause,
    });
  }
}

/** The error for a failure whose outcome only the next command can decide. */
export function undecided(error: unknown, second: unknown): LatticeError {
  const message = error instanceof Error ? error.message : String(error);
  return new LatticeError("io", `${message}; and the outcome could not be made durable`, {
    hint: "the next lattice command that changes refs (or `lattice recover`) decides whether it happened",
    cause: new AggregateError([error, second]),
  });
}

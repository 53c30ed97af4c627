/**
 * Recovery, for programs that use lattice as a library.
 *
 * @module
 */
import { openProgramWriter, type WriteOptions } from "../engine/program_writer.ts";
import type { RecoveredOperation } from "../engine/recovery.ts";
import type { Repository } from "../git/repository.ts";
import { writeError } from "../metadata/write_error.ts";

/**
 * Brings to its end what a crash left unfinished. Every write does so by itself before it begins; this is for programs
 * that want to know, or that want git's refs free of locks before they call git.
 *
 * @param options How this is called in messages about locks, and how long to wait for others.
 * @returns The operations that were unfinished, and what became of each. One that is `paused` met refs that somebody
 *   else moved, both sides of which are in `diverged`; nothing was changed, and a person decides (`lattice continue`,
 *   `lattice abort`). Empty when there was nothing to recover.
 * @throws {LatticeError} `invalid_data`: a journal is damaged; `unsupported`: of an unknown version; `io`.
 * @throws {AlreadyLockedError} Another process kept the repository lock for longer than `lockTimeoutMs`.
 * @throws {unknown} The reason of `options.signal`, when that was aborted while others were waited for.
 *
 * @example Say what a crash left, before the work begins
 * ```ts
 * import { OpState, recover, type Repository } from "../mod.ts";
 *
 * async function isReady(repository: Repository): Promise<boolean> {
 *   const recovered = await recover(repository, { command: "nightly job" });
 *   for (const { op, outcome } of recovered) console.log(`operation ${op}: ${outcome}`);
 *   return new OpState(repository).read() === undefined; // one that is paused waits for a person
 * }
 * ```
 */
export async function recover(
  repository: Repository,
  options: WriteOptions = {},
): Promise<readonly RecoveredOperation[]> {
  try {
    using writer = await openProgramWriter(repository, options, true);
    return writer.recovered;
  } catch (error) {
    throw writeError(repository, error, null);
  }
}

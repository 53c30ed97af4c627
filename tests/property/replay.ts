/**
 * Properties of generated programs, and how one case that failed is had again.
 *
 * @module
 */
import process from "node:process";
import fc from "fast-check";

/** Names the case to be tried alone: `<seed>:<path>`, as a failing test prints it. */
const REPLAY_VARIABLE = "LATTICE_REPLAY";

/**
 * Checks a property of generated values. A value that fails is made as small as it can be; the error says how to have it
 * again.
 *
 * @param file The test file, for the command that is printed.
 * @param runs How many values are tried.
 */
export async function checkGenerated<T>(
  file: string,
  values: fc.Arbitrary<T>,
  check: (value: T) => Promise<void>,
  { seed, runs }: { seed: number; runs: number },
): Promise<void> {
  const [replaySeed, path] = process.env[REPLAY_VARIABLE]?.split(/:(.*)/) ?? [];
  const details = await fc.check(
    fc.asyncProperty(values, check),
    replaySeed === undefined
      ? { seed, numRuns: runs }
      : { seed: Number(replaySeed), path: path ?? "", endOnFailure: true },
  );
  if (!details.failed) return;
  const again = `${REPLAY_VARIABLE}=${details.seed}:${details.counterexamplePath} npm test -- ${file}`;
  const error = details.errorInstance;
  throw new Error(
    `after ${details.numRuns} values and ${details.numShrinks} steps to a smaller one:\n` +
      `${fc.stringify(details.counterexample?.[0])}\n${error instanceof Error ? error.stack : String(error)}\n` +
      `To have it again: ${again}`,
    { cause: error },
  );
}

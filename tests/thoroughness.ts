/**
 * How much of what could be tried is tried: a sample by fixed seeds in `npm test`, all of it in `npm run torture`, samples
 * by ever new seeds in `npm run torture -- --minutes N`. And how a test says how much that was.
 *
 * @module
 */
import process from "node:process";

/** Whether everything is to be tried. */
export const torture: boolean = process.env["LATTICE_TORTURE"] === "1";

/** The seed that all tests are to use in place of their own. */
const givenSeed = process.env["LATTICE_SEED"];

/** What the tests count. The run adds up each kind and prints the sums; a new kind is added here. */
export type Tried =
  /** Calls of a program on the simulated disk at which the power was cut. */
  | "crash points"
  /** Disks that such a cut may leave, each recovered and judged; cuts of the recovery count as well. */
  | "crash outcomes"
  /** System calls at which the binary was killed. */
  | "kill points"
  /** System calls at which the binary got a signal that it may answer. */
  | "signal points"
  /** Calls that were made to fail, of the binary or on the simulated disk. */
  | "failing calls"
  /** Orders in which the steps of several processes were interleaved. */
  | "schedules"
  /** Updates by processes that race with others for the same refs. */
  | "racing updates"
  /** Damaged or arbitrary bytes given to what reads them. */
  | "fuzz inputs"
  /** Sound inputs of a property test, chosen by chance. */
  | "generated inputs"
  /** Commands chosen by chance and compared with git or a model. */
  | "generated commands"
  /** Changes to the program, in its source or in the calls that it makes, each of which some test must notice. */
  | "mutants";

/** What a program of the tests needs in its environment to try as much, by the same seed. */
export const thoroughnessEnvironment: Readonly<Record<string, string>> = {
  ...(torture ? { LATTICE_TORTURE: "1" } : {}),
  ...(givenSeed === undefined ? {} : { LATTICE_SEED: givenSeed }),
};

/**
 * The choice of how many runs are made.
 *
 * @param maxRuns How many in `npm test`.
 * @param tortureRuns How many in `npm run torture`; `Infinity` is all of them.
 */
export function runs(maxRuns: number, tortureRuns = Infinity): number {
  return torture ? tortureRuns : maxRuns;
}

/**
 * The seed of a test: its own, or `LATTICE_SEED`, by which every test chooses anew. What a test prints as its seed is
 * always what `LATTICE_SEED` must be to have that run again.
 *
 * @param fixed The test's own.
 */
export function seedOr(fixed: number): number {
  if (givenSeed === undefined || givenSeed === "") return fixed;
  if (!/^\d{1,9}$/.test(givenSeed)) throw new Error(`LATTICE_SEED must be a whole number below 10^9: ${givenSeed}`);
  return Number(givenSeed);
}

/**
 * Prints how much a test tried, as one line: `tried 30 of 412 kill points: apply of 5 (seed 20260107)`. The run adds up
 * the numbers of all tests (`scripts/test/tried.mjs`, which reads this line).
 *
 * @param what What it was tried on, with whatever else is worth knowing.
 * @param counts How many of each kind: the number alone, or with the number of all that there are.
 * @param seed By which they were chosen.
 */
export function tried(
  what: string,
  counts: { readonly [kind in Tried]?: number | readonly [tried: number, all: number] },
  seed?: number,
): void {
  const listed = Object.entries(counts).map(([kind, count]) =>
    typeof count === "number" ? `${count} ${kind}` : `${count[0]} of ${count[1]} ${kind}`
  );
  console.log(`tried ${listed.join(", ")}: ${what}${seed === undefined ? "" : ` (seed ${seed})`}`);
}

/**
 * How much of an exhaustive matrix is tried: a seeded sample in `npm test`, all of it in `npm run torture`.
 *
 * @module
 */
import process from "node:process";

/** Whether everything is to be tried. */
export const torture: boolean = process.env["LATTICE_TORTURE"] === "1";

/**
 * The choice of how many runs are made.
 *
 * @param maxRuns How many in `npm test`.
 * @param tortureRuns How many in `npm run torture`; `Infinity` is all of them.
 */
export function runs(maxRuns: number, tortureRuns = Infinity): number {
  return torture ? tortureRuns : maxRuns;
}

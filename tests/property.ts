/**
 * The one way to test a property: its seed is its own or the one that all tests were given, and what was tried is told.
 *
 * @module
 */
import fc from "fast-check";
import { runs, seedOr, type Tried, tried } from "./thoroughness.ts";

/** How many inputs, and by which seed they are chosen. */
export interface PropertyOptions {
  /** The test's own seed. */
  readonly seed: number;
  /** How many inputs in `npm test`. */
  readonly numRuns: number;
  /** How many in `npm run torture` (default: as many). */
  readonly tortureRuns?: number;
  /** As what they are counted (default: `generated inputs`). */
  readonly kind?: Tried;
  /** What was tried, asked at the end; default: so many of that kind. */
  readonly counts?: () => { readonly [kind in Tried]?: number };
}

/**
 * Asserts that a property holds for inputs chosen by chance, and says how many that were.
 *
 * @param what What has the property, for the line that is printed.
 * @throws {Error} With the seed and the smallest input that breaks it.
 */
export function holds<Ts>(what: string, property: fc.IProperty<Ts>, options: PropertyOptions): void {
  const parameters = parametersOf(options);
  fc.assert(property, parameters);
  say(what, parameters, options);
}

/** {@link holds} for a property that takes time. */
export async function holdsAsync<Ts>(
  what: string,
  property: fc.IAsyncProperty<Ts>,
  options: PropertyOptions,
): Promise<void> {
  const parameters = parametersOf(options);
  await fc.assert(property, parameters);
  say(what, parameters, options);
}

/** How inputs are chosen. */
interface Parameters {
  readonly seed: number;
  readonly numRuns: number;
  readonly includeErrorInReport: boolean;
}

function parametersOf({ seed, numRuns, tortureRuns = numRuns }: PropertyOptions): Parameters {
  return { seed: seedOr(seed), numRuns: runs(numRuns, tortureRuns), includeErrorInReport: true };
}

function say(
  what: string,
  { seed, numRuns }: Parameters,
  { kind = "generated inputs", counts }: PropertyOptions,
): void {
  tried(what, counts?.() ?? { [kind]: numRuns }, seed);
}

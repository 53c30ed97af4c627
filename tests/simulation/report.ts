/**
 * Says how much of a scenario was tried.
 *
 * @module
 */
import { tried } from "../thoroughness.ts";
import type { ExploreStats } from "./explore.ts";
import type { FailureStats } from "./explore_failures.ts";

/** Says how much `explore` tried. */
export function triedCuts(name: string, stats: ExploreStats, seed?: number): void {
  tried(`${name}, ${stats.calls} calls, ${stats.flushes} flushes`, {
    "crash points": [stats.cutPointsTried, stats.cutPoints],
    "crash outcomes": [
      stats.outcomesTried + stats.recoveryOutcomesTried,
      stats.outcomes + stats.recoveryOutcomes,
    ],
  }, seed);
}

/** Says how much `exploreFailures` tried. */
export function triedFailures(name: string, stats: FailureStats, seed?: number): void {
  const { failuresTried, failures, runs, survived } = stats;
  tried(`${name}, which went on ${survived} times`, {
    "failing calls": [failuresTried, failures],
    "crash outcomes": runs,
  }, seed);
}

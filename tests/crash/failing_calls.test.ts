import { test } from "../harness.ts";
import { exploreFailures } from "../simulation/explore_failures.ts";
import { triedFailures } from "../simulation/report.ts";
import { runs, seedOr } from "../thoroughness.ts";
import { scenarios } from "./all_scenarios.ts";

const SEED = seedOr(7);

for (const pending of scenarios) {
  const scenario = await pending;
  test(`a failing call leaves all or nothing: ${scenario.name}`, async () => {
    const stats = await exploreFailures(scenario, { sample: { seed: SEED, maxRuns: runs(200, 20_000) } });
    triedFailures(scenario.name, stats, SEED);
  });
}

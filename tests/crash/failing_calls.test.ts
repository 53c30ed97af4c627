import { test } from "../harness.ts";
import { exploreFailures } from "../simulation/explore_failures.ts";
import { runs } from "../thoroughness.ts";
import { scenarios } from "./all_scenarios.ts";

const SEED = 7;

for (const pending of scenarios) {
  const scenario = await pending;
  test(`a failing call leaves all or nothing: ${scenario.name}`, async () => {
    const stats = await exploreFailures(scenario, { sample: { seed: SEED, maxRuns: runs(250, 20_000) } });
    console.log(
      `${scenario.name}: ${stats.failuresTried} of ${stats.failures} failing calls, ${stats.runs} outcomes checked, ` +
        `${stats.survived} times it went on (seed ${SEED})`,
    );
  });
}

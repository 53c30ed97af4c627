import { test } from "../harness.ts";
import { explore } from "../simulation/explore.ts";
import { exploreFailures } from "../simulation/explore_failures.ts";
import { runs } from "../thoroughness.ts";
import { spanScenarios } from "./span_scenarios.ts";

const SEED = 20_261_121;

for (const { name, make } of spanScenarios) {
  test(`an operation of several transactions is all or nothing wherever it is cut: ${name}`, async () => {
    const stats = await explore(await make(), { sample: { seed: SEED, maxRuns: runs(150, 100_000) } });
    console.log(
      `${name}: ${stats.calls} calls, ${stats.cutPoints} cut points, ${stats.outcomesTried} of ` +
        `${stats.outcomes} outcomes and ${stats.recoveryOutcomesTried} of ${stats.recoveryOutcomes} in recovery ` +
        `tried (seed ${SEED})`,
    );
  });

  test(`a failing call leaves an operation of several transactions all or nothing: ${name}`, async () => {
    const stats = await exploreFailures(await make(), { sample: { seed: SEED, maxRuns: runs(60, 20_000) } });
    console.log(
      `${name}: ${stats.failuresTried} of ${stats.failures} failing calls, ${stats.runs} outcomes checked, ` +
        `${stats.survived} times it went on (seed ${SEED})`,
    );
  });
}

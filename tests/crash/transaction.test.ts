import { test } from "../harness.ts";
import { explore } from "../simulation/explore.ts";
import { runs } from "../thoroughness.ts";
import { scenarios } from "./all_scenarios.ts";

const SEED = 20_240_607;

for (const pending of scenarios) {
  const scenario = await pending;
  test(`a transaction is all or nothing wherever it is cut: ${scenario.name}`, async () => {
    const stats = await explore(scenario, { sample: { seed: SEED, maxRuns: runs(3000, 200_000) } });
    console.log(
      `${scenario.name}: ${stats.calls} calls, ${stats.flushes} flushes, ${stats.cutPoints} cut points, ` +
        `${stats.outcomesTried} of ${stats.outcomes} outcomes and ${stats.recoveryOutcomesTried} of ` +
        `${stats.recoveryOutcomes} in recovery tried (seed ${SEED})`,
    );
  });
}

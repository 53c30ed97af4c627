import { test } from "../harness.ts";
import { explore } from "../simulation/explore.ts";
import { triedCuts } from "../simulation/report.ts";
import { runs, seedOr } from "../thoroughness.ts";
import { scenarios } from "./all_scenarios.ts";

const SEED = seedOr(20_240_607);

/** How many outcomes are tried in `npm test`; of a batch, where each takes longest, fewer. */
const outcomesOf = (name: string) => name === "a batch" ? 150 : 1000;

for (const pending of scenarios) {
  const scenario = await pending;
  test(`a transaction is all or nothing wherever it is cut: ${scenario.name}`, async () => {
    const stats = await explore(scenario, {
      sample: { seed: SEED, maxRuns: runs(outcomesOf(scenario.name), 200_000) },
    });
    triedCuts(scenario.name, stats, SEED);
  });
}

import { test } from "../harness.ts";
import { explore } from "../simulation/explore.ts";
import { exploreFailures } from "../simulation/explore_failures.ts";
import { triedCuts, triedFailures } from "../simulation/report.ts";
import { runs, seedOr } from "../thoroughness.ts";
import { spanScenarios } from "./span_scenarios.ts";

const SEED = seedOr(20_261_121);

for (const { name, make } of spanScenarios) {
  test(`an operation of several transactions is all or nothing wherever it is cut: ${name}`, async () => {
    const stats = await explore(await make(), { sample: { seed: SEED, maxRuns: runs(60, 100_000) } });
    triedCuts(name, stats, SEED);
  });

  test(`a failing call leaves an operation of several transactions all or nothing: ${name}`, async () => {
    const stats = await exploreFailures(await make(), { sample: { seed: SEED, maxRuns: runs(40, 20_000) } });
    triedFailures(name, stats, SEED);
  });
}

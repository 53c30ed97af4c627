/** JSON files on the simulated disk: killed and cut at every call, each call failing, each flush left out. */
import assert from "node:assert/strict";
import { test } from "../harness.ts";
import { describeCall, explore } from "../simulation/explore.ts";
import { exploreFailures } from "../simulation/explore_failures.ts";
import { leaveOutFlushes } from "../simulation/needless_flushes.ts";
import { triedCuts, triedFailures } from "../simulation/report.ts";
import { runs, seedOr, tried } from "../thoroughness.ts";
import { namesLeft, scenarios } from "./scenarios.ts";

const SEED = seedOr(20_261_121);

for (const scenario of scenarios) {
  test(`a state is old or new, and nothing is in the way of the next, wherever it is cut: ${scenario.name}`, async () => {
    const stats = await explore(scenario, { sample: { seed: SEED, maxRuns: runs(160, 100_000), evenly: true } });
    triedCuts(`state: ${scenario.name}`, stats, SEED);
    assert.equal(stats.cutPointsTried, stats.cutPoints);
  });

  test(`a failing call leaves a state old or new, and says what failed: ${scenario.name}`, async () => {
    const errnos = ["ENOSPC", "EDQUOT", "EIO", "EACCES", "EROFS", "EMFILE"];
    const stats = await exploreFailures(scenario, { errnos, sample: { seed: SEED, maxRuns: runs(120, 50_000) } });
    triedFailures(`state: ${scenario.name}`, stats, SEED);
  });
}

/** Flushes whose lack no power cut shows here, and why they are made. */
const NOT_SHOWN: readonly { reason: string; is(path: string): boolean }[] = [
  {
    reason:
      "a folder that holds nothing but other folders: the simulated disk, as ext4, XFS, btrfs and f2fs, makes a folder " +
      "reachable by the folder's own flush; POSIX does not promise that",
    is: (path) => !path.includes("production"),
  },
];

for (const scenario of scenarios) {
  test(`without any one of its flushes a state is found wrong: ${scenario.name}`, async () => {
    const results = await leaveOutFlushes(scenario, {
      isWanted: ({ path }) => !NOT_SHOWN.some(({ is }) => is(path)),
      maxRuns: runs(200, 20_000),
      powerCuts: { exhaustiveUpTo: 4, sample: 2 },
      seed: SEED,
    });
    const needless = results.filter(({ complaint }) => complaint === null).map(({ record }) => describeCall(record));
    assert.deepEqual(needless, []);
    const outcomes = results.reduce((sum, { runs }) => sum + runs, 0);
    tried(`state without one of ${results.length} flushes: ${scenario.name}`, { "crash outcomes": outcomes }, SEED);
  });

  test(`a failing call leaves no lock, no temporary file and no folder behind: ${scenario.name}`, async () => {
    const base = await scenario.setup();
    const before = namesLeft(base);
    const measured = base.nextProcess();
    await scenario.program(measured, () => {});
    const after = namesLeft(measured);
    const files = (names: readonly string[]) => names.filter((name) => !name.endsWith("/")).join();
    const { trace } = measured.disk;
    let failures = 0;
    for (const [at, { index, operation, path }] of trace.entries()) {
      // What cannot be removed, or looked at to be removed, stays: it is swept or taken over when this process has ended.
      const isRelease = operation === "lstat" && path.endsWith(".lock") && trace[at + 1]?.operation === "unlink";
      if (isRelease || operation === "unlink" || operation === "removeDirectory") continue;
      if (operation.endsWith(".close")) continue; // cannot fail
      for (const errno of ["ENOSPC", "EACCES"]) {
        const system = base.nextProcess();
        system.disk.failAt(index, errno, { lasting: "once" });
        const error = await Promise.resolve(scenario.program(system, () => {})).then(
          () => null,
          (thrown: unknown) => thrown,
        );
        const left = namesLeft(system);
        const isRight = [before, after].map(files).includes(files(left)) &&
          left.every((name) => before.includes(name) || after.includes(name));
        assert.ok(isRight, `${errno} at call ${index}, ${operation}: ${String(error)}; ${JSON.stringify(left)}`);
        failures++;
      }
    }
    tried(`state: what ${scenario.name} leaves`, { "failing calls": failures });
  });
}

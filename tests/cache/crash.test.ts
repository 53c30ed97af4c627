/**
 * The cache, cut at every call by a kill or a power cut, and with every call failing: who reads finds the old content or
 * the new one, never neither, and the next refresh works.
 */
import assert from "node:assert/strict";
import type { Cache } from "../../src/cache/cache.ts";
import { CacheError } from "../../src/cache/errors.ts";
import { SUPERSEDED_GRACE_MS } from "../../src/cache/publishing.ts";
import { temporaryPath } from "../../src/locks/temporary_file.ts";
import { utf8 } from "../../src/platform/text.ts";
import { test } from "../harness.ts";
import { explore, type Scenario } from "../simulation/explore.ts";
import { exploreFailures } from "../simulation/explore_failures.ts";
import { triedCuts, triedFailures } from "../simulation/report.ts";
import type { SimSystem } from "../simulation/sim_system.ts";
import { runs, seedOr, tried } from "../thoroughness.ts";
import { cacheOn, FILE_SYSTEMS, type FileSystem, FOLDER, namesOf, newMachine, pass, plant, textOf } from "./machine.ts";

const SEED = seedOr(20_261_123);
const CUTS = runs(120);
const FAILURES = runs(60);

/** Something that is done to the entry `a`. */
interface Change {
  readonly name: string;
  /** What was done before. */
  readonly before: (system: SimSystem) => Promise<void>;
  readonly change: (cache: Cache) => unknown;
  /** What the entry may hold while nothing is acknowledged, and what it holds afterwards; `undefined`: there is none. */
  readonly old: string | undefined;
  readonly now: string | undefined;
}

async function withOld(system: SimSystem): Promise<void> {
  await cacheOn(system).put("a", "old", { ttlMs: 1000 });
}

/** Content to be swept, and what a dead process left. */
async function withLeftOvers(system: SimSystem): Promise<void> {
  await cacheOn(system).put("a", "older");
  await withOld(system);
  pass(system, 2 * SUPERSEDED_GRACE_MS);
  const dead = system.neighbour();
  plant(system, temporaryPath(dead, `${FOLDER}/a/content`), utf8("half"));
  dead.disk.gate.dead = true;
}

const CHANGES: readonly Change[] = [
  {
    name: "the first refresh",
    before: () => Promise.resolve(),
    change: (cache) => cache.refresh("a", () => ["n", "e", "w"].map(utf8)),
    old: undefined,
    now: "new",
  },
  { name: "a refresh", before: withOld, change: (cache) => cache.refresh("a", () => "new"), old: "old", now: "new" },
  {
    name: "a refresh with the same content",
    before: withOld,
    change: (cache) => cache.refresh("a", () => "old"),
    old: "old",
    now: "old",
  },
  {
    name: "a refresh that sweeps",
    before: withLeftOvers,
    change: (cache) => cache.refresh("a", () => "new"),
    old: "old",
    now: "new",
  },
  {
    name: "a refresh of a damaged entry",
    async before(system) {
      await withOld(system);
      plant(system, `${FOLDER}/a/current`, utf8("{"));
    },
    change: (cache) => cache.refresh("a", () => "old", { ttlMs: 1e9 }),
    old: undefined,
    now: "old",
  },
  { name: "put", before: withOld, change: (cache) => cache.put("a", "new"), old: "old", now: "new" },
  { name: "clean", before: withLeftOvers, change: (cache) => cache.clean(), old: "old", now: undefined },
];

/** A change as it is explored: what comes after a cut is a `clean` that removes nothing but what nobody needs. */
async function scenarioOf(fileSystem: FileSystem, { name, before, change, old, now }: Change): Promise<Scenario> {
  const base = newMachine(fileSystem);
  await before(base);
  base.disk.syncFileSystem("/");
  return {
    name,
    setup: () => base.nextProcess(),
    async program(system, acknowledge) {
      await change(cacheOn(system, { timeoutMs: 5000 }));
      acknowledge("done");
    },
    recover: (system) => void cacheOn(system).clean({ olderThanMs: Infinity }),
    async check(system, { acknowledged, error }) {
      const cache = cacheOn(system);
      const found = textOf(cache);
      if (acknowledged.length > 0) assert.equal(found, now);
      else assert.ok(found === old || found === now, `found ${found}`);
      if (error !== undefined) {
        assert.ok(error instanceof CacheError, String(error));
        assert.deepEqual([error.code, typeof error.details["errno"]], ["io", "string"], error.message);
      }
      const next = await cache.refresh("a", () => "next");
      assert.deepEqual([next.refreshed, textOf(cache)], [true, "next"]);
      assert.deepEqual(namesOf(system).filter((one) => /tmp|lock$|lock\./.test(one) && one !== "refresh.flock"), []);
      assert.equal(system.disk.openFiles, 0);
    },
    mayChange: (path) => path.endsWith(".flock"),
  };
}

for (const fileSystem of Object.keys(FILE_SYSTEMS) as FileSystem[]) {
  for (const change of CHANGES) {
    const name = `${change.name} (${fileSystem})`;

    test(`cut at any call, the old content or the new one is there: ${name}`, async () => {
      const scenario = await scenarioOf(fileSystem, change);
      const stats = await explore(scenario, Number.isFinite(CUTS) ? { sample: { seed: SEED, maxRuns: CUTS } } : {});
      triedCuts(`cache: ${name}`, stats, SEED);
      assert.ok(stats.cutPoints > 10, `${stats.cutPoints} points`);
    });

    test(`with any call failing, the old content or the new one is there: ${name}`, async () => {
      const scenario = await scenarioOf(fileSystem, change);
      const sample = Number.isFinite(FAILURES) ? { sample: { seed: SEED, maxRuns: FAILURES } } : {};
      const errnos = ["ENOSPC", "EDQUOT", "EIO", "EACCES", "EPERM", "EROFS", "EMFILE", "EBUSY"];
      const stats = await exploreFailures(scenario, { errnos, ...sample });
      triedFailures(`cache: ${name}`, stats, SEED);
      assert.ok(stats.survived < stats.failuresTried, "some failed");
    });

    // Where nothing was there, or the same content, its name may be flushed together with the pointer's.
    if (change.old === undefined || change.now === change.old) continue;

    test(`no flush can be left out: ${name}`, async () => {
      const scenario = await scenarioOf(fileSystem, change);
      const { flushes } = await explore(scenario, { sample: { seed: SEED, maxRuns: 1 } });
      assert.ok(flushes > 0 && flushes <= 5, `${flushes} flushes`);
      for (let flush = 1; flush <= flushes; flush++) {
        const sample = { seed: SEED, maxRuns: 4000, evenly: true };
        await assert.rejects(
          explore(scenario, { ignoreFlush: flush, cutRecovery: false, sample }),
          `nothing was lost without flush ${flush} of ${flushes}`,
        );
      }
      tried(`cache, a flush left out of ${name}`, { mutants: flushes }, SEED);
    });
  }
}

/**
 * Packing refs and rewriting reflogs, cut at every call, and with every call failing: no ref loses its value, no reflog
 * is torn, and no lock stays.
 */
import assert from "node:assert/strict";
import { test } from "../harness.ts";
import { packRefs, type PackRequest } from "../../src/engine/pack_refs.ts";
import type { Writer } from "../../src/engine/mod.ts";
import { rewriteReflogs } from "../../src/engine/reflog_rewrite.ts";
import { explore, type Scenario } from "../simulation/explore.ts";
import { exploreFailures } from "../simulation/explore_failures.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";
import { triedCuts, triedFailures } from "../simulation/report.ts";
import { runs, seedOr } from "../thoroughness.ts";
import { EMPTY_REPOSITORY, openTestRepository, openTestWriter } from "../engine/engine_repository.ts";
import { blob, checkClean, deleteRef, oidOf, runStep, setRef, type Step, transactionScenario } from "./scenarios.ts";

const SEED = seedOr(20_261_121);

const EVERYTHING: PackRequest = { isWanted: () => true, prune: true, onlyIfWorthIt: false };

const docs = Array.from({ length: 70 }, (_, i) => blob(`doc ${i}`));
const packed: Step = { updates: docs.map((doc, i) => setRef(`refs/meta/x${i}`, doc)), objects: docs };
const moved: Step = {
  updates: [setRef("refs/meta/x1", docs[2]!), setRef("refs/meta/deep/a/b", docs[3]!), setRef("refs/tags/t", docs[4]!)],
  objects: [],
};

/** A scenario, and how many recoveries from it are tried in a plain run. */
interface Tried {
  readonly scenario: Scenario;
  readonly maxRuns: number;
}

/** Adds to the check that what was acknowledged has been done. */
async function packing(
  name: string,
  base: readonly Step[],
  program: (writer: Writer) => void,
  checkDone: (system: SimSystem) => void,
  maxRuns = 1500,
): Promise<Tried> {
  const scenario = await transactionScenario(name, base, program);
  return {
    maxRuns,
    scenario: {
      ...scenario,
      check(system, context) {
        if (context.acknowledged.length > 0) checkDone(system);
        return scenario.check(system, context);
      },
    },
  };
}

function looseFiles(system: SimSystem): string[] {
  return Object.keys(system.disk.dump()).filter((path) =>
    path.startsWith("/r/.git/refs/") && system.disk.lstat(path)?.kind === "file"
  );
}

const scenarios = [
  packing("loose refs are packed", [packed, moved], (writer) => void packRefs(writer, EVERYTHING), (system) => {
    assert.deepEqual(looseFiles(system).filter((path) => !path.includes("/refs/lattice/")), []);
  }),
  packing(
    "refs are packed for the first time, their files kept",
    [{ updates: [setRef("refs/meta/a", docs[0]!), setRef("refs/tags/b", docs[1]!)], objects: docs.slice(0, 2) }],
    (writer) => void packRefs(writer, { ...EVERYTHING, prune: false }),
    (system) => assert.notEqual(system.disk.lstat("/r/.git/packed-refs"), null),
  ),
  // A loose file that came back after a power cut would hide what is packed later.
  packing(
    "refs are packed, then set by a batch",
    [packed, moved],
    (writer) => {
      packRefs(writer, EVERYTHING);
      runStep(writer, { updates: docs.map((_, i) => setRef(`refs/meta/x${i}`, docs[69 - i]!)), objects: [] });
    },
    () => {},
    200,
  ),
  packing(
    "refs are packed, then one is deleted",
    [packed, moved],
    (writer) => {
      packRefs(writer, EVERYTHING);
      runStep(writer, { updates: [deleteRef("refs/meta/deep/a/b")], objects: [] });
    },
    () => {},
    1000,
  ),
];

const SIGNED = "T <t@example.com> 1700000000 +0000";
const [zero, first, second, third] = ["0".repeat(40), ...docs.map(oidOf)];
const LINES = [
  `${zero} ${first} ${SIGNED}\tone\n`,
  `${first} ${second} ${SIGNED}\ttwo\n`,
  `${second} ${third} ${SIGNED}\tthree\n`,
];
const LOGS = ["a", "b/c", "HEAD"].map((name) => `/r/.git/logs/${name === "HEAD" ? name : `refs/heads/${name}`}`);

/** The newest lines of three reflogs go, and one of their refs goes back. */
function shortening(): Tried {
  const lines = LINES.join("");
  const start = new SimSystem(SimDisk.fromTree({
    ...EMPTY_REPOSITORY,
    ...Object.fromEntries(LOGS.map((path) => [path, lines])),
    "/r/.git/refs/heads/a": `${third}\n`,
    "/r/.git/packed-refs": `${third} refs/heads/b/c\n`,
  }));
  for (const doc of docs.slice(0, 3)) openTestRepository(start).objects.writeLoose(doc);
  start.disk.syncFileSystem("/");
  const text = (system: SimSystem, path: string) => new TextDecoder().decode(system.disk.readFile(path) ?? undefined);
  return {
    maxRuns: 1500,
    scenario: {
      name: "reflogs are shortened, and a ref goes back",
      setup: () => new SimSystem(start.disk.copy()),
      async program(system, acknowledge) {
        using writer = await openTestWriter(openTestRepository(system));
        rewriteReflogs(writer, ["refs/heads/a", "refs/heads/b/c", "HEAD"], {
          judge: (_, entries) => entries.map((entry, index) => ({ entry, keep: index < 2 })),
          updateRef: true,
          onBroken: (error) => assert.fail(String(error)),
          onFailure: (_, error) => assert.fail(error),
        });
        acknowledge("done");
      },
      async recover(system) {
        using _writer = await openTestWriter(openTestRepository(system), true);
      },
      check(system, { acknowledged, error }) {
        if (error !== undefined) assert.equal((error as { code?: string }).code, "io", String(error));
        const shorter = LINES.slice(0, 2).join("");
        const logs = LOGS.map((path) => text(system, path));
        for (const log of logs) assert.ok(log === lines || log === shorter, `a reflog is torn: ${log}`);
        const values = ["refs/heads/a", "refs/heads/b/c"].map((name) => valueOf(system, name));
        for (const value of values) assert.ok(value === second || value === third, `a ref holds ${value}`);
        if (acknowledged.length > 0) {
          assert.deepEqual([...logs, ...values], [shorter, shorter, shorter, second, second]);
        }
        checkClean(system);
      },
      mayChange: (path) => path === "/r/.git/lattice/lock",
    },
  };
}

/** A branch is set to what it holds, by the name of a symbolic ref: only reflogs get a line, of that name and of `HEAD`. */
function telling(): Tried {
  const start = new SimSystem(SimDisk.fromTree({
    ...EMPTY_REPOSITORY,
    ...Object.fromEntries(["HEAD", "refs/heads/link"].map((name) => [`/r/.git/logs/${name}`, LINES[0]!])),
    "/r/.git/refs/heads/main": `${first}\n`,
    "/r/.git/refs/heads/link": "ref: refs/heads/main\n",
  }));
  openTestRepository(start).objects.writeLoose(docs[0]!);
  start.disk.syncFileSystem("/");
  return {
    maxRuns: 300,
    scenario: {
      name: "only reflogs get a line",
      setup: () => new SimSystem(start.disk.copy()),
      async program(system, acknowledge) {
        using writer = await openTestWriter(openTestRepository(system));
        writer.transact({
          updates: [{
            name: "refs/heads/link",
            expect: { kind: "any" },
            change: { kind: "set", oid: first! },
            follow: true,
          }],
          objects: [],
          message: "again",
          purpose: "plumbing",
        });
        for (const name of ["HEAD", "refs/heads/link"]) {
          const log = new TextDecoder().decode(system.disk.readFile(`/r/.git/logs/${name}`)!);
          assert.match(log.slice(LINES[0]!.length), new RegExp(`^${first} ${first} .*\\tagain\\n$`), name);
        }
        acknowledge("done");
      },
      async recover(system) {
        using _writer = await openTestWriter(openTestRepository(system), true);
      },
      check(system, { error }) {
        if (error !== undefined) assert.equal((error as { code?: string }).code, "io", String(error));
        assert.equal(valueOf(system, "refs/heads/main"), first);
        for (const name of ["HEAD", "refs/heads/link"]) {
          const log = new TextDecoder().decode(system.disk.readFile(`/r/.git/logs/${name}`)!);
          assert.ok(log.startsWith(LINES[0]!), `${name} lost a line: ${log}`);
        }
        checkClean(system);
      },
      mayChange: (path) => path === "/r/.git/lattice/lock",
    },
  };
}

function valueOf(system: SimSystem, name: string): string | undefined {
  const value = openTestRepository(system).refs.read(name)?.value;
  return value?.kind === "direct" ? value.oid : undefined;
}

for (const pending of [...scenarios, shortening(), telling()]) {
  const { scenario, maxRuns } = await pending;
  test(`no ref loses its value wherever it is cut: ${scenario.name}`, async () => {
    const stats = await explore(scenario, { sample: { seed: SEED, maxRuns: runs(maxRuns, 50 * maxRuns) } });
    triedCuts(scenario.name, stats, SEED);
  });

  test(`no ref loses its value whichever call fails: ${scenario.name}`, async () => {
    const stats = await exploreFailures(scenario, { sample: { seed: SEED, maxRuns: runs(150, 20_000) } });
    triedFailures(scenario.name, stats, SEED);
  });
}

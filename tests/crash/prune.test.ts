import assert from "node:assert/strict";
import { operations } from "../../src/engine/history.ts";
import { KEEP_PREFIX } from "../../src/engine/paths.ts";
import type { Writer } from "../../src/engine/mod.ts";
import { pruneJournals, pruneKeepRefs } from "../../src/operations/prune.ts";
import type { System } from "../../src/platform/system.ts";
import { EMPTY_REPOSITORY, openTestRepository, openTestWriter } from "../engine/engine_repository.ts";
import { test } from "../harness.ts";
import { type CallRecord, FLUSHES } from "../simulation/calls.ts";
import { explore, type Scenario } from "../simulation/explore.ts";
import { exploreFailures } from "../simulation/explore_failures.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";
import { triedCuts, triedFailures } from "../simulation/report.ts";
import { runs, seedOr } from "../thoroughness.ts";
import { blob, checkClean, commit, EMPTY_TREE, runStep, setRef, snapshot } from "./scenarios.ts";

const SEED = seedOr(20_250_711);

/** By which the sample holds an outcome that shows the lack of a flush. */
const FIXED_SEED = 20_250_711;

const [one, two, three] = [blob("one"), blob("two"), blob("three")];
const [c1, c2, c3] = [commit("1"), commit("2"), commit("3")];
const branch = (name: string, object: typeof c1) => ({ ...setRef(name, object), keepContent: false });

async function prune(writer: Writer, keep: number): Promise<void> {
  const { operations } = pruneJournals(writer, { keep, keepForMs: 0 });
  await pruneKeepRefs(writer, operations);
}

/** Operations with and without keep refs, and plumbing between them, whose journals tell of each other's ends. */
function past(writer: Writer): void {
  const objects = [EMPTY_TREE, one, two, c1, c2, c3];
  const plumbing = (object: typeof c1) =>
    writer.transact({ updates: [branch("refs/heads/x", object)], objects, message: "x", purpose: "plumbing" });
  runStep(writer, { updates: [branch("refs/heads/main", c1), setRef("refs/meta/a", one)], objects });
  runStep(writer, { updates: [branch("refs/heads/main", c2), setRef("refs/meta/a", two)], objects });
  plumbing(c1);
  runStep(writer, { updates: [branch("refs/heads/main", c3)], objects });
  documents(writer);
}

/** An operation whose unflushed end only the plumbing behind it tells, and whose ref moves on, in the end back. */
function documents(writer: Writer): void {
  const step = (object: typeof one) => ({ updates: [setRef("refs/meta/a", object)], objects: [object] });
  runStep(writer, step(three));
  writer.transact({ ...step(one), message: "x", purpose: "plumbing" });
  writer.transact({ ...step(two), message: "x", purpose: "plumbing" });
}

/** Names of the keep refs. */
function keepRefs(system: System): string[] {
  return [...openTestRepository(system).refs.list(KEEP_PREFIX)].map(({ name }) => name);
}

function operationIds(system: System): string[] {
  return [...operations(system, "/r/.git")].map(({ op_id }) => op_id);
}

const idOf = (ref: string) => ref.slice(KEEP_PREFIX.length).split("/")[0]!;

/** A prune that keeps so many; what was before it is flushed, or only seen. */
async function pruneScenario(keep: number, flushed: boolean, before = past): Promise<Scenario> {
  const start = new SimSystem(SimDisk.fromTree(EMPTY_REPOSITORY));
  start.disk.syncFileSystem("/");
  {
    using writer = await openTestWriter(openTestRepository(start));
    before(writer);
  }
  if (flushed) start.disk.syncFileSystem("/");
  const values = snapshot(start);
  const operationsBefore = operationIds(start);
  const refsBefore = keepRefs(start);
  assert.equal(operationsBefore.length, before === past ? 4 : 1);
  assert.equal(refsBefore.length, before === past ? 2 : 0);
  return {
    name: `prune keeps ${keep}${flushed ? "" : ", nothing before it flushed"}`,
    setup: () => new SimSystem(start.disk.copy()),
    async program(system, acknowledge) {
      using writer = await openTestWriter(openTestRepository(system));
      await prune(writer, keep);
      acknowledge("pruned");
    },
    async recover(system) {
      using writer = await openTestWriter(openTestRepository(system), true);
      assert.equal(writer.paused, null);
    },
    async check(system, { acknowledged, error }) {
      if (error !== undefined) assert.equal((error as { code?: string }).code, "io", String(error));
      assert.deepEqual(snapshot(system), values, "a ref of somebody else's was touched");
      const there = [...operations(system, "/r/.git")];
      for (const { op_id, phase } of there) {
        assert.equal(phase, "committed", `${op_id} did happen`);
        for (const ref of refsBefore.filter((ref) => idOf(ref) === op_id)) {
          assert.ok(keepRefs(system).includes(ref), `${op_id} claims that it can be undone, and ${ref} is gone`);
        }
      }
      const kept = operationsBefore.slice(0, keep);
      for (const id of kept) assert.ok(there.some(({ op_id }) => op_id === id), `${id} was to be kept`);
      if (acknowledged.length > 0) {
        assert.equal(there.length, keep, "acknowledged work is gone");
        assert.deepEqual(keepRefs(system).filter((ref) => !kept.includes(idOf(ref))), []);
      }
      checkClean(system);
      await checkNextPrune(system, keep);
    },
    mayChange: (path) => path === "/r/.git/lattice/lock",
  };
}

/** Whatever the cut left, the next prune takes it, once nobody can be about to write a journal for it. */
async function checkNextPrune(system: SimSystem, keep: number): Promise<void> {
  const copy = system.onDisk(system.disk.copy());
  copy.clock.sleepSync(2 * 3_600_000);
  using writer = await openTestWriter(openTestRepository(copy));
  await prune(writer, keep);
  const left = operationIds(copy);
  assert.equal(left.length, keep);
  assert.deepEqual(keepRefs(copy).filter((ref) => !left.includes(idOf(ref))), []);
}

for (const [keep, flushed] of [[0, true], [1, true], [1, false]] as const) {
  const scenario = await pruneScenario(keep, flushed);
  test(`a prune leaves whole operations, and keep refs that the next one takes: ${scenario.name}`, async () => {
    const stats = await explore(scenario, { sample: { seed: SEED, maxRuns: runs(600, 100_000) } });
    triedCuts(scenario.name, stats, SEED);
  });
  test(`a prune whose calls fail leaves the same: ${scenario.name}`, async () => {
    const stats = await exploreFailures(scenario, { sample: { seed: SEED, maxRuns: runs(150, 20_000) } });
    triedFailures(scenario.name, stats, SEED);
  });
}

/** Leaves one flush of a program out: it must not pass. */
async function refuseWithout(scenario: Scenario, isMeant: (call: CallRecord) => boolean): Promise<void> {
  const measured = (await scenario.setup()).nextProcess();
  await scenario.program(measured, () => {});
  const ignoreFlush = measured.disk.trace.filter(({ operation }) => FLUSHES.has(operation)).findIndex(isMeant) + 1;
  assert.notEqual(ignoreFlush, 0);
  const options = { sample: { seed: FIXED_SEED, maxRuns: 3000 }, cutRecovery: false, ignoreFlush };
  await assert.rejects(explore(scenario, options), (error: Error) => {
    return error.message.includes(scenario.name);
  });
}

test("a prune needs the end of what it keeps to be flushed before it removes who else tells it", async () => {
  const scenario = await pruneScenario(1, false);
  await refuseWithout(scenario, ({ operation }) => operation === "syncFile");
});

test("a prune without keep refs needs the flush of the journals' folder", async () => {
  const scenario = await pruneScenario(0, true, documents);
  await explore(scenario, { sample: { seed: SEED, maxRuns: 500 } });
  await refuseWithout(scenario, ({ path }) => path === "/r/.git/lattice/ops");
});

import assert from "node:assert/strict";
import { journaledOperations, operations } from "../../src/engine/history.ts";
import { KEEP_PREFIX } from "../../src/engine/paths.ts";
import {
  type PrunedJournals,
  type PrunedKeepRefs,
  pruneJournals,
  pruneKeepRefs,
  type PruneRule,
} from "../../src/operations/prune.ts";
import { utf8 } from "../../src/platform/text.ts";
import { commit, EMPTY_TREE, oidOf, runStep, setRef } from "../crash/scenarios.ts";
import { EMPTY_REPOSITORY, openTestRepository, openTestWriter } from "../engine/engine_repository.ts";
import { pastId, pastJournals, type PastOperation } from "../engine/past_operations.ts";
import { test } from "../harness.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";

const DAY_MS = 86_400_000;
/** Before anything happened in the simulated machine. */
const LONG_AGO_MS = Date.UTC(2025, 0, 1);

function after(past: readonly PastOperation[], more: Record<string, string | null> = {}): SimSystem {
  const journals = pastJournals(past).map(([name, bytes]) => [`/r/.git/lattice/ops/${name}`, bytes]);
  return new SimSystem(SimDisk.fromTree({ ...EMPTY_REPOSITORY, ...more, ...Object.fromEntries(journals) }));
}

async function pruned(system: SimSystem, rule: PruneRule): Promise<PrunedJournals & PrunedKeepRefs> {
  using writer = await openTestWriter(openTestRepository(system), true);
  const journals = pruneJournals(writer, rule);
  return { ...journals, ...await pruneKeepRefs(writer, journals.operations) };
}

/** Which of the past journals are there, by their numbers, oldest first. */
function left(system: SimSystem, past: readonly PastOperation[]): number[] {
  const there = new Set([...journaledOperations(system, "/r/.git")].map(({ op_id }) => op_id));
  return past.flatMap(({ atMs }, index) => there.has(pastId(index, atMs)) ? [index] : []);
}

/** Operations of the days before the simulated machine started, the oldest first. */
function daysBefore(...days: number[]): PastOperation[] {
  const nowMs = new SimSystem(SimDisk.fromTree({})).clock.nowMs();
  return days.map((day) => ({ atMs: nowMs - day * DAY_MS }));
}

test("pruneJournals() keeps the newest, and those that are young, and names the others", async () => {
  const past = daysBefore(200, 100, 91, 89, 3, 2);
  const cases: [PruneRule, number[]][] = [
    [{ keep: 2, keepForMs: 0 }, [4, 5]],
    [{ keep: 0, keepForMs: 90 * DAY_MS }, [3, 4, 5]],
    [{ keep: 4, keepForMs: 90 * DAY_MS }, [2, 3, 4, 5]],
    [{ keep: 1, keepForMs: 90 * DAY_MS }, [3, 4, 5]],
    [{ keep: 0, keepForMs: 0 }, []],
    [{ keep: 0, keepForMs: Infinity }, [0, 1, 2, 3, 4, 5]],
    [{ keep: 100, keepForMs: 0 }, [0, 1, 2, 3, 4, 5]],
  ];
  for (const [rule, expected] of cases) {
    const system = after(past);
    const result = await pruned(system, rule);
    assert.deepEqual(left(system, past), expected, JSON.stringify(rule));
    const gone = past.map(({ atMs }, index) => pastId(index, atMs)).filter((_, index) => !expected.includes(index));
    assert.deepEqual(result.operations.map(({ op_id }) => op_id), gone.reverse());
    assert.deepEqual((await pruned(system, rule)).operations, [], "a second time there is nothing left");
  }
});

test("pruneJournals() leaves what is unfinished or paused, be it the oldest", async () => {
  const past: PastOperation[] = [
    { end: "paused" },
    {},
    { end: null, outcome: "paused" },
    {},
    { end: "rolled_back" },
    {},
  ];
  const system = after(past);
  // Nobody recovers here: what matters is what the journals say.
  using writer = await openTestWriter(openTestRepository(after([])), true);
  const result = pruneJournals({ ...writer, repository: openTestRepository(system) }, { keep: 1, keepForMs: 0 });
  assert.deepEqual(left(system, past), [0, 2, 5]);
  assert.equal(result.operations.length, 3);
});

test("pruneJournals() applies the rule to plumbing by itself", async () => {
  const plumbing = { purpose: "plumbing" } as const;
  const past = [{}, plumbing, {}, plumbing, plumbing, {}];
  const system = after(past);
  const result = await pruned(system, { keep: 2, keepForMs: 0 });
  assert.deepEqual(left(system, past), [2, 3, 4, 5]);
  assert.deepEqual([result.operations.length, result.plumbing], [1, 1]);
});

test("pruneJournals() keeps the journal that alone tells how the one before it ended", async () => {
  const plumbing = { purpose: "plumbing" } as const;
  const past = [{ end: null }, { ...plumbing, end: null }, plumbing, plumbing, plumbing];
  const system = after(past);
  using writer = await openTestWriter(openTestRepository(after([])));
  pruneJournals({ ...writer, repository: openTestRepository(system) }, { keep: 1, keepForMs: 0 });
  assert.deepEqual(left(system, past), [0, 1, 2, 4]);
  assert.deepEqual([...operations(system, "/r/.git")].map(({ phase }) => phase), ["committed"]);
});

test("pruneJournals() removes nothing where a journal or a keep ref is damaged", async () => {
  const path = `/r/.git/refs/lattice/keep/${pastId(0)}/0`;
  const system = after([{}, {}, {}], { [path]: "damaged\n" });
  await assert.rejects(pruned(system, { keep: 0, keepForMs: 0 }), { code: "invalid_data" });
  assert.equal([...operations(system, "/r/.git")].length, 3);

  const broken = after([{}, {}, {}]);
  const journal = `/r/.git/lattice/ops/${pastId(1)}.jsonl`;
  using writer = await openTestWriter(openTestRepository(after([])));
  broken.disk.unlink(journal);
  const file = broken.disk.create(journal);
  file.write(pastJournals([{}])[0]![1]); // of another operation
  file.close();
  assert.throws(() => pruneJournals({ ...writer, repository: openTestRepository(broken) }, { keep: 0, keepForMs: 0 }), {
    code: "invalid_data",
  });
  assert.notEqual(broken.disk.lstat(`/r/.git/lattice/ops/${pastId(0)}.jsonl`), null);
});

test("pruneKeepRefs() leaves refs below refs/lattice/keep/ alone that no operation can have made", async () => {
  const [one, two] = [commit("1"), commit("2")];
  const system = after([]);
  {
    using writer = await openTestWriter(openTestRepository(system));
    const step = (object: typeof one) => ({
      updates: [{ ...setRef("refs/heads/main", object), keepContent: false }],
      objects: [EMPTY_TREE, object],
    });
    runStep(writer, step(one));
    runStep(writer, step(two));
  }
  const strange = `${KEEP_PREFIX}not-an-id`;
  const file = system.disk.create(`/r/.git/${strange}`);
  file.write(utf8(`${oidOf(one)}\n`));
  file.close();
  const { deleted } = await pruned(system, { keep: 0, keepForMs: 0 });
  assert.equal(deleted.length, 1);
  const refs = [...openTestRepository(system).refs.list(KEEP_PREFIX)].map(({ name }) => name);
  assert.deepEqual(refs, [strange]);
});

test("pruneKeepRefs() leaves a young keep ref alone, whose journal may just be written", async () => {
  const nowMs = after([]).clock.nowMs();
  const refOf = (atMs: number) => `/r/.git/refs/lattice/keep/${pastId(0, atMs)}/0`;
  const [young, old] = [refOf(nowMs - 1000), refOf(nowMs - 3 * 3_600_000)];
  const value = `${"1".repeat(40)}\n`;
  const system = after([], { [young]: value, [old]: value });
  assert.equal((await pruned(system, { keep: 0, keepForMs: 0 })).deleted.length, 1);
  assert.notEqual(system.disk.lstat(young), null);
  system.clock.sleepSync(2 * 3_600_000);
  assert.equal((await pruned(system, { keep: 0, keepForMs: 0 })).deleted.length, 1);
  assert.equal(system.disk.lstat(young), null);
});

test("pruneKeepRefs() changes no ref while an operation is paused; the next one does", async () => {
  const marker = {
    op_id: pastId(0),
    command: "apply",
    phase: "paused",
    updated_at: "2025-01-01T00:00:00.000Z",
    origin_git_dir: "/r/.git",
    origin_work_dir: "/r",
    plan_digest: null,
    touched_refs: [],
    awaiting_reason: "diverged",
  };
  const orphan = `/r/.git/refs/lattice/keep/${pastId(9)}/0`;
  const system = after([{ end: "paused", atMs: LONG_AGO_MS }, {}, {}], {
    "/r/.git/lattice/op-state.json": `${JSON.stringify(marker)}\n`,
    [orphan]: `${"1".repeat(40)}\n`,
  });
  const first = await pruned(system, { keep: 0, keepForMs: 0 });
  assert.deepEqual([first.operations.length, first.deleted.length, first.waiting], [2, 0, 1]);
  assert.notEqual(system.disk.lstat(orphan), null);
  system.disk.unlink("/r/.git/lattice/op-state.json");
  system.disk.unlink(`/r/.git/lattice/ops/${pastId(0)}.jsonl`);
  const second = await pruned(system, { keep: 0, keepForMs: 0 });
  assert.deepEqual([second.deleted.length, second.waiting], [1, 0]);
  assert.equal(system.disk.lstat(orphan), null);
});

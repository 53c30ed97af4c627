/** A `git gc --prune=now` beside a transaction, begun and finished at any two of its calls. */
import assert from "node:assert/strict";
import type { Writer } from "../../src/engine/mod.ts";
import { undo } from "../../src/operations/undo.ts";
import { EMPTY_REPOSITORY, openTestRepository, openTestWriter } from "../engine/engine_repository.ts";
import { test } from "../harness.ts";
import { beginGc, brokenRefs, type Collection, type GarbageCollector } from "../simulation/garbage_collector.ts";
import { seededRandom } from "../simulation/random.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";
import { runs, seedOr, tried } from "../thoroughness.ts";
import {
  blob,
  checkClean,
  commit,
  deleteRef,
  EMPTY_TREE,
  oidOf,
  runStep,
  setRef,
  snapshot,
  type Step,
} from "./scenarios.ts";

/** A transaction, on a disk on which everything before it is done. */
interface Subject {
  readonly name: string;
  readonly start: SimSystem;
  readonly program: (writer: Writer) => void;
  /** Refs before and after it. */
  readonly old: Record<string, string>;
  readonly fresh: Record<string, string>;
  /** How many calls it makes when nothing disturbs it. */
  readonly calls: number;
  /** Which of them makes the last value visible. */
  readonly visibleAt: number;
}

const [one, two, three] = [blob("one"), blob("two"), blob("three")];
const [c1, c2] = [commit("1"), commit("2")];
const docs = (text: string) => Array.from({ length: 64 }, (_, i) => blob(`${text} ${i}`));
const batchOf = (objects: Step["objects"]): Step => ({
  updates: objects.map((doc, i) => setRef(`refs/meta/x${i}`, doc)),
  objects,
});
const set = (name: string, object: Step["objects"][number]): Step => ({
  updates: [setRef(name, object)],
  objects: [object],
});
const both: Step = {
  updates: [setRef("refs/meta/a", one), setRef("refs/meta/b", two)],
  objects: [one, two],
};
const toBranch = (tip: typeof c1, document: typeof one): Step => ({
  updates: [{ ...setRef("refs/heads/main", tip), keepContent: false }, setRef("refs/meta/a", document)],
  objects: [EMPTY_TREE, tip, document],
});
const step = (what: Step) => (writer: Writer) => runStep(writer, what);
const undoNewest = (writer: Writer) => void undo(writer, undefined);

async function subject(name: string, base: readonly Step[], program: Subject["program"]): Promise<Subject> {
  const start = new SimSystem(SimDisk.fromTree(EMPTY_REPOSITORY));
  {
    using writer = await openTestWriter(openTestRepository(start));
    for (const each of base) runStep(writer, each);
  }
  const trial = start.nextProcess();
  {
    using writer = await openTestWriter(openTestRepository(trial));
    program(writer);
  }
  const { count: calls, trace } = trial.disk.gate;
  const { index: visibleAt } = trace.findLast(({ operation, to }) =>
    operation === "rename" && /^\/r\/\.git\/(?:refs\/|packed-refs$)/.test(to!)
  )!;
  return { name, start, program, old: snapshot(start), fresh: snapshot(trial), calls, visibleAt };
}

/** Documents alone: what the journal keeps of them is enough to write them again. */
const documentSubjects: readonly Promise<Subject>[] = [
  subject("a first document", [], step(set("refs/meta/a", one))),
  subject("another document", [both], step(set("refs/meta/a", three))),
  subject(
    "a document that is there, loose, for no ref",
    [both, set("refs/meta/a", three)],
    step(set("refs/meta/a", one)),
  ),
  subject("a document that is in a pack, for no ref", [
    batchOf(docs("old")),
    { updates: [deleteRef("refs/meta/x5")], objects: [] },
  ], step(set("refs/meta/y", blob("old 5")))),
  subject(
    "three documents",
    [both],
    step({
      updates: [setRef("refs/meta/a", three), setRef("refs/meta/b", one), setRef("refs/meta/d/e", two)],
      objects: [three, one, two],
    }),
  ),
  subject("a batch", [both], step(batchOf(docs("new")))),
  subject("a batch that is in a pack, for no ref", [
    batchOf(docs("old")),
    batchOf(docs("new")),
  ], step(batchOf(docs("old")))),
  subject("undo of one document", [both, set("refs/meta/a", three)], undoNewest),
];

const subjects: readonly Promise<Subject>[] = [
  ...documentSubjects,
  subject("a branch, its keep ref and a document", [toBranch(c1, one)], step(toBranch(c2, two))),
  subject("undo of branch and document", [toBranch(c1, one), toBranch(c2, two)], undoNewest),
  subject("undo of a batch", [batchOf(docs("old")), batchOf(docs("new"))], undoNewest),
];

/** Has something happen after each of some calls, or where that one fails, after the next that does not. */
function afterCalls(system: SimSystem, events: readonly (readonly [number, () => void])[]): void {
  const pending = events.toSorted(([one], [other]) => one - other);
  system.disk.observe(({ index }, progress) => {
    if (progress === "done") { while (pending.length > 0 && pending[0]![0] <= index) pending.shift()![1](); }
  });
}

async function run(system: SimSystem, program: Subject["program"]): Promise<void> {
  using writer = await openTestWriter(openTestRepository(system));
  program(writer);
}

function expectRefs(system: SimSystem, expected: Record<string, string>, when: string): void {
  assert.deepEqual(snapshot(system), expected, when);
  assert.deepEqual(brokenRefs(openTestRepository(system)), [], when);
}

/**
 * Pairs of calls, the first not behind the second; one more than there are is the end. Half of them go on to the end,
 * which leaves a command the least room to notice.
 */
function somePairs(calls: number, count: number, seed: number): [number, number][] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, i) => {
    const from = 1 + random.below(calls);
    return [from, i % 2 === 0 ? calls + 1 : from + random.below(calls + 2 - from)];
  });
}

/** Pairs of calls, of which the second is often soon after a certain one, and the first soon before it. */
function pairsAround(at: number, calls: number, count: number, seed: number): [number, number][] {
  const random = seededRandom(seed);
  return somePairs(calls, count, seed).map(([from, to], i) =>
    i % 4 === 3
      ? [from, Math.min(to, calls)]
      : [Math.max(1, at - random.below(20)), Math.min(calls, at + 1 + random.below(8))]
  );
}

function pairsOf(calls: number): number {
  return calls * (calls + 3) / 2;
}

/** Every call where it is asked for, else some of them. */
function someCalls(calls: number, count: number, seed: number): number[] {
  if (count >= calls) return Array.from({ length: calls }, (_, i) => i + 1);
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => 1 + random.below(calls));
}

/** Those that make many calls take long, so less is tried of them. */
function measure(subject: Subject, maxRuns: number, tortureRuns: number): number {
  return runs(Math.ceil(maxRuns * Math.min(1, 200 / subject.calls)), tortureRuns);
}

/** Lets a collection begin and finish at two calls of a transaction, many times over. */
async function collectBeside(subject: Subject, kind: Collection, maxRuns: number, seed: number): Promise<void> {
  const { name, start, program, fresh, calls } = subject;
  const chosen = somePairs(calls, measure(subject, maxRuns, 3000), seed);
  for (const [from, to] of chosen) {
    const when = `${name}: ${kind} from call ${from} to ${to} of ${calls}`;
    const system = start.nextProcess();
    let gc: GarbageCollector | null = null;
    const finish = () => {
      gc?.finish();
      gc = null;
    };
    afterCalls(system, [[from, () => gc = beginGc(system, kind)], [to, finish]]);
    await run(system, program);
    finish(); // as late as can be: the command has ended
    expectRefs(system, fresh, when);
    checkClean(system);
  }
  tried(`git ${kind} beside ${name}`, { schedules: [chosen.length, pairsOf(calls)] }, seed);
}

test("no ref leads to nothing, whenever in a transaction git gc --prune=now begins and finishes", async () => {
  for (const subject of await Promise.all(subjects)) await collectBeside(subject, "gc", 16, seedOr(20261121));
});

test("no commit is lost to a git gc --prune=now that has read the keep refs before, and a tag after they changed", async () => {
  const seed = seedOr(20261125);
  const toTag = (tip: typeof c1): Step => ({
    updates: [{ ...setRef("refs/tags/t", tip), keepContent: false }],
    objects: [EMPTY_TREE, tip],
  });
  const { name, start, program, fresh, calls } = await subject("a tag and its keep ref", [toTag(c1)], step(toTag(c2)));
  const pairs = somePairs(calls, runs(60, 3000), seed);
  for (const [from, to] of pairs) {
    const system = start.nextProcess();
    let gc: GarbageCollector | undefined;
    let hasReadOn = false;
    const readOn = () => {
      gc?.readOn();
      hasReadOn = true;
    };
    afterCalls(system, [[from, () => gc = beginGc(system, "gc", "refs/lattice/m")], [to, readOn]]);
    await run(system, program);
    if (!hasReadOn) readOn();
    gc?.finish();
    expectRefs(system, fresh, `${name}: gc from call ${from}, read on at ${to} of ${calls}`);
    {
      using writer = await openTestWriter(openTestRepository(system));
      undo(writer, undefined);
    }
    expectRefs(system, { "refs/tags/t": oidOf(c1) }, "undone");
  }
  tried(`git gc that reads while ${name} change`, { schedules: [pairs.length, pairsOf(calls)] }, seed);
});

test("no ref leads to nothing, whenever in a transaction git repack -ad begins and finishes", async () => {
  for (const subject of await Promise.all(subjects)) {
    if (subject.name.includes("pack") || subject.name.includes("undo")) {
      await collectBeside(subject, "repack", 8, seedOr(20261124));
    }
  }
});

test("no ref leads to nothing, whenever in a transaction git prune sweeps at once", async () => {
  const seed = seedOr(20261123);
  for (const subject of await Promise.all(subjects)) {
    const { name, start, program, fresh, calls } = subject;
    const chosen = someCalls(calls, measure(subject, 8, Infinity), seed);
    for (const at of chosen) {
      const system = start.nextProcess();
      afterCalls(system, [[at, () => beginGc(system, "prune").finish()]]);
      await run(system, program);
      expectRefs(system, fresh, `${name}: prune at call ${at} of ${calls}`);
    }
    tried(`git prune beside ${name}`, { schedules: [chosen.length, calls] }, seed);
  }
});

test("a transaction killed beside git gc --prune=now is all or nothing, and no ref leads to nothing once recovered", async () => {
  const seed = seedOr(20261122);
  for (const subject of await Promise.all(documentSubjects)) {
    const { name, start, program, old, fresh, calls, visibleAt } = subject;
    const chosen = pairsAround(visibleAt, calls - 1, measure(subject, 8, 1500), seed);
    let happened = 0;
    for (const [from, to] of chosen) {
      for (const finished of ["before recovery", "after it"]) {
        const when = `${name}: gc from call ${from}, killed at ${to} of ${calls}, gc finished ${finished}`;
        const killed = start.nextProcess();
        let gc: GarbageCollector | undefined;
        afterCalls(killed, [[from, () => gc = beginGc(killed, "gc")]]);
        killed.disk.crashAt(to, from === to ? "after" : "before");
        await run(killed, program).catch((error) => assert.ok(killed.disk.isDead, String(error)));
        const next = killed.neighbour();
        next.disk.flocks.clear(); // with the process, its flock is gone
        if (finished === "before recovery") gc?.finish();
        (await openTestWriter(openTestRepository(next)))[Symbol.dispose]();
        if (finished === "after it") gc?.finish();
        const isNew = JSON.stringify(snapshot(next)) === JSON.stringify(fresh);
        if (isNew) happened++;
        expectRefs(next, isNew ? fresh : old, when);
        checkClean(next);
      }
    }
    tried(
      `${name}, killed beside git gc, ${happened} times done`,
      { schedules: [2 * chosen.length, 2 * pairsOf(calls - 1)] },
      seed,
    );
  }
});

test("a ref is not set to an object of others that git gc removed before the ref was locked", async () => {
  const start = new SimSystem(SimDisk.fromTree(EMPTY_REPOSITORY));
  const { objects } = openTestRepository(start);
  objects.writeLoose(EMPTY_TREE);
  const oid = objects.writeLoose(c1);
  const program = step({ updates: [{ ...setRef("refs/heads/main", c1), keepContent: false }], objects: [] });
  const trial = start.nextProcess();
  await run(trial, program);
  const locking = trial.disk.trace.find(({ operation, to }) => operation === "link" && to!.endsWith("main.lock"))!;
  const system = start.nextProcess();
  afterCalls(system, [[locking.index, () => beginGc(system, "prune").finish()]]);
  await assert.rejects(run(system, program), { code: "invalid_data", details: { ref: "refs/heads/main", oid } });
  assert.deepEqual(snapshot(system), {});
  checkClean(system);
});

import assert from "node:assert/strict";
import { packRefs } from "../../src/engine/pack_refs.ts";
import { beginSpan, transactIn } from "../../src/engine/span.ts";
import { completeSpan, takeBackSpan } from "../../src/engine/span_end.ts";
import { pruneJournals } from "../../src/operations/prune.ts";
import { resume } from "../../src/operations/resume.ts";
import { originOf } from "../../src/operations/span.ts";
import type { RefUpdate } from "../../src/engine/mod.ts";
import type { NewObject } from "../../src/git/objects/store.ts";
import { LatticeError } from "../../src/platform/errors.ts";
import { utf8 } from "../../src/platform/text.ts";
import { blob, checkClean, deleteRef, oidOf, runStep, setRef, snapshot, type Step } from "../crash/scenarios.ts";
import { test } from "../harness.ts";
import { cutPoints } from "../simulation/explore.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";
import { EMPTY_REPOSITORY, openTestRepository, openTestWriter } from "./engine_repository.ts";

const PACKED = "/r/.git/packed-refs";
const AWAY = "/r/.git/elsewhere";
const [one, two] = [blob("one"), blob("two")];
const [tagA, tagC] = [tagOf("a"), tagOf("c")];

function tagOf(name: string): NewObject {
  const text = `object ${oidOf(one)}\ntype blob\ntag ${name}\ntagger T <t@example.com> 1 +0000\n\n${name}\n`;
  return { type: "tag", content: utf8(text) };
}

/** Gives a ref what no journal keeps. */
function setUnkept(name: string, object: NewObject): RefUpdate {
  return { ...setRef(name, object), keepContent: false };
}

/** Moves `a`, deletes `b` and makes `n`: a deletion among several refs. */
const STEP: Step = {
  updates: [setRef("refs/meta/a", two), deleteRef("refs/meta/b"), setRef("refs/meta/n", two)],
  objects: [two],
};

/** A repository whose refs are packed. */
async function packedRepository(): Promise<SimSystem> {
  const system = new SimSystem(SimDisk.fromTree(EMPTY_REPOSITORY));
  using writer = await openTestWriter(openTestRepository(system));
  const updates = [
    setRef("refs/meta/a", one),
    setRef("refs/meta/b", one),
    setUnkept("refs/tags/a", tagA),
    setUnkept("refs/tags/c", tagC),
  ];
  runStep(writer, { updates, objects: [one, tagA, tagC] });
  packRefs(writer, { isWanted: () => true, prune: true, onlyIfWorthIt: false });
  return system;
}

/** What somebody does who keeps the file elsewhere. */
function putLink({ disk }: SimSystem): void {
  disk.rename(PACKED, AWAY);
  disk.symlink("elsewhere", PACKED);
}

/** What a person does who reads the hint. */
function putFileBack({ disk }: SimSystem): void {
  disk.unlink(PACKED);
  disk.rename(AWAY, PACKED);
}

async function run(system: SimSystem, step = STEP): Promise<void> {
  using writer = await openTestWriter(openTestRepository(system));
  runStep(writer, step);
}

/** The error of an attempt, which may also succeed. */
async function failureOf(attempt: () => Promise<unknown>): Promise<LatticeError | null> {
  try {
    await attempt();
    return null;
  } catch (error) {
    assert.ok(error instanceof LatticeError, String(error));
    return error;
  }
}

function locksIn(system: SimSystem): string[] {
  return Object.keys(system.disk.dump()).filter((path) => path.endsWith(".lock"));
}

test("a packed-refs that is a link is refused before anything is locked or changed", async () => {
  const base = await packedRepository();
  putLink(base);
  const before = snapshot(base);
  const steps: Step[] = [
    STEP,
    { updates: [deleteRef("refs/meta/b")], objects: [] },
    { updates: [setRef("refs/meta/n", one), setRef("refs/meta/o", one)], objects: [one] },
  ];
  for (const step of steps) {
    const system = base.nextProcess();
    const made: string[] = [];
    system.disk.observe(({ to }) => to?.endsWith(".lock") === true && made.push(to));
    await assert.rejects(run(system, step), { code: "unsupported", hint: "put the file itself in its place" });
    system.disk.observe(null);
    assert.deepEqual([snapshot(system), made], [before, []]);
    checkClean(system);
  }
  await run(base, { updates: [setRef("refs/meta/n", one)], objects: [one] });
  using writer = await openTestWriter(openTestRepository(base));
  const refused = { code: "unsupported" };
  assert.throws(() => beginSpan(writer.context, originOf(writer), "run", null), refused);
  assert.throws(() => pruneJournals(writer, { keep: 0, keepForMs: 0 }), refused);
  checkClean(base);
});

test("a packed-refs that becomes a link at any moment leaves no lock, and all refs old or new in the end", async () => {
  const base = await packedRepository();
  const before = snapshot(base);
  const whole = base.nextProcess();
  const trial = new SimSystem(whole.disk.copy());
  await run(trial);
  const after = snapshot(trial);
  const ends = { committed: 0, refused: 0, paused: 0 };
  for (let at = 1; at <= trial.disk.trace.length; at++) {
    const system = new SimSystem(base.disk.copy());
    let calls = 0;
    system.disk.observe(() => {
      if (++calls < at) return;
      system.disk.observe(null);
      putLink(system);
    });
    const error = await failureOf(() => run(system));
    system.disk.observe(null);
    assert.deepEqual(locksIn(system), [], `call ${at}`);
    assert.ok(error === null || error.code === "unsupported", `call ${at}: ${String(error)}`);
    if (system.disk.lstat(PACKED)?.kind === "symlink") putFileBack(system);
    if (error === null || !/ is paused$/.test(error.message)) {
      ends[error === null ? "committed" : "refused"]++;
      assert.deepEqual(snapshot(system), error === null ? after : before, `call ${at}`);
      checkClean(system);
      continue;
    }
    ends.paused++;
    assert.match(error.hint ?? "", /put the file itself in its place; then .*`lattice abort`/);
    using writer = await openTestWriter(openTestRepository(system), true);
    resume(writer, "abort");
    assert.deepEqual(snapshot(system), before, `call ${at}`);
    checkClean(system);
  }
  assert.ok(ends.committed > 0 && ends.refused > 0 && ends.paused > 0, JSON.stringify(ends));
});

test("recovery of a killed deletion takes the locks off where packed-refs has become a link, and can go on", async () => {
  const base = await packedRepository();
  const before = snapshot(base);
  const running = base.nextProcess();
  const points = await cutPoints(running, () => run(running));
  const after = snapshot(running);
  let paused = 0;
  for (const { disk, label } of points) {
    const system = new SimSystem(disk.copy());
    if (system.disk.lstat(PACKED)?.kind !== "file") continue;
    putLink(system);
    const error = await failureOf(async () => (await openTestWriter(openTestRepository(system))).close());
    assert.deepEqual(locksIn(system), [], label);
    assert.ok(error === null || error.code === "unsupported", `${label}: ${String(error)}`);
    putFileBack(system);
    if (error !== null) {
      paused++;
      using writer = await openTestWriter(openTestRepository(system), true);
      resume(writer, "continue");
      assert.deepEqual(snapshot(system), after, label);
    }
    assert.deepEqual(snapshot(system), Object.keys(snapshot(system)).includes("refs/meta/n") ? after : before, label);
    checkClean(system);
  }
  assert.ok(paused > 0, "some of the points lie between the first change and the last");
});

/** A step that replaces two tags, so that the operation's end makes two keep refs. */
const UNKEPT: Step = {
  updates: [setUnkept("refs/tags/a", one), setUnkept("refs/tags/c", one)],
  objects: [],
};

for (const [end, endSpan] of [["succeeds", completeSpan], ["fails", takeBackSpan]] as const) {
  test(`a program that makes packed-refs a link and ${end} pauses its operation, and leaves no lock`, async () => {
    const system = await packedRepository();
    const before = snapshot(system);
    {
      using writer = await openTestWriter(openTestRepository(system));
      const { opId } = beginSpan(writer.context, originOf(writer), "run", null);
      const step = end === "fails" ? STEP : UNKEPT;
      transactIn(writer.context, opId, { ...step, message: "step", purpose: "operation" });
      putLink(system);
      assert.throws(() => endSpan(writer.context, opId), { code: "unsupported", message: / is paused$/ });
      assert.deepEqual(locksIn(system), []);
    }
    await assert.rejects(run(system), { code: "op_in_progress" });
    putFileBack(system);
    for (const way of ["continue", "abort"] as const) {
      const copy = new SimSystem(system.disk.copy());
      const left = snapshot(copy);
      using writer = await openTestWriter(openTestRepository(copy), true);
      resume(writer, way);
      assert.deepEqual(snapshot(copy), way === "abort" ? before : left);
      checkClean(copy);
    }
  });
}

test("a deletion that a damaged packed-refs forbids is rolled back, and leaves no lock", async () => {
  const system = await packedRepository();
  const records = Array.from({ length: 2000 }, (_, i) => `${oidOf(one)} refs/tags/t${1000 + i}\n`);
  records[1000] = "garbage\n";
  system.disk.unlink(PACKED);
  using file = system.disk.create(PACKED);
  file.write(utf8(`# pack-refs with: peeled sorted \n${records.join("")}`));
  const step = { updates: [deleteRef("refs/tags/t1001"), setRef("refs/meta/n", two)], objects: [two] };
  await assert.rejects(run(system, step), { code: "invalid_data" });
  checkClean(system);
  assert.equal(openTestRepository(system).refs.read("refs/meta/n"), null);
});

import assert from "node:assert/strict";
import { resume } from "../../src/operations/resume.ts";
import { operations } from "../../src/engine/history.ts";
import { undo } from "../../src/operations/undo.ts";
import { utf8 } from "../../src/platform/text.ts";
import { blob, checkClean, oidOf, runStep, setRef } from "../crash/scenarios.ts";
import { test } from "../harness.ts";
import { cutPoints } from "../simulation/explore.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";
import { EMPTY_REPOSITORY, openTestRepository, openTestWriter } from "./engine_repository.ts";

const [one, two, three, other] = [blob("one"), blob("two"), blob("three"), blob("other")];
const NAMES = ["refs/meta/a", "refs/meta/b", "refs/meta/c"] as const;

/** A repository in which a transaction of three refs was killed between its first and its second rename. */
async function killedAfterFirstRename(): Promise<SimSystem> {
  const base = new SimSystem(SimDisk.fromTree(EMPTY_REPOSITORY));
  {
    using writer = await openTestWriter(openTestRepository(base));
    runStep(writer, { updates: NAMES.map((name) => setRef(name, one)), objects: [one, other] });
  }
  base.disk.syncFileSystem("/");
  const running = base.nextProcess();
  const points = await cutPoints(running, async () => {
    using writer = await openTestWriter(openTestRepository(running));
    runStep(writer, { updates: NAMES.map((name) => setRef(name, two)), objects: [two, three] });
  });
  const point = points.find(({ disk }) => {
    const system = new SimSystem(disk.copy());
    const values = NAMES.map((name) => valueOf(system, name));
    return values[0] === oidOf(two) && values[1] === oidOf(one);
  });
  assert.ok(point, "there is a point between the first rename and the second");
  return new SimSystem(point.disk.copy());
}

function valueOf(system: SimSystem, name: string): string | null {
  const value = openTestRepository(system).refs.read(name)?.value;
  return value?.kind === "direct" ? value.oid : null;
}

/** What a person does who takes a lock for stale: removes it and moves the ref. */
function moveByForce(system: SimSystem, name: string, oid: string): void {
  system.disk.unlink(`/r/.git/${name}.lock`);
  system.disk.unlink(`/r/.git/${name}`);
  using file = system.disk.create(`/r/.git/${name}`);
  file.write(utf8(`${oid}\n`));
}

test("recovery redoes a prepared transaction under the locks that stand", async () => {
  const system = await killedAfterFirstRename();
  using writer = await openTestWriter(openTestRepository(system));
  assert.deepEqual(writer.recovered.map(({ outcome }) => outcome), ["committed"]);
  for (const name of NAMES) assert.equal(valueOf(system, name), oidOf(two));
  checkClean(system);
});

test("recovery pauses when somebody else moved a ref; locks are off, nothing is changed, both sides are listed", async () => {
  const system = await killedAfterFirstRename();
  moveByForce(system, NAMES[1], oidOf(other));
  await assert.rejects(
    openTestWriter(openTestRepository(system)),
    (error: Error & { code?: string; details?: unknown }) => {
      assert.equal(error.code, "diverged");
      assert.match(JSON.stringify(error.details), new RegExp(oidOf(other)));
      return true;
    },
  );
  assert.deepEqual(NAMES.map((name) => valueOf(system, name)), [oidOf(two), oidOf(other), oidOf(one)]);
  for (const name of NAMES) assert.equal(system.disk.lstat(`/r/.git/${name}.lock`), null);
  await assert.rejects(openTestWriter(openTestRepository(system)), { code: "op_in_progress" });
});

test("continue keeps what others did and finishes the rest; undo then leaves theirs alone", async () => {
  const system = await killedAfterFirstRename();
  moveByForce(system, NAMES[1], oidOf(other));
  {
    using writer = await openTestWriter(openTestRepository(system), true);
    const result = resume(writer, "continue");
    assert.deepEqual(result.kept, [NAMES[1]]);
    assert.deepEqual(NAMES.map((name) => valueOf(system, name)), [oidOf(two), oidOf(other), oidOf(two)]);
    checkClean(system);
  }
  using writer = await openTestWriter(openTestRepository(system));
  undo(writer, undefined);
  assert.deepEqual(NAMES.map((name) => valueOf(system, name)), [oidOf(one), oidOf(other), oidOf(one)]);
});

test("abort takes ours back and keeps what others did", async () => {
  const system = await killedAfterFirstRename();
  moveByForce(system, NAMES[1], oidOf(other));
  using writer = await openTestWriter(openTestRepository(system), true);
  resume(writer, "abort");
  assert.deepEqual(NAMES.map((name) => valueOf(system, name)), [oidOf(one), oidOf(other), oidOf(one)]);
  checkClean(system);
  assert.throws(() => resume({ ...writer, paused: null }, "abort"), { code: "not_found" });
  const [newest] = operations(system, "/r/.git");
  assert.equal(newest?.phase, "rolled_back");
});

test("recovery leaves a ref alone that somebody else created where ours was to be created", async () => {
  const system = await killedAfterFirstRename();
  moveByForce(system, NAMES[2], oidOf(other));
  await assert.rejects(openTestWriter(openTestRepository(system)), { code: "diverged" });
  assert.equal(valueOf(system, NAMES[2]), oidOf(other));
});

test("the journal of another host on a network file system is recovered only when somebody asks", async () => {
  const system = await killedAfterFirstRename();
  system.disk.shared = true;
  const elsewhere = () => new SimSystem(system.disk.copy(), { hostName: "elsewhere" });
  await assert.rejects(openTestWriter(openTestRepository(elsewhere())), { code: "op_in_progress" });
  const asked = elsewhere();
  using writer = await openTestWriter(openTestRepository(asked), true);
  assert.deepEqual(writer.recovered.map(({ outcome }) => outcome), ["committed"]);
  using own = await openTestWriter(openTestRepository(system));
  assert.deepEqual(own.recovered.map(({ outcome }) => outcome), ["committed"]);
});

test("continue that fails, or dies at any call, leaves the operation paused and can be repeated", async () => {
  const start = await killedAfterFirstRename();
  moveByForce(start, NAMES[1], oidOf(other));
  await assert.rejects(openTestWriter(openTestRepository(start)), { code: "diverged" });
  const running = new SimSystem(start.disk.copy());
  const points = await cutPoints(running, async () => {
    using writer = await openTestWriter(openTestRepository(running), true);
    resume(writer, "continue");
  });
  for (const point of points) {
    const system = new SimSystem(point.disk.copy());
    using writer = await openTestWriter(openTestRepository(system), true);
    if (writer.paused !== null) resume(writer, "continue");
    assert.deepEqual(NAMES.map((name) => valueOf(system, name)), [oidOf(two), oidOf(other), oidOf(two)], point.label);
    checkClean(system);
    const phases = [...operations(system, "/r/.git")].map(({ phase }) => phase);
    assert.deepEqual(phases, ["committed", "committed"], point.label);
  }
  const blocked = new SimSystem(start.disk.copy());
  blocked.disk.create(`/r/.git/${NAMES[2]}.lock`).close();
  {
    using writer = await openTestWriter(openTestRepository(blocked), true);
    assert.throws(() => resume(writer, "continue"), { code: "locked" });
  }
  await assert.rejects(openTestWriter(openTestRepository(blocked)), { code: "op_in_progress" });
});

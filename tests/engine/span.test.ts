import assert from "node:assert/strict";
import { beginSpan, transactIn } from "../../src/engine/span.ts";
import { completeSpan, takeBackSpan } from "../../src/engine/span_end.ts";
import { spanFolder } from "../../src/engine/paths.ts";
import type { Writer } from "../../src/engine/mod.ts";
import { originOf } from "../../src/operations/span.ts";
import { resume } from "../../src/operations/resume.ts";
import { utf8 } from "../../src/platform/text.ts";
import { blob, checkClean, oidOf, runStep, setRef } from "../crash/scenarios.ts";
import { test } from "../harness.ts";
import { cutPoints } from "../simulation/explore.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";
import { EMPTY_REPOSITORY, openTestRepository, openTestWriter } from "./engine_repository.ts";

const [one, two, other] = [blob("one"), blob("two"), blob("other")];
const NAMES = ["refs/meta/a", "refs/meta/b", "refs/meta/c"] as const;
const [OLD, NEW, THEIRS] = [one, two, other].map(oidOf) as [string, string, string];

type Kind = "run" | "begun";

function step(names: readonly string[]): Parameters<typeof transactIn>[2] {
  return { updates: names.map((name) => setRef(name, two)), objects: [two], message: "step", purpose: "operation" };
}

function begin(writer: Writer, kind: Kind): string {
  return beginSpan(writer.context, originOf(writer), kind, null).opId;
}

async function repository(): Promise<SimSystem> {
  const system = new SimSystem(SimDisk.fromTree(EMPTY_REPOSITORY));
  using writer = await openTestWriter(openTestRepository(system));
  runStep(writer, { updates: NAMES.map((name) => setRef(name, one)), objects: [one, other] });
  return system;
}

function values(system: SimSystem): (string | null)[] {
  const { refs } = openTestRepository(system);
  return NAMES.map((name) => {
    const value = refs.read(name)?.value;
    return value?.kind === "direct" ? value.oid : null;
  });
}

/**
 * An operation in which a step of three refs was killed between its first and its second rename; then somebody took the
 * lock of the second for stale, removed it and moved the ref.
 */
async function divergedStep(kind: Kind): Promise<SimSystem> {
  const running = (await repository()).nextProcess();
  const points = await cutPoints(running, async () => {
    using writer = await openTestWriter(openTestRepository(running));
    transactIn(writer.context, begin(writer, kind), step(NAMES));
  });
  const point = points.find(({ disk }) => {
    const [first, second] = values(new SimSystem(disk.copy()));
    return first === NEW && second === OLD;
  });
  assert.ok(point, "there is a point between the first rename and the second");
  const system = new SimSystem(point.disk.copy());
  system.disk.unlink(`/r/.git/${NAMES[1]}.lock`);
  move(system, NAMES[1], THEIRS);
  return system;
}

function move(system: SimSystem, name: string, oid: string): void {
  system.disk.unlink(`/r/.git/${name}`);
  using file = system.disk.create(`/r/.git/${name}`);
  file.write(utf8(`${oid}\n`));
}

for (const kind of ["run", "begun"] as const) {
  for (const way of ["continue", "abort"] as const) {
    test(`a killed step whose ref somebody else moved pauses the operation: ${kind}, ${way}`, async () => {
      const system = await divergedStep(kind);
      {
        using writer = await openTestWriter(openTestRepository(system), true);
        const [found] = writer.recovered;
        assert.equal(found?.outcome, "paused");
        assert.deepEqual(found.diverged.find(({ ref }) => ref === NAMES[1])?.actual, THEIRS);
        assert.deepEqual(values(system), [NEW, THEIRS, OLD], "nothing is changed");
      }
      for (const name of NAMES) assert.equal(system.disk.lstat(`/r/.git/${name}.lock`), null, "git is free");
      {
        using again = await openTestWriter(openTestRepository(system), true);
        assert.deepEqual(again.recovered, [], "it waits as it did before");
        assert.notEqual(again.paused, null);
        resume(again, way);
      }
      // Once it waits for a person, everything belongs to it, whoever did it.
      assert.deepEqual(values(system), way === "continue" ? [NEW, THEIRS, OLD] : [OLD, OLD, OLD]);
      checkClean(system);
    });
  }
}

test("no further step runs in an operation whose last one diverged", async () => {
  const system = await divergedStep("begun");
  using writer = await openTestWriter(openTestRepository(system), true);
  const opId = writer.paused!.op_id;
  assert.throws(() => transactIn(writer.context, opId, step([NAMES[0]])), { code: "diverged" });
  assert.deepEqual(values(system), [NEW, THEIRS, OLD]);
});

test("beginSpan() refuses a damaged ref, and leaves nothing", async () => {
  const system = await repository();
  using file = system.disk.create("/r/.git/refs/meta/empty");
  file.write(utf8(""));
  using writer = await openTestWriter(openTestRepository(system));
  const before = system.disk.dump();
  assert.throws(() => begin(writer, "run"), { code: "invalid_data", message: /refs\/meta\/empty/ });
  assert.deepEqual(system.disk.dump(), before);
});

test("a damaged snapshot is refused by name, and changes nothing", async () => {
  const system = await repository();
  using writer = await openTestWriter(openTestRepository(system));
  const opId = begin(writer, "begun");
  transactIn(writer.context, opId, step(NAMES));
  const path = `${spanFolder("/r/.git", opId)}/snapshot`;
  system.disk.unlink(path);
  for (const end of [completeSpan, takeBackSpan]) {
    assert.throws(() => end(writer.context, opId), { code: "invalid_data", message: /snapshot/ });
    assert.deepEqual(values(system), [NEW, NEW, NEW]);
  }
});

test("a step that is refused leaves the operation as it was, and the next one goes on", async () => {
  const system = await repository();
  using writer = await openTestWriter(openTestRepository(system));
  const opId = begin(writer, "begun");
  const wrong = { ...setRef(NAMES[0], two), expect: { kind: "absent" } } as const;
  assert.throws(() => transactIn(writer.context, opId, { ...step([]), updates: [wrong] }), { code: "cas_failed" });
  transactIn(writer.context, opId, step([NAMES[1]]));
  transactIn(writer.context, opId, step([NAMES[2]]));
  assert.deepEqual(values(system), [OLD, NEW, NEW]);
  assert.equal(completeSpan(writer.context, opId).outcome, "committed");
  checkClean(system);
});

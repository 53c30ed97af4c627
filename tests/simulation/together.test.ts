import assert from "node:assert/strict";
import { test } from "../harness.ts";
import { plannedSchedule, seededSchedule } from "./schedule.ts";
import { SimDisk } from "./sim_disk.ts";
import { SimSystem, textAt } from "./sim_system.ts";
import { type Program, type Run, runTogether, type TogetherOptions } from "./together.ts";

const MODULE = new URL("./together_programs.ts", import.meta.url);

function program(name: string, input?: unknown): Program {
  return { module: MODULE, program: name, input };
}

function machine(): SimSystem {
  return new SimSystem(SimDisk.fromTree({ "/d/lines": "", "/d/number": "0" }));
}

function run(programs: Program[], options: Partial<TogetherOptions> & { seed?: number } = {}): Promise<Run> {
  return runTogether(machine(), programs, { schedule: seededSchedule(options.seed ?? 1), ...options });
}

const writers = [program("appendLines", ["a1", "a2", "a3"]), program("appendLines", ["b1", "b2", "b3"])];

test("runTogether() repeats every call, time and outcome of a seed, and other seeds give others", async () => {
  const seen = new Set<string>();
  const texts = new Set<string>();
  for (let seed = 1; seed <= 12; seed++) {
    const [first, second] = [await run(writers, { seed }), await run(writers, { seed })];
    assert.deepEqual(first.calls, second.calls);
    assert.deepEqual(first.told, second.told);
    assert.equal(first.disk.storage.timeUs, second.disk.storage.timeUs);
    assert.deepEqual(first.disk.dump(), second.disk.dump());
    seen.add(JSON.stringify(first.calls));
    texts.add(textAt(first.disk, "/d/lines")!);
  }
  assert.ok(seen.size >= 5, `${seen.size} schedules`);
  assert.ok(texts.size >= 3, `${texts.size} outcomes`);
});

test("runTogether() loses updates of programs that take no lock, and none of programs that do", async () => {
  const lost: boolean[] = [];
  for (let seed = 1; seed <= 20; seed++) {
    const unlocked = await run(Array.from({ length: 2 }, () => program("countUp", { locks: false })), { seed });
    lost.push(textAt(unlocked.disk, "/d/number") === "1");
    const locked = await run(Array.from({ length: 3 }, () => program("countUp", { locks: true })), { seed });
    assert.equal(textAt(locked.disk, "/d/number"), "3");
    assert.deepEqual(locked.results.map((end) => end.outcome), ["ended", "ended", "ended"]);
  }
  assert.ok(lost.includes(true) && lost.includes(false), JSON.stringify(lost));
});

test("runTogether() kills at the call it is told, and the others go on with what was left", async () => {
  const whole = await run(writers, { schedule: plannedSchedule([]) });
  assert.equal(textAt(whole.disk, "/d/lines"), "a1\na2\na3\nb1\nb2\nb3\n");
  const kill = (call: number, half: boolean) =>
    run(writers, { schedule: plannedSchedule([]), kills: [{ process: 0, call, half }] });
  // The calls of the first: it opens, then writes and tells three times, and closes.
  const second = await kill(4, false);
  assert.equal(textAt(second.disk, "/d/lines"), "a1\nb1\nb2\nb3\n");
  assert.deepEqual(second.results.map((end) => end.outcome), ["killed", "ended"]);
  assert.deepEqual(second.told.map(({ fact }) => fact), ["a1", "b1", "b2", "b3"]);
  assert.equal(textAt((await kill(4, true)).disk, "/d/lines"), "a1\nab1\nb2\nb3\n", "half of a write is done");
  const locked = await run(Array.from({ length: 2 }, () => program("countUp", { locks: true })), {
    schedule: plannedSchedule([]),
    kills: [{ process: 0, call: 3 }, { process: 1, call: 400 }],
  });
  assert.deepEqual(locked.results.map((end) => end.outcome), ["killed", "killed"], "a lock file outlives its maker");
});

test("runTogether() gives a dead process's flock to the next, unless a child of it lives on", async () => {
  const holder = program("runUnderFlock", ["sleep"]);
  const child = () => program("sleepAndExit", { ms: 500, exitCode: 3 });
  const options = { child, childrenMax: 1 };
  const patient = await run([holder, program("waitForFlock")], { schedule: plannedSchedule([]), ...options });
  assert.deepEqual(patient.results[0], { outcome: "ended", value: 3 });
  assert.deepEqual(patient.results[2], { outcome: "ended", value: { exitCode: 3, env: "world" } });
  assert.deepEqual(patient.told.map(({ fact }) => fact), ["locked", "slept", "taken over"]);

  // The calls of the first: lstat, create, close, open, tryLock, tell, run.
  const before = await run([holder, program("waitForFlock")], {
    schedule: plannedSchedule([]),
    kills: [{ process: 0, call: 7 }],
    ...options,
  });
  assert.deepEqual(before.told.map(({ fact }) => fact), ["locked", "taken over"]);
  assert.ok((before.results[1] as { value: number }).value < 5);
  const orphan = await run([holder, program("waitForFlock")], {
    schedule: plannedSchedule([]),
    kills: [{ process: 0, call: 7, half: true }],
    ...options,
  });
  assert.deepEqual(orphan.told.map(({ fact }) => fact), ["locked", "slept", "taken over"]);
  assert.ok((orphan.results[1] as { value: number }).value >= 500);
});

test("runTogether() leaves a living process its flock when a child is killed that inherited it", async () => {
  const { told, results } = await run([program("lingerUnderFlock", ["sleep"]), program("waitForFlock")], {
    schedule: plannedSchedule([]),
    kills: [{ process: 2, call: 1 }],
    child: () => program("sleepAndExit", { ms: 500, exitCode: 3 }),
    childrenMax: 1,
  });
  assert.deepEqual(results[2], { outcome: "killed" });
  assert.deepEqual(told.map(({ fact }) => fact), ["lets go", "taken over"]);
});

test("runTogether() tells an unknown program, a failing one, and all points at which something changed", async () => {
  const missing = await run([program("runUnderFlock", ["nothing"])]);
  assert.deepEqual(missing.results, [{ outcome: "ended", value: 127 }]);
  const [failed] = (await run([program("fail")])).results;
  assert.match((failed as { error: string }).error, /as it should/);
  const { points } = await run(writers, { schedule: plannedSchedule([{ call: 3, process: 1 }]), keepPoints: true });
  const texts = points.map(({ disk }) => textAt(disk, "/d/lines"));
  assert.equal(texts[0], "");
  assert.equal(texts.at(-1), "a1\nb1\nb2\nb3\na2\na3\n");
  assert.equal(points.at(-1)!.acknowledged.length, 6);
  assert.ok(texts.includes("a1\nb"), "the middle of a write is a point");
  assert.ok(
    points.every(({ acknowledged }, i) => i === 0 || acknowledged.length >= points[i - 1]!.acknowledged.length),
  );
});

import assert from "node:assert/strict";
import { FileLock } from "../../src/locks/file_lock.ts";
import { newLockText, renderLockText } from "../../src/locks/lock_text.ts";
import { utf8 } from "../../src/platform/text.ts";
import { test } from "../harness.ts";
import { seededRandom } from "../simulation/random.ts";
import { seededSchedule } from "../simulation/schedule.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem, textAt } from "../simulation/sim_system.ts";
import { type Run, runTogether } from "../simulation/together.ts";
import { runs, seedOr, tried } from "../thoroughness.ts";
import type { CountInput } from "./file_lock_programs.ts";

const MODULE = new URL("./file_lock_programs.ts", import.meta.url);
const SEED = seedOr(20_261_121);
const SCHEDULES = runs(150, 20_000);

/** A machine on which the lock of a process that was killed stands, for PID lock files. */
function machineWithStaleLock(): SimSystem {
  const machine = new SimSystem(SimDisk.fromTree({ "/d/number": "0" }));
  machine.disk.storage.reusesInodeNumbers = true;
  const dead = machine.neighbour();
  using file = dead.disk.create("/d/number.lock");
  file.write(utf8(renderLockText(newLockText(dead, "died"))));
  dead.disk.gate.dead = true;
  return machine;
}

/** Where two were in at once; `null`: nowhere. A process that was killed inside is in no longer. */
function firstOverlap(run: Run, killedAt: (process: number) => number): string | null {
  const inside = new Map<number, number>();
  for (const { process, at, fact } of run.told) {
    for (const one of inside.keys()) if (killedAt(one) <= at) inside.delete(one);
    if (fact === "out") inside.delete(process);
    else {
      if (inside.size > 0) return `process ${process} came in at ${at} beside ${[...inside.keys()]}`;
      inside.set(process, at);
    }
  }
  return null;
}

for (const backend of ["pid", "flock"] as const) {
  test(`of processes that find a stale lock one is in at a time, some of them killed (${backend})`, async () => {
    let kills = 0;
    for (let i = 0; i < SCHEDULES; i++) {
      const seed = SEED + i;
      const random = seededRandom(seed);
      const input: CountInput = { backend, times: 2, timeoutMs: 60_000 };
      const programs = Array.from({ length: 4 }, () => ({ module: MODULE, program: "countUnderLock", input }));
      const planned = Array.from({ length: random.below(4) }, (_, process) => ({
        process,
        call: 1 + random.below(60),
        half: random.below(2) === 0,
      }));
      const ends = new Map<number, number>();
      const run = await runTogether(machineWithStaleLock(), programs, {
        schedule: seededSchedule(seed),
        kills: planned,
        watch: (call) => ends.set(call.process, (ends.get(call.process) ?? 0) + 1),
      });
      // When a killed one made its last call, in the order of all calls.
      const last = new Map<number, number>();
      run.calls.forEach(({ process }, at) => last.set(process, at + 1));
      const isKilled = (process: number) => run.results[process]!.outcome === "killed";
      const overlap = firstOverlap(run, (process) => isKilled(process) ? last.get(process) ?? 0 : Infinity);
      assert.equal(overlap, null, `seed ${seed}`);
      let counted = 0;
      for (const [process, end] of run.results.entries()) {
        if (end.outcome === "killed") kills++;
        else assert.equal(end.outcome, "ended", `seed ${seed}: ${JSON.stringify(end)}`);
        counted += run.told.filter((one) => one.process === process && one.fact === "out").length;
      }
      const value = Number(textAt(run.disk, "/d/number"));
      // One that was killed between its write and its saying so has counted as well.
      const unsaid = run.results.filter(({ outcome }) => outcome === "killed").length;
      assert.ok(value >= counted && value <= counted + unsaid, `seed ${seed}: ${value} of ${counted}`);
      assertClean(new SimSystem(run.disk.forNeighbour()), backend, seed);
    }
    tried(`locks of a file (${backend}), ${kills} kills`, { schedules: SCHEDULES }, SEED);
    assert.ok(kills > SCHEDULES / 4, `${kills} kills`);
  });
}

/** The next one gets the lock at once, and nothing of the others is left when it has it. */
function assertClean(system: SimSystem, backend: "flock" | "pid", seed: number): void {
  const lock = new FileLock("/d/number", { backend }, system);
  assert.equal(lock.tryAcquire(), true, `seed ${seed}: ${JSON.stringify(system.disk.dump())}`);
  const names = (system.disk.list("/d") ?? []).map(({ name }) => name).filter((name) => !name.startsWith("new-"));
  assert.deepEqual(
    names.sort(),
    ["number", backend === "pid" ? "number.lock" : "number.flock"].concat(
      backend === "flock" ? ["number.lock"] : [],
    ),
    `seed ${seed}`,
  );
  lock.release();
}

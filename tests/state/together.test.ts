/** Processes on one document of the simulated disk, interleaved at every call, some of them killed. */
import assert from "node:assert/strict";
import { test } from "../harness.ts";
import { seededRandom } from "../simulation/random.ts";
import { seededSchedule } from "../simulation/schedule.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";
import { type Run, runTogether } from "../simulation/together.ts";
import { runs, seedOr, tried } from "../thoroughness.ts";
import { countedStates } from "./state_programs.ts";

const MODULE = new URL("./state_programs.ts", import.meta.url);
const SEED = seedOr(20_261_121);
const SCHEDULES = runs(150, 10_000);

/** Runs programs by one schedule; up to two of them are killed. */
async function together(seed: number, programs: readonly (readonly [program: string, times: number])[]): Promise<Run> {
  const random = seededRandom(seed);
  const kills = Array.from({ length: random.below(3) }, (_, process) => ({
    process,
    call: 1 + random.below(90),
    half: random.below(2) === 0,
  }));
  const run = await runTogether(
    new SimSystem(SimDisk.fromTree({ "/srv": null })),
    programs.map(([program, input]) => ({ module: MODULE, program, input })),
    { schedule: seededSchedule(seed), kills },
  );
  for (const end of run.results) assert.notEqual(end.outcome, "failed", `seed ${seed}: ${JSON.stringify(end)}`);
  return run;
}

/** The next process finds nothing in its way, and leaves the document alone in its folder. */
async function expectFree(run: Run, seed: number): Promise<number> {
  const system = new SimSystem(run.disk.forNeighbour());
  const states = countedStates(system, 0);
  const count = (await states.load("shared"))?.count ?? 0;
  await states.save("shared", { count });
  const names = (system.disk.list("/srv/data/shared") ?? []).map(({ name }) => name);
  assert.deepEqual(names, ["state.json"], `seed ${seed}`);
  return count;
}

test("processes that count a state up lose no update, in any order of their calls, whoever is killed", async () => {
  let kills = 0;
  for (let seed = SEED; seed < SEED + SCHEDULES; seed++) {
    const run = await together(seed, [["countUp", 2], ["countUp", 2], ["countUp", 2]]);
    const count = await expectFree(run, seed);
    const killed = run.results.filter(({ outcome }) => outcome === "killed").length;
    // One that was killed behind its rename has counted, and did not say so.
    const told = run.told.length;
    assert.ok(count >= told && count <= told + killed, `seed ${seed}: ${count} of ${told}`);
    kills += killed;
  }
  tried(`a state that three count up, ${kills} kills`, { schedules: SCHEDULES }, SEED);
  assert.ok(kills > SCHEDULES / 4, `${kills} kills`);
});

test("processes that save and delete a state are never in each other's way, in any order of their calls", async () => {
  for (let seed = SEED; seed < SEED + SCHEDULES; seed++) {
    const run = await together(seed, [["saveAndDelete", 2], ["saveAndDelete", 2], ["countUp", 1]]);
    await expectFree(run, seed);
  }
  tried("a state that is saved and deleted by three", { schedules: SCHEDULES }, SEED);
});

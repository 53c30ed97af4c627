import assert from "node:assert/strict";
import { test } from "../harness.ts";
import { runs, seedOr, tried } from "../thoroughness.ts";
import { pick } from "../simulation/explore.ts";
import { seededRandom } from "../simulation/random.ts";
import { plannedSchedule } from "../simulation/schedule.ts";
import { type Run, runTogether, type TogetherOptions } from "../simulation/together.ts";
import { type Course, type GitStep, type LatticeStep, programsOf } from "./programs.ts";
import { checkEnd } from "./try_course.ts";
import { visibleRefs } from "./visible_refs.ts";
import { makeMachine, metadataRef } from "./world.ts";

const SEED = seedOr(20_261_124);
const REF = metadataRef("b");

const set = (value: number): LatticeStep => ({ kind: "set", branch: "b", value, expect: "first" });
const several: LatticeStep = {
  kind: "apply",
  lines: [{ ref: REF, value: 2, expect: "first" }, { ref: "refs/heads/main", value: 2, expect: "first" }],
};
const move: GitStep = { kind: "update", ref: REF, value: 6, expect: "first" };

function course(lattice: readonly (readonly LatticeStep[])[], git: readonly GitStep[], packed: boolean): Course {
  const values = { [REF]: 0, "refs/heads/main": 0 };
  return { beginning: { values, packed: packed ? [REF] : [] }, lattice, git, kills: [], seed: 1, callUs: 10 };
}

async function run(one: Course, options: Partial<TogetherOptions>): Promise<Run> {
  const machine = makeMachine(one.beginning, one.seed);
  const before = visibleRefs(machine.disk);
  const ran = await runTogether(machine, programsOf(one), { schedule: plannedSchedule([]), ...options });
  await checkEnd(machine, ran, before);
  return ran;
}

/** How many calls the first of the processes makes, which then runs alone. */
async function callsOfFirst(one: Course): Promise<number> {
  const { calls, told } = await run(one, {});
  return [...calls, ...told].filter(({ process }) => process === 0).length;
}

/** Some of the moments in the life of a process that makes so many calls, the first and the last among them. */
function moments(count: number): number[] {
  const between = Array.from({ length: count - 1 }, (_, i) => i + 1);
  return [0, ...pick(between, runs(70), seededRandom(SEED)), count];
}

/** How many of the processes did what they were asked. */
function winners({ told }: Run): number {
  return told.filter(({ fact }) => {
    const { kind, exit, answer } = fact as { kind: string; exit?: number; answer?: { end: string } };
    return (kind === "answered" && exit === 0) || (kind === "git answered" && answer?.end === "moved");
  }).length;
}

const RACES: Readonly<Record<string, Course>> = {
  "two of lattice": course([[set(1)], [set(2)]], [], false),
  "one ref, and git": course([[set(1)]], [move], false),
  "one packed ref, and git": course([[set(1)]], [move], true),
  "several refs, and git": course([[several]], [move], false),
};

for (const [name, race] of Object.entries(RACES)) {
  test(`of two that swap the same value exactly one wins, whenever the other comes between: ${name}`, async () => {
    const count = await callsOfFirst(race);
    const calls = moments(count);
    for (const call of calls) {
      const ran = await run(race, { schedule: plannedSchedule([{ call, process: 1 }]) });
      assert.equal(winners(ran), 1, `the second came behind call ${call}`);
    }
    tried(name, { schedules: [calls.length, count + 1] }, SEED);
  });
}

test("whoever comes next finishes or takes back what a process left that was killed at any of its calls", async () => {
  const both = course([[several], [{ kind: "set", branch: "b", value: 3 }]], [{ kind: "read", ref: REF }], false);
  const count = await callsOfFirst(both);
  const calls = moments(count).slice(1); // calls are counted from 1 on
  for (const call of calls) {
    await run(both, { kills: [{ process: 0, call, half: call % 2 === 0 }] });
  }
  tried("a process that is killed beside another", {
    schedules: calls.length,
    "crash points": [calls.length, count],
  }, SEED);
});

import assert from "node:assert/strict";
import { test } from "../harness.ts";
import { runs, seedOr, torture, tried } from "../thoroughness.ts";
import { explorePoints, pick } from "../simulation/explore.ts";
import { seededRandom } from "../simulation/random.ts";
import { plannedSchedule } from "../simulation/schedule.ts";
import { type Run, runTogether, type TogetherOptions } from "../simulation/together.ts";
import { type Course, type GitStep, type LatticeStep, programsOf } from "./programs.ts";
import { triedCuts } from "../simulation/report.ts";
import { outcomeScenario } from "./outcome.ts";
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
  await checkEnd(machine, ran, outcomeScenario("at the end", before));
  return ran;
}

/** How many calls the first of the processes makes, which then runs alone. */
async function callsOfFirst(one: Course): Promise<number> {
  const { calls, told } = await run(one, {});
  return [...calls, ...told].filter(({ process }) => process === 0).length;
}

/** Some of the moments in the life of a process that makes so many calls, the first and the last among them. */
function moments(count: number, between = runs(70)): number[] {
  const all = Array.from({ length: count - 1 }, (_, i) => i + 1);
  return [0, ...pick(all, between, seededRandom(SEED)), count];
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

/** What a command does to one ref, and what git makes of that ref once the command is dead. */
const MOVED_ON: Readonly<Record<string, { readonly step: LatticeStep; readonly packed: boolean }>> = {
  "a loose ref": { step: set(1), packed: false },
  "a packed ref": { step: set(1), packed: true },
  "a deletion": { step: { kind: "delete", branch: "b" }, packed: false },
  "a deletion of a packed ref": { step: { kind: "delete", branch: "b" }, packed: true },
};

for (const [name, { step, packed }] of Object.entries(MOVED_ON)) {
  for (const [what, value] of [["on", 6], ["back", 0]] as const) {
    test(`the journal of a killed command says what happened, although git moved its ref ${what}: ${name}`, async () => {
      const both = course([[step]], [{ kind: "update", ref: REF, value }], packed);
      const count = await callsOfFirst(both);
      const calls = moments(count, runs(6)).slice(1, -1);
      for (let call = Math.max(1, count - 18); call <= count; call++) if (!calls.includes(call)) calls.push(call);
      for (const call of calls) await run(both, { kills: [{ process: 0, call, half: call % 2 === 0 }] });
      tried(`${name}, moved ${what} by git`, { schedules: calls.length, "crash points": [calls.length, count] }, SEED);
    });
  }
}

test("what was acknowledged stays committed when git has moved its ref on and the power goes", async () => {
  for (const [name, { step, packed }] of Object.entries(MOVED_ON)) {
    const both = course([[step]], [{ kind: "update", ref: REF, value: 6 }], packed);
    const machine = makeMachine(both.beginning, both.seed);
    const scenario = outcomeScenario(name, visibleRefs(machine.disk));
    const ran = await runTogether(machine, programsOf(both), { schedule: plannedSchedule([]), keepPoints: true });
    const stats = await explorePoints(
      scenario,
      machine,
      ran.points,
      torture ? { cutRecovery: false } : { cutRecovery: false, sample: { seed: SEED, maxRuns: 150 } },
    );
    triedCuts(`${name}, moved on by git`, stats, SEED);
  }
});

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

import { cutPoints, pick } from "../simulation/explore.ts";
import { seededRandom } from "../simulation/random.ts";
import { test } from "../harness.ts";
import { runs, seedOr } from "../thoroughness.ts";
import { runCommands } from "./lattice_commands.ts";
import { outcomeScenario } from "./outcome.ts";
import { commandsOf, type LatticeStep } from "./programs.ts";
import { add, type Counts, say, tryPoints } from "./try_course.ts";
import { visibleRefs } from "./visible_refs.ts";
import { type Beginning, makeMachine } from "./world.ts";

const SEED = seedOr(20_261_123);

/** A loose document, a packed one, a loose branch and a packed one. */
const BEGINNING: Beginning = {
  values: { "refs/branch-metadata/b": 0, "refs/branch-metadata/c/d": 0, "refs/heads/main": 0, "refs/heads/b": 0 },
  packed: ["refs/branch-metadata/c/d", "refs/heads/b"],
};

/** What can be done: one ref or several, loose or packed, made, moved or deleted; taken back; packed; forgotten. */
const STEPS: readonly LatticeStep[] = [
  { kind: "set", branch: "b", value: 1 },
  { kind: "set", branch: "c/e", value: 1 },
  { kind: "delete", branch: "b" },
  {
    kind: "apply",
    lines: [{ ref: "refs/branch-metadata/b", value: 2 }, { ref: "refs/heads/main", value: 2 }],
  },
  {
    kind: "apply",
    lines: [{ ref: "refs/branch-metadata/c/d", value: null }, { ref: "refs/heads/b", value: 3 }],
  },
  { kind: "undo" },
  { kind: "pack" },
  { kind: "prune", keep: 1 },
];

const LENGTH_MAX = 3;

/** All sequences, the short ones first. */
function sequences(): LatticeStep[][] {
  let last: LatticeStep[][] = [[]];
  const all: LatticeStep[][] = [];
  for (let length = 1; length <= LENGTH_MAX; length++) {
    last = last.flatMap((sequence) => STEPS.map((step) => [...sequence, step]));
    all.push(...last);
  }
  return all;
}

/** Cuts a sequence in its last command; where it is cut earlier is another, shorter sequence. */
async function trySequence(sequence: readonly LatticeStep[], maxRuns: number): Promise<Counts> {
  const machine = makeMachine(BEGINNING, SEED);
  const scenario = outcomeScenario(JSON.stringify(sequence), visibleRefs(machine.disk));
  const system = machine.nextProcess();
  const points = await cutPoints(system, (acknowledge) =>
    runCommands({
      system,
      tell: (fact) => acknowledge(JSON.stringify({ process: 0, at: 0, fact })),
    }, commandsOf(sequence, BEGINNING)));
  const factsBefore = 2 * sequence.length - 1;
  const inLast = points.filter(({ acknowledged }) => acknowledged.length >= factsBefore);
  return await tryPoints(scenario, machine, inLast, maxRuns, SEED);
}

test("all sequences of up to three commands are all or nothing, and durable, wherever they are cut", async () => {
  const all = sequences();
  const chosen = pick(all, runs(60, Infinity), seededRandom(SEED));
  const total: Counts = { schedules: 0, cutPoints: 0, outcomes: 0 };
  for (const sequence of chosen) {
    add(total, await trySequence(sequence, runs(6)));
  }
  say(`${chosen.length} of ${all.length} sequences of up to ${LENGTH_MAX} commands`, total, SEED);
});

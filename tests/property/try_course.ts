/**
 * Runs a generated program once, by its schedule, and tries what kills and power cuts leave of it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type CutPoint, explorePoints, pick, recoverAndCheck, type Scenario } from "../simulation/explore.ts";
import { seededRandom } from "../simulation/random.ts";
import { seededSchedule } from "../simulation/schedule.ts";
import type { SimSystem } from "../simulation/sim_system.ts";
import { type Run, runTogether, type ScheduledCall } from "../simulation/together.ts";
import type { Mutant } from "../crash/mutants/mutant.ts";
import type { Worktree } from "../simulation/worktrees.ts";
import type { JudgedSpans } from "./as_one.ts";
import { outcomeScenario } from "./outcome.ts";
import { tried } from "../thoroughness.ts";
import { childOf, CHILDREN_MAX, type Course, programsOf } from "./programs.ts";
import { visibleRefs } from "./visible_refs.ts";
import { LINKED, makeMachine } from "./world.ts";

/** What was tried. */
export interface Counts {
  schedules: number;
  cutPoints: number;
  outcomes: number;
}

/** How a program is tried. */
export interface TryOptions {
  readonly judged?: JudgedSpans;
  readonly cutRecovery?: boolean;
  /** A broken variant of lattice in its place, in the programs, in what recovers, or in both. */
  readonly mutant?: Pick<Mutant, "in" | "mutation">;
}

/** Adds what one program gave. */
export function add(total: Counts, more: Counts): void {
  total.schedules += more.schedules;
  total.cutPoints += more.cutPoints;
  total.outcomes += more.outcomes;
}

/** How many outcomes of each point are tried where no point is left out; of each recovery, one is cut off as well. */
const OUTCOMES_A_POINT = 8;

/**
 * Tries what kills and power cuts at some points leave.
 *
 * @param maxRuns How many recoveries are checked, about; `Infinity`: as many as it takes to try every point.
 * @throws {Error} A promise is broken.
 */
export async function tryPoints(
  scenario: Omit<Scenario, "setup" | "program">,
  machine: SimSystem,
  points: readonly CutPoint[],
  maxRuns: number,
  seed: number,
  cutRecovery = true,
): Promise<Counts> {
  const every = maxRuns === Infinity;
  const chosen = every ? points : pick(points, Math.ceil(maxRuns / 2), seededRandom(seed));
  const sample = every
    ? { seed, evenly: true, recoveries: 1, maxRuns: 2 * OUTCOMES_A_POINT * points.length }
    : { seed, maxRuns };
  const stats = await explorePoints(scenario, machine, chosen, { sample, cutRecovery });
  if (every) assert.equal(stats.cutPointsTried, points.length, "a point was left out");
  return {
    schedules: 1,
    cutPoints: stats.cutPointsTried,
    outcomes: stats.outcomesTried + stats.recoveryOutcomesTried,
  };
}

/** Says how much was tried. */
export function say(what: string, { schedules, cutPoints, outcomes }: Counts, seed: number): void {
  tried(what, { schedules, "crash points": cutPoints, "crash outcomes": outcomes }, seed);
}

/**
 * Tries a program.
 *
 * @param maxRuns How many recoveries are checked, about; `Infinity`: as many as it takes to try every point.
 * @param options `judged` counts the operations of several steps that were judged as a whole; `cutRecovery`: whether the
 *   recovery is cut as well (default `true`), which takes long where there is much to be recovered.
 * @throws {Error} A promise is broken.
 */
export async function tryCourse(course: Course, maxRuns: number, options: TryOptions = {}): Promise<Counts> {
  const { judged, cutRecovery = true, mutant } = options;
  const machine = makeMachine(course.beginning, course.seed);
  machine.disk.storage.stepUs = course.callUs;
  const before = visibleRefs(machine.disk);
  const run = await runTogether(machine, programsOf(course), {
    schedule: seededSchedule(course.seed),
    kills: course.kills,
    keepPoints: true,
    watch: onlyOwnLocks(),
    child: childOf,
    childrenMax: CHILDREN_MAX * course.lattice.length,
    ...(mutant === undefined || mutant.in === "recovery" ? {} : { mutation: mutant.mutation }),
  });
  insistWholeRefs(run);
  const scenario = mutated(outcomeScenario("generated", before, judged, worktreesOf(course)), mutant);
  await checkEnd(machine, run, scenario);
  const counts = await tryPoints(
    scenario,
    machine,
    run.points,
    maxRuns,
    course.seed,
    cutRecovery,
  );
  return { ...counts, outcomes: 1 + counts.outcomes };
}

/** The worktrees that there are. */
function worktreesOf({ beginning: { heads } }: Course): Worktree[] {
  return heads === undefined ? [null] : [null, ...LINKED];
}

/** The scenario with a mutant in the place of what recovers. */
function mutated<T extends Pick<Scenario, "recover">>(scenario: T, mutant: TryOptions["mutant"]): T {
  if (mutant === undefined || mutant.in === "program") return scenario;
  return { ...scenario, recover: (system) => scenario.recover(mutant.mutation(system)) };
}

/**
 * Checks what a schedule that came to its end has left, once that is recovered.
 *
 * @param scenario What is done with it, and asked of it.
 * @throws {Error} A promise is broken.
 */
export async function checkEnd(
  machine: SimSystem,
  run: Run,
  scenario: Omit<Scenario, "setup" | "program">,
): Promise<void> {
  for (const result of run.results) assert.notEqual(result.outcome, "failed", JSON.stringify(result));
  await recoverAndCheck({ ...scenario, name: "at the end" }, machine.onDisk(run.disk.copy()), {
    history: run.told.map((told) => JSON.stringify(told)),
    acknowledged: run.told.map((told) => JSON.stringify(told)),
    finished: true,
    powerCut: false,
  });
}

/** At no moment does anybody see a torn ref, or one that leads nowhere. */
function insistWholeRefs({ points }: Run): void {
  let last = "";
  for (const { disk, label } of points) {
    if (label === last) continue;
    try {
      visibleRefs(disk);
    } catch (error) {
      throw new Error(`${label}: ${(error as Error).message}`, { cause: error });
    }
    last = label;
  }
}

/** Nobody takes away a lock that git made but that git; lattice's own, which are links, go with whoever recovers. */
function onlyOwnLocks(): (call: ScheduledCall) => void {
  const ofGit = new Map<string, number>();
  return ({ process, operation, path, errno }) => {
    if (errno !== undefined || !path.endsWith(".lock")) return;
    if (operation === "create") ofGit.set(path, process);
    if (operation !== "unlink" && operation !== "rename") return;
    const owner = ofGit.get(path);
    ofGit.delete(path);
    assert.ok(owner === undefined || owner === process, `process ${process} removed ${path} of process ${owner}`);
  };
}

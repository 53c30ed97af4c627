/**
 * Cuts a program off at every point, lets every outcome be recovered, and cuts the recovery off as well.
 *
 * A point lies after each call that changes something, in the middle of each write, and wherever the program
 * acknowledges something. (Calls that only read leave the disk as it is, so a kill before or after them is the kill
 * after the change before them.) A kill at a point leaves what is visible there; a power cut each of the states of
 * `pending.ts`. The program runs once: the disk is copied at each point, which is what a kill there leaves, since a dead process
 * changes nothing any more (`SimDisk.crashAt` shows that by throwing).
 *
 * After each outcome: `recover`, `check`, and a second `recover` that must change nothing. Then the recovery itself
 * is cut off at each of its points, by kill and by power cut, and the same is asked of a recovery from there.
 *
 * @example
 * ```ts
 * import { explore } from "./explore.ts";
 * import { SimDisk } from "./sim_disk.ts";
 * import { SimSystem } from "./sim_system.ts";
 * import { textAt } from "./sim_system.ts";
 *
 * const stats = await explore({
 *   name: "replace()",
 *   setup: () => new SimSystem(SimDisk.fromTree({ "/d/name": "old" })),
 *   program({ disk }, acknowledge) {
 *     using file = disk.create("/d/tmp");
 *     file.write(new TextEncoder().encode("new"));
 *     file.sync();
 *     disk.rename("/d/tmp", "/d/name");
 *     disk.syncDirectory("/d");
 *     acknowledge("new");
 *   },
 *   recover({ disk }) {
 *     if (disk.lstat("/d/tmp") !== null) disk.unlink("/d/tmp");
 *   },
 *   check({ disk }, { acknowledged }) {
 *     const text = textAt(disk, "/d/name");
 *     if (text !== "new" && (text !== "old" || acknowledged.includes("new"))) throw new Error(`found ${text}`);
 *   },
 * }, { sample: { seed: 1, maxRuns: 500 } });
 * console.log(stats);
 * ```
 *
 * @module
 */
import { type CallRecord, READS } from "./calls.ts";
import type { TreeDump } from "./dump.ts";
import type { PowerCutChoice, PowerCutOptions } from "./pending.ts";
import { type SeededRandom, seededRandom, shuffled } from "./random.ts";
import type { SimDisk } from "./sim_disk.ts";
import type { SimSystem } from "./sim_system.ts";

type Awaitable<T> = T | Promise<T>;

/** What is explored. Each function gets a process of its own and may be asynchronous. */
export interface Scenario {
  /** For messages. */
  name: string;
  /** The machine before the program; called once an exploration. */
  setup(): Awaitable<SimSystem>;
  /** The program; it calls `acknowledge` when it would tell the user that something is done. */
  program(system: SimSystem, acknowledge: (fact: string) => void): Awaitable<unknown>;
  /** What the next process does first. */
  recover(system: SimSystem): Awaitable<unknown>;
  /**
   * Throws when the state is not one of those allowed. When it returns a string, that is what the recovery concluded
   * (`rolled back`): a power cut after the recovery has ended must not make it anything else.
   */
  check(system: SimSystem, context: CutContext): Awaitable<unknown>;
  /** Paths that a second recovery may change, such as the text in a lock file. */
  mayChange?(path: string): boolean;
}

/** How it came to the state that is checked. */
export interface CutContext {
  /** What happened, in order, for messages. */
  history: readonly string[];
  /** What the program had acknowledged. */
  acknowledged: readonly string[];
  /** Whether the program had ended. */
  finished: boolean;
  /** Whether a power cut was part of it. */
  powerCut: boolean;
  /** What the program threw, where its calls were made to fail. */
  error?: unknown;
}

/** Which outcomes are tried, where not all are. */
export interface Sample {
  seed: number;
  /** About so many recoveries. */
  maxRuns: number;
  /**
   * As many outcomes of one point as of another, kills first, in no order: what finds a fault soonest. Otherwise each
   * outcome is as likely as another, and they are tried as they come.
   */
  evenly?: boolean;
  /** How many outcomes of each recovery are tried; without it, half of all runs go into them. */
  recoveries?: number;
}

/** How much is explored. */
export interface ExploreOptions {
  /** Without it, everything is tried. With it, about `maxRuns` recoveries, chosen by the seed. */
  sample?: Sample;
  /** Which power cuts are tried at a point. */
  powerCuts?: Partial<PowerCutOptions>;
  /** Whether the recovery is cut off too (default `true`). */
  cutRecovery?: boolean;
  /** Leaves out the n-th flush of the program (from 1 on). */
  ignoreFlush?: number;
  /** At which points the program is cut off (default: all). */
  isCut?: (point: CutPoint) => boolean;
}

/** What was tried; print it. */
export interface ExploreStats {
  /** Calls that the program made. */
  calls: number;
  /** Flushes among them. */
  flushes: number;
  /** Points at which the program was cut off. */
  cutPoints: number;
  /** Of these, at how many some outcome was tried. */
  cutPointsTried: number;
  /** Outcomes of a kill or a power cut at these points that there are. */
  outcomes: number;
  /** Of these, how many were recovered and checked. */
  outcomesTried: number;
  /** Outcomes of a kill or a power cut during a recovery that were seen. */
  recoveryOutcomes: number;
  /** Of these, how many were recovered and checked. */
  recoveryOutcomesTried: number;
}

/** A place at which a process is cut off. */
export interface CutPoint {
  label: string;
  disk: SimDisk;
  acknowledged: readonly string[];
  finished: boolean;
}

/** What a kill (`choice` is `null`) or a power cut at a point leaves. */
export interface Outcome {
  point: CutPoint;
  choice: PowerCutChoice | null;
}

/**
 * Explores a scenario.
 *
 * @returns What was tried.
 * @throws {Error} With the whole history in the message and the cause, when a check fails, a recovery throws, or a second one changes something.
 */
export async function explore(scenario: Scenario, options: ExploreOptions = {}): Promise<ExploreStats> {
  const base = await scenario.setup();
  const system = base.nextProcess();
  if (options.ignoreFlush !== undefined) system.disk.ignoreFlush(options.ignoreFlush);
  const points = await cutPoints(system, (acknowledge) => scenario.program(system, acknowledge));
  const tried = await explorePoints(scenario, base, points, options);
  return { ...tried, calls: system.disk.gate.count, flushes: system.disk.gate.flushCount };
}

/**
 * Explores what a kill or a power cut leaves at points that were had otherwise, such as by several processes.
 *
 * @param scenario Its `setup` and `program` are not used.
 * @param base The machine, for what starts on its disks.
 * @returns What was tried; no calls are counted.
 * @throws {Error} As {@link explore}.
 */
export async function explorePoints(
  scenario: Omit<Scenario, "setup" | "program">,
  base: SimSystem,
  points: readonly CutPoint[],
  options: ExploreOptions,
): Promise<ExploreStats> {
  const random = seededRandom(options.sample?.seed ?? 1);
  const all = outcomesOf(points.filter((point) => options.isCut?.(point) !== false), options);
  const choose = options.sample?.evenly === true ? pickEvenly : pick;
  const chosen = options.sample === undefined ? all : choose(all, firstShare(options), random);
  const stats: ExploreStats = {
    calls: 0,
    flushes: 0,
    cutPoints: points.length,
    cutPointsTried: new Set(chosen.map(({ point }) => point)).size,
    outcomes: all.length,
    outcomesTried: chosen.length,
    recoveryOutcomes: 0,
    recoveryOutcomesTried: 0,
  };
  const recoveries = options.sample === undefined ? Infinity : options.sample.recoveries ??
    Math.max(1, Math.ceil((options.sample.maxRuns - chosen.length) / Math.max(1, chosen.length)));
  for (const outcome of chosen) {
    const context = contextOf(outcome);
    const started = startOn(base, outcome);
    const { points: recoveryPoints, verdict } = await recoverAndCheck(scenario, started, context);
    if (options.cutRecovery === false) continue;
    const second = outcomesOf(recoveryPoints.slice(1), options); // its first point is the outcome itself
    const chosenSecond = choose(second, recoveries, random);
    stats.recoveryOutcomes += second.length;
    stats.recoveryOutcomesTried += chosenSecond.length;
    for (const again of chosenSecond) {
      const hasEnded = again.point.finished;
      const history = [
        `recovery ${hasEnded ? `concluded ${JSON.stringify(verdict)}` : "cut off"}, ${historyOf(again)}`,
      ];
      await recoverAndCheck(scenario, startOn(base, again), {
        ...context,
        history: [...context.history, ...history],
        powerCut: context.powerCut || again.choice !== null,
      }, hasEnded ? verdict : null);
    }
  }
  return stats;
}

/**
 * Recovers, checks, recovers again.
 *
 * @param expected What an earlier recovery, which had ended, concluded.
 * @returns The points at which the first recovery can be cut off, and what it concluded.
 */
export async function recoverAndCheck(
  scenario: Omit<Scenario, "setup" | "program">,
  system: SimSystem,
  context: CutContext,
  expected: string | null = null,
): Promise<{ points: CutPoint[]; verdict: string | null }> {
  let doing = "recover";
  try {
    const points = await cutPoints(system, () => scenario.recover(system));
    doing = "check";
    const said = await scenario.check(system.nextProcess(), context);
    const verdict = typeof said === "string" ? said : null;
    if (expected !== null && verdict !== expected) throw new Error(`now it is ${JSON.stringify(verdict)}`);
    doing = "second recovery";
    const before = system.disk.dump();
    const again = system.nextProcess();
    await scenario.recover(again);
    const changed = differences(before, again.disk.dump(), scenario.mayChange?.bind(scenario));
    if (changed.length > 0) throw new Error(`it changed ${changed.join("; ")}`);
    return { points, verdict };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const history = [...context.history, `${doing}: ${reason}`].map((line) => `\n  ${line}`).join("");
    throw new Error(`${scenario.name}${history}\n  disk: ${JSON.stringify(system.disk.dump(), null, 1)}`, { cause });
  }
}

/** Runs something on a process and returns the points at which it can be cut off, the beginning first. */
export async function cutPoints(
  { disk }: SimSystem,
  body: (acknowledge: (fact: string) => void) => Awaitable<unknown>,
): Promise<CutPoint[]> {
  const acknowledged: string[] = [];
  const points: CutPoint[] = [];
  const add = (label: string, finished = false): void => {
    points.push({ label, disk: disk.copy(), acknowledged: [...acknowledged], finished });
  };
  add("before the first call");
  disk.observe((record, progress) => {
    if (!READS.has(record.operation)) add(`${progress === "done" ? "after" : "half through"} ${describeCall(record)}`);
  });
  try {
    await body((fact) => {
      acknowledged.push(fact);
      add(`acknowledged ${fact}`);
    });
  } finally {
    disk.observe(null);
  }
  add("at the end", true);
  return points;
}

/** Every outcome at the points of one run: the kill first, then the power cuts that leave what no earlier one left. */
export function outcomesOf(points: readonly CutPoint[], options: ExploreOptions): Outcome[] {
  const powerCuts = { seed: options.sample?.seed ?? 1, ...options.powerCuts };
  const found: Outcome[] = [];
  const seen = new Set<string>();
  for (const point of points) {
    found.push({ point, choice: null });
    for (const choice of point.disk.powerCutChoices(powerCuts)) {
      const key = `${point.acknowledged.length} ${point.finished} ${choice.key}`;
      if (!seen.has(key)) found.push({ point, choice });
      seen.add(key);
    }
  }
  return found;
}

/** Starts the next process on what an outcome leaves. */
export function startOn(base: SimSystem, { point, choice }: Outcome): SimSystem {
  return base.onDisk(choice === null ? point.disk.forNextProcess() : point.disk.powerCut(choice));
}

/** The context of an outcome. */
export function contextOf(outcome: Outcome): CutContext {
  const { point, choice } = outcome;
  return {
    history: [historyOf(outcome)],
    acknowledged: point.acknowledged,
    finished: point.finished,
    powerCut: choice !== null,
  };
}

/** A call, for messages. */
export function describeCall({ index, operation, path, to }: CallRecord): string {
  return `call ${index}: ${operation} ${path}${to === undefined ? "" : ` to ${to}`}`;
}

/** Chooses some, all when there are no more, in their order. */
export function pick<T>(all: readonly T[], count: number, random: SeededRandom): T[] {
  if (all.length <= count) return [...all];
  const left = all.map((_, i) => i);
  for (let i = 0; i < count; i++) {
    const j = i + random.below(left.length - i);
    [left[i], left[j]] = [left[j]!, left[i]!];
  }
  return left.slice(0, count).sort((a, b) => a - b).map((i) => all[i]!);
}

/** Chooses some, as many of each point as of any other; kills first, where there is room for more than one of a point. */
function pickEvenly(all: readonly Outcome[], count: number, random: SeededRandom): Outcome[] {
  const byPoint = new Map<CutPoint, Outcome[]>();
  for (const outcome of all) {
    const known = byPoint.get(outcome.point);
    if (known === undefined) byPoint.set(outcome.point, [outcome]);
    else known.push(outcome);
  }
  const killsFirst = count > byPoint.size;
  const left = shuffled([...byPoint.values()], random).map((outcomes) => {
    const [kill, ...others] = outcomes;
    return killsFirst ? [kill!, ...shuffled(others, random)] : shuffled(outcomes, random);
  });
  const chosen: Outcome[] = [];
  for (let round = 0; chosen.length < Math.min(count, all.length); round++) {
    for (const outcomes of left) if (round < outcomes.length) chosen.push(outcomes[round]!);
  }
  return chosen.slice(0, count);
}

function firstShare({ sample, cutRecovery }: ExploreOptions): number {
  const { maxRuns, recoveries } = sample!;
  if (cutRecovery === false) return maxRuns;
  return Math.ceil(maxRuns / (recoveries === undefined ? 2 : 1 + recoveries));
}

function historyOf({ point, choice }: Outcome): string {
  return `${point.label}: ${choice === null ? "killed" : `power cut, ${choice.label}`}`;
}

function differences(before: TreeDump, after: TreeDump, mayChange: ((path: string) => boolean) | undefined): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((path) => before[path] !== after[path] && mayChange?.(path) !== true)
    .map((path) => `${path} from ${JSON.stringify(before[path])} to ${JSON.stringify(after[path])}`);
}

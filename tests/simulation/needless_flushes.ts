/**
 * Which flushes of a program can be left out without anybody noticing. A test that wants each of them to be needed
 * shows it by what a power cut does without it, not by counting.
 *
 * A flush that is left out makes a difference only in a power cut behind it that loses something of what it would have
 * made durable. So only these are tried: first, at each point behind it, the one that loses all of that and nothing
 * else, then those that lose more.
 *
 * @module
 */
import { type CallRecord, FLUSHES } from "./calls.ts";
import {
  contextOf,
  type CutPoint,
  cutPoints,
  describeCall,
  type Outcome,
  outcomesOf,
  recoverAndCheck,
  type Scenario,
  startOn,
} from "./explore.ts";
import type { Change, PowerCutChoice, PowerCutOptions } from "./pending.ts";
import { seededRandom, shuffled } from "./random.ts";
import type { SimSystem } from "./sim_system.ts";

/** Which flushes are left out, and how thoroughly each is tried. */
export interface NeedlessOptions {
  /** Which of them (default: all); the second argument is all calls of the program. */
  isWanted?: (record: CallRecord, trace: readonly CallRecord[]) => boolean;
  /** So many power cuts for each flush (default: all). */
  maxRuns?: number;
  /** Which power cuts there are at a point. */
  powerCuts?: Partial<PowerCutOptions>;
  /** Chooses among them (default 1). */
  seed?: number;
}

/** A flush that was left out. */
export interface LeftOutFlush {
  /** The call. */
  readonly record: CallRecord;
  /** What was found wrong without it; `null`: nothing. */
  readonly complaint: string | null;
  /** How many power cuts were tried. */
  readonly runs: number;
}

/** Leaves out flushes of a program, one at a time. */
export async function leaveOutFlushes(scenario: Scenario, options: NeedlessOptions = {}): Promise<LeftOutFlush[]> {
  const base = await scenario.setup();
  const measured = base.nextProcess();
  await scenario.program(measured, () => {});
  const flushes = measured.disk.trace.filter((record) => FLUSHES.has(record.operation));
  const results: LeftOutFlush[] = [];
  for (const [index, record] of flushes.entries()) {
    if (options.isWanted?.(record, measured.disk.trace) === false) continue;
    results.push({ record, ...await leaveOut(scenario, base, record, index + 1, options) });
  }
  return results;
}

/**
 * Which flushes of a program can be left out without any check noticing.
 *
 * @returns A description of each; a test wants none.
 */
export async function needlessFlushes(scenario: Scenario, options: NeedlessOptions = {}): Promise<string[]> {
  const all = await leaveOutFlushes(scenario, options);
  return all.filter(({ complaint }) => complaint === null).map(({ record }) => describeCall(record));
}

async function leaveOut(
  scenario: Scenario,
  base: SimSystem,
  record: CallRecord,
  number: number,
  options: NeedlessOptions,
): Promise<{ complaint: string | null; runs: number }> {
  const system = base.nextProcess();
  const { disk } = system;
  const { gate } = disk;
  const tick = gate.onCall;
  let missed: ReadonlySet<number> = new Set();
  gate.onCall = () => {
    tick();
    if (gate.count === record.index) missed = whatItFlushes(system, record);
  };
  disk.ignoreFlush(number);
  const points = await cutPoints(system, (acknowledge) => scenario.program(system, acknowledge));
  let runs = 0;
  for (const outcome of losing(points, missed, options)) {
    if (runs === (options.maxRuns ?? Infinity)) break;
    runs++;
    try {
      await recoverAndCheck(scenario, startOn(base, outcome), contextOf(outcome));
    } catch (error) {
      return { complaint: error instanceof Error ? error.message : String(error), runs };
    }
  }
  return { complaint: null, runs };
}

/** Power cuts that lose something of what was not flushed: at each point all of that alone, then others with it. */
function* losing(
  points: readonly CutPoint[],
  missed: ReadonlySet<number>,
  options: NeedlessOptions,
): Generator<Outcome> {
  const random = seededRandom(options.seed ?? 1);
  const outcomes = points.flatMap((point): Outcome[] => {
    const changes = point.disk.pendingChanges();
    const lost = changes.filter(({ id }) => missed.has(id)).map(({ id }) => id);
    return lost.length === 0 ? [] : [{ point, choice: allBut(changes, lost) }];
  });
  yield* shuffled(outcomes, random);
  const behind = outcomes.map(({ point }) => point);
  const others = outcomesOf(behind, { powerCuts: options.powerCuts ?? {} }).filter(({ point, choice }) =>
    choice !== null && point.disk.pendingChanges().some(({ id }) => missed.has(id) && !choice.applied.has(id))
  );
  yield* shuffled(others, random);
}

/** The changes that a flush makes durable, which is about to be made. */
function whatItFlushes({ disk }: SimSystem, { operation, path }: CallRecord): ReadonlySet<number> {
  const copy = disk.copy();
  const before = copy.pendingChanges().map(({ id }) => id);
  if (operation === "syncFileSystem") copy.syncFileSystem(path);
  else if (operation === "syncDirectory") copy.syncDirectory(path);
  else copy.syncFile(path);
  const after = new Set(copy.pendingChanges().map(({ id }) => id));
  return new Set(before.filter((id) => !after.has(id)));
}

/** Everything but some changes, and but what cannot be there without them. */
function allBut(changes: readonly Change[], lost: readonly number[]): PowerCutChoice {
  const missing = new Set(lost);
  for (const change of changes) {
    if (change.kind === "names" && change.requires.some((id) => missing.has(id))) missing.add(change.id);
  }
  const labels = changes.filter(({ id }) => missing.has(id)).map(({ label }) => label);
  return {
    label: `all but: ${labels.join("; ")}`,
    applied: new Set(changes.filter(({ id }) => !missing.has(id)).map(({ id }) => id)),
  };
}

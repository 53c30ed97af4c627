/**
 * A further way to break a program: each of its calls fails.
 *
 * @module
 */
import {
  contextOf,
  cutPoints,
  describeCall,
  outcomesOf,
  pick,
  recoverAndCheck,
  type Scenario,
  startOn,
} from "./explore.ts";
import { seededRandom } from "./random.ts";

/** What is made to fail. */
export interface FailureOptions {
  /** Errors to fail with (default: `ENOSPC`, `EIO`, `EACCES`, `EMFILE`). */
  errnos?: readonly string[];
  /** Whether one call fails, or it and all after it (default: both are tried). */
  lasting?: readonly ("once" | "from then on")[];
  /** Without it, every call fails in every way; with it, a choice by the seed, and about `maxRuns` recoveries. */
  sample?: { seed: number; maxRuns: number };
}

/** What was tried; print it. */
export interface FailureStats {
  /** Ways to make a call fail that there are. */
  failures: number;
  /** Of these, how many were tried. */
  failuresTried: number;
  /** After how many of these the program ended without an error. */
  survived: number;
  /** Recoveries that were checked. */
  runs: number;
}

/**
 * Makes each call of a program fail. Afterwards the state is recovered and checked as it is, and after power cuts.
 *
 * The check finds what the program threw in `context.error`.
 *
 * @throws {Error} When a check fails, a recovery throws, or a second one changes something.
 */
export async function exploreFailures(scenario: Scenario, options: FailureOptions = {}): Promise<FailureStats> {
  const base = await scenario.setup();
  const measured = base.nextProcess();
  await scenario.program(measured, () => {});
  const failures = [];
  for (const record of measured.disk.trace) {
    if (record.operation.endsWith(".close")) continue; // a close cannot fail
    for (const errno of options.errnos ?? ["ENOSPC", "EIO", "EACCES", "EMFILE"]) {
      for (const lasting of options.lasting ?? ["once", "from then on"] as const) {
        failures.push({ record, errno, lasting });
      }
    }
  }
  const random = seededRandom(options.sample?.seed ?? 1);
  const chosen = pick(failures, options.sample?.maxRuns ?? Infinity, random);
  const perFailure = options.sample === undefined ? Infinity : Math.ceil(options.sample.maxRuns / chosen.length);
  const stats: FailureStats = { failures: failures.length, failuresTried: chosen.length, survived: 0, runs: 0 };
  for (const { record, errno, lasting } of chosen) {
    const system = base.nextProcess();
    system.disk.failAt(record.index, errno, { lasting });
    let error: unknown;
    const points = await cutPoints(system, async (acknowledge) => {
      try {
        await scenario.program(system, acknowledge);
        stats.survived++;
      } catch (thrown) {
        error = thrown; // it is the check's to judge
      }
    });
    const outcomes = outcomesOf(points.slice(-1), options.sample === undefined ? {} : { sample: options.sample });
    for (const outcome of pick(outcomes, perFailure, random)) {
      stats.runs++;
      const context = contextOf(outcome);
      await recoverAndCheck(scenario, startOn(base, outcome), {
        ...context,
        finished: error === undefined,
        history: [`${errno} (${lasting}) at ${describeCall(record)}; thrown: ${String(error)}`, ...context.history],
        ...(error === undefined ? {} : { error }),
      });
    }
  }
  return stats;
}

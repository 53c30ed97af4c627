/**
 * Who goes on next, when several simulated processes want to make a call: decided by a seed.
 *
 * No one way of choosing finds everything, so the seed also decides how is chosen: anybody at every call; one process
 * for a while, then another; or by rank, where at a few moments the one that runs falls to the lowest rank, which
 * meets every bug that needs so few switches with a fair chance (Burckhardt and others, "A randomized scheduler with
 * probabilistic guarantees of finding bugs", 2010).
 *
 * @module
 */
import { type SeededRandom, seededRandom } from "./random.ts";

/** Chooses the process that goes on. */
export interface Schedule {
  /**
   * @param runnable Numbers of the processes that can go on, ascending; never empty.
   * @param current The one that made the last call; `null` at the beginning.
   * @param call How many calls were made by all of them together.
   */
  choose(runnable: readonly number[], current: number | null, call: number): number;
}

/** In a schedule by rank: within so many calls the ranks change. */
const CALLS_EXPECTED = 600;

/** The schedule of a seed. */
export function seededSchedule(seed: number): Schedule {
  const random = seededRandom(seed);
  switch (random.below(4)) {
    case 0:
      return uniform(random);
    case 1:
      return byRank(random);
    default:
      return inRuns(random);
  }
}

/**
 * Everything of the first process that can run, up to the given moments, at which another takes over.
 *
 * @param switches After so many calls of all processes, the given process goes on, as long as it can.
 */
export function plannedSchedule(switches: readonly { call: number; process: number }[]): Schedule {
  let wanted: number | null = null;
  return {
    choose(runnable, current, call) {
      for (const { call: at, process } of switches) if (at === call) wanted = process;
      const preferred = wanted ?? current;
      return preferred !== null && runnable.includes(preferred) ? preferred : runnable[0]!;
    },
  };
}

function uniform(random: SeededRandom): Schedule {
  return { choose: (runnable) => runnable[random.below(runnable.length)]! };
}

function inRuns(random: SeededRandom): Schedule {
  const length = 4 << random.below(6);
  return {
    choose(runnable, current) {
      const stays = current !== null && runnable.includes(current) && random.below(length) !== 0;
      return stays ? current : runnable[random.below(runnable.length)]!;
    },
  };
}

function byRank(random: SeededRandom): Schedule {
  const ranks = new Map<number, number>();
  const moments = new Set(Array.from({ length: 1 + random.below(4) }, () => random.below(CALLS_EXPECTED)));
  let lowest = 0;
  const rank = (process: number): number => {
    let known = ranks.get(process);
    if (known === undefined) ranks.set(process, known = random.below(1_000_000));
    return known;
  };
  return {
    choose(runnable, current, call) {
      if (current !== null && moments.has(call)) ranks.set(current, --lowest);
      return runnable.reduce((best, process) => rank(process) > rank(best) ? process : best);
    },
  };
}

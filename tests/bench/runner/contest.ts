/**
 * Lets the competitors of a workload take turns, so that whatever disturbs the machine disturbs all of them.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { observeCommand, runCommand } from "./run_command.ts";
import type { Bench, Competitor, LeftOut, Workload } from "./workload.ts";

/** From so many rounds on, the first one only warms up. */
const ROUNDS_TO_WARM_UP = 5;

/** What was measured of a competitor. */
export interface Score {
  readonly competitor: Competitor;
  /** Median of its times, in milliseconds; of one part, where a turn has several. */
  readonly medianMs: number;
  /** Flushes of one turn, `null` where they cannot be counted. */
  readonly flushes: number | null;
  /** Most memory that one of its processes had resident, in MB, `null` where it cannot be told. */
  readonly peakMb: number | null;
}

/** How a workload ended. */
export interface Result {
  readonly scores: readonly Score[];
  readonly leftOut: readonly LeftOut[];
}

/**
 * Runs a workload: A, B, A, B, …; then each once more to count its flushes and its memory. Every turn is verified
 * after it ran.
 *
 * @throws {Error} A command failed, or did not do its work.
 */
export function runContest(workload: Workload, bench: Bench): Result {
  const entered = workload.prepare(bench);
  const leftOut = entered.filter((entry): entry is LeftOut => "reason" in entry);
  const competitors = entered.filter((entry): entry is Competitor => "turn" in entry);
  const output = bench.folder();
  const times = competitors.map((): number[] => []);
  const warmUps = workload.rounds >= ROUNDS_TO_WARM_UP ? 1 : 0;
  const rounds = warmUps + workload.rounds;
  for (let round = 0; round < rounds; round++) {
    for (const [index, competitor] of competitors.entries()) {
      if (round - warmUps >= (competitor.rounds ?? workload.rounds)) continue;
      const turn = competitor.turn(round);
      settleDisk();
      const { tookMs, stdout } = runCommand(turn.command, output);
      turn.verify(stdout);
      if (round >= warmUps) times[index]!.push(turn.tookMs?.(stdout) ?? tookMs);
    }
  }
  const scores = competitors.map((competitor, index): Score => {
    const { command, verify } = competitor.turn(rounds);
    const { flushes, peakMb, stdout } = observeCommand(command, output);
    verify(stdout);
    return { competitor, medianMs: median(times[index]!) / (workload.parts ?? 1), flushes, peakMb };
  });
  return { scores, leftOut };
}

/**
 * Writes out what others left unflushed: a flush of one file waits for all that the file system has gathered, so that
 * whoever flushes would pay for whoever does not.
 */
function settleDisk(): void {
  const { status, error } = spawnSync("sync", { stdio: "ignore" });
  if (error !== undefined || status !== 0) throw error ?? new Error(`sync ended with ${status}`);
}

/** The middle one of some numbers; of an even count the mean of the two in the middle. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const upper = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[upper]! : (sorted[upper - 1]! + sorted[upper]!) / 2;
}

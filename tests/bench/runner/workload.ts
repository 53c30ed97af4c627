/**
 * The shape of a workload: what is done, by whom, and how it is known to have been done.
 *
 * @module
 */

/** A command that is timed. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** The folder in which it runs. */
  readonly cwd: string;
  /** Path of the file that is its standard input; nothing otherwise. */
  readonly stdin?: string;
}

/** One timed run of one competitor. */
export interface Turn {
  readonly command: Command;
  /**
   * Judges what the command did, by real git wherever git can tell.
   *
   * @param stdout What the command printed.
   * @throws {Error} The command did something else than the work.
   */
  verify(stdout: string): void;
  /**
   * Where a program takes its own time, so that its start does not count: how long the work took, in milliseconds.
   *
   * @param stdout What the command printed.
   */
  tookMs?(stdout: string): number;
}

/** One of those that do the same work. */
export interface Competitor {
  /** Such as `git, core.fsync=all`. */
  readonly name: string;
  /** Lattice may take at most so many times as long as this competitor; no row is judged without it. */
  readonly ratioMax?: number;
  /** Where it takes so long that it has fewer turns than the others: how many. */
  readonly rounds?: number;
  /**
   * Makes a turn ready: everything here is untimed.
   *
   * @param round Counts from 0; no two turns of a competitor have the same.
   */
  turn(round: number): Turn;
}

/** One that cannot compete on this machine. */
export interface LeftOut {
  readonly name: string;
  /** What is missing. */
  readonly reason: string;
}

/** What the competitors of a workload are given. */
export interface Bench {
  /** Path of the binary that is measured. */
  readonly lattice: string;
  /** Path of a program that only prints a line, compiled in the same way. */
  readonly helloWorld: string;
  /** Path of `disk_calls.ts`, compiled in the same way. */
  readonly diskCalls: string;
  /** Path of the compiled `competitors/libgit2_apply.c`; `null` where it could not be compiled. */
  readonly libgit2: string | null;
  /** Makes a folder. Nothing in it is removed before the end of the whole run. */
  folder(): string;
}

/** A row, or several, of the table. */
export interface Workload {
  /** Its name on the command line. */
  readonly name: string;
  /** What is done, as the table shows it. */
  readonly work: string;
  /** How many turns each competitor has; an odd number has a median that was measured. */
  readonly rounds: number;
  /** A turn does the same thing so many times, and the table shows the time of one of them; 1 otherwise. */
  readonly parts?: number;
  /** Makes what all turns share. @returns The competitors; the first is judged against each of the others. */
  prepare(bench: Bench): readonly [Competitor, ...(Competitor | LeftOut)[]];
}

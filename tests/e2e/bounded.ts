/**
 * The binary with its work bounded, given what is to be refused: what waits, runs on or takes more and more is ended.
 *
 * @module
 */
import assert from "node:assert/strict";
import { runProgram } from "../git_oracle.ts";
import { binary, type Ended, type Surroundings, textOf } from "./binary.ts";

/** A minute, and ten seconds of a processor; the peak of the memory is told, in KB. */
const BOUNDED = ["timeout", "60", "prlimit", "--cpu=10", "/usr/bin/time", "-f", "peak %M"];

/** The most memory that anything refused may take, in KB; a sound command takes some 40,000. */
const PEAK_KB_MAX = 200_000;

/** Words of exceptions that nobody meant to show. */
const EXCEPTION = /internal error|(?:Type|Range|Syntax|Reference)Error|ERR_[A-Z]|\bat .*\.[tj]s:\d|is not a function/;

/** What a bounded run meets. */
export interface BoundedSurroundings extends Surroundings {
  /** A file for standard input, in place of `stdin`: one that is mostly a hole is large and costs nothing. */
  stdinFile?: string;
  /** The most memory, in KB, where the usual bound is too narrow. */
  peakKbMax?: number;
}

/** Runs the binary with its work bounded; what it says is without the peak, which is judged here. */
export function bounded(args: readonly string[], surroundings: BoundedSurroundings): Ended {
  const { cwd, stdin, stdinFile, env, peakKbMax = PEAK_KB_MAX } = surroundings;
  const line = [...BOUNDED, binary, ...args];
  const [program, ...rest] = stdinFile === undefined
    ? line
    : ["/bin/sh", "-c", 'input=$1; shift; exec "$@" <"$input"', "sh", stdinFile, ...line];
  const ended = textOf(runProgram(program!, rest, cwd, {
    ...(stdin === undefined ? {} : { stdin }),
    ...(env === undefined ? {} : { env }),
  }));
  const place = `lattice ${args.join(" ")}: ${ended.exit} ${ended.stderr}`;
  const peak = /peak (\d+)\n$/.exec(ended.stderr);
  assert.ok(peak !== null && Number(peak[1]) < peakKbMax, place);
  assert.doesNotMatch(ended.stdout + ended.stderr, EXCEPTION, place);
  return { ...ended, stderr: ended.stderr.replace(/(?:Command .*\n)?peak \d+\n$/, "") };
}

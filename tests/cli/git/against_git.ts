/**
 * Runs plumbing commands in the test's own process and holds them to real git's exit status and output.
 *
 * @module
 */
import assert from "node:assert/strict";
import { runGitCommandLine } from "../../../src/cli/git/dispatch.ts";
import { runProgram } from "../../git_oracle.ts";
import { type Ended, keptStreams, systemIn } from "../command_line.ts";

/** What a command meets beside its arguments. */
export interface Circumstances {
  stdin?: string | Uint8Array;
  env?: Record<string, string>;
  /** Thrown by every write to standard output. */
  writeFailure?: Error;
}

/** Runs `lattice git …`. */
export async function latticeGit(
  args: readonly string[],
  cwd: string,
  circumstances: Circumstances = {},
): Promise<Ended> {
  const surroundings = { cwd, ...circumstances };
  const kept = keptStreams(surroundings);
  const outer = { gitDir: undefined, lockTimeoutMs: undefined };
  return kept.ended(await runGitCommandLine(args, systemIn(surroundings), kept.streams, outer));
}

/**
 * Runs a command with both; exit status and standard output must be the same.
 *
 * @returns What lattice did, for a look at its messages.
 */
export async function sameAsGit(
  args: readonly string[],
  cwd: string,
  circumstances: Circumstances = {},
): Promise<Ended> {
  const expected = runProgram("git", args, cwd, circumstances);
  const actual = await latticeGit(args, cwd, circumstances);
  const place = `git ${args.join(" ")} in ${cwd}`;
  const wanted = { exit: expected.exit, stdout: printable(expected.stdout), says: expected.stderr };
  const got = { exit: actual.exit, stdout: printable(actual.stdoutBytes), says: actual.stderr };
  assert.deepEqual(
    { ...got, says: "" },
    { ...wanted, says: "" },
    `${place}\nlattice: ${got.says}\ngit: ${wanted.says}`,
  );
  return actual;
}

function printable(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

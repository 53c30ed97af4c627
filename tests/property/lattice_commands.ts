/**
 * A simulated process that runs command lines of lattice, one after the other, and tells what it asked and what it was
 * told.
 *
 * @module
 */
import { runCommandLine } from "../../src/cli/run.ts";
import { JOIN_VARIABLE } from "../../src/engine/claim.ts";
import type { System } from "../../src/platform/system.ts";
import { keptStreams } from "../cli/command_line.ts";
import { type GitCommand, runGit } from "../simulation/git_process.ts";
import type { SimulatedProcess } from "../simulation/together.ts";
import { type Worktree, worktreeAt } from "../simulation/worktrees.ts";

/** A command line. */
export interface Command {
  readonly args: readonly string[];
  readonly stdin?: string;
  /** What a command is to change that does not say so in its answer. */
  readonly moves?: Move;
}

/** One ref that a plumbing command changes. */
export interface Move {
  /** Its place; `null`: that of the branch that `HEAD` names then, or of `HEAD`. */
  readonly ref: string | null;
  /** `undefined`: whatever it held. */
  readonly old?: string | null;
  readonly new: string | null;
}

/**
 * What such a process tells: before a command, and behind it. Output and error are the last lines, as JSON. `within`: the
 * operation of several steps that the command is to be a part of. And a process that is a part of one as a whole says so.
 */
export type CommandFact =
  | { readonly kind: "belongs"; readonly within: string | null }
  | {
    readonly kind: "asks";
    readonly command: Command;
    readonly worktree: Worktree;
    readonly pid: number;
    readonly within: string | null;
  }
  | { readonly kind: "answered"; readonly exit: number; readonly output: unknown; readonly error: unknown };

/** Runs the commands. Those between `op begin` and its end are a part of that operation. */
export async function runCommands({ system, tell }: SimulatedProcess, commands: readonly Command[]): Promise<void> {
  let claim: string | undefined;
  for (const command of commands) {
    const { pid, workingDirectory } = system.host;
    const within = operationOf(claim ?? system.env[JOIN_VARIABLE]);
    tell({ kind: "asks", command, worktree: worktreeAt(workingDirectory), pid, within });
    const kept = keptStreams({ stdin: command.stdin ?? "" });
    const world = claim === undefined ? system : withEnv(system, { [JOIN_VARIABLE]: claim });
    const exit = await runCommandLine(["--json", ...command.args], world, kept.streams);
    const { stdout, stderr } = kept.ended(exit);
    const output = lastLine(stdout);
    tell({ kind: "answered", exit, output, error: lastLine(stderr) });
    if (exit !== 0) continue;
    const name = command.args.join(" ");
    if (name.startsWith("op begin")) claim = (output as { claim: string }).claim;
    else if (name === "op commit" || name === "abort") claim = undefined;
  }
}

/** What the program of an `op run` does. */
export interface ChildInput {
  readonly git: readonly GitCommand[];
  readonly lattice: readonly Command[];
  readonly exitCode: number;
}

/** The program of an `op run`. */
export async function runChild(process: SimulatedProcess, input: ChildInput): Promise<{ exitCode: number }> {
  process.tell({ kind: "belongs", within: operationOf(process.system.env[JOIN_VARIABLE]) });
  runGit(process, input.git);
  await runCommands(process, input.lattice);
  return { exitCode: input.exitCode };
}

/** The `reference-transaction` hook of an `op run`, as lattice's own transactions call it: it has nobody to hand on to. */
export function runHook(): { exitCode: number } {
  return { exitCode: 0 };
}

/** The operation that a claim is to: `<op id>:<token>`. */
function operationOf(claim: string | undefined): string | null {
  return claim?.split(":")[0] ?? null;
}

function withEnv(system: System, env: Record<string, string>): System {
  return Object.create(system, { env: { value: { ...system.env, ...env } } }) as System;
}

function lastLine(text: string): unknown {
  const line = text.trimEnd().split("\n").at(-1) ?? "";
  try {
    return JSON.parse(line) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

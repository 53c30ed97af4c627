/**
 * Runs the programs of `examples/` as a person would: each in a process of its own, on the runtime of the test.
 *
 * @module
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { gitEnvironment, type Outcome, runProgram } from "../git_oracle.ts";

const ON_DENO = "Deno" in globalThis;

function commandLine(name: string, args: readonly string[]): string[] {
  const file = fileURLToPath(new URL(`../../examples/${name}.ts`, import.meta.url));
  return [...(ON_DENO ? ["run", "-A", "--no-check"] : []), file, ...args];
}

/** Environment of an example: nothing of the machine's own git, and no colours. */
const env = { ...gitEnvironment, NO_COLOR: "1" };

/** Runs an example to its end. */
export function runExample(name: string, args: readonly string[], cwd: string): Outcome & { text: string } {
  const outcome = runProgram(process.execPath, commandLine(name, args), cwd, { env });
  return { ...outcome, text: new TextDecoder().decode(outcome.stdout) };
}

/** Starts an example; its streams are pipes. */
export function startExample(name: string, args: readonly string[], cwd: string): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, commandLine(name, args), { cwd, env });
}

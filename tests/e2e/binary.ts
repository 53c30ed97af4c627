/**
 * The compiled binary, run as a user runs it: `LATTICE_BINARY`, else `dist/lattice`.
 *
 * @module
 */
import { existsSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { gitEnvironment, type Outcome, runProgram } from "../git_oracle.ts";

/** Path of the binary under test. */
export const binary: string = (() => {
  const path = process.env["LATTICE_BINARY"] ?? fileURLToPath(new URL("../../dist/lattice", import.meta.url));
  if (!existsSync(path)) throw new Error(`there is no binary at ${path}: run npm run build`);
  return path;
})();

/** How the binary ended, its output as text. */
export interface Ended {
  exit: number;
  stdout: string;
  stderr: string;
}

/** What the binary meets. */
export interface Surroundings {
  cwd: string;
  stdin?: string | Uint8Array;
  /** Added to an environment that holds nothing of the machine's own. */
  env?: Record<string, string>;
}

/** Runs the binary; never throws for its exit code. */
export function lattice(args: readonly string[], surroundings: Surroundings): Ended {
  return underProgram([], args, surroundings);
}

/** Runs the binary by way of another program, such as `strace -o trace`. */
export function underProgram(wrapper: readonly string[], args: readonly string[], surroundings: Surroundings): Ended {
  const [program = binary, ...rest] = [...wrapper, binary, ...args];
  return textOf(runProgram(program, rest, surroundings.cwd, {
    ...(surroundings.stdin === undefined ? {} : { stdin: surroundings.stdin }),
    env: { ...gitEnvironment, ...surroundings.env },
  }));
}

/** A program's output as text. */
export function textOf(outcome: Outcome): Ended {
  return { exit: outcome.exit, stdout: new TextDecoder().decode(outcome.stdout), stderr: outcome.stderr };
}

/** A sound metadata document of a branch on the trunk `main`. */
export function documentOf(branch: string, base: string): string {
  return JSON.stringify({
    kind: "lattice.branch-metadata",
    schema_version: 1,
    branch: { name: branch },
    parent: { kind: "trunk", name: "main" },
    base: { oid: base },
    freeze: { state: "unfrozen" },
    pr: { state: "none" },
    timestamps: { created_at: "2026-01-07T00:00:00Z", updated_at: "2026-01-07T00:00:00Z" },
  });
}

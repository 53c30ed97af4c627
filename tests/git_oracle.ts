/**
 * Real git, as the judge: run with a fixed identity, clock and configuration, so that two runs can be compared.
 *
 * @module
 */
import { execFileSync, spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "./temporary_folder.ts";

/** How a command ended. */
export interface Outcome {
  exit: number;
  stdout: Uint8Array;
  stderr: string;
}

/** Environment in which git and lattice both run in tests: nothing of the machine's own configuration. */
export const gitEnvironment: Readonly<Record<string, string>> = {
  PATH: process.env["PATH"] ?? "/usr/bin:/bin",
  HOME: temporaryFolder(),
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "Cem Sample",
  GIT_AUTHOR_EMAIL: "cem@example.com",
  GIT_AUTHOR_DATE: "1700100000 +0000",
  GIT_COMMITTER_NAME: "Cem Sample",
  GIT_COMMITTER_EMAIL: "cem@example.com",
  GIT_COMMITTER_DATE: "1700100000 +0000",
  TZ: "UTC",
  LC_ALL: "C.UTF-8",
};

/** Runs a program; never throws for its exit status. */
export function runProgram(
  program: string,
  args: readonly string[],
  cwd: string,
  options: { stdin?: string | Uint8Array; env?: Record<string, string> } = {},
): Outcome {
  const result = spawnSync(program, args, {
    cwd,
    env: { ...gitEnvironment, ...options.env },
    input: options.stdin ?? "",
    maxBuffer: 1 << 30,
  });
  if (result.error !== undefined) throw result.error;
  return { exit: result.status ?? 128, stdout: result.stdout, stderr: result.stderr.toString() };
}

/** Runs the system's git; never throws for its exit status. */
export function git(args: readonly string[], cwd: string, stdin?: string | Uint8Array): Outcome {
  return runProgram("git", args, cwd, stdin === undefined ? {} : { stdin });
}

/** Runs git, which must succeed; gives its output as text without the final newline. */
export function gitText(args: readonly string[], cwd: string, stdin?: string | Uint8Array): string {
  const outcome = git(args, cwd, stdin);
  if (outcome.exit !== 0) throw new Error(`git ${args.join(" ")} ended with ${outcome.exit}: ${outcome.stderr}`);
  return new TextDecoder().decode(outcome.stdout).replace(/\n$/, "");
}

let modern: string | undefined;

/** Path of a current git, for reftable and SHA-256. */
export function modernGit(): string {
  modern ??= execFileSync(fileURLToPath(new URL("../../shared/tools/modern-git", import.meta.url)), [], {
    encoding: "utf8",
  }).trim();
  return modern;
}

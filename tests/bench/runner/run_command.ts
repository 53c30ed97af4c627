/**
 * Runs a command and takes its time, or counts its flushes.
 *
 * Output goes to files: a pipe would time the reader as well.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gitEnvironment } from "../../git_oracle.ts";
import type { Command } from "./workload.ts";

/** System calls that make a program wait for the disk. */
const FLUSHES = ["fsync", "fdatasync", "sync_file_range", "syncfs", "sync", "msync"];

/** How a command ended. */
export interface Measured {
  /** From the call that starts it until its end is known. */
  readonly tookMs: number;
  readonly stdout: string;
}

/**
 * Runs a command.
 *
 * @param folder Where its output is kept.
 * @throws {Error} It could not be started, or its exit code is not 0.
 */
export function runCommand({ program, args, cwd, stdin }: Command, folder: string): Measured {
  const stdio = [
    openSync(stdin ?? "/dev/null", "r"),
    ...["out", "err"].map((name) => openSync(join(folder, name), "w")),
  ];
  try {
    const startedMs = performance.now();
    const { status, signal, error } = spawnSync(program, args, { cwd, env: { ...gitEnvironment }, stdio });
    const tookMs = performance.now() - startedMs;
    if (error !== undefined) throw error;
    if (status !== 0) {
      const stderr = readFileSync(join(folder, "err"), "utf8").trim();
      throw new Error(`${program} ${args.join(" ")} ended with ${status ?? signal}: ${stderr}`);
    }
    return { tookMs, stdout: readFileSync(join(folder, "out"), "utf8") };
  } finally {
    for (const descriptor of stdio) closeSync(descriptor);
  }
}

/** A command whose flushes were counted. */
export interface Traced {
  readonly flushes: number;
  readonly stdout: string;
}

/**
 * Runs a command and counts how often it, and all that it starts, flushes.
 *
 * @returns `null` where `strace` cannot be used; the command did not run then.
 */
export function countFlushes(command: Command, folder: string): Traced | null {
  if (spawnSync("strace", ["-f", "-o", "/dev/null", "true"], { stdio: "ignore" }).status !== 0) return null;
  const trace = join(folder, "trace");
  const { stdout } = runCommand({
    ...command,
    program: "strace",
    args: ["-f", "--seccomp-bpf", "-e", `trace=${FLUSHES.join()}`, "-o", trace, command.program, ...command.args],
  }, folder);
  const calls = new RegExp(`^\\d+ +(?:${FLUSHES.join("|")})\\(`, "gm"); // what was interrupted is resumed without one
  return { flushes: readFileSync(trace, "utf8").match(calls)?.length ?? 0, stdout };
}

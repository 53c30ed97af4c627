/**
 * Runs a command and takes its time, or counts its flushes and its memory.
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

/** Such a call in a trace; what was interrupted is resumed without a bracket behind its name. */
const FLUSH = new RegExp(`^\\d+ +(?:${FLUSHES.join("|")})\\(`, "gm");

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

/** What a command was seen to do. */
export interface Observed {
  /** How often it, and all that it starts, flushed; `null` where `strace` cannot be used. */
  readonly flushes: number | null;
  /**
   * The most memory that was resident in it or in one of the processes that it waited for, in MB; `null` where GNU
   * `time` is not there. The system counts a process from its parent's size on, so that what a large program starts
   * looks as large; `time` is small.
   */
  readonly peakMb: number | null;
  readonly stdout: string;
}

/**
 * Runs a command under `strace` and `time`, as far as they are there.
 *
 * @throws {Error} As `runCommand`.
 */
export function observeCommand(command: Command, folder: string): Observed {
  const trace = join(folder, "trace");
  const peak = join(folder, "peak");
  const tracer = ["strace", "-f", "--seccomp-bpf", "-e", `trace=${FLUSHES.join()}`, "-o", trace];
  const timer = ["time", "-f", "%M", "-o", peak];
  const [counts, weighs] = [tracer, timer].map((words) => works([...words, "true"]));
  const [program, ...args] = [
    ...(counts ? tracer : []),
    ...(weighs ? timer : []),
    command.program,
    ...command.args,
  ];
  const { stdout } = runCommand({ ...command, program: program!, args }, folder);
  return {
    flushes: counts ? readFileSync(trace, "utf8").match(FLUSH)?.length ?? 0 : null,
    peakMb: weighs ? Number(readFileSync(peak, "utf8")) / 1024 : null,
    stdout,
  };
}

function works([program, ...args]: readonly string[]): boolean {
  return spawnSync(program!, args, { stdio: "ignore" }).status === 0;
}

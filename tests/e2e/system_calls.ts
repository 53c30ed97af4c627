/**
 * The binary's system calls, seen and disturbed one at a time by strace.
 *
 * @module
 */
import { readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { temporaryFolder } from "../temporary_folder.ts";
import { type Ended, type Surroundings, underProgram } from "./binary.ts";

/** A system call that the main thread makes once it has found what it works on. */
export interface SystemCall {
  readonly name: string;
  /** The how manyth call of that name it is, from 1; strace counts each thread for itself. */
  readonly when: number;
  /** What strace printed, for messages. */
  readonly text: string;
  /** Whether it changes what others see or what survives a power cut. */
  readonly changes: boolean;
}

/** Every call that asks something of a file or of its descriptor. */
const FILE_CALLS = [
  ..."openat open creat read pread64 readv write pwrite64 writev lseek close close_range".split(" "),
  ..."stat lstat fstat newfstatat statx access faccessat faccessat2 readlink readlinkat getdents64".split(" "),
  ..."mkdir mkdirat rmdir link linkat unlink unlinkat rename renameat renameat2 symlink symlinkat".split(" "),
  ..."fsync fdatasync syncfs sync_file_range ftruncate truncate fallocate copy_file_range".split(" "),
  ..."flock fcntl chmod fchmod fchmodat chown fchown fchownat utimensat futimesat".split(" "),
];

const READING = new Set(
  "read pread64 readv lseek close close_range stat lstat fstat newfstatat statx access faccessat faccessat2 readlink readlinkat getdents64 fcntl"
    .split(" "),
);

/** How a disturbed run ended. */
export interface Disturbed extends Ended {
  /** As strace tells it: `exited with 7`, `killed by SIGKILL`. */
  end: string;
  /** Strace's lines of all calls of that name and of `rename`, each descriptor with its path. */
  trace: string[];
}

/**
 * Runs the binary undisturbed and lists its calls, from the first one that names what it works on.
 *
 * @param place That, relative to the working folder.
 */
export function callsOf(
  args: readonly string[],
  surroundings: Surroundings,
  place = ".git",
): { calls: SystemCall[]; ended: Ended } {
  const trace = join(temporaryFolder(), "trace");
  const known = `trace=${FILE_CALLS.map((name) => `?${name}`).join(",")}`;
  const ended = underProgram(["strace", "-f", "--seccomp-bpf", "-e", known, "-o", trace], args, surroundings);
  const lines = readFileSync(trace, "utf8").split("\n");
  const main = /^\d+/.exec(lines[0] ?? "")?.[0];
  const counts = new Map<string, number>();
  const calls: SystemCall[] = [];
  let found = false;
  for (const line of lines) {
    const match = /^(\d+) +(\w+)\((.*)/.exec(line);
    if (match === null || match[1] !== main) continue; // other threads load and compile; children are not looked at
    const [, , name = "", text = ""] = match;
    const when = (counts.get(name) ?? 0) + 1;
    counts.set(name, when);
    found ||= text.includes(`${surroundings.cwd}/${place}`);
    if (!found) continue;
    const opensToRead = name === "openat" && !text.includes("O_CREAT");
    calls.push({ name, when, text: `${name}(${text.slice(0, 2000)}`, changes: !READING.has(name) && !opensToRead });
  }
  return { calls, ended };
}

/**
 * Runs the binary and disturbs one of its calls, which then does nothing: a signal comes before it begins.
 *
 * @param effect What strace does instead of the call, such as `signal=KILL` or `error=ENOSPC`.
 */
export function disturbed(
  call: Pick<SystemCall, "name" | "when">,
  effect: string,
  args: readonly string[],
  surroundings: Surroundings,
): Disturbed {
  const trace = join(temporaryFolder(), "trace");
  const inject = `inject=${call.name}:${effect}:when=${call.when}`;
  // Not with --seccomp-bpf: strace 6.1 then loses the signals that it is to send.
  // Not with -f: only the main thread works on files, and strace stops a thread at each of its calls.
  const strace = ["strace", "-y", "-e", `trace=${call.name},rename`, "-e", inject, "-o", trace];
  const ended = underProgram(strace, args, surroundings);
  const lines = readFileSync(trace, "utf8").split("\n");
  rmSync(dirname(trace), { recursive: true });
  const end = lines.map((line) => /^\+\+\+ (.*) \+\+\+$/.exec(line)?.[1]).findLast((text) => text !== undefined);
  return { ...ended, end: end ?? "no end was seen", trace: lines };
}

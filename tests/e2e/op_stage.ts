/**
 * A repository for operations of several steps, and programs that run below `op run`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { git, gitEnvironment, gitText } from "../git_oracle.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { binary, type Ended, lattice } from "./binary.ts";

/** Without it, git below a program is as any other terminal's. */
export const ANOTHER_TERMINAL = "env -u GIT_CONFIG_COUNT -u LATTICE_OP -u LATTICE_LOCK_TOKEN";

/** What stands in for a program: a script. */
export function opRun(script: string, cwd: string, env: Record<string, string> = {}): Ended {
  return lattice(["op", "run", "--", "sh", "-ec", script], { cwd, env });
}

/** A repository: `main` with three commits, `feat` with one beside the last, `feat` packed, files of each. */
export function stage(): string {
  const cwd = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], cwd);
  for (const name of ["one", "two"]) addFile(cwd, name);
  gitText(["checkout", "-q", "-b", "feat"], cwd);
  addFile(cwd, "feature");
  gitText(["checkout", "-q", "main"], cwd);
  addFile(cwd, "three");
  gitText(["pack-refs", "--all"], cwd);
  return cwd;
}

/** Commits a new file that holds its own name. */
export function addFile(cwd: string, name: string, content = name): void {
  writeFileSync(join(cwd, name), `${content}\n`);
  gitText(["add", name], cwd);
  gitText(["commit", "-q", "-m", name], cwd);
}

/** Everything that an operation is about: all refs but lattice's own, and `HEAD`. */
export function refsOf(cwd: string): string[] {
  const all = gitText(["for-each-ref", "--format=%(refname) %(objectname)"], cwd).split("\n");
  const head = git(["symbolic-ref", "-q", "HEAD"], cwd);
  const value = head.exit === 0 ? new TextDecoder().decode(head.stdout).trim() : gitText(["rev-parse", "HEAD"], cwd);
  return [...all.filter((line) => !line.startsWith("refs/lattice/")), `HEAD ${value}`];
}

/** Ids of the operations, newest first. */
export function operationsIn(cwd: string): { op_id: string; phase: string; command: string }[] {
  return JSON.parse(lattice(["--json", "op", "list"], { cwd }).stdout) as never;
}

/** Runs lattice, which must succeed. */
export function must(args: readonly string[], cwd: string, env: Record<string, string> = {}): string {
  const ended = lattice(args, { cwd, env });
  assert.equal(ended.exit, 0, `${args.join(" ")}: ${ended.stderr}`);
  return ended.stdout.replace(/\n$/, "");
}

/** Nothing is unfinished, and nothing is left of an operation but its journal. */
export function expectIdle(cwd: string): void {
  const status = lattice(["op", "status"], { cwd });
  assert.deepEqual([status.exit, status.stdout], [0, "idle\n"]);
  const all = readdirSync(join(cwd, ".git"), { recursive: true }) as string[];
  assert.deepEqual(all.filter((path) => /\.lock$|^lattice\/(?:tmp\/.|ops\/[^/]*\.d)/.test(path)), [], "left behind");
  const fsck = git(["fsck", "--strict", "--no-dangling", "--no-progress"], cwd);
  assert.deepEqual([fsck.exit, fsck.stderr], [0, ""]);
}

/** `op status` says that an operation is paused, and why. Returns its id. */
export function expectPaused(cwd: string, reason: RegExp): string {
  const status = lattice(["--json", "op", "status"], { cwd });
  assert.equal(status.exit, 5, status.stdout);
  const state = JSON.parse(status.stdout) as { op_id: string; phase: string; awaiting_reason: string };
  assert.equal(state.phase, "paused");
  assert.match(state.awaiting_reason, reason);
  return state.op_id;
}

/** A running `op run`. */
export interface Running {
  readonly pid: number;
  /** How lattice ended. */
  readonly ended: Promise<{ code: number | null; signal: string | null }>;
  /** When the last process is gone that has its output. */
  readonly silent: Promise<void>;
}

/** Starts `op run` with a script, and comes back at once. */
export function startRun(script: string, cwd: string): Running {
  const child = spawn(binary, ["op", "run", "--", "sh", "-ec", script], {
    cwd,
    env: { ...gitEnvironment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout!.resume();
  child.stderr!.resume();
  return {
    pid: child.pid!,
    ended: new Promise((done) => child.on("exit", (code, signal) => done({ code, signal }))),
    silent: new Promise((done) => child.on("close", () => done())),
  };
}

/** A pipe with a name, by which test and program wait for each other. */
export function pipe(): { path: string; read(): string; write(): void } {
  const path = join(temporaryFolder(), "pipe");
  execFileSync("mkfifo", [path]);
  return {
    path,
    read: () => execFileSync("cat", [path], { encoding: "utf8" }).trim(),
    write: () => writeFileSync(path, "go\n"),
  };
}

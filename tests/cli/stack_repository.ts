/**
 * A repository with a small stack, and how commands in it are judged, for the tests of the stack's commands.
 *
 * @module
 */
import assert from "node:assert/strict";
import { temporaryFolder } from "../fixtures.ts";
import { gitText } from "../git_oracle.ts";
import { type Ended, lattice } from "./command_line.ts";

/** main ← a (2 commits) ← b (1 commit) ← c, d (1 commit each); `b` is checked out. */
export function repository(): string {
  const cwd = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], cwd);
  commit(cwd, "first");
  for (const [branch, from, count] of [["a", "main", 2], ["b", "a", 1], ["c", "b", 1], ["d", "b", 1]] as const) {
    gitText(["checkout", "-q", "-b", branch, from], cwd);
    for (let i = 0; i < count; i++) commit(cwd, `${branch}${i}`);
  }
  gitText(["checkout", "-q", "b"], cwd);
  return cwd;
}

/** Adds an empty commit to what is checked out. */
export function commit(cwd: string, message: string): void {
  gitText(["commit", "-q", "--allow-empty", "-m", message], cwd);
}

/** All of it tracked. */
export async function stack(): Promise<string> {
  const cwd = repository();
  for (const [branch, parent] of [["a", "main"], ["b", "a"], ["c", "b"], ["d", "b"]] as const) {
    await succeed(["track", branch, "--parent", parent], cwd);
  }
  return cwd;
}

/** The object that a revision names, by git. */
export const oidOf = (cwd: string, revision: string) => gitText(["rev-parse", revision], cwd);

/** Runs what must succeed. */
export async function succeed(args: string[], cwd: string): Promise<Ended> {
  const ended = await lattice(args, { cwd });
  assert.equal(ended.exit, 0, `${args.join(" ")}: ${ended.stderr}`);
  return ended;
}

/** Runs what must succeed, and reads its JSON. */
export async function answer<T>(args: string[], cwd: string): Promise<T> {
  return JSON.parse((await succeed([...args, "--json"], cwd)).stdout) as T;
}

/** How a command failed, by its JSON. */
export interface Failure {
  exit: number;
  code: string;
  message: string;
  hint: string | null;
  details: Record<string, unknown>;
}

/** Runs what must fail, print no answer, and leave every ref as it was. */
export async function failure(args: string[], cwd: string): Promise<Failure> {
  const before = gitText(["for-each-ref"], cwd);
  const ended = await lattice([...args, "--json"], { cwd });
  assert.equal(ended.stdout, "");
  assert.equal(gitText(["for-each-ref"], cwd), before);
  return { exit: ended.exit, ...(JSON.parse(ended.stderr) as { error: Omit<Failure, "exit"> }).error };
}

/** What readers print of a branch. */
export interface Facts {
  branch: string;
  parent: string | null;
  children: string[];
  base: string | null;
  tip: string | null;
  ahead: number | null;
  behind: number | null;
  frozen: boolean;
  pr: unknown;
  current: boolean;
}

/** The parts of a document that the commands change. */
export interface Metadata {
  parent: unknown;
  base: { oid: string };
  freeze: Record<string, unknown>;
  pr: unknown;
  timestamps: Record<string, string>;
}

/** The stored document of a branch. */
export async function metadataOf(cwd: string, branch: string): Promise<Metadata> {
  return (await answer<{ metadata: Metadata }>(["meta", "get", branch], cwd)).metadata;
}

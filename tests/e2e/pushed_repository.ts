/**
 * A repository with a stack, the bare one that it is pushed to, and lattice's pre-push hook between them.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { temporaryFolder } from "../fixtures.ts";
import { git, gitText } from "../git_oracle.ts";
import { type Ended, lattice, textOf } from "./binary.ts";

/** The two repositories. */
export interface PushedRepository {
  readonly folder: string;
  /** The bare repository, remote `origin`. */
  readonly hub: string;
}

/** `main` is at the hub; `a` stands on it with one commit, `b` on `a`; both are tracked, neither was pushed. */
export function pushedRepository(): PushedRepository {
  const top = temporaryFolder();
  const [folder, hub] = [join(top, "work"), join(top, "hub.git")];
  gitText(["init", "-q", "--bare", "-b", "main", hub], top);
  gitText(["init", "-q", "-b", "main", folder], top);
  gitText(["remote", "add", "origin", hub], folder);
  commit(folder, "first");
  gitText(["push", "-q", "origin", "main"], folder);
  for (const [branch, parent] of [["a", "main"], ["b", "a"]] as const) {
    gitText(["switch", "-q", "-c", branch, parent], folder);
    commit(folder, branch);
    run(folder, "track", branch, "--parent", parent);
  }
  run(folder, "hook", "install");
  return { folder, hub };
}

/** Adds an empty commit to the branch that is checked out. */
export function commit(folder: string, message: string): void {
  gitText(["commit", "-q", "--allow-empty", "-m", message], folder);
}

/** Runs lattice, which must succeed. */
export function run(folder: string, ...args: string[]): string {
  const { exit, stdout, stderr } = lattice(args, { cwd: folder });
  assert.equal(exit, 0, stderr);
  return stdout;
}

/** Runs a push and gives how it ended. */
export function push(folder: string, ...args: string[]): Ended {
  return textOf(git(["push", ...args], folder));
}

/** Branches and tags of the hub, each with the commit it holds. */
export function refsOf({ hub }: PushedRepository): Record<string, string> {
  const lines = gitText(["for-each-ref", "--format=%(refname:short) %(objectname)"], hub).split("\n");
  return Object.fromEntries(lines.map((line) => line.split(" ") as [string, string]));
}

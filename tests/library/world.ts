/**
 * A repository made by git, opened through the library.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type BranchMetadata, createMetadata, openRepository, type Repository } from "../../src/mod.ts";
import { gitText } from "../git_oracle.ts";
import { temporaryFolder } from "../temporary_folder.ts";

/** A repository with two commits: `main` is at the second, `old` names the first. */
export interface World {
  readonly path: string;
  readonly repository: Repository;
  readonly old: string;
  readonly main: string;
}

/** Makes one. */
export function makeWorld(): World {
  const path = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], path);
  gitText(["commit", "-q", "--allow-empty", "-m", "first"], path);
  gitText(["commit", "-q", "--allow-empty", "-m", "second"], path);
  const [main, old] = gitText(["rev-list", "main"], path).split("\n") as [string, string];
  return { path, repository: openRepository({ cwd: path }), old, main };
}

/** A sound document of a branch on `main`. */
export function documentOf(branch: string, base: string): BranchMetadata {
  return createMetadata(branch, { kind: "trunk", name: "main" }, base, 1_767_744_000_000);
}

/** All refs but lattice's own, as git lists them. */
export function refsOf(path: string): Record<string, string> {
  const lines = gitText(["for-each-ref", "--format=%(refname) %(objectname)"], path).split("\n");
  return Object.fromEntries(
    lines.filter((line) => line !== "" && !line.startsWith("refs/lattice/")).map((line) => line.split(" ")),
  ) as Record<string, string>;
}

/** What a promise was rejected with, which must be of a class. */
export async function rejection<T extends Error>(
  promise: Promise<unknown>,
  type: abstract new (...args: never[]) => T,
): Promise<T> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof type, `expected ${type.name}, got ${String(error)}`);
    return error;
  }
  return assert.fail(`expected ${type.name}`);
}

/**
 * Repositories and documents for workloads. Made by git, or by hand where git would take minutes.
 *
 * @module
 */
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gitText } from "../../git_oracle.ts";

/** Where branch metadata is kept. */
export const METADATA_PREFIX = "refs/branch-metadata/";

/** The commit that documents name as their base; no command looks for it. */
const BASE = "5f3a1c9e8b7d604213579bdf02468ace13579bdf";

const PACKED_REFS_HEADER = "# pack-refs with: peeled fully-peeled sorted \n";

/**
 * Makes an empty repository.
 *
 * @param flushAll Whether git is to flush everything that it writes here, refs included: `core.fsync=all`.
 */
export function makeRepository(path: string, flushAll = false): string {
  mkdirSync(path, { recursive: true });
  gitText(["init", "--quiet", "--template=", "--initial-branch=main", path], "/");
  if (flushAll) appendFileSync(join(path, ".git", "config"), "[core]\n\tfsync = all\n");
  return path;
}

/** Name of the branch with a number, so that the order of numbers is that of names. */
export function branchName(number: number): string {
  return `topic-${String(number).padStart(6, "0")}`;
}

/**
 * A metadata document in canonical form, of about the size that real ones have.
 *
 * @param version Documents of a branch with different versions differ.
 */
export function documentOf(branch: string, version = 0): string {
  const updatedAt = new Date(Date.UTC(2026, 0, 1) + version * 1000).toISOString();
  return JSON.stringify({
    kind: "lattice.branch-metadata",
    schema_version: 1,
    branch: { name: branch },
    parent: { kind: "trunk", name: "main" },
    base: { oid: BASE },
    freeze: { state: "unfrozen" },
    pr: {
      state: "linked",
      forge: "github",
      number: 4711,
      url: `https://example.com/sample/project/pull/4711?head=${branch}`,
      last_known: { state: "open", is_draft: false },
    },
    timestamps: { created_at: "2026-01-01T00:00:00Z", updated_at: updatedAt },
  });
}

/** Writes numbered text files into a folder. @returns Their paths, in order. */
export function writeFiles(folder: string, texts: readonly string[]): string[] {
  mkdirSync(folder, { recursive: true });
  return texts.map((text, index) => {
    const path = join(folder, String(index));
    writeFileSync(path, text);
    return path;
  });
}

/** The names that git gives to the contents of files, without storing them. */
export function blobNames(paths: readonly string[]): string[] {
  return gitText(["hash-object", "--no-filters", "--stdin-paths"], "/", `${paths.join("\n")}\n`).split("\n");
}

/** Stores files as blobs. @returns Their names. */
export function storeBlobs(repository: string, paths: readonly string[]): string[] {
  return gitText(["hash-object", "-w", "--no-filters", "--stdin-paths"], repository, `${paths.join("\n")}\n`)
    .split("\n");
}

/** Writes a repository's `packed-refs`. The refs must not name tags. */
export function writePackedRefs(repository: string, refs: ReadonlyMap<string, string>): void {
  const lines = [...refs].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(([name, oid]) => `${oid} ${name}\n`);
  writeFileSync(join(repository, ".git", "packed-refs"), PACKED_REFS_HEADER + lines.join(""));
}

/** Makes a chain of empty commits; no ref names them. @returns Their names, the oldest first. */
export function makeCommits(repository: string, count: number): string[] {
  const tree = gitText(["mktree"], repository);
  const commits: string[] = [];
  for (let number = 0; number < count; number++) {
    const parent = commits.at(-1);
    const parents = parent === undefined ? [] : ["-p", parent];
    commits.push(gitText(["commit-tree", tree, ...parents, "-m", `commit ${number}`], repository));
  }
  return commits;
}

/** The value of a ref, as git reads it; empty where there is none. */
export function refValue(repository: string, ref: string): string {
  return gitText(["for-each-ref", "--format=%(objectname)", ref], repository);
}

/** The refs below a prefix, as git lists them: a line `<oid> <name>` each. */
export function refLines(repository: string, prefix: string): string {
  return gitText(["for-each-ref", "--format=%(objectname) %(refname)", prefix], repository);
}

/**
 * The commits that lattice keeps so that operations can be undone, as git finds them: under the keep ref of an
 * operation is a commit whose parents they are.
 *
 * @returns Those of each operation, the oldest operation first.
 */
export function keptCommits(repository: string): string[][] {
  const format = "--format=%(refname:lstrip=3) %(parent)"; // refs/lattice/keep/<op id>/0
  const kept = gitText(["for-each-ref", format, "refs/lattice/keep/*/0"], repository);
  return kept.split("\n").filter((line) => line !== "").map((line) => line.split(" ").slice(1));
}

/**
 * Small sound repositories, made by git, as trees of bytes: what inputs are put into.
 *
 * @module
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../fixtures.ts";
import { gitText } from "../git_oracle.ts";
import type { TreeSource } from "../simulation/dump.ts";
import { FOLDER } from "./judge.ts";

/** A repository on the real disk, and the same as a tree for the simulated one. */
export interface BaseRepository {
  /** Its work tree on the real disk. */
  readonly folder: string;
  readonly tree: TreeSource;
}

/**
 * Makes a repository: three commits, a branch, an annotated tag, reflogs.
 *
 * @param packed Whether objects and refs are packed.
 */
export function baseRepository(packed: boolean): BaseRepository {
  const folder = join(temporaryFolder(), "repository");
  gitText(["init", "-q", "--template=", "-b", "main", folder], "/"); // no sample hooks: they only cost time
  for (const message of ["one", "two", "three"]) gitText(["commit", "-q", "--allow-empty", "-m", message], folder);
  gitText(["branch", "side", "HEAD~1"], folder);
  gitText(["tag", "-a", "-m", "a tag", "v1"], folder);
  gitText(["config", "core.logAllRefUpdates", "always"], folder);
  if (packed) gitText(["gc", "-q"], folder);
  return { folder, tree: readTree(folder) };
}

/** All files below a folder by the paths that they have on the simulated disk. */
export function readTree(folder: string, into = FOLDER): TreeSource {
  const tree: TreeSource = {};
  const visit = (from: string, to: string): void => {
    for (const entry of readdirSync(from, { withFileTypes: true })) {
      const [source, target] = [join(from, entry.name), `${to}/${entry.name}`];
      if (entry.isDirectory()) {
        tree[target] = null;
        visit(source, target);
      } else {
        tree[target] = entry.isSymbolicLink() ? { link: readlinkSync(source) } : new Uint8Array(readFileSync(source));
      }
    }
  };
  visit(folder, into);
  return tree;
}

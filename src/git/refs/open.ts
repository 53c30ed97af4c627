/**
 * Opens the refs of a repository with the backend that keeps them.
 *
 * @module
 */
import { LatticeError } from "../../platform/errors.ts";
import type { System } from "../../platform/system.ts";
import type { ObjectFormat } from "../object_format.ts";
import { FilesRefStore } from "./files/store.ts";

/** Where the refs are and how they are kept. Paths are absolute. */
export interface RefStoreOptions {
  readonly system: Pick<System, "disk">;
  /** The git directory of this worktree. */
  readonly gitDir: string;
  /** The git directory that all worktrees share. */
  readonly commonDir: string;
  /** How objects are named. */
  readonly format: ObjectFormat;
  /** The backend, from `extensions.refStorage`. */
  readonly refStorage: "files" | "reftable";
}

/**
 * Opens the refs of a repository, seen from one worktree.
 *
 * @throws {LatticeError} `unsupported`: the backend is not the files backend.
 */
export function openRefStore(options: RefStoreOptions): FilesRefStore {
  if (options.refStorage !== "files") {
    throw new LatticeError("unsupported", `the ref storage ${JSON.stringify(options.refStorage)} is not supported`, {
      hint: "`git refs migrate --ref-format=files` turns the repository into one that is",
      details: { ref_storage: options.refStorage, path: options.commonDir },
    });
  }
  return new FilesRefStore({
    disk: options.system.disk,
    gitDir: options.gitDir,
    commonDir: options.commonDir,
    format: options.format,
  });
}

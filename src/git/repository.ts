/**
 * A repository that was found, trusted and understood: the one value that says where everything is.
 *
 * @module
 */
import type { System } from "../platform/system.ts";
import type { Config } from "./config/config.ts";
import type { ObjectFormat } from "./object_format.ts";
import type { ObjectStore } from "./objects/store.ts";
import type { RefStore } from "./refs/store.ts";

/** Where a repository is and how it stores things. All paths are absolute. */
export interface RepositoryLayout {
  /** The git directory of this worktree (`.git`, `.git/worktrees/<id>`, or the bare repository). */
  readonly gitDir: string;
  /** The git directory that all worktrees share. */
  readonly commonDir: string;
  /** The top of the work tree, or `null` when bare. */
  readonly workDir: string | null;
  /** Id of a linked worktree (its folder under `worktrees/`), or `null` in the main one. */
  readonly worktreeId: string | null;
  /** Folder of the objects (`GIT_OBJECT_DIRECTORY`, else `<common dir>/objects`). */
  readonly objectsDir: string;
  /** Whether the repository counts as bare. */
  readonly bare: boolean;
  /** How objects are named. */
  readonly objectFormat: ObjectFormat;
  /** Which backend keeps the refs; `reftable` is refused by name when refs are first asked for. */
  readonly refStorage: "files" | "reftable";
  /** Working directory relative to the top of the work tree, with a final slash; empty at the top. */
  readonly prefix: string;
}

/** An open repository. */
export interface Repository extends RepositoryLayout {
  /** The world that it is in. */
  readonly system: System;
  /** Git's configuration, read once. */
  readonly config: Config;
  /** Its objects. */
  readonly objects: ObjectStore;
  /** Its refs, for reading. */
  readonly refs: RefStore;
}

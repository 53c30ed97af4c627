/**
 * The files backend's own steps, which the transaction needs beside reading.
 *
 * @module
 */
import type { Repository } from "../git/repository.ts";
import { FilesRefStore } from "../git/refs/files/store.ts";
import { isPerWorktreeRef } from "../git/refs/names.ts";
import { openRefStore } from "../git/refs/open.ts";
import { invariant } from "../platform/errors.ts";

/** The refs of a repository as the files backend keeps them. Other backends are refused when they are opened. */
export function filesRefs(repository: Repository): FilesRefStore {
  const { refs } = repository;
  invariant(refs instanceof FilesRefStore, "refs are kept by the files backend");
  return refs;
}

/** Git's lock file of a ref. */
export function lockPath(repository: Repository, ref: string): string {
  return `${filesRefs(repository).loosePath(ref)}.lock`;
}

/** Git's lock file of `packed-refs`. */
export function packedLockPath(repository: Repository): string {
  return `${filesRefs(repository).packedRefsPath}.lock`;
}

/** A folder above a path of refs or reflogs that is surely one. */
export function rootOf(repository: Repository, path: string): string {
  return path.startsWith(`${repository.commonDir}/`) ? repository.commonDir : repository.gitDir;
}

/**
 * The name by which this worktree knows a ref: `worktrees/<own id>/HEAD` is `HEAD` here, and so is
 * `main-worktree/HEAD` in the main worktree. So one file never goes by two names in a transaction.
 */
export function ownName(repository: Repository, name: string): string {
  const prefix = repository.worktreeId === null ? "main-worktree/" : `worktrees/${repository.worktreeId}/`;
  return name.startsWith(prefix) && isPerWorktreeRef(name.slice(prefix.length)) ? name.slice(prefix.length) : name;
}

/** The name by which any worktree knows a ref of the worktree with this id (`null`: the main one). */
export function nameEverywhere(worktreeId: string | null, name: string): string {
  if (!isPerWorktreeRef(name)) return name;
  return worktreeId === null ? `main-worktree/${name}` : `worktrees/${worktreeId}/${name}`;
}

/**
 * A repository as another of its worktrees sees it; names in a journal are those of the worktree that wrote it.
 *
 * @param worktreeId Id of the linked worktree, or `null` for the main one.
 */
export function seenFrom(repository: Repository, worktreeId: string | null): Repository {
  if (worktreeId === repository.worktreeId) return repository;
  const { system, commonDir, objectFormat, refStorage } = repository;
  const gitDir = worktreeId === null ? commonDir : `${commonDir}/worktrees/${worktreeId}`;
  return {
    ...repository,
    gitDir,
    worktreeId,
    workDir: null,
    refs: openRefStore({ system, gitDir, commonDir, format: objectFormat, refStorage }),
  };
}

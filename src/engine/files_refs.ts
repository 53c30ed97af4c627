/**
 * The files backend's own steps, which the transaction needs beside reading.
 *
 * @module
 */
import type { Repository } from "../git/repository.ts";
import { FilesRefStore } from "../git/refs/files/store.ts";
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

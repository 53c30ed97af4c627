/**
 * Explains why a metadata ref cannot be created when another one is in its way: `git branch -m` and `-D` leave
 * metadata behind, and a left-over `a` keeps `a/b` from being stored (in the files backend and by git's rules alike).
 *
 * @module
 */
import type { Repository } from "../git/repository.ts";
import { LatticeError } from "../platform/errors.ts";
import { GitError, quote } from "./errors.ts";
import { branchOfRef, METADATA_PREFIX, metadataRef } from "./ref_name.ts";

/**
 * The error for a metadata ref that is blocked.
 *
 * @param cause What failed.
 * @returns `null`: nothing is in the way, so the cause is another.
 */
export function explainBlockedRef(repository: Repository, branch: string, cause: unknown): GitError | null {
  const ref = metadataRef(branch);
  const blocking = repository.refs.findConflict(ref);
  if (blocking === null || !blocking.startsWith(METADATA_PREFIX)) return null;
  const other = branchOfRef(blocking);
  const leftOver = repository.refs.read(`refs/heads/${other}`) === null;
  const hint = leftOver
    ? `branch ${quote(other)} is gone and left its metadata behind: lattice meta delete ${quote(other)}`
    : `branches ${quote(other)} and ${quote(branch)} cannot both be: rename one of them`;
  const reason = new LatticeError("io", `metadata of branch ${quote(other)} is in the way`, {
    hint,
    details: { blocked_by: blocking },
    cause,
  });
  return new GitError(`cannot store metadata of branch ${quote(branch)}`, ref, reason);
}

/**
 * What programs that use lattice as a library are told when a write fails.
 *
 * @module
 */
import type { Oid } from "../git/object_format.ts";
import type { Repository } from "../git/repository.ts";
import { AlreadyLockedError } from "../locks/repo_lock.ts";
import { type ErrorCode, LatticeError } from "../platform/errors.ts";
import { explainBlockedRef } from "./blocked_ref.ts";
import { CasFailedError, GitError, NotFoundError, ParseError, quote, SerializeError } from "./errors.ts";
import { branchOfRef, METADATA_PREFIX } from "./ref_name.ts";

const OWN_ERRORS = [AlreadyLockedError, CasFailedError, GitError, NotFoundError, ParseError, SerializeError];

/** What these say is not about one ref, or not about git. */
const KEPT_CODES: readonly ErrorCode[] = ["not_found", "op_in_progress", "diverged", "usage", "internal"];

/**
 * An error of the engine in the words of the library; those of locks and of paused operations stay what they are.
 *
 * @param error What was thrown.
 * @param ref The ref that the write was about, where it was about one; `null`: the error says which.
 * @returns What to throw instead.
 */
export function writeError(repository: Repository, error: unknown, ref: string | null): unknown {
  if (!(error instanceof LatticeError) || OWN_ERRORS.some((own) => error instanceof own)) return error;
  const { code, details } = error;
  if (KEPT_CODES.includes(code)) return error;
  const named = typeof details["ref"] === "string" ? details["ref"] : ref;
  if (named === null) return error;
  if (code === "cas_failed" && typeof details["ref"] === "string") {
    if (details["conflicts_with"] === undefined) {
      return new CasFailedError(named, asOid(details["expected"]), asOid(details["actual"]), { cause: error });
    }
    const isMetadata = named.startsWith(METADATA_PREFIX);
    const blocked = isMetadata ? explainBlockedRef(repository, branchOfRef(named), error) : null;
    if (blocked !== null) return blocked;
  }
  return new GitError(`cannot change ${quote(named)}`, named, error);
}

function asOid(value: unknown): Oid | null {
  return typeof value === "string" ? value : null;
}

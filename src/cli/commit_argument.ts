/**
 * A commit that is named on the command line.
 *
 * @module
 */
import type { Oid } from "../git/object_format.ts";
import type { Repository } from "../git/repository.ts";
import { resolveRevision } from "../git/revisions/revision.ts";

/**
 * The commit that a revision leads to.
 *
 * @throws {LatticeError} As `resolveRevision`; where there is none, the error names the revision as it was typed.
 */
export function commitOf(repository: Repository, revision: string): Oid {
  resolveRevision(repository, revision);
  return resolveRevision(repository, `${revision}^{commit}`);
}

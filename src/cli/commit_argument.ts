/**
 * A commit that is named on the command line.
 *
 * @module
 */
import type { Oid } from "../git/object_format.ts";
import { peelTo } from "../git/objects/peel.ts";
import type { Repository } from "../git/repository.ts";
import { resolveRevision } from "../git/revisions/revision.ts";
import { RevisionError } from "../git/revisions/revision_error.ts";

/**
 * The commit that a revision leads to.
 *
 * @throws {LatticeError} As `resolveRevision`; where there is none, the error names the revision as it was typed.
 */
export function commitOf(repository: Repository, revision: string): Oid {
  const oid = resolveRevision(repository, revision);
  const commit = peelTo(repository.objects, oid, "commit");
  if (commit !== null) return commit.oid;
  const message = `revision ${JSON.stringify(revision)} does not lead to a commit`;
  throw new RevisionError({ kind: "wrong-type", oid }, revision, message, {
    hint: "name a commit, or a branch or tag that leads to one, such as main, v1.0 or HEAD~2",
  });
}

/**
 * Commits, their parents, and what two commits have in common (git-merge-base).
 *
 * @module
 */
import { identityDate } from "../identity_line.ts";
import type { Oid } from "../object_format.ts";
import { parseCommit } from "../objects/commit.ts";
import { type History, openHistory } from "../objects/history.ts";
import type { Repository } from "../repository.ts";
import { ancestorsOf } from "./reach.ts";

/** Parents of a commit, as git sees them. */
export function parentsOf(repository: Repository, commit: Oid): readonly Oid[] {
  return history(repository).commitParents(commit).parents;
}

/**
 * Best common ancestors of two commits: those that lead to no other common one. The newest comes first.
 *
 * @throws {LatticeError} A commit on the way is missing or damaged.
 */
export function mergeBases(repository: Repository, one: Oid, two: Oid): Oid[] {
  const { commitParents } = history(repository);
  const parents = (oid: Oid) => commitParents(oid).parents;
  const others = ancestorsOf(parents, [two]);
  const common = [...ancestorsOf(parents, [one])].filter((oid) => others.has(oid));
  // With a commit, all of its ancestors are common, so what leads up to another is the parent of one of them.
  const covered = new Set(common.flatMap(parents));
  const best = common.filter((oid) => !covered.has(oid)).map((oid) => ({
    oid,
    seconds: commitSeconds(repository, oid),
  }));
  return best.sort((a, b) => Number(b.seconds - a.seconds)).map(({ oid }) => oid);
}

function history(repository: Repository): History {
  return openHistory(repository.system.disk, repository.commonDir, repository.objects);
}

function commitSeconds(repository: Repository, oid: Oid): bigint {
  const object = repository.objects.readReplaced(oid);
  const committer = object === null ? null : parseCommit(repository.objectFormat, object.content, oid).committer;
  return identityDate(committer ?? "")?.seconds ?? 0n;
}

/**
 * The trunk: the branch that stacks are based on.
 *
 * @module
 */
import type { Repository } from "../git/repository.ts";

/** Branches that are taken for the trunk, in this order, where `origin/HEAD` says nothing. */
const USUAL_NAMES = ["main", "master", "develop"];

const ORIGIN = "refs/remotes/origin/";

/**
 * Finds the trunk of a repository: the branch that `origin/HEAD` leads to, then `main`, `master`, `develop`.
 *
 * @param configured The name that the configuration gives, which wins.
 * @returns Its short name, or `null` when there is none of these.
 * @throws {LatticeError} `invalid_data`: one of these refs is damaged.
 */
export function findTrunk(repository: Repository, configured?: string): string | null {
  if (configured !== undefined) return configured;
  const head = repository.refs.read(`${ORIGIN}HEAD`)?.value;
  if (head?.kind === "symbolic" && head.target.startsWith(ORIGIN)) return head.target.slice(ORIGIN.length);
  return USUAL_NAMES.find((name) => repository.refs.read(`refs/heads/${name}`) !== null) ?? null;
}

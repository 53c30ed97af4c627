/**
 * The name of a branch by what else it may be called: `@{-<n>}` and `<branch>@{upstream}` (git-check-ref-format).
 *
 * @module
 */
import { isBranchName } from "../../git/refs/names.ts";
import type { Repository } from "../../git/repository.ts";
import { currentBranch, mergeOfBranch, upstreamOfBranch } from "../../git/revisions/upstream.ts";
import { GitExit } from "./context.ts";
import { previousBranch } from "./previous_branch.ts";
import { shortenRef } from "./ref_short_name.ts";

/**
 * Puts a branch's name in the place of a shorthand at the beginning of a text; what follows stays behind it.
 *
 * @returns The text as it is where there is no shorthand, or one that leads to no branch of this repository.
 * @throws {GitExit} 128: there is no upstream, and why.
 * @throws {LatticeError} `invalid_data`: a ref on the way is damaged.
 */
export function expandBranchShorthand(repository: Repository, text: string): string {
  if (text.startsWith("@{-")) {
    const previous = previousBranch(repository, text);
    return previous === null ? text : expandUpstream(repository, previous);
  }
  return expandUpstream(repository, text);
}

function expandUpstream(repository: Repository, text: string): string {
  const match = /^([^:]*?)@\{(?:u|upstream)\}/i.exec(text);
  if (match === null) return text;
  const upstream = upstreamOf(repository, match[1]!);
  return upstream.startsWith("refs/heads/")
    ? shortenRef(repository, upstream, false) + text.slice(match[0].length)
    : text;
}

function upstreamOf(repository: Repository, name: string): string {
  const branch = name === "" || name === "HEAD" ? currentBranch(repository) : name;
  if (branch === null) throw new GitExit(128, "fatal: HEAD does not point to a branch");
  const upstream = upstreamOfBranch(repository, branch);
  if (upstream !== null) return upstream;
  const merge = mergeOfBranch(repository.config, branch);
  if (merge !== null) {
    throw new GitExit(128, `fatal: upstream branch '${merge}' not stored as a remote-tracking branch`);
  }
  const exists = isBranchName(branch) && repository.refs.resolve(`refs/heads/${branch}`).oid !== null;
  throw new GitExit(128, `fatal: ${exists ? "no upstream configured for branch" : "no such branch:"} '${branch}'`);
}

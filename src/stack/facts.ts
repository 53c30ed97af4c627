/**
 * What is known of one branch of the stack: its document, its commits, and where it stands.
 *
 * @module
 */
import type { Oid } from "../git/object_format.ts";
import type { PullRequest } from "../metadata/document.ts";

/** A pull request that is linked, as the document has it. */
export type LinkedPullRequest = Extract<PullRequest, { readonly state: "linked" }>;

/** What is known of a branch; the keys, in this order, are those of the JSON that readers print. */
export interface BranchFacts {
  /** Short name. */
  readonly branch: string;
  /** The branch that it is based on; `null` for a trunk, and for a branch that is not tracked. */
  readonly parent: string | null;
  /** Branches that are based on it, sorted by the bytes of their names. */
  readonly children: readonly string[];
  /** The commit on which it begins; `null` without a document, and for a trunk. */
  readonly base: Oid | null;
  /** The commit that the branch holds; `null`: there is no such branch. */
  readonly tip: Oid | null;
  /** How many commits lead up to the tip and not to the base; `null`: there is none of the two, or it cannot be told. */
  readonly ahead: number | null;
  /** How many commits lead up to the base and not to the tip: 0 while the branch stands on its base. `null` likewise. */
  readonly behind: number | null;
  /** Whether a freeze, its own or that of a branch above it, reaches it. */
  readonly frozen: boolean;
  /** The pull request; `null`: none is linked. */
  readonly pr: LinkedPullRequest | null;
  /** Whether it is checked out in this worktree. */
  readonly current: boolean;
}

/** Gives the facts of a branch by its name. */
export type FactsOf = (branch: string) => BranchFacts;

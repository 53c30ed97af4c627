/**
 * The branch metadata document: what lattice knows of a branch, as it is stored in the blob that
 * `refs/branch-metadata/<branch>` names.
 *
 * The types say what stands in a sound document; `parse.ts` checks bytes against them, `serialize.ts` writes them.
 *
 * @module
 */
import type { Oid } from "../git/object_format.ts";

/** Value of `kind`: tells our documents from those of other tools in the same namespace. */
export const DOCUMENT_KIND = "lattice.branch-metadata";

/** The one schema version that is read and written. */
export const SCHEMA_VERSION = 1;

/** Largest document in bytes; a larger one is refused before it is parsed. */
export const DOCUMENT_BYTES_MAX = 1024 * 1024;

/** Values of `parent.kind`. */
export const PARENT_KINDS = ["branch", "trunk"] as const;

/** Values of `freeze.scope`. */
export const FREEZE_SCOPES = ["single", "downstack_inclusive"] as const;

/** Values of `pr.forge`. */
export const FORGES = ["github", "gitlab"] as const;

/** Values of `pr.last_known.state`. */
export const PR_STATES = ["open", "closed", "merged"] as const;

/** Whether the parent is a branch of the stack, or the trunk that stacks are based on. */
export type ParentKind = typeof PARENT_KINDS[number];

/** How far a freeze reaches: the branch alone, or all branches below it as well. */
export type FreezeScope = typeof FREEZE_SCOPES[number];

/** Where pull requests live. */
export type Forge = typeof FORGES[number];

/** What a pull request was when it was last asked for. */
export type PullRequestState = typeof PR_STATES[number];

/** The branch that this one is based on. */
export interface Parent {
  /** A branch of the stack, or the trunk. */
  readonly kind: ParentKind;
  /** Short name, as after `refs/heads/`. */
  readonly name: string;
}

/** Whether the branch may be changed. */
export type Freeze =
  | { readonly state: "unfrozen" }
  | {
    readonly state: "frozen";
    readonly scope: FreezeScope;
    /** Why, in somebody's words. */
    readonly reason: string | null;
    /** RFC 3339, UTC. */
    readonly frozen_at: string;
  };

/** The pull request of the branch. */
export type PullRequest =
  | { readonly state: "none" }
  | {
    readonly state: "linked";
    readonly forge: Forge;
    /** At least 1, at most 2^53 - 1. */
    readonly number: number;
    readonly url: string;
    /** What the forge said last; `null` when it was never asked. */
    readonly last_known: { readonly state: PullRequestState; readonly is_draft: boolean } | null;
  };

/** A sound document. The order of its fields is the order of the keys in the stored bytes. */
export interface BranchMetadata {
  /** Tells the document from those of other tools. */
  readonly kind: typeof DOCUMENT_KIND;
  /** Version of the schema. */
  readonly schema_version: typeof SCHEMA_VERSION;
  /** The branch that the document is of. */
  readonly branch: {
    /** The branch that the ref is named for. */
    readonly name: string;
  };
  /** What the branch is based on. */
  readonly parent: Parent;
  /** Where the branch begins. */
  readonly base: {
    /** The commit of the parent on which the branch begins. */
    readonly oid: Oid;
  };
  /** Whether the branch may be changed. */
  readonly freeze: Freeze;
  /** The pull request of the branch. */
  readonly pr: PullRequest;
  /** When the document was made and changed. */
  readonly timestamps: {
    /** RFC 3339, UTC. */
    readonly created_at: string;
    /** RFC 3339, UTC. */
    readonly updated_at: string;
  };
}

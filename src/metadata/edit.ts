/**
 * New documents, and changes of single fields: pure functions from a sound document to a sound document.
 *
 * @module
 */
import type { Oid } from "../git/object_format.ts";
import { LatticeError } from "../platform/errors.ts";
import {
  type BranchMetadata,
  DOCUMENT_KIND,
  type Forge,
  FORGES,
  type Freeze,
  type FreezeScope,
  type Parent,
  type PullRequest,
  SCHEMA_VERSION,
} from "./document.ts";
import { quote } from "./errors.ts";
import { formatTimestamp } from "./timestamp.ts";

/** What is to change; a field that is left out stays as it is. */
export interface MetadataEdit {
  /** What it is based on. */
  readonly parent?: Parent;
  /** The commit of the parent on which it begins. */
  readonly base?: Oid;
  /** A scope freezes the branch, or changes how far its freeze reaches; `null` unfreezes it. */
  readonly freeze?: FreezeScope | null;
  /** Why it is frozen; `null` takes the reason away. Only for a branch that is frozen then. */
  readonly reason?: string | null;
  /** The pull request; `null` unlinks it. */
  readonly pr?: PullRequestLink | null;
}

/** Which pull request belongs to a branch. */
export interface PullRequestLink {
  /** Where it lives. */
  readonly forge: Forge;
  /** At least 1. */
  readonly number: number;
  /** Its page. */
  readonly url: string;
}

/**
 * The document of a branch that had none: not frozen, without a pull request.
 *
 * @param atMs Time of creation, in milliseconds since 1970.
 *
 * @example
 * ```ts
 * import { createMetadata } from "../mod.ts";
 *
 * const base = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
 * const document = createMetadata("feature-b", { kind: "branch", name: "feature-a" }, base, Date.now());
 * if (document.freeze.state !== "unfrozen") throw new Error("a new branch is not frozen");
 * ```
 */
export function createMetadata(branch: string, parent: Parent, base: Oid, atMs: number): BranchMetadata {
  const now = formatTimestamp(atMs);
  return {
    kind: DOCUMENT_KIND,
    schema_version: SCHEMA_VERSION,
    branch: { name: branch },
    parent,
    base: { oid: base },
    freeze: { state: "unfrozen" },
    pr: { state: "none" },
    timestamps: { created_at: now, updated_at: now },
  };
}

/**
 * Changes fields and sets `updated_at`.
 *
 * A branch that is frozen already keeps the time and, unless another is given, the reason of its freeze; a pull
 * request that is linked already keeps what the forge said of it last.
 *
 * @param atMs Time of the change, in milliseconds since 1970.
 * @throws {LatticeError} `usage`: a reason without a freeze.
 *
 * @example
 * ```ts
 * import { createMetadata, editMetadata } from "../mod.ts";
 *
 * const base = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
 * const before = createMetadata("topic", { kind: "trunk", name: "main" }, base, Date.now());
 * const after = editMetadata(before, { freeze: "single", reason: "under review" }, Date.now());
 * if (after.freeze.state !== "frozen") throw new Error("it is frozen now");
 * ```
 */
export function editMetadata(document: BranchMetadata, edit: MetadataEdit, atMs: number): BranchMetadata {
  const now = formatTimestamp(atMs);
  return {
    ...document,
    parent: edit.parent ?? document.parent,
    base: edit.base === undefined ? document.base : { oid: edit.base },
    freeze: editFreeze(document, edit, now),
    pr: edit.pr === undefined ? document.pr : editPullRequest(document.pr, edit.pr),
    timestamps: { created_at: document.timestamps.created_at, updated_at: now },
  };
}

/**
 * Reads `<forge>:<number>:<url>`.
 *
 * @throws {LatticeError} `usage`.
 */
export function parsePullRequestLink(text: string): PullRequestLink {
  const match = /^([^:]*):([1-9][0-9]*):(.+)$/s.exec(text);
  const forge = FORGES.find((known) => known === match?.[1]);
  const number = Number(match?.[2]);
  if (match === null || forge === undefined || !Number.isSafeInteger(number)) {
    throw new LatticeError("usage", `${quote(text)} names no pull request`, {
      hint: `write <forge>:<number>:<url>, where the forge is ${FORGES.join(" or ")}`,
    });
  }
  return { forge, number, url: match[3]! };
}

function editFreeze(document: BranchMetadata, edit: MetadataEdit, now: string): Freeze {
  const old = document.freeze;
  const scope = edit.freeze === undefined && old.state === "frozen" ? old.scope : edit.freeze ?? null;
  if (scope === null) {
    if (typeof edit.reason === "string") throw reasonWithoutFreeze(document.branch.name);
    return { state: "unfrozen" };
  }
  const kept = old.state === "frozen" ? old : { reason: null, frozen_at: now };
  return {
    state: "frozen",
    scope,
    reason: edit.reason === undefined ? kept.reason : edit.reason,
    frozen_at: kept.frozen_at,
  };
}

function editPullRequest(old: PullRequest, link: PullRequestLink | null): PullRequest {
  if (link === null) return { state: "none" };
  const same = old.state === "linked" && old.forge === link.forge && old.number === link.number;
  const { forge, number, url } = link;
  return { state: "linked", forge, number, url, last_known: same ? old.last_known : null };
}

function reasonWithoutFreeze(branch: string): LatticeError {
  return new LatticeError("usage", `branch ${quote(branch)} is not frozen, so there is nothing to give a reason for`, {
    hint: "freeze it in the same command: --freeze single --reason <text>",
  });
}

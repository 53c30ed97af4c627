/**
 * Names of objects on a plumbing command's line or input: what they stand for, told apart as git tells it.
 *
 * @module
 */
import type { Oid } from "../../git/object_format.ts";
import type { Repository } from "../../git/repository.ts";
import { completeRefName } from "../../git/revisions/ref_names.ts";
import { resolveRevision, type RevisionOptions } from "../../git/revisions/revision.ts";
import { upstreamRef } from "../../git/revisions/upstream.ts";
import { LatticeError } from "../../platform/errors.ts";
import { previousBranch } from "./previous_branch.ts";

/** What a name stands for. */
export type NamedObject =
  | { readonly kind: "found"; readonly oid: Oid }
  | { readonly kind: "missing" }
  | { readonly kind: "ambiguous"; readonly oids: readonly Oid[] };

const MISSING: NamedObject = { kind: "missing" };

/**
 * Finds the object that a name stands for; a full object name need not exist.
 *
 * @throws {LatticeError} `usage`: the name uses a part of git's grammar that is not supported, and says which;
 *   `invalid_data`: a ref, reflog or object on the way is damaged.
 */
export function nameObject(repository: Repository, name: string, options: RevisionOptions = {}): NamedObject {
  // These mean something in a list of revisions; as the name of one object they are nothing to git.
  if (name === "" || /^(?:\^|:\()|\^(?:[!@]|-[0-9]*)$/.test(name)) return MISSING;
  if (name.includes("..") && !/:|\{\//.test(name)) return MISSING;
  try {
    return { kind: "found", oid: resolveRevision(repository, name, options) };
  } catch (error) {
    if (!(error instanceof LatticeError)) throw error;
    if (error.code === "not_found") return MISSING;
    if (error.code !== "usage") throw error;
    const { candidates, oid } = error.details;
    if (Array.isArray(candidates)) return { kind: "ambiguous", oids: candidates as Oid[] };
    if (oid !== undefined) return MISSING; // it leads to an object of another type
    throw error;
  }
}

/** What git says on standard error of an abbreviation that several objects share. */
export function ambiguousHint(name: string, oids: readonly Oid[]): string {
  return `error: short object ID ${name} is ambiguous\nhint: The candidates are:\n` +
    oids.map((oid) => `hint:   ${oid}\n`).join("");
}

/** The refs that a short name may stand for. */
export interface ExpandedRef {
  /** How many there are. */
  readonly matches: number;
  /** The one that counts: where it leads, by its full name; `null`: none. */
  readonly first: string | null;
}

/** Completes a ref's name, `@`, `@{-<n>}` and `@{upstream}` included, and follows it. */
export function expandRef(repository: Repository, name: string): ExpandedRef {
  const found = completeRefName(repository.refs, plainName(repository, name));
  return { matches: found.length, first: found[0]?.end.name ?? null };
}

function plainName(repository: Repository, name: string): string {
  if (name === "@") return "HEAD";
  const mark = /^(.*)@\{(?:u|upstream)\}$/is.exec(name);
  if (mark === null) return previousBranch(repository, name) ?? name;
  const branch = mark[1] === "" || mark[1] === "@" || mark[1] === "HEAD" ? currentBranch(repository) : mark[1]!;
  return (branch === null ? null : upstreamRef(repository.config, branch)) ?? name;
}

function currentBranch(repository: Repository): string | null {
  const head = repository.refs.read("HEAD")?.value;
  const heads = "refs/heads/";
  return head?.kind === "symbolic" && head.target.startsWith(heads) ? head.target.slice(heads.length) : null;
}

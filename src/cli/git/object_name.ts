/**
 * Names of objects on a plumbing command's line or input: what they stand for, told apart as git tells it.
 *
 * @module
 */
import type { Oid } from "../../git/object_format.ts";
import type { Repository } from "../../git/repository.ts";
import { completeRefName } from "../../git/revisions/ref_names.ts";
import { resolveRevision, type RevisionOptions } from "../../git/revisions/revision.ts";
import { RevisionError } from "../../git/revisions/revision_error.ts";
import { currentBranch, upstreamOfBranch } from "../../git/revisions/upstream.ts";
import { previousBranch } from "./previous_branch.ts";
import { LatticeError } from "../../platform/errors.ts";

/** What a name stands for. */
export type NamedObject =
  | { readonly kind: "found"; readonly oid: Oid }
  | { readonly kind: "missing" }
  | { readonly kind: "ambiguous"; readonly oids: readonly Oid[] };

const MISSING: NamedObject = { kind: "missing" };

/**
 * Finds the object that a name stands for; a full object name need not exist.
 *
 * @throws {RevisionError} `unsupported`: the name uses a part of git's grammar that is not supported, and says which;
 *   `missing` with `beyond`: a reflog is too short, or there is no upstream.
 * @throws {LatticeError} `invalid_data`: a ref, reflog or object on the way is damaged.
 */
export function nameObject(repository: Repository, name: string, options: RevisionOptions = {}): NamedObject {
  // These mean something in a list of revisions; as the name of one object they are nothing to git.
  if (name === "" || /^(?:\^|:\()|\^(?:[!@]|-[0-9]*)$/.test(name)) return MISSING;
  if (name.startsWith("@{-") && previousBranch(repository, name) === null) return MISSING;
  if (name.includes("..") && !/:|\{\//.test(name)) return MISSING;
  try {
    return { kind: "found", oid: resolveRevision(repository, name, options) };
  } catch (error) {
    if (error instanceof RevisionError) return unlessUnsupported(error);
    if (error instanceof LatticeError && error.code === "not_found") return MISSING; // an object on the way
    throw error;
  }
}

function unlessUnsupported(error: RevisionError): NamedObject {
  const { failure } = error;
  switch (failure.kind) {
    case "missing":
      if (failure.beyond !== undefined) throw error; // git dies of it, and asks no further what the name may be
      return MISSING;
    case "wrong-type":
      return MISSING;
    case "ambiguous":
      return { kind: "ambiguous", oids: failure.candidates };
    case "unsupported":
      throw error;
  }
}

/** Like {@link nameObject}; `null`: there is no such object, or none that is clear. */
export function resolveName(repository: Repository, name: string): Oid | null {
  const named = nameObject(repository, name);
  return named.kind === "found" ? named.oid : null;
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

/** Completes a ref's name, `@` and `@{upstream}` included, and follows it. */
export function expandRef(repository: Repository, name: string): ExpandedRef {
  const found = completeRefName(repository.refs, plainName(repository, name));
  return { matches: found.length, first: found[0]?.end.name ?? null };
}

function plainName(repository: Repository, name: string): string {
  if (name === "@") return "HEAD";
  const mark = /^(.*)@\{(?:u|upstream)\}$/is.exec(name);
  if (mark === null) return name;
  const branch = ["", "@", "HEAD"].includes(mark[1]!) ? currentBranch(repository) : mark[1]!;
  return (branch === null ? null : upstreamOfBranch(repository, branch)) ?? name;
}

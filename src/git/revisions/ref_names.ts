/**
 * Completing short names of refs by git's rules (gitrevisions, "<refname>").
 *
 * @module
 */
import { isDamage } from "../../platform/errors.ts";
import { checkRefName, isRootRefSyntax } from "../refs/names.ts";
import type { RefStore, ResolvedRef } from "../refs/store.ts";

/** What may stand before and behind a short name, in the order in which git tries. */
export const COMPLETIONS: readonly (readonly [before: string, behind: string])[] = [
  ["", ""],
  ["refs/", ""],
  ["refs/tags/", ""],
  ["refs/heads/", ""],
  ["refs/remotes/", ""],
  ["refs/remotes/", "/HEAD"],
];

/** A ref that a short name stands for. */
export interface CompletedRef {
  /** The full name. */
  readonly name: string;
  /** Where it leads; its object name is never `null`. */
  readonly end: ResolvedRef & { readonly oid: string };
}

/**
 * Finds the refs that a short name may stand for, the one that counts first.
 *
 * @returns Empty when there is none. More than one: the name is ambiguous, and git takes the first with a warning.
 * @throws {LatticeError} `invalid_data`: one of them is damaged; `io`.
 */
export function completeRefName(refs: RefStore, short: string): CompletedRef[] {
  const found: CompletedRef[] = [];
  for (const name of candidates(short)) {
    const end = resolveCandidate(refs, name);
    if (end !== null && end.oid !== null) found.push({ name, end: { name: end.name, oid: end.oid } });
  }
  return found;
}

/**
 * Finds the reflog that a short name stands for: that of the ref itself, or of the one that it points to.
 *
 * @returns The name of the ref whose log it is, or `null`.
 */
export function completeReflogName(refs: RefStore, short: string): string | null {
  for (const { name, end } of completeRefName(refs, short)) {
    for (const owner of [name, end.name]) if (refs.reflogNewestFirst(owner) !== null) return owner;
  }
  return null;
}

function candidates(short: string): string[] {
  const names = COMPLETIONS.map(([before, behind]) => `${before}${short}${behind}`);
  return names.filter((name) => checkRefName(name, { allowOneLevel: true }) === null);
}

/** `null`: no such ref. Files such as `config` beside the refs are no damaged refs. */
function resolveCandidate(refs: RefStore, name: string): ResolvedRef | null {
  try {
    return refs.resolve(name);
  } catch (error) {
    const couldBeRef = name.includes("/")
      ? name.startsWith("refs/") || /^(?:main-worktree|worktrees)\//.test(name)
      : isRootRefSyntax(name);
    if (!couldBeRef && isDamage(error)) return null;
    throw error;
  }
}

/**
 * Which lines of a reflog go (git-reflog, "expire" and "delete"). Nothing is written here.
 *
 * @module
 */
import { LatticeError } from "../../platform/errors.ts";
import type { Oid } from "../object_format.ts";
import { openAncestry } from "../objects/ancestry.ts";
import { peelIfPossible } from "../objects/peel.ts";
import { refScope } from "../refs/names.ts";
import { SECONDS_MAX } from "../refs/reflog.ts";
import type { ReflogEntry } from "../refs/store.ts";
import type { Repository } from "../repository.ts";
import { ancestorsOf } from "./reach.ts";

/** What is to go. Times are in seconds since 1970; an infinite one is git's last second, 0 is before every line. */
export interface ReflogExpiry {
  /** Lines older than this go. */
  readonly total: number;
  /** Lines older than this go where the old or the new commit is not reachable from what the ref holds now. */
  readonly unreachable: number;
  /** The line of this number goes, counted from the newest one, which is 0. */
  readonly number?: number;
  /** The old value of each line becomes the new one of the line that then precedes it. */
  readonly rewrite: boolean;
}

/** A line of a reflog, and what becomes of it. */
export interface JudgedEntry {
  /** The line as it is to be written. */
  readonly entry: ReflogEntry;
  readonly keep: boolean;
}

/** Answers for one repository; what was learned of its history is kept. */
export type ReflogJudge = (ref: string, entries: readonly ReflogEntry[], expiry: ReflogExpiry) => JudgedEntry[];

/** Makes the judge of a repository. */
export function openReflogJudge(repository: Repository): ReflogJudge {
  let fromAllRefs: ReadonlySet<Oid> | undefined;
  return (ref, entries, expiry) => {
    let known: ReadonlySet<Oid> | null | undefined;
    // HEAD goes from branch to branch, so for its reflog everything that a ref leads to counts.
    const reachable = () => {
      if (known === undefined) {
        known = isHead(ref) ? fromAllRefs ??= reachableFrom(repository, refTips(repository)) : fromTip(repository, ref);
      }
      return known;
    };
    return judge(repository, entries, expiry, reachable);
  };
}

function exactSeconds(time: number): bigint {
  return Number.isFinite(time) ? BigInt(Math.floor(time)) : SECONDS_MAX;
}

/** @param reachable Commits that count as reachable; `null`: none does, since the ref holds no commit. */
function judge(
  repository: Repository,
  entries: readonly ReflogEntry[],
  expiry: ReflogExpiry,
  reachable: () => ReadonlySet<Oid> | null,
): JudgedEntry[] {
  const { zero } = repository.objectFormat;
  const [total, unreachable] = [exactSeconds(expiry.total), exactSeconds(expiry.unreachable)];
  const whatever = expiry.unreachable <= expiry.total;
  const isLost = (oid: Oid): boolean => {
    if (oid === zero) return false;
    const commit = peelIfPossible(repository.objects, oid, "commit");
    return commit !== null && reachable()?.has(commit.oid) !== true;
  };
  const expires = (old: Oid, { new: value, seconds }: ReflogEntry): boolean => {
    if (seconds < total) return true;
    if (seconds >= unreachable) return false;
    return whatever || reachable() === null || isLost(old) || isLost(value);
  };
  let lastKept = zero;
  return entries.map((entry, index) => {
    const old = expiry.rewrite ? lastKept : entry.old;
    const keep = !expires(old, entry) && entries.length - 1 - index !== expiry.number;
    if (keep) lastKept = entry.new;
    return { entry: { ...entry, old }, keep };
  });
}

function isHead(ref: string): boolean {
  const scope = refScope(ref);
  return (scope.kind === "main" || scope.kind === "other" ? scope.bareName : ref) === "HEAD";
}

/** Every commit that a ref leads to; symbolic refs lead nowhere else, and broken ones nowhere. */
function refTips(repository: Repository): Oid[] {
  const tips: Oid[] = [];
  for (const { value } of repository.refs.list("refs/", () => undefined)) {
    const commit = value.kind === "direct" ? peelIfPossible(repository.objects, value.oid, "commit") : null;
    if (commit !== null) tips.push(commit.oid);
  }
  return tips;
}

function fromTip(repository: Repository, ref: string): ReadonlySet<Oid> | null {
  const { oid } = repository.refs.resolve(ref);
  const commit = oid === null ? null : peelIfPossible(repository.objects, oid, "commit");
  return commit === null ? null : reachableFrom(repository, [commit.oid]);
}

/** What can be reached in the history that is here. */
function reachableFrom(repository: Repository, tips: readonly Oid[]): ReadonlySet<Oid> {
  const ancestry = openAncestry(repository);
  return ancestorsOf((oid) => {
    try {
      return ancestry.visibleParents(oid);
    } catch (error) {
      const isAbsent = error instanceof LatticeError &&
        (error.code === "not_found" || error.details["promised"] === true);
      if (isAbsent) return [];
      throw error;
    }
  }, tips);
}

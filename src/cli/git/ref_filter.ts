/**
 * Which refs `for-each-ref` shows: by patterns, by the objects they point at, by the commits they contain.
 *
 * @module
 */
import type { Oid } from "../../git/object_format.ts";
import type { Repository } from "../../git/repository.ts";
import { compareNames } from "../../platform/text.ts";
import { ancestorsOf, containsTest } from "../../git/revisions/reach.ts";
import { headerLine } from "./message_parts.ts";
import { bytesToName } from "../../platform/text.ts";
import { listRefs, type RefItem } from "./ref_item.ts";
import type { ValueSource } from "./ref_value.ts";
import { compileWildmatch, type Matcher } from "../../git/wildmatch.ts";

/** What is asked of refs. Empty lists ask nothing. */
export interface RefFilter {
  readonly patterns: readonly string[];
  readonly excluded: readonly string[];
  readonly ignoreCase: boolean;
  readonly pointsAt: readonly Oid[];
  readonly contains: readonly Oid[];
  readonly withoutCommits: readonly Oid[];
  readonly merged: readonly Oid[];
  readonly notMerged: readonly Oid[];
}

/** Makes the test whether a full name is selected by patterns: equal, below one as a folder, or matching as a glob. */
export function nameMatcher(patterns: readonly string[], ignoreCase: boolean): Matcher {
  const matchers = patterns.map((pattern): Matcher => {
    const glob = compileWildmatch(pattern, { pathname: true, ignoreCase });
    const folder = pattern.endsWith("/") ? pattern : `${pattern}/`;
    return (name) => name === pattern || name.startsWith(folder) || glob(name);
  });
  return (name) => matchers.some((matches) => matches(name));
}

/**
 * Lists the refs below `refs/` that pass the patterns, sorted by name; only folders that patterns can match are read.
 */
export function listMatching(
  repository: Repository,
  filter: RefFilter,
  onBroken: (name: string, error: unknown) => void,
): RefItem[] {
  const wanted = patternTest(filter);
  const items: RefItem[] = [];
  for (const prefix of prefixesOf(filter)) {
    for (const item of listRefs(repository, prefix, onBroken)) if (wanted(item.name)) items.push(item);
  }
  return items;
}

/** The test of names that patterns and exclusions make together. */
export function patternTest(filter: RefFilter): Matcher {
  const included = filter.patterns.length === 0 ? () => true : nameMatcher(filter.patterns, filter.ignoreCase);
  const excluded = nameMatcher(filter.excluded, filter.ignoreCase);
  return (name) => included(name) && !excluded(name);
}

/** Beginnings of all names that the patterns can match, none of them the beginning of another. */
function prefixesOf(filter: RefFilter): string[] {
  if (filter.patterns.length === 0 || filter.ignoreCase) return ["refs/"];
  const prefixes = filter.patterns.map((pattern) => /^[^*?[\\]*/.exec(pattern)![0]).sort(compareNames);
  const kept: string[] = [];
  for (const prefix of prefixes) {
    const last = kept.at(-1);
    if (last === undefined || !prefix.startsWith(last)) kept.push(prefix);
  }
  return kept;
}

/** Keeps the refs that lead to the wanted objects and commits. */
export function filterByObjects(source: ValueSource, filter: RefFilter, items: readonly RefItem[]): RefItem[] {
  return filterByCommits(source, filter, filterByPointsAt(source.repository, filter.pointsAt, items));
}

/** A tag also points at what it names itself. */
function filterByPointsAt(repository: Repository, oids: readonly Oid[], items: readonly RefItem[]): RefItem[] {
  if (oids.length === 0) return [...items];
  const wanted = new Set(oids);
  return items.filter(({ oid }) => {
    if (wanted.has(oid)) return true;
    if (repository.objects.info(oid)?.type !== "tag") return false;
    const tag = repository.objects.readReplaced(oid);
    const target = tag === null ? null : headerLine(bytesToName(tag.content), "object");
    return target !== null && wanted.has(target);
  });
}

function filterByCommits(source: ValueSource, filter: RefFilter, items: readonly RefItem[]): RefItem[] {
  const tests = commitTests(source, filter);
  if (tests.length === 0) return [...items];
  return items.filter(({ oid }) => {
    const commit = source.commitOf(oid);
    return commit !== null && tests.every((passes) => passes(commit));
  });
}

function commitTests({ parentsOf }: ValueSource, filter: RefFilter): ((commit: Oid) => boolean)[] {
  const tests: ((commit: Oid) => boolean)[] = [];
  if (filter.contains.length > 0) tests.push(containsTest(parentsOf, new Set(filter.contains)));
  if (filter.withoutCommits.length > 0) {
    const contains = containsTest(parentsOf, new Set(filter.withoutCommits));
    tests.push((commit) => !contains(commit));
  }
  if (filter.merged.length > 0) {
    const reachable = ancestorsOf(parentsOf, filter.merged);
    tests.push((commit) => reachable.has(commit));
  }
  if (filter.notMerged.length > 0) {
    const reachable = ancestorsOf(parentsOf, filter.notMerged);
    tests.push((commit) => !reachable.has(commit));
  }
  return tests;
}

/**
 * The order of refs by one or more fields (`--sort`).
 *
 * @module
 */
import type { Repository } from "../../git/repository.ts";
import { compareNames } from "../../platform/text.ts";
import { GitExit } from "./context.ts";
import { type Field, parseAtom } from "./ref_atom.ts";
import type { RefItem } from "./ref_item.ts";
import type { Evaluate, FieldResult } from "./ref_value.ts";
import { compareVersions } from "./version_compare.ts";

/** One key to sort by. */
export interface SortKey {
  readonly field: Field;
  readonly deref: boolean;
  readonly reverse: boolean;
  readonly version: boolean;
}

/**
 * Reads the value of one `--sort`.
 *
 * @throws {GitExit} As `parseAtom`.
 */
export function parseSortKey(text: string): SortKey {
  const reverse = text.startsWith("-");
  const [, version, name] = /^(v(?:ersion)?:)?(.*)$/s.exec(reverse ? text.slice(1) : text)!;
  const { field, deref } = parseAtom(name!);
  switch (field.kind) {
    case "align":
    case "if":
    case "then":
    case "else":
    case "end":
      throw new GitExit(129, `error: sorting by %(${name}) is not supported`);
  }
  return { field, deref, reverse, version: version !== undefined };
}

/**
 * Sorts refs.
 *
 * @param keys The first decides; where all are equal, names do, in ascending order.
 * @param ignoreCase Texts are compared without regard to the case of ASCII letters.
 */
export function sortRefs(
  repository: Repository,
  items: readonly RefItem[],
  keys: readonly SortKey[],
  ignoreCase: boolean,
  evaluate: Evaluate,
): RefItem[] {
  const suffixes = versionSuffixes(repository);
  const keyed = items.map((item) => ({
    item,
    values: keys.map((key) => evaluate(item, key.field, key.deref)),
  }));
  keyed.sort((a, b) => {
    for (const [index, key] of keys.entries()) {
      const order = compareValues(key, a.values[index]!, b.values[index]!, ignoreCase, suffixes);
      if (order !== 0) return key.reverse ? -order : order;
    }
    return compareTexts(a.item.name, b.item.name, ignoreCase);
  });
  return keyed.map(({ item }) => item);
}

function versionSuffixes(repository: Repository): readonly string[] {
  const current = repository.config.getAll("versionsort.suffix");
  return current.length > 0 ? current : repository.config.getAll("versionsort.prereleasesuffix");
}

function compareValues(
  key: SortKey,
  a: FieldResult,
  b: FieldResult,
  ignoreCase: boolean,
  suffixes: readonly string[],
): number {
  if (key.version) return compareVersions(a.text, b.text, suffixes);
  if (isNumeric(key.field)) {
    const [x, y] = [a.number ?? 0n, b.number ?? 0n];
    return x < y ? -1 : x > y ? 1 : 0;
  }
  return compareTexts(a.text, b.text, ignoreCase);
}

function isNumeric(field: Field): boolean {
  switch (field.kind) {
    case "objectsize":
    case "numparent":
      return true;
    case "person":
      return field.part.kind === "date";
    default:
      return false;
  }
}

function compareTexts(a: string, b: string, ignoreCase: boolean): number {
  return ignoreCase ? compareNames(lowerAscii(a), lowerAscii(b)) : compareNames(a, b);
}

function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

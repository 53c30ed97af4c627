/**
 * Sound documents for tests: one by hand, and a generator of all kinds.
 *
 * @module
 */
import fc from "fast-check";
import {
  type BranchMetadata,
  DOCUMENT_KIND,
  FORGES,
  FREEZE_SCOPES,
  PARENT_KINDS,
  PR_STATES,
  SCHEMA_VERSION,
} from "../../src/metadata/document.ts";
import { formatTimestamp } from "../../src/metadata/timestamp.ts";

/** A commit's name that stands in the sample. */
export const BASE = "e4f56aadd0f2b964500cbf7e3924a4fe9b28a9fa";

/** A document of the branch `topic`; its fields can be replaced. */
export function sample(fields: Partial<BranchMetadata> = {}): BranchMetadata {
  return {
    kind: DOCUMENT_KIND,
    schema_version: SCHEMA_VERSION,
    branch: { name: "topic" },
    parent: { kind: "trunk", name: "main" },
    base: { oid: BASE },
    freeze: { state: "unfrozen" },
    pr: { state: "none" },
    timestamps: { created_at: "2026-01-07T00:00:00Z", updated_at: "2026-01-07T00:00:00Z" },
    ...fields,
  };
}

const name = fc.stringMatching(/^[a-zé日]{1,8}(?:[-/._][a-zA-Z0-9]{1,6}){0,3}$/).filter((text) =>
  !text.endsWith(".lock") && !text.includes(".lock/")
);
const oid = fc.stringMatching(/^[0-9a-f]{40}$/).filter((digits) => /[1-9a-f]/.test(digits));
const time = fc.integer({ min: 0, max: 253402300799999 }).map(formatTimestamp);
const text = fc.string({ unit: "binary", maxLength: 40 }).filter((value) => !/[\uD800-\uDFFF]/u.test(value));

/** Any sound document of a SHA-1 repository. */
export const anyDocument: fc.Arbitrary<BranchMetadata> = fc.record({
  kind: fc.constant(DOCUMENT_KIND),
  schema_version: fc.constant(SCHEMA_VERSION),
  branch: fc.record({ name }, { noNullPrototype: true }),
  parent: fc.record({ kind: fc.constantFrom(...PARENT_KINDS), name }, { noNullPrototype: true }),
  base: fc.record({ oid }, { noNullPrototype: true }),
  freeze: fc.oneof(
    fc.constant({ state: "unfrozen" as const }),
    fc.record({
      state: fc.constant("frozen" as const),
      scope: fc.constantFrom(...FREEZE_SCOPES),
      reason: fc.option(text),
      frozen_at: time,
    }, { noNullPrototype: true }),
  ),
  pr: fc.oneof(
    fc.constant({ state: "none" as const }),
    fc.record({
      state: fc.constant("linked" as const),
      forge: fc.constantFrom(...FORGES),
      number: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      url: text.filter((value) => value !== ""),
      last_known: fc.option(
        fc.record({ state: fc.constantFrom(...PR_STATES), is_draft: fc.boolean() }, { noNullPrototype: true }),
      ),
    }, { noNullPrototype: true }),
  ),
  timestamps: fc.record({ created_at: time, updated_at: time }, { noNullPrototype: true }),
}, { noNullPrototype: true });

/** A document with one thing changed somewhere: a value replaced, a key removed, a key added. Mostly unsound. */
export const mutatedDocument: fc.Arbitrary<unknown> = fc.tuple(
  anyDocument,
  fc.nat(),
  fc.constantFrom("replace", "remove", "add"),
  fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom<unknown>("", "-x", "a..b", "HEAD", "unfrozen", "2024-02-30T00:00:00Z", "2024-01-01T00:00:00+00:00"),
    fc.constantFrom<unknown>("2024-01-01T00:00Z", "2000-02-29T23:59:59.123456789Z", "2024-01-01T23:59:60Z", "\ud800"),
    fc.constantFrom<unknown>("0".repeat(40), "A".repeat(40), "a".repeat(41), "f".repeat(40), 0, -1, 1.5, 2 ** 53, true),
  ),
).map(([document, place, action, value]) => {
  const copy = structuredClone(document) as unknown as Record<string, unknown>;
  const places: [Record<string, unknown>, string][] = [];
  collectPlaces(copy, places);
  const [object, key] = places[place % places.length]!;
  if (action === "remove") delete object[key];
  else object[action === "add" ? `${key}2` : key] = value;
  return copy;
});

function collectPlaces(object: Record<string, unknown>, places: [Record<string, unknown>, string][]): void {
  for (const [key, value] of Object.entries(object)) {
    places.push([object, key]);
    if (typeof value === "object" && value !== null) collectPlaces(value as Record<string, unknown>, places);
  }
}

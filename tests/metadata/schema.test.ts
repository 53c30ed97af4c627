import assert from "node:assert/strict";
import fc from "fast-check";
import { SHA1, SHA256 } from "../../src/git/object_format.ts";
import { checkDocument, DocumentFlaw } from "../../src/metadata/check.ts";
import { branchMetadataSchema } from "../../src/metadata/schema.ts";
import { test } from "../harness.ts";
import { holds } from "../property.ts";
import { anyDocument, mutatedDocument, sample } from "./documents.ts";

/** Whether the strict parser takes a value, in whatever repository and branch fits it best. */
function isTaken(value: unknown): boolean {
  const { branch, base } = value as { branch?: { name?: unknown }; base?: { oid?: unknown } };
  const name = typeof branch?.name === "string" ? branch.name : "topic";
  const format = typeof base?.oid === "string" && base.oid.length === 64 ? SHA256 : SHA1;
  try {
    assert.deepEqual(checkDocument(value, { branch: name, format }), value);
    return true;
  } catch (error) {
    if (error instanceof DocumentFlaw) return false;
    throw error;
  }
}

test("branchMetadataSchema and checkDocument() take every sound document", () => {
  holds(
    "branchMetadataSchema and checkDocument() take every sound document",
    fc.property(anyDocument, (document) => {
      assert.ok(isTaken(document));
      assert.deepEqual(branchMetadataSchema.parse(document), document);
    }),
    { seed: 3, numRuns: 500 },
  );
  const long = sample({ base: { oid: "a".repeat(64) } });
  assert.ok(isTaken(long) && branchMetadataSchema.safeParse(long).success);
});

test("branchMetadataSchema and checkDocument() agree on documents with one thing changed", () => {
  let taken = 0;
  holds(
    "branchMetadataSchema and checkDocument() agree on documents with one thing changed",
    fc.property(mutatedDocument, (value) => {
      const sound = isTaken(value);
      assert.equal(branchMetadataSchema.safeParse(value).success, sound, JSON.stringify(value));
      if (sound) taken++;
    }),
    { seed: 3, numRuns: 4000 },
  );
  assert.ok(taken > 20 && taken < 2000, `${taken} of 4000 were sound`);
});

test("branchMetadataSchema and checkDocument() agree on times", () => {
  const two = (max: number) => fc.integer({ min: 0, max }).map((number) => String(number).padStart(2, "0"));
  const fraction = fc.constantFrom("", ".1", ".123", ".123456789", ".1234567890", ".", ",5");
  const zone = fc.constantFrom("Z", "z", "+00:00", "", "-00:00");
  const time = fc.tuple(
    fc.constantFrom("0000", "1900", "2000", "2023", "2024", "9999"),
    two(13),
    two(32),
    fc.constantFrom("T", "t", " "),
    two(24),
    two(60),
    two(60),
    fraction,
    zone,
  ).map(([year, month, day, t, hour, minute, second, part, utc]) =>
    `${year}-${month}-${day}${t}${hour}:${minute}:${second}${part}${utc}`
  );
  let taken = 0;
  holds(
    "branchMetadataSchema and checkDocument() agree on times",
    fc.property(time, (text) => {
      const value = sample({ timestamps: { created_at: text, updated_at: text } });
      const sound = isTaken(value);
      assert.equal(branchMetadataSchema.safeParse(value).success, sound, text);
      if (sound) taken++;
    }),
    { seed: 3, numRuns: 4000 },
  );
  assert.ok(taken > 50, `${taken}`);
});

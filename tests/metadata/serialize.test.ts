import assert from "node:assert/strict";
import fc from "fast-check";
import { SHA1 } from "../../src/git/object_format.ts";
import { type BranchMetadata, DOCUMENT_BYTES_MAX } from "../../src/metadata/document.ts";
import { SerializeError } from "../../src/metadata/errors.ts";
import { parseDocument } from "../../src/metadata/parse.ts";
import { planDocument, planRemoval } from "../../src/metadata/plan.ts";
import { serializeDocument } from "../../src/metadata/serialize.ts";
import { temporaryFolder } from "../fixtures.ts";
import { gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { holds } from "../property.ts";
import { anyDocument, BASE, sample } from "./documents.ts";

const topic = { branch: "topic", format: SHA1 };
const text = (bytes: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);

/** A document with a reason, in which every kind of character can stand. */
function frozen(reason: string | null): BranchMetadata {
  return sample({ freeze: { state: "frozen", scope: "single", reason, frozen_at: "2026-01-07T00:00:00.250Z" } });
}

test("serializeDocument() keeps the format byte for byte", () => {
  const document = sample({
    freeze: { state: "frozen", scope: "downstack_inclusive", reason: null, frozen_at: "2026-01-07T00:00:00Z" },
    pr: {
      state: "linked",
      forge: "github",
      number: 42,
      url: "https://x/42",
      last_known: { state: "open", is_draft: true },
    },
  });
  const golden = '{"kind":"lattice.branch-metadata","schema_version":1,"branch":{"name":"topic"},' +
    `"parent":{"kind":"trunk","name":"main"},"base":{"oid":"${BASE}"},` +
    '"freeze":{"state":"frozen","scope":"downstack_inclusive","reason":null,"frozen_at":"2026-01-07T00:00:00Z"},' +
    '"pr":{"state":"linked","forge":"github","number":42,"url":"https://x/42","last_known":{"state":"open","is_draft":true}},' +
    '"timestamps":{"created_at":"2026-01-07T00:00:00Z","updated_at":"2026-01-07T00:00:00Z"}}';
  assert.equal(text(serializeDocument(document, topic)), golden);
  const shuffled = JSON.parse(JSON.stringify(Object.fromEntries(Object.entries(document).reverse())));
  assert.equal(text(serializeDocument(shuffled, topic)), golden);
});

test("serializeDocument() escapes what serde_json escapes, and nothing else", () => {
  const reason = '"\\/\b\f\n\r\t\0\x01\x1f\x7f\x80é日\u2028\u2029\ufeff\ufffd\u{1f600}';
  const written = /"reason":"(.*)","frozen_at"/s.exec(text(serializeDocument(frozen(reason), topic)))![1];
  assert.equal(
    written,
    '\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u0001\\u001f\x7f\x80é日\u2028\u2029\ufeff\ufffd\u{1f600}',
  );
});

test("serializeDocument() gives bytes that parseDocument() reads back", () => {
  holds(
    "serializeDocument() gives bytes that parseDocument() reads back",
    fc.property(anyDocument, (document) => {
      const context = { branch: document.branch.name, format: SHA1 };
      assert.deepEqual(parseDocument(serializeDocument(document, context), context), document);
    }),
    { seed: 5, numRuns: 500 },
  );
});

test("serializeDocument() refuses what it could not read back", () => {
  const broken: [unknown, string | null][] = [
    [frozen("\ud800"), "freeze.reason"],
    [sample({ branch: { name: "other" } }), "branch.name"],
    [{ ...sample(), note: 1 }, "note"],
    [{ ...sample(), pr: undefined }, "pr"],
    [frozen("x".repeat(DOCUMENT_BYTES_MAX)), null],
    [null, null],
  ];
  for (const [document, field] of broken) {
    assert.throws(() => serializeDocument(document as BranchMetadata, topic), (error) => {
      assert.ok(error instanceof SerializeError);
      assert.equal(error.code, "invalid_data");
      assert.equal(error.details["field"], field);
      assert.equal(error.details["ref"], "refs/branch-metadata/topic");
      assert.notEqual(error.cause, undefined);
      return true;
    });
  }
});

test("planDocument() names the blob as git does", () => {
  const folder = temporaryFolder();
  gitText(["init", "-q", "."], folder);
  const plan = planDocument(frozen("日本"), { kind: "absent" }, topic);
  assert.equal(plan.oid, gitText(["hash-object", "--stdin"], folder, plan.object.content));
  assert.deepEqual(plan.update, {
    name: "refs/branch-metadata/topic",
    expect: { kind: "absent" },
    change: { kind: "set", oid: plan.oid },
    follow: false,
    keepContent: true,
  });
  assert.deepEqual(planRemoval("topic", { kind: "present" }).change, { kind: "delete" });
});

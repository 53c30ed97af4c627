import assert from "node:assert/strict";
import { SHA1, SHA256 } from "../../src/git/object_format.ts";
import { DocumentFlaw } from "../../src/metadata/check.ts";
import { readForeignDocument } from "../../src/metadata/foreign_document.ts";
import { type JsonObject, parseJson } from "../../src/metadata/strict_json.ts";
import { test } from "../harness.ts";

const OID = "1".repeat(40);

function read(document: unknown, format = SHA1): ReturnType<typeof readForeignDocument> {
  return readForeignDocument(parseJson(JSON.stringify(document)) as JsonObject, format);
}

test("readForeignDocument() takes what our document has a place for, and passes the rest over", () => {
  const prInfo = { number: 7, base: "a", url: "https://x/7", title: "t", body: "b", state: "OPEN", isDraft: true };
  assert.deepEqual(read({ parentBranchName: "a", parentBranchRevision: OID, prInfo, prevRef: "x", children: [] }), {
    parent: "a",
    base: OID,
    pr: { number: 7, url: "https://x/7", lastKnown: { state: "open", is_draft: true } },
  });
});

test("readForeignDocument() takes every member but the parent for absent where it is, or is null", () => {
  assert.deepEqual(read({ parentBranchName: "a" }), { parent: "a", base: null, pr: null });
  assert.deepEqual(read({ parentBranchName: "a", parentBranchRevision: null, prInfo: null }), {
    parent: "a",
    base: null,
    pr: null,
  });
  const pr = (prInfo: unknown) => read({ parentBranchName: "a", prInfo }).pr;
  assert.equal(pr({}), null);
  assert.equal(pr({ url: "https://x/7", state: "OPEN" }), null);
  assert.deepEqual(pr({ number: 7, url: null }), { number: 7, url: null, lastKnown: null });
  assert.deepEqual(pr({ number: 7, url: "" }), { number: 7, url: null, lastKnown: null });
});

test("readForeignDocument() knows states and drafts by every name that the tools give them", () => {
  const lastKnown = (info: Record<string, unknown>) =>
    read({ parentBranchName: "a", prInfo: { number: 7, ...info } }).pr?.lastKnown;
  for (const [there, here] of [["OPEN", "open"], ["CLOSED", "closed"], ["MERGED", "merged"]]) {
    assert.deepEqual(lastKnown({ state: there }), { state: here, is_draft: false });
    for (const key of ["isDraft", "isDraftPR"]) {
      assert.deepEqual(lastKnown({ state: there, [key]: true }), { state: here, is_draft: true });
      assert.deepEqual(lastKnown({ state: there, [key]: false }), { state: here, is_draft: false });
    }
  }
  assert.equal(lastKnown({ isDraft: true }), null);
});

test("readForeignDocument() names what is wrong with a document", () => {
  const good = { parentBranchName: "a", parentBranchRevision: OID };
  const cases: [field: string, document: unknown, format?: typeof SHA1][] = [
    ["parentBranchName", {}],
    ["parentBranchName", { parentBranchName: null, prInfo: {} }],
    ["parentBranchName", { parentBranchName: 7 }],
    ["parentBranchName", { parentBranchName: "../x" }],
    ["parentBranchName", { parentBranchName: "" }],
    ["parentBranchRevision", { ...good, parentBranchRevision: "abc" }],
    ["parentBranchRevision", { ...good, parentBranchRevision: "0".repeat(40) }],
    ["parentBranchRevision", good, SHA256],
    ["prInfo", { ...good, prInfo: 7 }],
    ["prInfo", { ...good, prInfo: [] }],
    ["prInfo.number", { ...good, prInfo: { number: "7" } }],
    ["prInfo.number", { ...good, prInfo: { number: 0 } }],
    ["prInfo.number", { ...good, prInfo: { number: 1.5 } }],
    ["prInfo.url", { ...good, prInfo: { number: 1, url: 7 } }],
    ["prInfo.state", { ...good, prInfo: { number: 1, state: "toString" } }],
    ["prInfo.isDraft", { ...good, prInfo: { number: 1, isDraft: "no" } }],
    ["prInfo.isDraftPR", { ...good, prInfo: { number: 1, isDraftPR: 0 } }],
  ];
  for (const [field, document, format] of cases) {
    assert.throws(() => read(document, format), (error) => {
      return error instanceof DocumentFlaw && error.field === field;
    }, `${field} in ${JSON.stringify(document)}`);
  }
});

import assert from "node:assert/strict";
import { SHA1 } from "../../src/git/object_format.ts";
import { checkDocument } from "../../src/metadata/check.ts";
import type { BranchMetadata } from "../../src/metadata/document.ts";
import { createMetadata, editMetadata, parsePullRequestLink } from "../../src/metadata/edit.ts";
import { formatTimestamp } from "../../src/metadata/timestamp.ts";
import { LatticeError } from "../../src/platform/errors.ts";
import { test } from "../harness.ts";
import { BASE, sample } from "./documents.ts";

const LATER_MS = Date.UTC(2026, 1, 3, 4, 5, 6, 70);
const LATER = "2026-02-03T04:05:06.070Z";
const timestamps = { created_at: "2026-01-07T00:00:00Z", updated_at: LATER };
const frozen = sample({
  freeze: { state: "frozen", scope: "single", reason: "release", frozen_at: "2026-01-08T00:00:00Z" },
});

const isUsage = (error: unknown) => error instanceof LatticeError && error.code === "usage";

/** Edits, and makes sure that the result is sound. */
function edit(document: BranchMetadata, change: Parameters<typeof editMetadata>[1]): BranchMetadata {
  return checkDocument(editMetadata(document, change, LATER_MS), { branch: "topic", format: SHA1 });
}

test("editMetadata() changes the fields that are given, keeps the rest and moves updated_at", () => {
  assert.deepEqual(edit(sample(), {}), sample({ timestamps }));
  const parent = { kind: "branch", name: "below" } as const;
  assert.deepEqual(edit(frozen, { parent }), { ...frozen, parent, timestamps });
  assert.deepEqual(edit(frozen, { base: "a".repeat(40) }), { ...frozen, base: { oid: "a".repeat(40) }, timestamps });
});

test("editMetadata() freezes, changes a freeze and unfreezes", () => {
  assert.deepEqual(edit(sample(), { freeze: "single" }).freeze, {
    state: "frozen",
    scope: "single",
    reason: null,
    frozen_at: LATER,
  });
  assert.deepEqual(edit(frozen, { freeze: "downstack_inclusive" }).freeze, {
    ...frozen.freeze,
    scope: "downstack_inclusive",
  });
  assert.deepEqual(edit(frozen, { reason: "audit" }).freeze, { ...frozen.freeze, reason: "audit" });
  assert.deepEqual(edit(frozen, { freeze: "single", reason: null }).freeze, { ...frozen.freeze, reason: null });
  assert.deepEqual(edit(frozen, { freeze: null }).freeze, { state: "unfrozen" });
  assert.deepEqual(edit(sample(), { freeze: null }).freeze, { state: "unfrozen" });
});

test("editMetadata() refuses a reason without a freeze", () => {
  assert.throws(() => edit(sample(), { reason: "why" }), isUsage);
  assert.throws(() => edit(frozen, { freeze: null, reason: "why" }), isUsage);
});

test("editMetadata() links and unlinks a pull request, and keeps what is known of the same one", () => {
  const known = { state: "merged", is_draft: false } as const;
  const linked = sample({ pr: { state: "linked", forge: "github", number: 7, url: "u", last_known: known } });
  assert.deepEqual(edit(sample(), { pr: { forge: "github", number: 7, url: "u" } }).pr, {
    ...linked.pr,
    last_known: null,
  });
  assert.deepEqual(edit(linked, { pr: { forge: "github", number: 7, url: "v" } }).pr, { ...linked.pr, url: "v" });
  assert.deepEqual(edit(linked, { pr: { forge: "github", number: 8, url: "u" } }).pr, {
    ...linked.pr,
    number: 8,
    last_known: null,
  });
  assert.deepEqual(edit(linked, { pr: null }).pr, { state: "none" });
});

test("createMetadata() gives a sound document whose two times are the same", () => {
  const document = createMetadata("topic", { kind: "trunk", name: "main" }, BASE, LATER_MS);
  assert.deepEqual(checkDocument(document, { branch: "topic", format: SHA1 }), document);
  assert.deepEqual(document, sample({ timestamps: { created_at: LATER, updated_at: LATER } }));
});

test("parsePullRequestLink() takes the rest after the second colon as the address", () => {
  assert.deepEqual(parsePullRequestLink("github:42:https://github.com/a/b/pull/42"), {
    forge: "github",
    number: 42,
    url: "https://github.com/a/b/pull/42",
  });
  for (const text of ["", "github", "github:42", "github:42:", "github:0:u", "github:x:u", "cvs:1:u", "github:-1:u"]) {
    assert.throws(() => parsePullRequestLink(text), isUsage, text);
  }
  assert.throws(() => parsePullRequestLink("github:9007199254740993:u"), isUsage);
});

test("formatTimestamp() leaves out a fraction that is zero", () => {
  assert.equal(formatTimestamp(0), "1970-01-01T00:00:00Z");
  assert.equal(formatTimestamp(1), "1970-01-01T00:00:00.001Z");
});

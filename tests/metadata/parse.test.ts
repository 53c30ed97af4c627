import assert from "node:assert/strict";
import fc from "fast-check";
import { SHA1, SHA256 } from "../../src/git/object_format.ts";
import { type BranchMetadata, DOCUMENT_BYTES_MAX } from "../../src/metadata/document.ts";
import { ForeignDocumentError, ParseError } from "../../src/metadata/errors.ts";
import { parseDocument } from "../../src/metadata/parse.ts";
import { encodeChecked } from "../../src/metadata/serialize.ts";
import { utf8 } from "../../src/platform/text.ts";
import { fixtureFolder, fixtures } from "../fixtures.ts";
import { test } from "../harness.ts";
import { holds } from "../property.ts";
import { mutatedDocument, sample } from "./documents.ts";
import { snapshot } from "./git_repository.ts";

const topic = { branch: "topic", format: SHA1 };

/** The error of a document, which must have one. */
function errorOf(bytes: Uint8Array, context = topic): ParseError {
  try {
    parseDocument(bytes, context);
  } catch (error) {
    assert.ok(error instanceof ParseError, `unexpected error ${error}`);
    return error;
  }
  throw new assert.AssertionError({ message: `accepted: ${new TextDecoder().decode(bytes.subarray(0, 300))}` });
}

for (
  const [name, index] of [["branch-metadata", 0], ["branch-metadata-formats", 0], ["branch-metadata-formats", 1], [
    "branch-metadata-formats",
    2,
  ], ["branch-metadata-formats", 3]] as const
) {
  const repository = fixtures[name]!.repositories[index]!;
  test(`parseDocument() reads every document of ${name}/${repository.path}, and they are written back to the byte`, () => {
    const facts = repository["metadata"] as { metadata_refs: number; pr_linked: number; pretty_printed: string[] };
    const documents = (repository["documents"] ?? {}) as Record<string, BranchMetadata>;
    const format = repository.object_format === "sha256" ? SHA256 : SHA1;
    const { refs, objects } = snapshot(`${fixtureFolder(name)}/${repository.path}`, "refs/branch-metadata/");
    assert.equal(refs.length, facts.metadata_refs);
    const relaid: string[] = [];
    let linked = 0;
    for (const { name: ref, value } of refs) {
      assert.ok(value.kind === "direct");
      const branch = ref.slice("refs/branch-metadata/".length);
      const { content } = objects.get(value.oid)!;
      const document = parseDocument(content, { branch, format });
      if (documents[branch] !== undefined) assert.deepEqual(document, documents[branch]);
      if (document.pr.state === "linked") linked++;
      const stored = new TextDecoder().decode(content);
      const written = new TextDecoder().decode(encodeChecked(document));
      if (written !== stored) relaid.push(branch);
      assert.equal(written, JSON.stringify(JSON.parse(stored)));
    }
    assert.equal(linked, facts.pr_linked);
    assert.deepEqual(relaid.sort(), [...facts.pretty_printed].sort());
  });
}

/** What the error of each flaw must say: the field, and a part of the message. */
const FLAWS: Readonly<Record<string, [field: string | null, message: string]>> = {
  "empty": [null, "it is empty"],
  "not-json": [null, 'found "p", expected a value, at character 1'],
  "truncated": [null, 'found the end, expected a closing "'],
  "array": [null, "it is an array, expected an object"],
  "null": [null, "it is null, expected an object"],
  "string": [null, 'it is "x", expected an object'],
  "trailing": [null, 'found "{", expected the end'],
  "bom": [null, "byte order mark"],
  "utf16": [null, "not UTF-8"],
  "bad-utf8": [null, "not UTF-8"],
  "nul": [null, 'found "\\u0000"'],
  "comment": [null, 'found "/", expected a value, at character 1'],
  "single-quotes": [null, `found "'", expected a key, at character 2`],
  "kind": ["kind", 'kind is "other.branch-metadata", expected "lattice.branch-metadata"'],
  "kind-missing": ["kind", "kind is missing"],
  "version-2": ["schema_version", "schema_version is the number 2, expected 1"],
  "version-0": ["schema_version", "the number 0"],
  "version-string": ["schema_version", 'schema_version is "1", expected 1'],
  "version-fraction": ["schema_version", "the number 1.5"],
  "branch-missing": ["branch", "branch is missing"],
  "branch-other": ["branch.name", 'branch.name is "flaw/name-of-another", expected "flaw/branch-other"'],
  "branch-name-empty": ["branch.name", 'branch.name is ""'],
  "branch-name-number": ["branch.name", "branch.name is the number 7, expected a string"],
  "parent-kind": ["parent.kind", 'parent.kind is "tag", expected "branch" or "trunk"'],
  "parent-name-missing": ["parent.name", "parent.name is missing"],
  "parent-null": ["parent", "parent is null, expected an object"],
  "parent-bad-name": ["parent.name", 'parent.name is "bad..name", expected a valid branch name'],
  "base-short": ["base.oid", 'base.oid is "e4f56aadd0f2", expected 40'],
  "base-upper": ["base.oid", "expected 40 lower-case hexadecimal digits"],
  "base-sha256": ["base.oid", "expected 40 lower-case"],
  "base-not-hex": ["base.oid", "expected 40 lower-case"],
  "base-zero": ["base.oid", "expected the name of a commit"],
  "freeze-state": ["freeze.state", 'freeze.state is "cold"'],
  "freeze-no-scope": ["freeze.scope", "freeze.scope is missing"],
  "freeze-scope": ["freeze.scope", 'freeze.scope is "all", expected "single" or "downstack_inclusive"'],
  "freeze-time": ["freeze.frozen_at", '"yesterday"'],
  "freeze-time-13th-month": ["freeze.frozen_at", '"2024-13-01T00:00:00Z"'],
  "pr-state": ["pr.state", 'pr.state is "merged", expected "none" or "linked"'],
  "pr-number-string": ["pr.number", 'pr.number is "42"'],
  "pr-number-negative": ["pr.number", "the number -1"],
  "pr-forge": ["pr.forge", '"unknownforge"'],
  "pr-no-url": ["pr.url", "pr.url is missing"],
  "pr-last-known": ["pr.last_known.is_draft", "missing"],
  "times-missing": ["timestamps", "timestamps is missing"],
  "times-number": ["timestamps.created_at", "the number 1700000000"],
  "extra-key": ["colour", '"colour" is no key of the schema'],
  "duplicate-key": ["parent", 'the key "parent" occurs twice'],
  "deep": [null, "nested deeper than 32 levels"],
  "huge-number": ["pr.number", "the number 1e400"],
  "proto": ["__proto__", '"__proto__" is no key of the schema'],
};

/** Flaws that are not in the bytes: only objects and refs show them. */
const NOT_IN_THE_BYTES = ["base-absent", "base-blob", "is-tree", "is-commit", "is-tag", "is-symref"];

test("parseDocument() names the flaw of every document of branch-metadata-invalid", () => {
  const repository = fixtures["branch-metadata-invalid"]!.repositories[0]!;
  const { refs, objects } = snapshot(`${fixtureFolder("branch-metadata-invalid")}/${repository.path}`);
  const flaws = Object.keys(repository["flaws"] as object).filter((branch) => branch.startsWith("flaw/"));
  const known = [...Object.keys(FLAWS), ...NOT_IN_THE_BYTES].map((name) => `flaw/${name}`);
  assert.deepEqual(flaws.sort(), known.sort());
  for (const [name, [field, message]] of Object.entries(FLAWS)) {
    const branch = `flaw/${name}`;
    const entry = refs.find((ref) => ref.name === `refs/branch-metadata/${branch}`);
    assert.ok(entry?.value.kind === "direct");
    const error = errorOf(objects.get(entry.value.oid)!.content, { branch, format: SHA1 });
    assert.equal(error.code, "invalid_data");
    assert.equal(error.details["field"], field, `${name}: ${error.message}`);
    assert.ok(error.message.includes(message) && error.message.includes(`"${branch}"`), `${name}: ${error.message}`);
    assert.notEqual(error.hint, undefined);
    assert.equal(error.details["ref"], `refs/branch-metadata/${branch}`);
  }
});

test("parseDocument() accepts the documents of branch-metadata-invalid whose flaw is in the stack alone", () => {
  const repository = fixtures["branch-metadata-invalid"]!.repositories[0]!;
  const { refs, objects } = snapshot(`${fixtureFolder("branch-metadata-invalid")}/${repository.path}`);
  let count = 0;
  for (const { name, value } of refs) {
    const branch = /^refs\/branch-metadata\/((?:graph|sound)\/.*|flaw\/base-(?:absent|blob))$/.exec(name)?.[1];
    if (branch === undefined || value.kind !== "direct") continue;
    assert.equal(parseDocument(objects.get(value.oid)!.content, { branch, format: SHA1 }).branch.name, branch);
    count++;
  }
  assert.ok(count > 35);
});

test("parseDocument() tells documents of other tools by their content", () => {
  for (const repository of fixtures["graphite-metadata"]!.repositories) {
    const { refs, objects } = snapshot(`${fixtureFolder("graphite-metadata")}/${repository.path}`);
    const styles = repository["styles"] as Record<string, string> | undefined;
    for (const { name, value } of refs.filter((ref) => ref.name.startsWith("refs/branch-metadata/"))) {
      assert.ok(value.kind === "direct");
      const context = { branch: name.slice("refs/branch-metadata/".length), format: SHA1 };
      const { content } = objects.get(value.oid)!;
      if (styles?.[context.branch] === "lattice") {
        assert.equal(parseDocument(content, context).branch.name, context.branch);
        continue;
      }
      const error = errorOf(content, context);
      assert.ok(error instanceof ForeignDocumentError, context.branch);
      assert.match(error.message, /Graphite|Charcoal/);
      assert.match(error.hint!, /lattice meta import --from (?:graphite|charcoal)/);
    }
  }
});

test("parseDocument() refuses a document by its size before it looks at it", () => {
  const spaces = new Uint8Array(DOCUMENT_BYTES_MAX + 1).fill(0x20);
  assert.match(errorOf(spaces).message, /it has 1048577 bytes, expected at most 1048576/);
  const document = JSON.stringify(sample());
  const full = utf8(document + " ".repeat(DOCUMENT_BYTES_MAX - document.length));
  assert.equal(full.length, DOCUMENT_BYTES_MAX);
  assert.deepEqual(parseDocument(full, topic), sample());
});

test("parseDocument() takes keys in any order and any white space", () => {
  const reversed = Object.fromEntries(Object.entries(sample()).reverse());
  assert.deepEqual(parseDocument(utf8(` \n${JSON.stringify(reversed, null, "\t")}\r\n`), topic), sample());
});

test("parseDocument() refuses numbers that are spelled as if they were no whole numbers", () => {
  for (const spelling of ["1.0", "1e0", "10e-1", "9007199254740993", "9007199254740992", "-0"]) {
    const text = JSON.stringify(sample({
      pr: { state: "linked", forge: "github", number: 7, url: "u", last_known: null },
    })).replace('"number":7', `"number":${spelling}`);
    assert.equal(errorOf(utf8(text)).details["field"], "pr.number", spelling);
    const version = JSON.stringify(sample()).replace('"schema_version":1', `"schema_version":${spelling}`);
    assert.equal(errorOf(utf8(version)).details["field"], "schema_version", spelling);
  }
});

test("parseDocument() refuses half of a surrogate pair, escaped", () => {
  const text = JSON.stringify(sample({
    freeze: { state: "frozen", scope: "single", reason: "REASON", frozen_at: "2026-01-07T00:00:00Z" },
  }));
  for (const reason of ["\\ud800", "\\udc00x", "\\ud83d\\u0041"]) {
    assert.match(errorOf(utf8(text.replace("REASON", reason))).message, /surrogate|valid Unicode/);
  }
  const pair = parseDocument(utf8(text.replace("REASON", "\\ud83d\\ude00\\u0000\\/")), topic);
  assert.equal(pair.freeze.state === "frozen" ? pair.freeze.reason : "", "\u{1f600}\0/");
});

test("parseDocument() throws nothing but ParseError, whatever the document is", () => {
  holds(
    "parseDocument() throws nothing but ParseError, whatever the document is",
    fc.property(mutatedDocument, (value) => tolerate(utf8(JSON.stringify(value)))),
    { seed: 7, numRuns: 1500 },
  );
});

test("parseDocument() throws nothing but ParseError, whatever the bytes are", () => {
  const document = utf8(JSON.stringify(sample()));
  holds(
    "parseDocument() throws nothing but ParseError, whatever the bytes are",
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => tolerate(bytes)),
    { seed: 7, numRuns: 500 },
  );
  holds(
    "parseDocument() throws nothing but ParseError, whatever the bytes are",
    fc.property(fc.nat(document.length - 1), fc.nat(255), fc.boolean(), (at, byte, cut) => {
      const bytes = document.slice(0, cut ? at : document.length);
      if (!cut) bytes[at] = byte;
      tolerate(bytes);
    }),
    { seed: 7, numRuns: 2000 },
  );
});

test("parseDocument() ends soon on a mebibyte of anything", () => {
  for (const unit of ["[", '{"a":', '"\\', '\\"', "[[],", '{"a":1,', '"', "\\u0041", "1", "\n", "-", "\ud83d\ude00"]) {
    const bytes = utf8(unit.repeat(Math.floor(DOCUMENT_BYTES_MAX / utf8(unit).length)));
    for (const prefix of ["", '"', '{"x":"', "["]) {
      const start = performance.now();
      errorOf(utf8(prefix + new TextDecoder().decode(bytes.subarray(0, DOCUMENT_BYTES_MAX - prefix.length))));
      assert.ok(performance.now() - start < 2000, `${prefix}${unit}`);
    }
  }
});

/** Parses; a ParseError is as good as a document. */
function tolerate(bytes: Uint8Array): void {
  try {
    parseDocument(bytes, topic);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
  }
}

/** What the quick way accepts, the long way accepts with the same answer; what programs write, it accepts. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { SHA1, SHA256 } from "../../src/git/object_format.ts";
import { parseApplyLines } from "../../src/metadata/apply_lines.ts";
import { matchCanonicalDocument, matchCanonicalLine } from "../../src/metadata/canonical_line.ts";
import type { BranchMetadata } from "../../src/metadata/document.ts";
import { LatticeError } from "../../src/platform/errors.ts";
import { utf8 } from "../../src/platform/text.ts";
import { test } from "../harness.ts";
import { holds } from "../property.ts";
import { anyDocument, BASE, sample } from "./documents.ts";

/** What the long way says of a line: a blank in front of it is allowed in JSON, and no canonical line has one. */
function longWay(line: string): unknown {
  assert.equal(matchCanonicalLine(` ${line}`, SHA1), null);
  try {
    const [record] = parseApplyLines(utf8(` ${line}`), SHA1);
    if (record?.kind !== "metadata" || record.document === null) return "no document";
    return { ...record, document: new TextDecoder().decode(record.document) };
  } catch (error) {
    if (error instanceof LatticeError) return error.code;
    throw error;
  }
}

function quickWay(line: string): unknown {
  const [record] = parseApplyLines(utf8(line), SHA1);
  assert.ok(record?.kind === "metadata" && record.document !== null);
  return { ...record, document: new TextDecoder().decode(record.document) };
}

function lineOf(document: BranchMetadata, expect?: string | null): string {
  const expectation = expect === undefined ? {} : { expect };
  return JSON.stringify({ branch: document.branch.name, ...expectation, metadata: document });
}

const FULL = sample({
  parent: { kind: "branch", name: "feature/login-2_x" },
  freeze: { state: "frozen", scope: "single", reason: "in review", frozen_at: "2024-02-28T23:59:59.123456789Z" },
  pr: {
    state: "linked",
    forge: "github",
    number: 4711,
    url: "https://example.com/p/4711?head=a[b]",
    last_known: { state: "open", is_draft: false },
  },
  timestamps: { created_at: "2026-10-31T00:00:00Z", updated_at: "2026-04-30T12:34:56.789Z" },
});

test("matchCanonicalLine() takes the lines that programs write", () => {
  for (const document of [sample(), FULL]) {
    for (const expect of [undefined, null, BASE]) {
      const line = lineOf(document, expect);
      const match = matchCanonicalLine(line, SHA1);
      assert.ok(match !== null, line);
      assert.equal(match.branch, "topic");
      assert.equal(match.expect, expect);
      assert.equal(line.slice(match.documentStart, -1), JSON.stringify(document));
      assert.deepEqual(quickWay(line), longWay(line));
    }
  }
});

test("matchCanonicalLine() knows how long the repository's oids are", () => {
  const long = lineOf(sample({ base: { oid: "ab".repeat(32) } }), "cd".repeat(32));
  assert.notEqual(matchCanonicalLine(long, SHA256), null);
  assert.equal(matchCanonicalLine(long, SHA1), null);
  assert.equal(matchCanonicalLine(lineOf(sample()), SHA256), null);
});

/** The same with names and texts as most have them. */
const usualDocument = anyDocument.map((document): BranchMetadata => {
  const plainName = (name: string) => name.toLowerCase().replace(/[^a-z0-9/-]/g, "x");
  const plainText = (text: string) => `${text.replace(/[^ -~]/g, "~")}.`;
  const { branch, parent, freeze, pr } = document;
  return {
    ...document,
    branch: { name: plainName(branch.name) },
    parent: { ...parent, name: plainName(parent.name) },
    freeze: freeze.state === "frozen" && freeze.reason !== null
      ? { ...freeze, reason: plainText(freeze.reason) }
      : freeze,
    pr: pr.state === "linked" ? { ...pr, url: plainText(pr.url) } : pr,
  };
});

test("matchCanonicalLine() agrees with the long way on every sound document that it takes", () => {
  let taken = 0;
  holds(
    "matchCanonicalLine() agrees with the long way on every sound document that it takes",
    fc.property(fc.oneof(anyDocument, usualDocument), fc.constantFrom(undefined, null, BASE), (document, expect) => {
      const line = lineOf(document, expect);
      if (matchCanonicalLine(line, SHA1) === null) return;
      taken++;
      assert.deepEqual(quickWay(line), longWay(line));
    }),
    { seed: 20260107, numRuns: 3000 },
  );
  assert.ok(taken > 500, `only ${taken} were taken`);
});

test("matchCanonicalLine() takes no line that the long way refuses, whatever one character becomes", () => {
  const characters = [...'"\\{}[]:, 019afzAZ-_/.T\u007f\u0001é'];
  for (const document of [sample(), FULL]) {
    const line = lineOf(document, BASE);
    for (let at = 0; at < line.length; at++) {
      for (const character of ["", ...characters]) {
        const changed = line.slice(0, at) + character + line.slice(at + 1);
        if (changed === line || matchCanonicalLine(changed, SHA1) === null) continue;
        assert.deepEqual(quickWay(changed), longWay(changed), changed);
      }
    }
  }
});

test("matchCanonicalLine() leaves what needs a closer look to the long way", () => {
  const zero = "0".repeat(40);
  const leftAlone = [
    lineOf(sample(), zero),
    lineOf(sample({ base: { oid: zero } })),
    lineOf(sample({ timestamps: { created_at: "2023-02-29T00:00:00Z", updated_at: "2026-01-07T00:00:00Z" } })),
    lineOf(sample({ timestamps: { created_at: "2026-06-31T00:00:00Z", updated_at: "2026-01-07T00:00:00Z" } })),
    lineOf(sample()).replace('"name":"topic"', '"name":"other"'),
    lineOf(sample({ branch: { name: "a".repeat(70) } })),
    `${lineOf(sample())} `,
    "x".repeat(10_000),
  ];
  for (const line of leftAlone) assert.equal(matchCanonicalLine(line, SHA1), null, line);
});

test("matchCanonicalDocument() takes a document of its branch alone, whatever the name of the branch", () => {
  const text = JSON.stringify(sample());
  assert.ok(matchCanonicalDocument("topic", text, SHA1));
  for (const branch of ["other", 'topic","expect":null,"x":"', "topic\\", "", "Topic"]) {
    assert.ok(!matchCanonicalDocument(branch, text, SHA1), branch);
  }
  for (const changed of [`${text} `, ` ${text}`, `${text}}`, text.slice(1), `${text.slice(0, -1)},"x":1}`]) {
    assert.ok(!matchCanonicalDocument("topic", changed, SHA1), changed);
  }
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { SHA1, SHA256 } from "../../src/git/object_format.ts";
import { parseApplyLines } from "../../src/metadata/apply_lines.ts";
import { ParseError } from "../../src/metadata/errors.ts";
import { LatticeError } from "../../src/platform/errors.ts";
import { concatBytes, utf8 } from "../../src/platform/text.ts";
import { test } from "../harness.ts";
import { holds } from "../property.ts";
import { anyDocument, BASE, sample } from "./documents.ts";

const parse = (input: string) => parseApplyLines(utf8(input), SHA1);
const set = JSON.stringify({ branch: "topic", metadata: sample() });
const move = `{"ref":"refs/heads/b","new":"${BASE}"}`;

/** The error of an input, which must have one, that names the line. */
function errorOf(input: string | Uint8Array, line: number): LatticeError {
  try {
    parseApplyLines(typeof input === "string" ? utf8(input) : input, SHA1);
  } catch (error) {
    assert.ok(error instanceof LatticeError, `unexpected error ${error}`);
    assert.equal(error.details["line"], line, error.message);
    assert.ok(error.message.startsWith(`line ${line}: `), error.message);
    return error;
  }
  throw new assert.AssertionError({ message: `accepted: ${input}` });
}

test("parseApplyLines() reads both kinds of lines, with documents in canonical form", () => {
  const input = `{"branch":"topic","expect":"${BASE}","metadata":${JSON.stringify(sample())} }\n` +
    `{"branch":"gone","expect":null,"metadata":null}\r\n` +
    `{"ref":"refs/heads/a","old":"${BASE}","new":null}\n${move}`;
  const [first, second, third, fourth, ...rest] = parse(input);
  assert.equal(rest.length, 0);
  assert.ok(first?.kind === "metadata" && first.document !== null);
  assert.equal(new TextDecoder().decode(first.document), JSON.stringify(sample()));
  assert.deepEqual(first.expect, { kind: "exactly", oid: BASE });
  assert.equal(first.ref, "refs/branch-metadata/topic");
  const absent = { kind: "absent" };
  assert.deepEqual(second, {
    kind: "metadata",
    line: 2,
    branch: "gone",
    ref: "refs/branch-metadata/gone",
    expect: absent,
    document: null,
  });
  assert.deepEqual(third, {
    kind: "ref",
    line: 3,
    ref: "refs/heads/a",
    expect: { kind: "exactly", oid: BASE },
    new: null,
  });
  assert.deepEqual(fourth, { kind: "ref", line: 4, ref: "refs/heads/b", expect: { kind: "any" }, new: BASE });
});

test("parseApplyLines() tells an expectation that is absent from null", () => {
  const kinds = parse(`${move}\n{"ref":"refs/heads/c","old":null,"new":"${BASE}"}\n${set}`).map((line) =>
    line.expect.kind
  );
  assert.deepEqual(kinds, ["any", "absent", "any"]);
});

test("parseApplyLines() finds nothing in empty input", () => {
  for (const input of ["", "\n", " \r\n\n"]) assert.deepEqual(parse(input), []);
});

test("parseApplyLines() refuses malformed lines as bad usage and numbers them", () => {
  const malformed: [line: string, message: RegExp][] = [
    ["", /not JSON/],
    ["x", /not JSON/],
    [`${set} ${set}`, /not JSON/],
    ["[]", /it is an array, expected a JSON object/],
    ["null", /it is null/],
    ["{}", /neither "branch" nor "ref"/],
    ['{"branch":"b","ref":"refs/heads/b","metadata":null,"new":null}', /both "branch" and "ref"/],
    ['{"branch":"b","metadata":null,"old":null}', /unknown key "old"/],
    ['{"ref":"refs/heads/x","new":null,"expect":null}', /unknown key "expect"/],
    ['{"branch":"b","metadata":null,"__proto__":null}', /unknown key "__proto__"/],
    ['{"branch":"b","branch":"c","metadata":null}', /the key "branch" occurs twice/],
    ['{"branch":"b"}', /"metadata" is missing/],
    ['{"ref":"refs/heads/x"}', /"new" is missing/],
    ['{"branch":7,"metadata":null}', /"branch" is the number 7/],
    ['{"branch":"a..b","metadata":null}', /no valid branch name/],
    ['{"branch":"-x","metadata":null}', /"-x" is no valid branch name: it begins with "-"/],
    ['{"ref":"refs/heads/-x","new":null}', /"refs\/heads\/-x" is no valid ref name: it begins with "-"/],
    [`{"branch":"${"a".repeat(300)}","metadata":null}`, /longer than 250 bytes/],
    [`{"ref":"refs/heads/${"a".repeat(251)}","new":null}`, /longer than 250 bytes/],
    ['{"ref":"HEAD","new":null}', /does not begin with "refs\/"/],
    ['{"ref":"refs/heads/a b","new":null}', /no valid ref name/],
    ['{"ref":"refs/branch-metadata/b","new":null}', /below "refs\/branch-metadata\/"/],
    ['{"ref":"refs/lattice","new":null}', /"refs\/lattice" is where lattice keeps refs/],
    ['{"ref":"refs/branch-metadata","new":null}', /"refs\/branch-metadata" is where lattice keeps refs/],
    ['{"ref":"refs/lattice/keep/1","new":null}', /below "refs\/lattice\/"/],
    ['{"ref":"refs/heads/x","new":"abc"}', /"new" is "abc", expected an oid of 40 digits or null/],
    [`{"ref":"refs/heads/x","new":"${"0".repeat(40)}"}`, /expected an oid/],
    [`{"ref":"refs/heads/x","new":"${"a".repeat(64)}"}`, /expected an oid/],
    ['{"ref":"refs/heads/x","old":7,"new":null}', /"old" is the number 7/],
    [move, /"refs\/heads\/b" is named in line 1 already/],
  ];
  for (const [line, message] of malformed) {
    const error = errorOf(`${move}\n${line}\n${set}\n`, 2);
    assert.equal(error.code, "usage", line);
    assert.match(error.message, message);
  }
  assert.equal(errorOf(`${set}\n${move}\n${set}`, 3).code, "usage");
  assert.equal(errorOf(concatBytes([utf8(`${move}\n{"ref":"`), Uint8Array.of(0xff), utf8('"}')]), 2).code, "usage");
});

test("parseApplyLines() refuses a document that breaks its schema as invalid data", () => {
  const broken: [metadata: string, field: string | null][] = [
    [JSON.stringify(sample({ branch: { name: "other" } })), "branch.name"],
    [JSON.stringify(sample({ base: { oid: "abc" } })), "base.oid"],
    [JSON.stringify({ ...sample(), extra: 1 }), "extra"],
    [JSON.stringify(sample()).replace('"name":"main"', '"name":"main","name":"main"'), "parent.name"],
    ["{}", "kind"],
    ["7", null],
    [
      JSON.stringify(
        sample({ pr: { state: "linked", forge: "github", number: 1, url: "x".repeat(1 << 20), last_known: null } }),
      ),
      null,
    ],
  ];
  for (const [metadata, field] of broken) {
    const error = errorOf(`${move}\n{"branch":"topic","metadata":${metadata}}`, 2);
    assert.ok(error instanceof ParseError);
    assert.equal(error.code, "invalid_data");
    assert.equal(error.details["field"], field, error.message);
  }
});

test("parseApplyLines() goes by the repository's object format", () => {
  const line = `{"ref":"refs/heads/b","new":"${"a".repeat(64)}"}`;
  assert.equal(parseApplyLines(utf8(line), SHA256).length, 1);
});

test("parseApplyLines() throws nothing but its errors, whatever the line is", () => {
  const key = fc.constantFrom("branch", "ref", "expect", "old", "new", "metadata", "x", "__proto__");
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom<unknown>(null, BASE, "topic", "refs/heads/x"),
    anyDocument,
  );
  holds(
    "parseApplyLines() throws nothing but its errors, whatever the line is",
    fc.property(fc.dictionary(key, value), fc.string({ maxLength: 3 }), (object, tail) => {
      try {
        parse(JSON.stringify(object) + tail);
      } catch (error) {
        if (!(error instanceof LatticeError) || !["usage", "invalid_data"].includes(error.code)) throw error;
      }
    }),
    { seed: 9, numRuns: 1500 },
  );
});

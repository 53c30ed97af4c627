import assert from "node:assert/strict";
import { CasFailedError, ForeignDocumentError, NotFoundError } from "../../src/metadata/errors.ts";
import { recogniseForeign } from "../../src/metadata/foreign.ts";
import { test } from "../harness.ts";
import { sample } from "./documents.ts";

test("CasFailedError tells expected and actual, null for a ref that does not exist", () => {
  const error = new CasFailedError("refs/branch-metadata/a", null, "b".repeat(40));
  assert.equal(error.code, "cas_failed");
  assert.deepEqual(error.details, { ref: "refs/branch-metadata/a", expected: null, actual: "b".repeat(40) });
  assert.match(error.message, /holds b{40}, expected that it does not exist/);
  assert.match(new CasFailedError("r", "c".repeat(40), null).message, /does not exist, expected c{40}/);
});

test("NotFoundError names branch and ref", () => {
  const error = new NotFoundError("a", "refs/branch-metadata/a");
  assert.equal(error.code, "not_found");
  assert.match(error.message, /branch "a" has no metadata/);
  assert.deepEqual(error.details, { ref: "refs/branch-metadata/a" });
});

test("recogniseForeign() tells the tools apart by the keys that only one of them writes", () => {
  const cases: [unknown, string[] | null][] = [
    [{ parentBranchName: "main", prInfo: { isDraftPR: true } }, ["graphite"]],
    [{ parentBranchName: "main", prInfo: { mergedStackAncestors: [1] } }, ["charcoal"]],
    [{ parentBranchName: "main", prInfo: { isDraft: true, reviewDecision: "APPROVED" } }, ["charcoal", "graphite"]],
    [{ parentBranchName: "main", parentBranchRevision: "x", frozen: false }, ["stax"]],
    [{ prInfo: { number: 1, state: "OPEN", isDraft: false } }, ["charcoal", "stax"]],
    [{ parentBranchName: "main" }, ["graphite", "charcoal", "stax"]],
    [{ prInfo: 7 }, ["graphite", "charcoal", "stax"]],
    [{}, ["graphite", "charcoal", "stax"]],
    [sample(), null],
    [{ ...sample(), parentBranchName: "main" }, null],
    [{ frozen: true }, null],
    [[], null],
    [null, null],
  ];
  for (const [value, tools] of cases) assert.deepEqual(recogniseForeign(value), tools, JSON.stringify(value));
});

test("ForeignDocumentError names the tools and the command that imports their documents", () => {
  const error = new ForeignDocumentError("a", "refs/branch-metadata/a", ["graphite", "charcoal", "stax"]);
  assert.match(error.message, /is a document of Graphite, Charcoal or stax/);
  assert.match(error.hint!, /lattice meta import --from graphite/);
  assert.match(new ForeignDocumentError("a", "r", ["charcoal"]).hint!, /--from charcoal/);
  assert.match(new ForeignDocumentError("a", "r", ["stax"]).hint!, /cannot import/);
});

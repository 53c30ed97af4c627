import assert from "node:assert/strict";
import fc from "fast-check";
import { escapeText } from "../../src/cli/escape.ts";
import { buildStack } from "../../src/stack/model.ts";
import { describePullRequest, renderTree, type TreeStyle } from "../../src/stack/tree.ts";
import { test } from "../harness.ts";
import { holds } from "../property.ts";
import { anyDocuments, documents, factsOf } from "./stacks.ts";

const PLAIN: TreeStyle = { escape: escapeText, paint: (text) => text };

const OTHER = "1".repeat(40);

function linked(forge: "github" | "gitlab", state: "open" | "closed" | "merged" | null, draft = false) {
  const last_known = state === null ? null : { state, is_draft: draft };
  return { state: "linked", forge, number: 42, url: "https://example.com", last_known } as const;
}

test("renderTree() draws only children below their parents, and forks with lines", () => {
  const stack = buildStack(
    documents({ a: "main", b: "a", c: "b", d: "b", e: "d", z: "main", y: "z" }),
    "main",
  );
  const facts = factsOf(stack, {
    b: { current: true, ahead: 2, behind: 1 },
    c: { frozen: true, pr: linked("github", "open") },
    z: { tip: null, ahead: null, behind: null },
  });
  assert.deepEqual(renderTree(stack, facts, PLAIN), [
    "◆ main",
    "├─○ a",
    "│ * b  2 ahead  1 behind",
    "│ ├─○ c  frozen  PR #42 open",
    "│ └─○ d",
    "│   ○ e",
    "└─× z  no such branch",
    "  ○ y",
  ]);
});

test("renderTree() says when the parent moved, and when the history does not tell", () => {
  const stack = buildStack(documents({ a: "main", b: "a", c: "b" }), "main");
  const facts = factsOf(stack, { main: { tip: OTHER }, b: { ahead: null, behind: null } });
  assert.deepEqual(renderTree(stack, facts, PLAIN), ["◆ main", "○ a  parent moved", "○ b  history unknown", "○ c"]);
});

test("renderTree() shows cycles and missing parents", () => {
  const stack = buildStack(documents({ a: "b", b: "a", c: "a", x: "gone", s: "s" }), "main");
  assert.deepEqual(renderTree(stack, factsOf(stack, { gone: { tip: null } }), PLAIN), [
    "◆ main",
    "? gone  not tracked  no such branch",
    "○ x",
    "○ a",
    "├─○ b  in a cycle: a is based on it",
    "└─○ c",
    "○ s  in a cycle: s is based on it",
  ]);
});

test("renderTree() draws one line a branch, whatever the documents say, and the names escaped", () => {
  holds(
    "trees",
    fc.property(anyDocuments, (given) => {
      const stack = buildStack(given, "main");
      const lines = renderTree(stack, factsOf(stack), PLAIN);
      const names = lines.map((line) => /^[│├└─ ]*[◆○*?×] (\w+)/.exec(line)?.[1]);
      assert.deepEqual(names.sort(), [...stack.nodes.keys()].sort());
    }),
    { seed: 20261134, numRuns: 100, tortureRuns: 5000 },
  );
  const hostile = buildStack(documents({ "a\u009b31m": "main", "b\u202ec": "main", "日本/語": "main" }), "main");
  assert.deepEqual(renderTree(hostile, factsOf(hostile), PLAIN).slice(1), [
    "├─○ a\\x9b31m",
    "├─○ b\\u{202e}c",
    "└─○ 日本/語",
  ]);
});

test("renderTree() takes no more width for a stack of 200 than for one of two", () => {
  const parents: Record<string, string> = { b000: "main" };
  for (let i = 1; i < 200; i++) parents[`b${String(i).padStart(3, "0")}`] = `b${String(i - 1).padStart(3, "0")}`;
  const stack = buildStack(documents(parents), "main");
  const lines = renderTree(stack, factsOf(stack), PLAIN);
  assert.deepEqual([lines.length, Math.max(...lines.map((line) => line.length))], [201, 6]);
});

test("renderTree() colours by what a part is", () => {
  const stack = buildStack(documents({ a: "main", b: "main" }), "main");
  const facts = factsOf(stack, { a: { current: true, ahead: 1 }, b: { tip: null, ahead: null } });
  const style: TreeStyle = { escape: escapeText, paint: (text, part) => `<${part} ${text}>` };
  assert.deepEqual(renderTree(stack, facts, style), [
    "<trunk ◆ main>",
    "<line ├─><current * a>  <ahead 1 ahead>",
    "<line └─><problem × b>  <problem no such branch>",
  ]);
});

test("describePullRequest() uses the word of the forge, and what was known last", () => {
  assert.equal(describePullRequest(linked("github", null)), "PR #42");
  assert.equal(describePullRequest(linked("gitlab", "merged")), "MR !42 merged");
  assert.equal(describePullRequest(linked("github", "open", true)), "PR #42 draft");
  assert.equal(describePullRequest(linked("github", "closed", true)), "PR #42 closed");
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { escapeMessage } from "../../src/cli/escape.ts";
import { isBranchName } from "../../src/git/refs/names.ts";
import { buildStack } from "../../src/stack/model.ts";
import { renderDot } from "../../src/stack/dot.ts";
import { renderMermaid } from "../../src/stack/mermaid.ts";
import { test } from "../harness.ts";
import { holds } from "../property.ts";
import { anyDocuments, documents, factsOf } from "./stacks.ts";

/** Names that would break out of a label, a comment or a tag where they are not quoted. */
const HOSTILE = [
  'a"b',
  'x"];evil',
  "&lt;b&gt;",
  "<script>alert(1)</script>",
  "end",
  "subgraph",
  "n0",
  "semi;colon#35;",
  "%%{init}%%",
  "`md`",
  "a|b",
  "(paren)",
  "a-->b",
  "quote'd",
  "style{fill#f00;",
  "日本語/機能",
  "émoji-🚀",
  "rlo-\u202egnp",
  "c1-\u009b31m",
];

/** Any text that a branch's name can be. */
const anyName = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: "binary", minLength: 1, maxLength: 12 }))
  .filter((name) => isBranchName(name) && name !== "main");

/** What a label of DOT shows: first the lexer's escapes, then those of labels, then entities. */
function shownByDot(quoted: string): string {
  return quoted.replace(/\\([\\"])/g, "$1").replaceAll("&amp;", "&");
}

/** What a label of Mermaid shows. */
function shownByMermaid(label: string): string {
  return label.replace(/#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
}

test("renderDot() and renderMermaid() draw nodes and edges", () => {
  const stack = buildStack(documents({ a: "main", b: "a" }), "main");
  const facts = factsOf(stack, { a: { frozen: true, ahead: 2 }, b: { current: true, tip: null } });
  assert.deepEqual(renderDot(stack, facts, escapeMessage), [
    "digraph stack {",
    '  charset="UTF-8";',
    "  rankdir=TB;",
    '  node [shape=box, fontname="monospace"];',
    '  n0 [label="main"];',
    '  n1 [label="a\\n2 ahead\\nfrozen", style="dashed"];',
    '  n2 [label="b\\nno such branch", penwidth=3, color="red"];',
    "  n0 -> n1;",
    "  n1 -> n2;",
    "}",
  ]);
  assert.deepEqual(renderMermaid(stack, facts, escapeMessage), [
    "flowchart TD",
    '  n0["main"]',
    '  n1["a<br/>2 ahead<br/>frozen"]',
    '  n2["b<br/>no such branch"]',
    "  n0 --> n1",
    "  n1 --> n2",
    "  classDef current stroke-width:4px",
    "  class n2 current",
    "  classDef frozen stroke-dasharray:2 2",
    "  class n1 frozen",
    "  classDef problem stroke:#d00",
    "  class n2 problem",
  ]);
});

test("renderDot() keeps every name within its label, and shows it", () => {
  holds(
    "names in DOT",
    fc.property(anyName, (name) => {
      const stack = buildStack(documents({ [name]: "main" }), "main");
      const lines = renderDot(stack, factsOf(stack), escapeMessage);
      assert.equal(lines.length, 8);
      const label = /^ {2}n1 \[label="((?:[^"\\\n]|\\[\\"])*)"\];$/.exec(lines[5]!)?.[1];
      assert.ok(label !== undefined, lines[5]!);
      assert.doesNotMatch(label, /&(?!amp;)/);
      assert.equal(shownByDot(label), escapeMessage(name));
      assert.doesNotMatch(lines.join(""), /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e]/);
    }),
    { seed: 20261131, numRuns: 100, tortureRuns: 5000 },
  );
});

test("renderMermaid() keeps every name within its label, and shows it", () => {
  holds(
    "names in Mermaid",
    fc.property(anyName, (name) => {
      const stack = buildStack(documents({ [name]: "main" }), "main");
      const lines = renderMermaid(stack, factsOf(stack), escapeMessage);
      assert.equal(lines.length, 4);
      const label = /^ {2}n1\["((?:[\p{L}\p{M}\p{N} ._/-]|#\d+;)*)"\]$/u.exec(lines[2]!)?.[1];
      assert.ok(label !== undefined, lines[2]!);
      assert.equal(shownByMermaid(label), escapeMessage(name));
    }),
    { seed: 20261132, numRuns: 100, tortureRuns: 5000 },
  );
});

test("renderDot() and renderMermaid() draw every branch once, and an edge for every parent, cycles too", () => {
  holds(
    "graphs",
    fc.property(anyDocuments, (given) => {
      const stack = buildStack(given, "main");
      const expected = [...stack.nodes.values()].flatMap(({ name, parent }) =>
        parent === null ? [] : [`${parent} ${name}`]
      );
      for (const render of [renderDot, renderMermaid]) {
        const lines = render(stack, factsOf(stack), escapeMessage);
        const names = new Map<string, string>();
        for (const line of lines) {
          const node = /^ {2}(n\d+)(?: \[label=|\[)"(\w+)/.exec(line);
          if (node !== null) names.set(node[1]!, node[2]!);
        }
        assert.deepEqual([...names.values()].sort(), [...stack.nodes.keys()].sort());
        const edges = lines.flatMap((line) => {
          const edge = /^ {2}(n\d+) --?> (n\d+);?$/.exec(line);
          return edge === null ? [] : [`${names.get(edge[1]!)} ${names.get(edge[2]!)}`];
        });
        assert.deepEqual(edges.sort(), expected.sort());
      }
    }),
    { seed: 20261133, numRuns: 100, tortureRuns: 5000 },
  );
});

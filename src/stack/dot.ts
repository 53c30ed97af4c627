/**
 * Draws the stack in the DOT language of Graphviz (graphviz.org, "DOT Language"): parents above their children.
 *
 * Nodes are `n0`, `n1`, …; names stand in quoted labels only, where `"` and `\` are escaped, and `&`, since labels may
 * hold entities such as `&lt;`.
 *
 * @module
 */
import type { FactsOf } from "./facts.ts";
import type { Stack } from "./model.ts";
import { drawGraph, type DrawnNode } from "./graph.ts";

/** How the kinds of nodes look. */
const ATTRIBUTES: Readonly<Record<DrawnNode["marks"][number], string>> = {
  current: "penwidth=3",
  frozen: 'style="dashed"',
  problem: 'color="red"',
};

/**
 * Draws the stack.
 *
 * @param escape Makes text from the repository printable: one line, valid Unicode.
 * @returns Lines without newlines.
 */
export function renderDot(stack: Stack, facts: FactsOf, escape: (text: string) => string): string[] {
  const { nodes, edges } = drawGraph(stack, facts);
  const lines = ["digraph stack {", '  charset="UTF-8";', "  rankdir=TB;", '  node [shape=box, fontname="monospace"];'];
  for (const { id, name, notes, marks } of nodes) {
    const label = [name, ...notes].map((text) => encode(escape(text))).join("\\n");
    lines.push(`  ${id} [${[`label="${label}"`, ...marks.map((mark) => ATTRIBUTES[mark])].join(", ")}];`);
  }
  for (const { from, to } of edges) lines.push(`  ${from} -> ${to};`);
  return [...lines, "}"];
}

function encode(text: string): string {
  return text.replace(/[\\"]/g, "\\$&").replaceAll("&", "&amp;");
}

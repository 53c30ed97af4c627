/**
 * Draws the stack as a Mermaid flowchart (mermaid.js.org, "Flowcharts"): parents above their children.
 *
 * Names never become identifiers or syntax: nodes are `n0`, `n1`, …, and in a label every character but letters,
 * digits and a few marks is an entity code (`#quot;` is written `#34;`), so that no name ends the label, starts a
 * comment, a directive, Markdown or HTML.
 *
 * @module
 */
import type { FactsOf } from "./facts.ts";
import type { Stack } from "./model.ts";
import { drawGraph, type DrawnNode } from "./graph.ts";

/** Characters that mean nothing to Mermaid within a quoted label. */
const PLAIN = /[^\p{L}\p{M}\p{N} ._/-]/gu;

/** How the kinds of nodes look: the outline tells, so that it holds on light and dark backgrounds. */
const CLASSES: Readonly<Record<DrawnNode["marks"][number], string>> = {
  current: "stroke-width:4px",
  frozen: "stroke-dasharray:2 2",
  problem: "stroke:#d00",
};

/**
 * Draws the stack.
 *
 * @param escape Makes text from the repository printable: one line, valid Unicode.
 * @returns Lines without newlines.
 */
export function renderMermaid(stack: Stack, facts: FactsOf, escape: (text: string) => string): string[] {
  const { nodes, edges } = drawGraph(stack, facts);
  const lines = ["flowchart TD"];
  for (const { id, name, notes } of nodes) {
    const label = [name, ...notes].map((text) => encode(escape(text))).join("<br/>");
    lines.push(`  ${id}["${label}"]`);
  }
  for (const { from, to } of edges) lines.push(`  ${from} --> ${to}`);
  for (const [mark, look] of Object.entries(CLASSES)) {
    const ids = nodes.filter(({ marks }) => marks.some((one) => one === mark)).map(({ id }) => id);
    if (ids.length > 0) lines.push(`  classDef ${mark} ${look}`, `  class ${ids.join(",")} ${mark}`);
  }
  return lines;
}

function encode(text: string): string {
  return text.replace(PLAIN, (character) => `#${character.codePointAt(0)!};`);
}

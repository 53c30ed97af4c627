/**
 * The stack as nodes and edges, for languages that draw graphs.
 *
 * @module
 */
import type { FactsOf } from "./facts.ts";
import type { Stack } from "./model.ts";
import { remarks } from "./tree.ts";
import { walkStack } from "./walk.ts";

/** A branch as a node. */
export interface DrawnNode {
  /** `n` and a number: safe in every language. */
  readonly id: string;
  /** Name of the branch, as it is. */
  readonly name: string;
  /** What is said beside the name. */
  readonly notes: readonly string[];
  /** What should be seen at once. */
  readonly marks: readonly ("current" | "frozen" | "problem")[];
}

/** A parent and its child, by the ids of their nodes. */
export interface DrawnEdge {
  readonly from: string;
  readonly to: string;
}

/** Makes nodes, parents before their children, and edges, those of a cycle included. */
export function drawGraph(stack: Stack, facts: FactsOf): { nodes: DrawnNode[]; edges: DrawnEdge[] } {
  const ids = new Map<string, string>();
  const nodes: DrawnNode[] = [];
  for (const { node } of walkStack(stack)) {
    const id = `n${ids.size}`;
    ids.set(node.name, id);
    const { current, frozen, tip } = facts(node.name);
    const marks: DrawnNode["marks"][number][] = [];
    if (current) marks.push("current");
    if (frozen) marks.push("frozen");
    if (node.kind === "missing" || tip === null) marks.push("problem");
    nodes.push({ id, name: node.name, notes: remarks(node, facts).map(({ text }) => text), marks });
  }
  const edges = [...ids].flatMap(([name, from]) =>
    stack.nodes.get(name)!.children.map((child) => ({ from, to: ids.get(child)! }))
  );
  return { nodes, edges };
}

/**
 * The order in which a stack is drawn: every branch once, parents before their children.
 *
 * @module
 */
import type { Stack, StackNode } from "./model.ts";

/** A branch where it is drawn. */
export interface StackVisit {
  readonly node: StackNode;
  /** Generations from the root, which is at 0. */
  readonly level: number;
  /** Its place among its siblings; a root has none. */
  readonly place: "root" | "only" | "more" | "last";
  /** The branch drawn already that this one is the parent of, where that closes a cycle; else `null`. */
  readonly closes: string | null;
}

/**
 * Visits all branches, depth first: below the trunk, below the other roots, and at the end the cycles, each entered at
 * its first name.
 */
export function* walkStack(stack: Stack): Generator<StackVisit> {
  const entries = [...stack.roots, ...stack.cycles.map((cycle) => cycle[0]!)];
  const inCycles = new Set(stack.cycles.map((cycle) => cycle[0]!));
  for (const entry of entries) {
    const pending: Omit<StackVisit, "closes">[] = [{ node: stack.nodes.get(entry)!, level: 0, place: "root" }];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const { node, level } = next;
      const closes = inCycles.has(entry) && node.children.includes(entry) ? entry : null;
      yield { ...next, closes };
      const children = closes === null ? node.children : node.children.filter((name) => name !== closes);
      for (let i = children.length - 1; i >= 0; i--) {
        const place = children.length === 1 ? "only" : i === children.length - 1 ? "last" : "more";
        pending.push({ node: stack.nodes.get(children[i]!)!, level: level + 1, place });
      }
    }
  }
}

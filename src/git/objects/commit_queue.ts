/**
 * Commits that wait to be looked at, the youngest first: a binary heap in which equal ones keep their order, as in
 * git's `prio-queue`.
 *
 * @module
 */
import type { CommitNode } from "./commit_table.ts";

/** Whether the first one is to be looked at before the second: negative; after it: positive. */
export type CommitOrder = (one: CommitNode, two: CommitNode) => number;

/** By date, the newest first. */
export const byDate: CommitOrder = (one, two) => two.seconds - one.seconds;

/** By generation, then by date: no commit before one that leads to it, as far as generations are known. */
export const byGeneration: CommitOrder = (one, two) =>
  one.generation === two.generation ? two.seconds - one.seconds : one.generation > two.generation ? -1 : 1;

interface Entry {
  readonly node: CommitNode;
  /** How many came before it. */
  readonly number: number;
}

/** A queue of commits. A commit may be in it more than once. */
export class CommitQueue {
  readonly #order: CommitOrder;
  readonly #heap: Entry[] = [];
  #count = 0;

  /** @param order What comes out first. */
  constructor(order: CommitOrder) {
    this.#order = order;
  }

  /** Puts a commit in. */
  push(node: CommitNode): void {
    const entry = { node, number: this.#count++ };
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!this.#isBefore(entry, heap[above]!)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = entry;
  }

  /** Takes the first one out. */
  pop(): CommitNode | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first?.node;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && this.#isBefore(heap[below + 1]!, heap[below]!)) below++;
      if (!this.#isBefore(heap[below]!, last)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
    return first.node;
  }

  #isBefore(one: Entry, two: Entry): boolean {
    const order = this.#order(one.node, two.node);
    return order < 0 || (order === 0 && one.number < two.number);
  }
}

/**
 * A walk from two commits down to what both lead to. Commits are marked by the side that leads to them; what lies
 * below a common one is marked as stale, and where all that waits is stale, every best common ancestor was met.
 *
 * That holds whatever the dates of the commits say: the way from either side to a best common ancestor passes no other
 * common one, so nothing on it is ever stale. Dates and generations only make the walk short. (The idea is that of
 * git's `paint_down_to_common`, and so is the order, on which the order of equal answers depends.)
 *
 * @module
 */
import { type CommitOrder, CommitQueue } from "./commit_queue.ts";
import type { CommitNode, CommitTable } from "./commit_table.ts";

/** The first side leads to the commit. */
export const FIRST = 1;
/** The second side leads to it. */
export const SECOND = 2;
/** Both do. */
export const BOTH = FIRST | SECOND;
/** A common commit leads to it. */
export const STALE = 4;
const CANDIDATE = 8;

let walks = 0;

/** One walk. Its marks are good until the next one begins. */
export class CommonWalk {
  /** All commits that were marked, absent ones included. */
  readonly met: CommitNode[] = [];
  /** Common commits in the order in which they were reached; those that are `STALE` by now are not the best ones. */
  readonly candidates: CommitNode[] = [];
  readonly #table: CommitTable;
  readonly #queue: CommitQueue;
  readonly #number = ++walks;
  #open = 0;

  /** @param order Which commit is looked at first. */
  constructor(table: CommitTable, order: CommitOrder) {
    this.#table = table;
    this.#queue = new CommitQueue(order);
  }

  /** Whether a commit waits that may still lead to a best common ancestor. */
  get isOpen(): boolean {
    return this.#open > 0;
  }

  /** Marks of a commit in this walk. */
  marksOf(node: CommitNode): number {
    return node.walk === this.#number ? node.marks : 0;
  }

  /** Adds marks to a commit and lets it wait; an absent one is only marked. */
  mark(node: CommitNode, marks: number): void {
    this.#table.read(node);
    if (node.walk !== this.#number) {
      node.walk = this.#number;
      node.marks = node.waiting = 0;
      this.met.push(node);
    }
    const turnsStale = (marks & ~node.marks & STALE) !== 0;
    node.marks |= marks;
    if (turnsStale) this.#open -= node.waiting;
    if (node.state === "absent") return;
    this.#queue.push(node);
    node.waiting++;
    if ((node.marks & STALE) === 0) this.#open++;
  }

  /** The next commit that waits. */
  next(): CommitNode | undefined {
    const node = this.#queue.pop();
    if (node === undefined) return undefined;
    node.waiting--;
    if ((node.marks & STALE) === 0) this.#open--;
    return node;
  }

  /** Hands the marks of a commit on to its parents. */
  expand(node: CommitNode): void {
    let marks = node.marks & (BOTH | STALE);
    if (marks === BOTH) {
      if ((node.marks & CANDIDATE) === 0) {
        node.marks |= CANDIDATE;
        this.candidates.push(node);
      }
      marks |= STALE;
    }
    for (const parent of node.parents) {
      if ((this.marksOf(parent) & marks) !== marks) this.mark(parent, marks);
    }
  }
}

/**
 * What each of two commits leads to and the other does not.
 *
 * Once no best common ancestor can be met any more, a commit that one side alone was seen to lead to may still turn
 * out to be common: below a common one, where dates do not tell. So the stale ones are followed until none of them can
 * lead to such a commit: by generations, where a commit-graph has them, and else by dates.
 *
 * @module
 */
import { byGeneration } from "./commit_queue.ts";
import type { CommitNode, CommitTable } from "./commit_table.ts";
import { BOTH, CommonWalk, FIRST, SECOND } from "./common_walk.ts";

/** Clocks are trusted to be right within a day. */
const CLOCK_ERROR_SECONDS = 24 * 60 * 60;
/** And so many commits are looked at in any case after the dates say that it is enough. */
const COMMITS_BEYOND = 64;

/** How many commits each of two leads to that the other does not lead to; they count themselves. */
export interface AheadBehind {
  readonly ahead: number;
  readonly behind: number;
}

/** Walks as far as it takes to tell what is on one side alone. */
export function walkApart(table: CommitTable, ours: CommitNode, theirs: CommitNode): CommonWalk {
  const walk = new CommonWalk(table, byGeneration);
  walk.mark(ours, FIRST);
  walk.mark(theirs, SECOND);
  const alone = new Bounds();
  let beyond = 0;
  for (let wasOpen = walk.isOpen, node = walk.next(); node !== undefined; wasOpen = walk.isOpen, node = walk.next()) {
    if (!wasOpen && !alone.mayBeBelow(node) && (Number.isFinite(node.generation) || ++beyond > COMMITS_BEYOND)) break;
    if ((node.marks & BOTH) !== BOTH) alone.add(node);
    walk.expand(node);
  }
  return walk;
}

/** The lowest of the commits that one side alone was seen to lead to. */
class Bounds {
  #generation = Infinity;
  #seconds = Infinity;

  add({ generation, seconds }: CommitNode): void {
    if (generation < Infinity) this.#generation = Math.min(this.#generation, generation);
    else this.#seconds = Math.min(this.#seconds, seconds);
  }

  /** Whether a commit may lead to one of them. Commits with a generation lead to such commits alone. */
  mayBeBelow({ generation, seconds }: CommitNode): boolean {
    if (generation < Infinity) return generation > this.#generation;
    return this.#generation < Infinity || seconds + CLOCK_ERROR_SECONDS >= this.#seconds;
  }
}

/** Counts what one side alone leads to. */
export function countApart(walk: CommonWalk): AheadBehind {
  let ahead = 0;
  let behind = 0;
  for (const node of walk.met) {
    const side = walk.marksOf(node) & BOTH;
    if (side === FIRST) ahead++;
    else if (side === SECOND) behind++;
  }
  return { ahead, behind };
}

/**
 * Whether the counts are right although the history that is here ends somewhere: every end is common, and so old that
 * nothing behind it leads to a commit that was counted.
 */
export function isCountCertain(walk: CommonWalk): boolean {
  const isCommon = (node: CommitNode) => (walk.marksOf(node) & BOTH) === BOTH;
  const ends = walk.met.filter(({ state }) => state === "cut" || state === "absent");
  if (ends.length === 0) return true;
  if (!ends.every(isCommon)) return false;
  const counted = walk.met.filter((node) => !isCommon(node));
  const oldest = counted.reduce((seconds, node) => Math.min(seconds, node.seconds), Infinity);
  return ends.every(({ state, seconds }) => state === "cut" ? seconds <= oldest : counted.length === 0);
}

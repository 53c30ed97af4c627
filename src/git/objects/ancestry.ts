/**
 * Questions about history: does one commit lead to another, how far are two apart, where did they part.
 *
 * Where a shallow boundary, or a commit that is missing or promised and not fetched, ends the walk before there is an
 * answer, that is said; it is never guessed. What a commit that is neither missing nor a commit brings up is an error.
 *
 * A commit-graph is used where git would use it. Each commit is read once, however many questions are asked; the
 * commits are forgotten between two questions when there are too many. Nothing recurses.
 *
 * @module
 */
import type { Oid } from "../object_format.ts";
import type { Repository } from "../repository.ts";
import { type AheadBehind, countApart, isCountCertain, walkApart } from "./apart_walk.ts";
import { objectFolders } from "./alternates.ts";
import { type CommitGraph, openCommitGraph } from "./commit_graph.ts";
import { byDate, byGeneration } from "./commit_queue.ts";
import { type CommitNode, type CommitTable, createCommitTable, UnsoundGraphError } from "./commit_table.ts";
import { BOTH, CommonWalk, FIRST, SECOND, STALE } from "./common_walk.ts";
import { type History, openHistory } from "./history.ts";

export type { AheadBehind };

/** Answers questions about the history of one repository. */
export interface Ancestry {
  /**
   * Whether a commit is another one or an ancestor of it (`git merge-base --is-ancestor`).
   *
   * @returns `unknown`: it was not met, and the history that is here ends before the question is settled.
   * @throws {LatticeError} `invalid_data`: a commit on the way is damaged, or one of the two is no commit; `io`.
   */
  isAncestor(ancestor: Oid, descendant: Oid): "yes" | "no" | "unknown";

  /**
   * How many commits are in the one history and not in the other (`git rev-list --left-right --count ours...theirs`).
   *
   * Exact where each commit is at least as old as those that lead to it, or where a commit-graph covers them. Where
   * clocks were off, the walk goes on for a while, as git's does for a shorter one.
   *
   * @returns `null`: the history that is here ends too early to tell.
   * @throws {LatticeError} As `isAncestor`.
   */
  countAheadBehind(ours: Oid, theirs: Oid): AheadBehind | null;

  /**
   * The best common ancestor of two commits: the one that `git merge-base` prints.
   *
   * @returns `null`: there is none, or the history that is here ends too early to tell.
   * @throws {LatticeError} As `isAncestor`.
   */
  mergeBase(one: Oid, two: Oid): Oid | null;

  /** Parents as git sees them. @throws {LatticeError} As `countVisible`. */
  visibleParents(commit: Oid): readonly Oid[];

  /**
   * Like `countAheadBehind`, of the history that is here, as git counts it.
   *
   * @throws {LatticeError} As `isAncestor`; also `not_found` or `unsupported` for a commit that is not here.
   */
  countVisible(ours: Oid, theirs: Oid): AheadBehind;

  /**
   * All best common ancestors in the history that is here, the newest first (`git merge-base --all`).
   *
   * @throws {LatticeError} As `countVisible`.
   */
  visibleMergeBases(one: Oid, two: Oid): Oid[];
}

/** So many commits are kept from one question to the next, roughly 100 MB. */
const COMMITS_KEPT_MAX = 300_000;

/** Makes the place for questions about a repository; nothing is read before something is asked. */
export function openAncestry(repository: Repository): Ancestry {
  const history = openHistory(repository.system.disk, repository.commonDir, repository.objects);
  const table = createCommitTable(history, () => openGraph(repository, history));
  return createAncestry(table, history);
}

/** The commit-graph, where it is in use, is sound, and says what the commits say: as git has it. */
function openGraph(repository: Repository, history: History): CommitGraph | null {
  const { system, config, refs, objectFormat } = repository;
  if (config.getBoolean("core.commitgraph") === false) return null;
  const levelsOnly = config.getInteger("commitgraph.generationversion") === 1;
  const graph = openCommitGraph(system.disk, objectFolders(repository), objectFormat, levelsOnly);
  if (graph === null || history.isAltered()) return null;
  const replaces = system.env["GIT_NO_REPLACE_OBJECTS"] === undefined &&
    config.getBoolean("core.usereplacerefs") !== false;
  if (replaces) { for (const _ of refs.list("refs/replace/", () => {})) return null; }
  return graph;
}

function createAncestry(table: CommitTable, history: History): Ancestry {
  /** Asks, and forgets what is too much to be kept. */
  function asked<Answer>(question: () => Answer): Answer {
    if (table.size > COMMITS_KEPT_MAX) table.clear(true);
    try {
      return question();
    } catch (error) {
      if (!(error instanceof UnsoundGraphError)) throw error;
      table.clear(false);
      return question();
    }
  }

  function refuseAbsent(met: readonly CommitNode[]): void {
    for (const { oid, state } of met) if (state === "absent") history.commitParents(oid); // which throws
  }

  return {
    isAncestor: (ancestor, descendant) => asked(() => isAncestor(table, ancestor, descendant)),

    countAheadBehind: (ours, theirs) =>
      asked(() => {
        const walk = walkApart(table, table.load(ours), table.load(theirs));
        return isCountCertain(walk) ? countApart(walk) : null;
      }),

    mergeBase: (one, two) =>
      asked(() => {
        const walk = walkToCommon(table, one, two);
        const ends = walk.met.filter((node) => hidesCommon(walk, node)); // before the marks are those of another walk
        const best = bestOf(table, walk)[0];
        if (best === undefined) return null;
        return ends.some((end) => end.state === "absent" || end.seconds > best.seconds) ? null : best.oid;
      }),

    visibleParents: (commit) => history.commitParents(commit).parents,

    countVisible: (ours, theirs) =>
      asked(() => {
        const walk = walkApart(table, table.load(ours), table.load(theirs));
        refuseAbsent(walk.met);
        return countApart(walk);
      }),

    visibleMergeBases: (one, two) =>
      asked(() => {
        const walk = walkToCommon(table, one, two);
        refuseAbsent(walk.met);
        return bestOf(table, walk).map(({ oid }) => oid);
      }),
  };
}

function isAncestor(table: CommitTable, ancestor: Oid, descendant: Oid): "yes" | "no" | "unknown" {
  if (ancestor === descendant) return "yes";
  const below = table.load(descendant);
  if (below.parents.some(({ oid }) => oid === ancestor)) return "yes"; // the usual case needs one commit alone
  const wanted = table.load(ancestor);
  const walk = new CommonWalk(table, byGeneration);
  walk.mark(below, SECOND);
  walk.mark(wanted, FIRST);
  while (walk.isOpen) {
    const node = walk.next()!;
    if (node.generation < wanted.generation) break; // and so are all that wait
    walk.expand(node);
    if ((wanted.marks & SECOND) !== 0) return "yes";
  }
  // What the wanted commit leads to cannot lead to it, so only ends that the descendant alone leads to count.
  return walk.met.some((node) => (node.marks & BOTH) === SECOND && isEnd(node)) ? "unknown" : "no";
}

/** Whether the history goes on behind a commit, and not here. */
function isEnd({ state }: CommitNode): boolean {
  return state === "cut" || state === "absent";
}

function walkToCommon(table: CommitTable, one: Oid, two: Oid): CommonWalk {
  const walk = new CommonWalk(table, table.hasCorrectedDates ? byGeneration : byDate);
  walk.mark(table.load(one), FIRST);
  walk.mark(table.load(two), SECOND);
  while (walk.isOpen) walk.expand(walk.next()!);
  return walk;
}

/** The candidates that no other one leads to, the newest first; of equal dates the one that was reached first. */
function bestOf(table: CommitTable, walk: CommonWalk): CommitNode[] {
  const found = walk.candidates.filter(({ marks }) => (marks & STALE) === 0);
  const isCovered = (node: CommitNode) =>
    found.some((other) => other !== node && isAncestor(table, node.oid, other.oid) === "yes");
  const best = found.length < 2 ? found : found.filter((node) => !isCovered(node));
  return best.sort((one, two) => two.seconds - one.seconds);
}

/**
 * Whether the history behind a commit may hold a better common ancestor than those that were met. Behind one that is
 * common itself there is none; but one that is absent cannot be an answer, and may have been the best.
 */
function hidesCommon(walk: CommonWalk, node: CommitNode): boolean {
  if (!isEnd(node)) return false;
  const marks = walk.marksOf(node);
  return (marks & BOTH) !== BOTH || (node.state === "absent" && (marks & STALE) === 0);
}

/**
 * The commits that walks of one repository met, each read once, with room for the marks of the walk that is under way.
 *
 * @module
 */
import { isDamage, LatticeError } from "../../platform/errors.ts";
import type { Oid } from "../object_format.ts";
import type { CommitGraph } from "./commit_graph.ts";
import { ReplacedFileError } from "./file_pages.ts";
import type { History } from "./history.ts";

/** A commit in the table. */
export interface CommitNode {
  readonly oid: Oid;
  /**
   * `unread` until it is asked for; `cut`: it has parents that are not in this repository; `absent`: it is not here
   * itself.
   */
  state: "unread" | "whole" | "cut" | "absent";
  /** Empty until it is read. */
  parents: readonly CommitNode[];
  /** When it was committed, in seconds since 1970; 0 where it does not say so, or is absent. */
  seconds: number;
  /** Higher than that of every parent, where it is in the commit-graph; else infinite. */
  generation: number;
  /** Its position in the commit-graph; -1: it is not in it; `null`: it was not looked for. */
  position: number | null;
  /** Marks of the walk with this number; those of another walk count as none. */
  walk: number;
  marks: number;
  /** How often it waits in the queue of the walk. */
  waiting: number;
}

/** The commits of one repository. */
export interface CommitTable {
  /** How many commits it holds. */
  readonly size: number;
  /** Whether generations are dates as well, so that git walks by them. */
  readonly hasCorrectedDates: boolean;
  /**
   * The commit of a name, read.
   *
   * @throws {LatticeError} `invalid_data`: it is damaged or no commit.
   * @throws {UnsoundGraphError} The commit-graph is not sound: ask again after `clear(false)`.
   */
  load(oid: Oid): CommitNode;
  /** Reads a commit if it was not read. @throws {LatticeError} As `load`. */
  read(node: CommitNode): void;
  /**
   * Forgets all commits; those that somebody holds must not be used any more.
   *
   * @param keepGraph Whether the commit-graph goes on to be used.
   */
  clear(keepGraph: boolean): void;
}

/** The commit-graph turned out not to be sound, or was replaced, in the middle of a question. */
export class UnsoundGraphError extends Error {
  override readonly name = "UnsoundGraphError";
}

/**
 * Makes an empty table.
 *
 * @param openGraph Opens the commit-graph, when the first commit is read.
 */
export function createCommitTable(history: History, openGraph: () => CommitGraph | null): CommitTable {
  const nodes = new Map<Oid, CommitNode>();
  let graph: CommitGraph | null | undefined;
  const graphInUse = () => graph === undefined ? graph = openGraph() : graph;

  function nodeOf(oid: Oid): CommitNode {
    let node = nodes.get(oid);
    if (node === undefined) {
      node = {
        oid,
        state: "unread",
        parents: [],
        seconds: 0,
        generation: Infinity,
        position: null,
        walk: 0,
        marks: 0,
        waiting: 0,
      };
      nodes.set(oid, node);
    }
    return node;
  }

  /** Whether the commit is in the graph, from which it then is read. */
  function readFromGraph(node: CommitNode): boolean {
    const graph = graphInUse();
    if (graph === null) return false;
    try {
      node.position ??= graph.find(node.oid);
      if (node.position < 0) return false;
      const { parents, seconds, generation } = graph.read(node.position);
      node.parents = parents.map((position) => {
        const parent = nodeOf(graph.oidAt(position));
        if (parent.state === "unread") parent.position = position;
        return parent;
      });
      node.seconds = seconds;
      node.generation = generation;
    } catch (cause) {
      if (isDamage(cause) || cause instanceof ReplacedFileError) throw new UnsoundGraphError("", { cause });
      throw cause;
    }
    node.state = "whole";
    return true;
  }

  function read(node: CommitNode): void {
    if (node.state !== "unread" || readFromGraph(node)) return;
    try {
      const { parents, source, seconds } = history.commitParents(node.oid);
      node.parents = parents.map(nodeOf);
      node.seconds = seconds;
      node.state = source === "shallow" ? "cut" : "whole";
    } catch (error) {
      if (!isAbsence(error)) throw error;
      node.state = "absent";
    }
  }

  return {
    get size() {
      return nodes.size;
    },
    get hasCorrectedDates() {
      return graphInUse()?.hasCorrectedDates === true;
    },
    load(oid) {
      const node = nodeOf(oid);
      read(node);
      return node;
    },
    read,
    clear(keepGraph) {
      nodes.clear();
      if (!keepGraph) graph = null;
    },
  };
}

/** Whether an error says that a commit is missing, or promised by a partial clone and not fetched. */
function isAbsence(error: unknown): boolean {
  return error instanceof LatticeError && (error.code === "not_found" || error.details["promised"] === true);
}

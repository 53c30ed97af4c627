/**
 * The commits that walks of one repository met, each read once, with room for the marks of the walk that is under way.
 *
 * @module
 */
import { LatticeError } from "../../platform/errors.ts";
import type { Oid } from "../object_format.ts";
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
  /** Higher than that of every parent, where a commit-graph says so; else infinite. */
  generation: number;
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
  /** The commit of a name, read. @throws {LatticeError} `invalid_data`: it is damaged or no commit. */
  load(oid: Oid): CommitNode;
  /** Reads a commit if it was not read. @throws {LatticeError} As `load`. */
  read(node: CommitNode): void;
  /** Forgets all commits; those that somebody holds must not be used any more. */
  clear(): void;
}

/** Makes an empty table. */
export function createCommitTable(history: History): CommitTable {
  const nodes = new Map<Oid, CommitNode>();

  function nodeOf(oid: Oid): CommitNode {
    let node = nodes.get(oid);
    if (node === undefined) {
      node = {
        oid,
        state: "unread",
        parents: [],
        seconds: 0,
        generation: Infinity,
        walk: 0,
        marks: 0,
        waiting: 0,
      };
      nodes.set(oid, node);
    }
    return node;
  }

  function read(node: CommitNode): void {
    if (node.state !== "unread") return;
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
    load(oid) {
      const node = nodeOf(oid);
      read(node);
      return node;
    },
    read,
    clear: () => nodes.clear(),
  };
}

/** Whether an error says that a commit is missing, or promised by a partial clone and not fetched. */
function isAbsence(error: unknown): boolean {
  return error instanceof LatticeError && (error.code === "not_found" || error.details["promised"] === true);
}

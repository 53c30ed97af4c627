/**
 * Commits, understood as tolerantly as git does: the tree and the parents must be there and well formed, anything
 * else may be missing or odd.
 *
 * @module
 */
import type { ObjectFormat, Oid } from "../object_format.ts";
import { type HeaderLine, headerValue, malformed, oidLineAt, oidLineLength, splitHeaders } from "./headers.ts";

/** A commit. Texts are as `text.ts` carries bytes. */
export interface Commit {
  readonly tree: Oid;
  readonly parents: readonly Oid[];
  /** `Name <email> seconds zone` as it stands, or `null` when there is none. */
  readonly author: string | null;
  /** Like `author`. */
  readonly committer: string | null;
  /** What the message is encoded in, when it says so; else it should be UTF-8. */
  readonly encoding: string | null;
  /** Every line of the header, these included. */
  readonly headers: readonly HeaderLine[];
  /** Behind the first empty line. */
  readonly message: Uint8Array;
}

/**
 * Parses a commit.
 *
 * @param oid Its name, for the error.
 * @throws {LatticeError} `invalid_data`: the tree or a parent is not well formed.
 */
export function parseCommit(format: ObjectFormat, content: Uint8Array, oid?: Oid): Commit {
  const { tree, parents } = parseCommitLinks(format, content, oid);
  const { headers, message } = splitHeaders(content);
  return {
    tree,
    parents,
    author: headerValue(headers, "author"),
    committer: headerValue(headers, "committer"),
    encoding: headerValue(headers, "encoding"),
    headers,
    message,
  };
}

/**
 * Tree and parents alone; all that a walk needs.
 *
 * @param oid The commit's name, for the error.
 * @throws {LatticeError} `invalid_data`: they are not well formed.
 */
export function parseCommitLinks(
  format: ObjectFormat,
  content: Uint8Array,
  oid?: Oid,
): { tree: Oid; parents: Oid[] } {
  const tree = oidLineAt(format, content, 0, "tree");
  if (tree === null) throw malformed("commit", "it does not begin with its tree", oid);
  const parents: Oid[] = [];
  for (let at = oidLineLength(format, "tree"); startsWithParent(content, at);) {
    const parent = oidLineAt(format, content, at, "parent");
    if (parent === null) throw malformed("commit", "the line of a parent holds no object name", oid);
    parents.push(parent);
    at += oidLineLength(format, "parent");
  }
  return { tree, parents };
}

function startsWithParent(content: Uint8Array, at: number): boolean {
  return String.fromCharCode(...content.subarray(at, at + 7)) === "parent ";
}

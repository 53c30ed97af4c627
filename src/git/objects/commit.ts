/**
 * Commits, understood as tolerantly as git does: the tree and the parents must be there and well formed, anything
 * else may be missing or odd.
 *
 * @module
 */
import { utf8 } from "../../platform/text.ts";
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

/** All that a walk needs of a commit. */
export interface CommitLinks {
  readonly tree: Oid;
  readonly parents: Oid[];
  /** When it was committed, in seconds since 1970; 0 where it does not say so, as git has it. */
  readonly seconds: number;
}

/**
 * Tree, parents and date alone.
 *
 * @param oid The commit's name, for the error.
 * @throws {LatticeError} `invalid_data`: the tree or a parent is not well formed.
 */
export function parseCommitLinks(format: ObjectFormat, content: Uint8Array, oid?: Oid): CommitLinks {
  const tree = oidLineAt(format, content, 0, "tree");
  if (tree === null) throw malformed("commit", "it does not begin with its tree", oid);
  const parents: Oid[] = [];
  let at = oidLineLength(format, "tree");
  while (startsWith(content, at, PARENT)) {
    const parent = oidLineAt(format, content, at, "parent");
    if (parent === null) throw malformed("commit", "the line of a parent holds no object name", oid);
    parents.push(parent);
    at += oidLineLength(format, "parent");
  }
  return { tree, parents, seconds: committedAt(content, at) };
}

const PARENT = utf8("parent ");
const AUTHOR = utf8("author");
const COMMITTER = utf8("committer");
const NEWLINE = 10;
const SPACE = 32;
const GREATER = 62;
const ZERO = 48;

/** The date of the committer, who stands behind the author; nowhere else is it looked for, as in git. */
function committedAt(content: Uint8Array, at: number): number {
  if (!startsWith(content, at, AUTHOR)) return 0;
  const line = content.indexOf(NEWLINE, at) + 1;
  if (line === 0 || !startsWith(content, line, COMMITTER)) return 0;
  const end = content.indexOf(NEWLINE, line);
  let digit = content.indexOf(GREATER, line) + 1;
  if (digit === 0 || digit > end) return 0;
  while (content[digit] === SPACE) digit++;
  let seconds = 0;
  for (; digit < end && content[digit]! >= ZERO && content[digit]! <= ZERO + 9; digit++) {
    seconds = Math.min(seconds * 10 + content[digit]! - ZERO, Number.MAX_SAFE_INTEGER);
  }
  return seconds;
}

function startsWith(content: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length; i++) if (content[at + i] !== word[i]) return false;
  return true;
}

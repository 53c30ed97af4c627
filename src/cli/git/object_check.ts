/**
 * Checks that bytes are a well-formed tree, commit or tag before they are named or stored, as `git hash-object`
 * does with the rules of git-fsck.
 *
 * @module
 */
import { checkRefName } from "../../git/refs/names.ts";
import { isObjectType, isOidInAnyCase, type ObjectFormat, type ObjectType } from "../../git/object_format.ts";
import { bytesToName, compareBytes } from "../../platform/text.ts";

/**
 * Judges the content of an object.
 *
 * @returns `null` when it is well formed, else git-fsck's name of the flaw and what it is.
 */
export function checkObject(format: ObjectFormat, type: ObjectType, content: Uint8Array): string | null {
  switch (type) {
    case "blob":
      return null;
    case "tree":
      return checkTree(format, content);
    case "commit":
      return checkHeader(content) ?? checkCommit(format, headerLines(content)) ?? checkBody(content);
    case "tag":
      return checkHeader(content) ?? checkTag(format, headerLines(content));
  }
}

/** A NUL or a missing newline in the header would make readers see different things. */
function checkHeader(content: Uint8Array): string | null {
  for (let i = 0; i < content.length; i++) {
    if (content[i] === 0) return "nulInHeader: unterminated header: NUL at offset " + i;
    if (content[i] === 10 && content[i + 1] === 10) return null;
  }
  return content[content.length - 1] === 10 ? null : "unterminatedHeader: unterminated header";
}

function checkBody(content: Uint8Array): string | null {
  return content.includes(0) ? "nulInCommit: NUL byte in the commit object body" : null;
}

/** Lines up to the empty one. */
function headerLines(content: Uint8Array): string[] {
  const lines: string[] = [];
  for (let start = 0; start < content.length;) {
    const end = content.indexOf(10, start);
    if (end < 0 || end === start) break;
    lines.push(bytesToName(content.subarray(start, end)));
    start = end + 1;
  }
  return lines;
}

function checkCommit(format: ObjectFormat, lines: readonly string[]): string | null {
  let at = 0;
  const tree = lines[at++];
  if (tree === undefined || !tree.startsWith("tree ")) return "missingTree: invalid format - expected 'tree' line";
  if (!isOidInAnyCase(format, tree.slice(5))) return "badTreeSha1: invalid 'tree' line format - bad sha1";
  for (; lines[at]?.startsWith("parent ") === true; at++) {
    if (!isOidInAnyCase(format, lines[at]!.slice(7))) return "badParentSha1: invalid 'parent' line format - bad sha1";
  }
  const author = lines[at++];
  if (author?.startsWith("author ") !== true) return "missingAuthor: invalid format - expected 'author' line";
  const flaw = checkIdentity(author.slice(7));
  if (flaw !== null) return flaw;
  if (lines[at]?.startsWith("author ") === true) return "multipleAuthors: invalid format - multiple 'author' lines";
  const committer = lines[at];
  if (committer?.startsWith("committer ") !== true) {
    return "missingCommitter: invalid format - expected 'committer' line";
  }
  return checkIdentity(committer.slice(10));
}

function checkTag(format: ObjectFormat, lines: readonly string[]): string | null {
  const [object, type, tag, tagger] = lines; // more lines behind these are of no concern
  if (object?.startsWith("object ") !== true) return "missingObject: invalid format - expected 'object' line";
  if (!isOidInAnyCase(format, object.slice(7))) return "badObjectSha1: invalid 'object' line format - bad sha1";
  if (type?.startsWith("type ") !== true) return "missingTypeEntry: invalid format - expected 'type' line";
  if (!isObjectType(type.slice(5))) return "badType: invalid 'type' value";
  if (tag?.startsWith("tag ") !== true) return "missingTagEntry: invalid format - expected 'tag' line";
  if (checkRefName(`refs/tags/${tag.slice(4)}`) !== null) return `badTagName: invalid 'tag' name: ${tag.slice(4)}`;
  if (tagger?.startsWith("tagger ") !== true) return "missingTaggerEntry: invalid format - expected 'tagger' line";
  return checkIdentity(tagger.slice(7));
}

/** `Name <email> <seconds> <zone>`. */
function checkIdentity(text: string): string | null {
  if (text.startsWith("<")) return "missingNameBeforeEmail: invalid author/committer line - missing space before email";
  const open = text.search(/[<>]/);
  if (open >= 0 && text[open] === ">") return "badName: invalid author/committer line - bad name";
  if (open < 0) return "missingEmail: invalid author/committer line - missing email";
  if (text[open - 1] !== " ") {
    return "missingSpaceBeforeEmail: invalid author/committer line - missing space before email";
  }
  const close = open + 1 + text.slice(open + 1).search(/[<>]/);
  if (close <= open || text[close] !== ">") return "badEmail: invalid author/committer line - bad email";
  if (text[close + 1] !== " ") {
    return "missingSpaceBeforeDate: invalid author/committer line - missing space before date";
  }
  return checkDate(text.slice(close + 2));
}

function checkDate(text: string): string | null {
  const date = text.replace(/^[ \t]+/, "");
  if (/^0[^ ]/.test(date)) return "zeroPaddedDate: invalid author/committer line - zero-padded date";
  const seconds = /^[0-9]+(?= )/.exec(date)?.[0];
  if (seconds === undefined) return "badDate: invalid author/committer line - bad date";
  if (BigInt(seconds) >= 1n << 63n) {
    return "badDateOverflow: invalid author/committer line - date causes integer overflow";
  }
  if (/^[+-][0-9]{4}$/.test(date.slice(seconds.length + 1))) return null;
  return "badTimezone: invalid author/committer line - bad time zone";
}

const MODES: ReadonlySet<string> = new Set(["100755", "100644", "120000", "40000", "160000"]);
const BAD_NAMES: ReadonlyMap<string, string> = new Map([
  ["", "emptyName: contains empty pathname"],
  [".", "hasDot: contains '.'"],
  ["..", "hasDotdot: contains '..'"],
]);

function checkTree(format: ObjectFormat, content: Uint8Array): string | null {
  const names = new Set<string>();
  let previous: Uint8Array | null = null;
  for (let at = 0; at < content.length;) {
    const blank = content.indexOf(32, at);
    const end = blank < 0 ? -1 : content.indexOf(0, blank);
    if (end < 0 || end + 1 + format.rawLength > content.length) return "badTree: cannot be parsed as a tree";
    const mode = bytesToName(content.subarray(at, blank));
    const nameBytes = content.subarray(blank + 1, end);
    const flaw = checkTreeEntry(mode, bytesToName(nameBytes), content.subarray(end + 1, end + 1 + format.rawLength));
    if (flaw !== null) return flaw;
    const name = bytesToName(nameBytes);
    if (names.has(name)) return "duplicateEntries: contains duplicate file entries";
    names.add(name);
    const key = sortKey(nameBytes, mode === "40000");
    if (previous !== null && compareBytes(previous, key) >= 0) return "treeNotSorted: not properly sorted";
    previous = key;
    at = end + 1 + format.rawLength;
  }
  return null;
}

function checkTreeEntry(mode: string, name: string, rawOid: Uint8Array): string | null {
  if (!/^[0-7]{1,7}$/.test(mode)) return "badTree: cannot be parsed as a tree";
  if (rawOid.every((byte) => byte === 0)) return "nullSha1: contains entries pointing to null sha1";
  if (name.includes("/")) return "fullPathname: contains full pathnames";
  const flaw = BAD_NAMES.get(name);
  if (flaw !== undefined) return flaw;
  if (isDotGit(name)) return "hasDotgit: contains '.git'";
  if (mode.startsWith("0")) return "zeroPaddedFilemode: contains zero-padded file modes";
  return MODES.has(mode) ? null : "badFilemode: contains bad file modes";
}

/** What some file system takes for `.git`: other case, trailing dots and blanks, streams, ignorable characters. */
function isDotGit(name: string): boolean {
  const plain = name.replace(/[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g, "");
  if (plain.toLowerCase() === ".git") return true;
  return /^(?:\.git|git~1)[. ]*(?:[:\\].*)?$/is.test(name);
}

/** Folders sort as if their names ended with a slash. */
function sortKey(name: Uint8Array, isFolder: boolean): Uint8Array {
  if (!isFolder) return name;
  const key = new Uint8Array(name.length + 1);
  key.set(name);
  key[name.length] = 47;
  return key;
}

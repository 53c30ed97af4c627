/**
 * Trees: entries of a mode, a name and an object name, one behind the other.
 *
 * @module
 */
import { bytesToName } from "../../platform/text.ts";
import type { ObjectFormat, ObjectType, Oid } from "../object_format.ts";
import { malformed, rawOidAt } from "./headers.ts";

/** An entry of a tree. */
export interface TreeEntry {
  /** The mode as git understands it: 0o040000, 0o100644, 0o100755, 0o120000 or 0o160000. */
  readonly mode: number;
  /** The type that the mode says; a submodule's commit is in another repository. */
  readonly type: ObjectType;
  /** The name, as `text.ts` carries bytes. */
  readonly name: string;
  readonly oid: Oid;
}

const BLANK = 32;
const KIND_BITS = 0o170000;
const MODE_DIGITS_MAX = 7;

/**
 * Goes through the entries of a tree, in the order in which they stand.
 *
 * @param oid The tree's name, for the error.
 * @throws {LatticeError} `invalid_data`: an entry is cut off, has no octal mode, or no name.
 */
export function* treeEntries(format: ObjectFormat, content: Uint8Array, oid?: Oid): Iterable<TreeEntry> {
  for (let at = 0; at < content.length;) {
    const blank = content.indexOf(BLANK, at);
    const nul = content.indexOf(0, at);
    if (nul < 0 || nul + 1 + format.rawLength > content.length) {
      throw malformed("tree", `its entry at byte ${at} is cut off`, oid);
    }
    const digits = blank < 0 || blank > nul ? "" : String.fromCharCode(...content.subarray(at, blank).slice(0, 16));
    if (!/^[0-7]+$/.test(digits) || digits.length > MODE_DIGITS_MAX) {
      throw malformed("tree", `its entry at byte ${at} has no octal mode`, oid);
    }
    if (nul === blank + 1) throw malformed("tree", `its entry at byte ${at} has an empty name`, oid);
    const mode = canonicalMode(parseInt(digits, 8));
    yield {
      mode,
      type: typeOfMode(mode),
      name: bytesToName(content.subarray(blank + 1, nul)),
      oid: rawOidAt(format, content, nul + 1),
    };
    at = nul + 1 + format.rawLength;
  }
}

/** Old programs wrote other modes, which git takes for the nearest of the five. */
function canonicalMode(mode: number): number {
  switch (mode & KIND_BITS) {
    case 0o100000:
      return (mode & 0o100) === 0 ? 0o100644 : 0o100755;
    case 0o120000:
      return 0o120000;
    case 0o040000:
      return 0o040000;
    default:
      return 0o160000;
  }
}

function typeOfMode(mode: number): ObjectType {
  if (mode === 0o040000) return "tree";
  return mode === 0o160000 ? "commit" : "blob";
}

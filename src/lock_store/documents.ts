/**
 * State documents that are kept beside lock records, as a backend offers them.
 *
 * @module
 */

import { LatticeError } from "../platform/errors.ts";
import { isWellFormed } from "../platform/text.ts";

/** Longest name, in UTF-16 units: PostgreSQL's index takes no entry of more than 2,704 bytes. */
export const DOCUMENT_NAME_LENGTH_MAX = 255;

/**
 * Named state documents as one transaction sees them: bytes, which are not looked at. A name is 1 to 255 UTF-16 units of
 * well-formed text without NUL; those of `statesIn` are narrower.
 */
export interface DocumentRecords {
  /** `null`: there is none. */
  read(name: string): Promise<Uint8Array | null>;
  /** Stores a document in place of one of that name. @throws {LatticeError} `usage`: no document can have the name. */
  put(name: string, content: Uint8Array): Promise<void>;
  /** Removes one; that it is not there is fine. */
  remove(name: string): Promise<void>;
  /** All names, in any order. */
  list(): Promise<string[]>;
}

/** Documents whose names are looked at before a database refuses them in words of its own. */
export function withCheckedNames(documents: DocumentRecords): DocumentRecords {
  return {
    read: async (name) => await documents.read(checked(name)),
    put: async (name, content) => await documents.put(checked(name), content),
    remove: async (name) => await documents.remove(checked(name)),
    list: () => documents.list(),
  };
}

function checked(name: string): string {
  const isName = typeof name === "string" && name !== "" && name.length <= DOCUMENT_NAME_LENGTH_MAX &&
    isWellFormed(name) && !name.includes("\0");
  if (isName) return name;
  const shown = typeof name === "string" ? JSON.stringify(name.slice(0, 100)) : String(name);
  throw new LatticeError("usage", `no document can have the name ${shown}`, {
    hint: `a name is text of 1 to ${DOCUMENT_NAME_LENGTH_MAX} characters without NUL`,
  });
}

/**
 * State documents that are kept beside lock records, as a backend offers them.
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import { flawOfName } from "./lock.ts";

/** Longest name, in UTF-16 units: PostgreSQL's index takes no entry of more than 2,704 bytes. */
export const DOCUMENT_NAME_LENGTH_MAX = 255;

/**
 * Named state documents as one transaction sees them: bytes, which are not looked at. A name is 1 to 255 UTF-16 units of
 * well-formed text without NUL; those of `statesIn` are narrower.
 */
export interface DocumentRecords {
  /** `null`: there is none. */
  read(name: string): Promise<Uint8Array | null>;
  /** Stores a document in place of one of that name. @throws {LatticeError} `usage`: no document can have this name. */
  put(name: string, content: Uint8Array): Promise<void>;
  /** Removes one; that it is not there is fine. */
  remove(name: string): Promise<void>;
  /** All names, in any order. */
  list(): Promise<string[]>;
}

/**
 * Documents that are stored under names only that every backend takes: a database would refuse others in words of its
 * own. What has such a name already can be read and removed.
 *
 * Like everything else that is wrong with a call, this is thrown at once: whoever does not wait for the call does not
 * get the rest of the transaction without it.
 */
export function withCheckedNames(documents: DocumentRecords): DocumentRecords {
  return {
    read: (name) => documents.read(name),
    put(name, content) {
      checkName(name);
      return documents.put(name, content);
    },
    remove: (name) => documents.remove(name),
    list: () => documents.list(),
  };
}

function checkName(name: string): void {
  const flaw = flawOfName(name, DOCUMENT_NAME_LENGTH_MAX);
  if (flaw === null) return;
  throw new LatticeError("usage", `no document can have a name that ${flaw}`, {
    hint: `a name is well-formed text of 1 to ${DOCUMENT_NAME_LENGTH_MAX} UTF-16 units without NUL`,
  });
}

/**
 * State documents that are kept beside lock records, as a backend offers them.
 *
 * @module
 */

/** Named state documents as one transaction sees them: bytes, which are not looked at. Names were checked by the caller. */
export interface DocumentRecords {
  /** `null`: there is none. */
  read(name: string): Promise<Uint8Array | null>;
  /** Stores a document in place of one of that name. */
  put(name: string, content: Uint8Array): Promise<void>;
  /** Removes one; that it is not there is fine. */
  remove(name: string): Promise<void>;
  /** All names, in any order. */
  list(): Promise<string[]>;
}

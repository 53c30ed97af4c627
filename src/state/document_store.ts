/**
 * What a backend is: it keeps named documents as bytes, each replaced as a whole. The schema is above it
 * (`typed_repository.ts`), so that the command line stores the bytes that it is given.
 *
 * @module
 */
import { CorruptedStateFile, ExpectationFailed } from "./errors.ts";
import { flawOf } from "./document.ts";
import { hashHex } from "../platform/hash.ts";

/** What must be there for a document to be written. */
export type Expectation =
  /** Nothing, or a document that is not damaged. */
  | { readonly kind: "sound" }
  | { readonly kind: "absent" }
  /** A document that is not damaged, of this digest. */
  | { readonly kind: "exactly"; readonly digest: string }
  /** Whatever is there. */
  | { readonly kind: "any" };

/** A backend. Names were checked by the caller; every promise is fulfilled only when what it tells of is durable. */
export interface DocumentStore {
  /** Where a document is, for messages. */
  pathOf(name: string): string;
  /** The stored bytes, whatever they are. `null`: there are none. @throws {ReadStateFailed} */
  read(name: string): Promise<Uint8Array | null>;
  /** Stores bytes that are a sound document, if the expectation is met, in one atomic step. @throws As `save`. */
  write(name: string, bytes: Uint8Array, expectation: Expectation): Promise<void>;
  /** @throws {ReadStateFailed} */
  exists(name: string): Promise<boolean>;
  /** @throws As `delete` of a repository. */
  delete(name: string): Promise<void>;
  /** Sorted. @throws {ReadStateFailed} */
  list(): Promise<string[]>;
}

/** The digest by which documents are compared: SHA-256, in lower-case hexadecimal digits. */
export function digestOf(bytes: Uint8Array): string {
  return hashHex("sha256", bytes);
}

/**
 * Compares what is there with what must be there; for backends.
 *
 * @param current The stored bytes; `null`: there are none.
 * @throws {ExpectationFailed} It is something else.
 * @throws {CorruptedStateFile} It is damaged, and not just anything was expected.
 */
export function checkExpectation(
  path: string,
  name: string,
  current: Uint8Array | null,
  expectation: Expectation,
): void {
  if (expectation.kind === "any") return;
  if (current === null) {
    if (expectation.kind === "exactly") throw new ExpectationFailed(path, name, expectation.digest, null);
    return;
  }
  const flaw = flawOf(current);
  if (flaw !== null) throw new CorruptedStateFile(path, name, flaw.text, flaw.cause);
  if (expectation.kind === "sound") return;
  const actual = digestOf(current);
  const expected = expectation.kind === "absent" ? null : expectation.digest;
  if (actual !== expected) throw new ExpectationFailed(path, name, expected, actual);
}

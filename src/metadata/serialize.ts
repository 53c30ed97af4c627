/**
 * A document to the bytes of its blob: compact JSON, keys in the order of the schema, no final newline.
 *
 * The bytes are those of Rust's `serde_json::to_string`, so that programs of either kind give equal documents equal
 * oids: text outside of ASCII stays UTF-8; `"`, `\` and control characters are escaped, `\b \f \n \r \t` in short, the
 * others as `\u00xx` with lower-case digits. `JSON.stringify` does the same for well-formed text.
 *
 * @module
 */
import { utf8 } from "../platform/text.ts";
import { checkDocument, type DocumentContext, DocumentFlaw } from "./check.ts";
import { type BranchMetadata, DOCUMENT_BYTES_MAX } from "./document.ts";
import { quote, SerializeError } from "./errors.ts";
import { metadataRef } from "./ref_name.ts";

/**
 * Checks and writes a document.
 *
 * @param document Any object that should be one; the order of its keys does not matter.
 * @throws {SerializeError} It is not sound, not of this branch, or larger than {@link DOCUMENT_BYTES_MAX}.
 */
export function serializeDocument(document: BranchMetadata, context: DocumentContext): Uint8Array<ArrayBuffer> {
  try {
    return encodeChecked(checkDocument(document, context));
  } catch (error) {
    if (error instanceof DocumentFlaw) throw serializeError(error, context);
    throw error;
  }
}

/**
 * Writes a document that `checkDocument` or `parseDocument` gave.
 *
 * @throws {DocumentFlaw} It is larger than {@link DOCUMENT_BYTES_MAX}.
 */
export function encodeChecked(document: BranchMetadata): Uint8Array<ArrayBuffer> {
  return requireBounded(utf8(JSON.stringify(document)));
}

/**
 * Like {@link encodeChecked}, for a document that ends a longer text: where it stands there in canonical form, those
 * bytes are given, and no copy.
 *
 * @param text The longer text; only ASCII.
 * @param bytes The same in bytes.
 * @param end How many of them there are up to the end of the document.
 */
export function findChecked(document: BranchMetadata, text: string, bytes: Uint8Array, end: number): Uint8Array {
  const wanted = JSON.stringify(document);
  return requireBounded(text.endsWith(wanted, end) ? bytes.subarray(end - wanted.length, end) : utf8(wanted));
}

function requireBounded<Bytes extends Uint8Array>(bytes: Bytes): Bytes {
  if (bytes.length <= DOCUMENT_BYTES_MAX) return bytes;
  throw new DocumentFlaw("", `it would have ${bytes.length} bytes, expected at most ${DOCUMENT_BYTES_MAX}`);
}

function serializeError(flaw: DocumentFlaw, context: DocumentContext): SerializeError {
  return new SerializeError(`metadata of branch ${quote(context.branch)} cannot be stored: ${flaw.message}`, {
    hint: "nothing was changed; correct the document and store it again",
    details: { ref: metadataRef(context.branch), field: flaw.field === "" ? null : flaw.field },
    cause: flaw,
  });
}

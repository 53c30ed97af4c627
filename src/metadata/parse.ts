/**
 * Bytes of a metadata blob to a document, strictly.
 *
 * White space and the order of keys are free (other programs may have written them); everything else is fixed. Time
 * and memory are bounded by the size limit, whatever the bytes are.
 *
 * @module
 */
import type { Oid } from "../git/object_format.ts";
import { decodeUtf8, shellWord } from "../platform/text.ts";
import { checkDocument, type DocumentContext, DocumentFlaw } from "./check.ts";
import { type BranchMetadata, DOCUMENT_BYTES_MAX, SCHEMA_VERSION } from "./document.ts";
import { ForeignDocumentError, ParseError, quote } from "./errors.ts";
import { recogniseForeign } from "./foreign.ts";
import { metadataRef } from "./ref_name.ts";
import { JsonError, type JsonValue, parseJson } from "./strict_json.ts";

/** What a parse must know of the document; `oid` is for messages. */
export interface ParseContext extends DocumentContext {
  /** The blob, when the bytes come from one. */
  readonly oid?: Oid;
}

/**
 * Reads a document.
 *
 * @param bytes The whole blob.
 * @throws {ForeignDocumentError} It is of another tool.
 * @throws {ParseError} It is no sound document of this branch; `details.field` names the field.
 */
export function parseDocument(bytes: Uint8Array, context: ParseContext): BranchMetadata {
  if (bytes.length > DOCUMENT_BYTES_MAX) throw oversized(bytes.length, context);
  try {
    return parseValue(readJson(bytes), context);
  } catch (error) {
    if (error instanceof DocumentFlaw) throw parseError(error, context);
    throw error;
  }
}

/**
 * Reads a document that somebody wants to store.
 *
 * @param bytes What was given; of what is too large, any more than {@link DOCUMENT_BYTES_MAX} will do.
 * @throws {ParseError} It is no sound document of this branch; `details.field` names the field.
 */
export function parseInput(bytes: Uint8Array, context: DocumentContext): BranchMetadata {
  try {
    if (bytes.length > DOCUMENT_BYTES_MAX) {
      throw new DocumentFlaw("", `it has more than ${DOCUMENT_BYTES_MAX} bytes, which is the most it can have`);
    }
    return checkDocument(readJson(bytes), context);
  } catch (error) {
    if (!(error instanceof DocumentFlaw)) throw error;
    const { branch } = context;
    throw new ParseError(
      "invalid_data",
      `the document given for branch ${quote(branch)} is invalid: ${error.message}`,
      {
        hint: error.field === "schema_version" ? LATER_VERSION : "correct the document; nothing was stored",
        details: { ref: metadataRef(branch), field: error.field === "" ? null : error.field },
        cause: error,
      },
    );
  }
}

const LATER_VERSION = `this program knows version ${SCHEMA_VERSION} alone; a later one may have written it`;

/**
 * Checks a document that is a part of something already parsed, such as a line of `apply`.
 *
 * @throws {ForeignDocumentError} It is of another tool.
 * @throws {DocumentFlaw} It is not sound.
 */
export function parseValue(value: unknown, context: DocumentContext): BranchMetadata {
  const tools = recogniseForeign(value);
  if (tools !== null) throw new ForeignDocumentError(context.branch, metadataRef(context.branch), tools);
  return checkDocument(value, context);
}

/**
 * The error for a document that is larger than {@link DOCUMENT_BYTES_MAX}.
 *
 * @param size In bytes.
 */
export function oversized(size: number, context: ParseContext): ParseError {
  const message = `it has ${size} bytes, expected at most ${DOCUMENT_BYTES_MAX}`;
  return parseError(new DocumentFlaw("", message), context);
}

/** The error for a flaw, with the branch, the ref and the next step. */
export function parseError(flaw: DocumentFlaw, context: Pick<ParseContext, "branch" | "oid">): ParseError {
  const ref = metadataRef(context.branch);
  return new ParseError("invalid_data", `metadata of branch ${quote(context.branch)} is invalid: ${flaw.message}`, {
    hint: flaw.field === "schema_version"
      ? LATER_VERSION
      : `lattice git cat-file -p ${shellWord(ref)} shows it, lattice meta set stores a sound one`,
    details: {
      ref,
      field: flaw.field === "" ? null : flaw.field,
      ...(context.oid === undefined ? {} : { actual: context.oid }),
    },
    cause: flaw,
  });
}

/** The JSON object in bytes, as a {@link DocumentFlaw} where there is none. */
function readJson(bytes: Uint8Array): JsonValue {
  const text = decodeUtf8(bytes);
  if (text === null) throw new DocumentFlaw("", "it is not UTF-8");
  if (text === "") throw new DocumentFlaw("", "it is empty");
  if (text.charCodeAt(0) === 0xfeff) throw new DocumentFlaw("", "it begins with a byte order mark");
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonError) throw flawOfJson(error);
    throw error;
  }
}

/** The flaw that an error of the JSON reader means. */
export function flawOfJson(error: JsonError): DocumentFlaw {
  const field = error.kind === "duplicate" ? error.keys.join(".") : "";
  const message = error.kind === "syntax" ? `it is not JSON: ${error.message}` : error.message;
  return new DocumentFlaw(field, message, { cause: error });
}

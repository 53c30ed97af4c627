/**
 * Documents as they are stored: from a metadata ref to the document that it names.
 *
 * @module
 */
import type { Oid } from "../git/object_format.ts";
import type { GitObject, ObjectInfo } from "../git/objects/store.ts";
import type { RefEntry } from "../git/refs/store.ts";
import type { Repository } from "../git/repository.ts";
import { isDamage, LatticeError } from "../platform/errors.ts";
import { decodeUtf8 } from "../platform/text.ts";
import { matchCanonicalDocument } from "./canonical_line.ts";
import { DocumentFlaw } from "./check.ts";
import { type BranchMetadata, DOCUMENT_BYTES_MAX } from "./document.ts";
import { ForeignDocumentError, GitError, ParseError, quote } from "./errors.ts";
import { oversized, type ParseContext, parseDocument, parseError } from "./parse.ts";
import { branchOfRef, metadataRef } from "./ref_name.ts";

/** A branch that has metadata. */
export interface MetadataEntry {
  /** Short name, as after `refs/heads/`. */
  readonly branch: string;
  /** The ref of its metadata. */
  readonly ref: string;
  /** The blob that the ref names. */
  readonly oid: Oid;
}

/** The metadata of a branch, as it is stored. */
export interface StoredMetadata extends MetadataEntry {
  /** The document. */
  readonly metadata: BranchMetadata;
  /** The blob as it stands; other programs may have written it in another layout. Do not change it. */
  readonly bytes: Uint8Array;
}

/**
 * What a metadata ref names.
 *
 * @throws {ParseError} The ref is symbolic.
 */
export function entryOf(entry: RefEntry): MetadataEntry {
  const branch = branchOfRef(entry.name);
  if (entry.value.kind === "direct") return { branch, ref: entry.name, oid: entry.value.oid };
  throw flawed(
    branch,
    undefined,
    `the ref is symbolic (to ${quote(entry.value.target)}), expected one that names a blob`,
  );
}

/**
 * Reads the document that a metadata ref names.
 *
 * @param entry What the ref held a moment ago. Where that is gone, and the ref has moved on, it is asked anew.
 * @returns `undefined`: the ref is gone, too.
 * @throws {ForeignDocumentError} It is another tool's.
 * @throws {ParseError} What is there is no sound document.
 * @throws {GitError} The blob cannot be read.
 */
export function loadDocument(repository: Repository, entry: RefEntry): StoredMetadata | undefined {
  const document = readDocument(repository, entry);
  if (document === undefined) return undefined;
  const { branch, ref, oid, bytes, context } = document;
  return { branch, ref, oid, metadata: parseDocument(bytes, context), bytes };
}

/** The text of a document in canonical form. */
export interface DocumentText extends MetadataEntry {
  /** Compact JSON on one line. */
  readonly text: string;
}

/**
 * Like {@link loadDocument}, for the text alone: what stands there in canonical form is not taken apart.
 *
 * @throws {ParseError} As {@link loadDocument}, which see for the others.
 */
export function loadDocumentText(repository: Repository, entry: RefEntry): DocumentText | undefined {
  const document = readDocument(repository, entry);
  if (document === undefined) return undefined;
  const { branch, ref, oid, bytes, context } = document;
  const stored = decodeUtf8(bytes);
  const isCanonical = stored !== null && matchCanonicalDocument(branch, stored, context.format);
  return { branch, ref, oid, text: isCanonical ? stored : JSON.stringify(parseDocument(bytes, context)) };
}

interface FoundDocument extends MetadataEntry {
  readonly bytes: Uint8Array;
  readonly context: ParseContext;
}

/** A document may be replaced and swept by `git gc` between the look at its ref and the look at it, but not so often. */
const ATTEMPTS_MAX = 5;

function readDocument(repository: Repository, entry: RefEntry): FoundDocument | undefined {
  let current = entry;
  for (let attempt = 1;; attempt++) {
    const { branch, ref, oid } = entryOf(current);
    const context = { branch, oid, format: repository.objectFormat };
    const object = readingRef(ref, () => repository.objects.readUpTo(oid, DOCUMENT_BYTES_MAX));
    if (object !== null) return { branch, ref, oid, bytes: contentOf(object, context), context };
    const now = readingRef(ref, () => repository.refs.read(ref));
    if (now === null) return undefined;
    if (attempt === ATTEMPTS_MAX || (now.value.kind === "direct" && now.value.oid === oid)) throw missing(ref, oid);
    current = now;
  }
}

function contentOf(object: GitObject | ObjectInfo, context: ParseContext): Uint8Array {
  const { branch, oid } = context;
  if (object.type !== "blob") throw flawed(branch, oid, `the ref names a ${object.type}, expected a blob`);
  if ("size" in object) throw oversized(object.size, context);
  return object.content;
}

/**
 * Makes sure that what a branch's ref holds is not another tool's document, before it is replaced or removed. A damaged
 * document may be.
 *
 * @param oid What the ref holds.
 * @throws {ForeignDocumentError} It is another tool's.
 * @throws {GitError} The blob cannot be read.
 */
export function refuseForeign(repository: Repository, branch: string, oid: Oid): void {
  try {
    loadDocument(repository, { name: metadataRef(branch), value: { kind: "direct", oid } });
  } catch (error) {
    const foreign = error instanceof ForeignDocumentError;
    const damaged = isDamage(error);
    if (foreign || !damaged) throw error; // what is damaged or gone tells of no other tool, and has to be mended
  }
}

/** Runs a read of git's data and says, when it fails, of which ref it was. @throws {GitError} It failed. */
export function readingRef<T>(ref: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ParseError || !(error instanceof LatticeError)) throw error;
    throw new GitError(`cannot read ${quote(ref)}`, ref, error);
  }
}

function missing(ref: string, oid: Oid): GitError {
  const error = new LatticeError("invalid_data", `object ${oid} is missing`, {
    hint: "fetch it from a copy of the repository, or store a new document with lattice meta set",
    details: { ref, actual: oid },
  });
  return new GitError(`cannot read ${quote(ref)}`, ref, error);
}

function flawed(branch: string, oid: Oid | undefined, message: string): ParseError {
  return parseError(new DocumentFlaw("", message), { branch, ...(oid === undefined ? {} : { oid }) });
}

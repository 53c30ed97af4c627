/**
 * The metadata of the branches of a repository.
 *
 * Absent is `undefined` here, and nothing else is: a ref that cannot be read, an object that is gone and a document
 * that does not parse are errors, each naming the ref.
 *
 * @module
 */
import type { Oid } from "../git/object_format.ts";
import type { GitObject, ObjectInfo } from "../git/objects/store.ts";
import { checkBranchName, checkNameLength } from "../git/refs/names.ts";
import type { RefEntry } from "../git/refs/store.ts";
import type { Repository } from "../git/repository.ts";
import { LatticeError } from "../platform/errors.ts";
import { DocumentFlaw } from "./check.ts";
import { type BranchMetadata, DOCUMENT_BYTES_MAX } from "./document.ts";
import { ForeignDocumentError, GitError, NotFoundError, ParseError, quote } from "./errors.ts";
import { oversized, parseDocument, parseError } from "./parse.ts";
import { branchOfRef, METADATA_PREFIX, metadataRef } from "./ref_name.ts";
import type { Expected, MetadataWrite, Overwrite, WriteOptions } from "./write.ts";

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

/** Told of a branch whose metadata cannot be read, so that the others can. */
export type OnBroken = (branch: string, error: LatticeError) => void;

/** The metadata of the branches of a repository. */
export class MetadataStore {
  /**
   * Made for one repository.
   *
   * @param repository Where they are.
   * @param options How writes are made.
   */
  constructor(private readonly repository: Repository, private readonly options: WriteOptions = {}) {}

  /**
   * The ref that holds the metadata of a branch.
   *
   * @throws {LatticeError} `usage`: no branch can be called so.
   */
  refName(branch: string): string {
    const reason = checkBranchName(branch) ?? checkNameLength(branch);
    if (reason === null) return metadataRef(branch);
    throw new LatticeError("usage", `${quote(branch)} is no valid branch name: ${reason}`, {
      hint: "the rules are those of `git check-ref-format --branch`",
    });
  }

  /**
   * Reads the metadata of a branch.
   *
   * @returns `undefined`: it has none.
   * @throws {ForeignDocumentError} Another tool's document is there.
   * @throws {ParseError} What is there is no sound document.
   * @throws {GitError} The ref or the blob cannot be read.
   */
  read(branch: string): StoredMetadata | undefined {
    const ref = this.refName(branch);
    const entry = this.#reading(ref, () => this.repository.refs.read(ref));
    return entry === null ? undefined : this.#load(entry);
  }

  /**
   * Reads the metadata of a branch that must have some.
   *
   * @throws {NotFoundError} It has none. Also what `read` throws.
   */
  readExisting(branch: string): StoredMetadata {
    const stored = this.read(branch);
    if (stored === undefined) throw new NotFoundError(branch, metadataRef(branch));
    return stored;
  }

  /**
   * Names of the branches that have metadata, sorted by their bytes; the documents are not looked at.
   *
   * @param onBroken Told of refs that are damaged; without it, the first one throws.
   */
  list(onBroken?: OnBroken): string[] {
    return Array.from(this.#entries(onBroken), (entry) => branchOfRef(entry.name));
  }

  /**
   * Like `list`, with refs and oids.
   *
   * @throws {ParseError} A ref is symbolic; with `onBroken`, that is told instead.
   */
  listAll(onBroken?: OnBroken): MetadataEntry[] {
    const entries: MetadataEntry[] = [];
    for (const entry of this.#entries(onBroken)) {
      reporting(entry.name, onBroken, () => entries.push(entryOf(entry)));
    }
    return entries;
  }

  /**
   * Reads the metadata of all branches, sorted by the bytes of their names, one after the other.
   *
   * @param onBroken Told of what cannot be read; without it, the first such throws.
   */
  *exportAll(onBroken?: OnBroken): Generator<StoredMetadata> {
    for (const entry of this.#entries(onBroken)) {
      const stored = reporting(entry.name, onBroken, () => this.#load(entry));
      if (stored !== undefined) yield stored;
    }
  }

  /**
   * Stores a document if the ref still holds what the caller last saw. When this returns, it survives a power cut.
   *
   * @param expected The object name that was read; `null`: there must be none; `OVERWRITE`: whatever is there.
   * @throws {CasFailedError} The ref holds something else; `actual` says what.
   * @throws {SerializeError} The document is not sound, or of another branch.
   * @throws {ForeignDocumentError} Another tool's document is there, which is never overwritten.
   * @throws {AlreadyLockedError} Another process kept the repository lock for longer than `lockTimeoutMs`.
   * @throws {GitError} Git's objects or refs could not be read or written.
   * @throws {LatticeError} `op_in_progress`, `diverged`: an operation is paused; `usage`: no branch can be called so.
   */
  async writeCas(branch: string, expected: Expected, metadata: BranchMetadata): Promise<MetadataWrite> {
    this.refName(branch);
    const { writeDocument } = await import("./write.ts");
    return await writeDocument(this.repository, branch, expected, metadata, this.#guard, this.options);
  }

  /**
   * Removes the document of a branch if the ref still holds what the caller last saw.
   *
   * @param expected The object name that was read; `OVERWRITE`: whatever is there.
   * @throws {NotFoundError} `OVERWRITE` was given, and there is none.
   * @throws {CasFailedError} The ref holds something else, or does not exist. Also what `writeCas` throws.
   */
  async deleteCas(branch: string, expected: Oid | Overwrite): Promise<MetadataWrite> {
    this.refName(branch);
    const { removeDocument } = await import("./write.ts");
    return await removeDocument(this.repository, branch, expected, this.#guard, this.options);
  }

  readonly #guard = (branch: string, oid: Oid): void => this.refuseForeign(branch, oid);

  /**
   * Makes sure that what a branch's ref holds is not another tool's, before it is replaced or removed. A damaged
   * document may be.
   *
   * @param oid What the ref holds.
   * @throws {ForeignDocumentError} It is another tool's.
   * @throws {GitError} The blob cannot be read.
   */
  refuseForeign(branch: string, oid: Oid): void {
    const ref = metadataRef(branch);
    try {
      this.#load({ name: ref, value: { kind: "direct", oid } });
    } catch (error) {
      const foreign = error instanceof ForeignDocumentError;
      const damaged = error instanceof LatticeError && error.code === "invalid_data";
      if (foreign || !damaged) throw error; // what is damaged or gone tells of no other tool, and has to be mended
    }
  }

  *#entries(onBroken: OnBroken | undefined): Generator<RefEntry> {
    const tell = (name: string, error: unknown) => {
      onBroken?.(branchOfRef(name), new GitError(`cannot read ${quote(name)}`, name, error));
    };
    try {
      yield* this.repository.refs.list(METADATA_PREFIX, onBroken === undefined ? undefined : tell);
    } catch (error) {
      if (!(error instanceof LatticeError)) throw error;
      throw new GitError("cannot list the branches that have metadata", METADATA_PREFIX, error);
    }
  }

  #load(entry: RefEntry): StoredMetadata {
    const { branch, ref, oid } = entryOf(entry);
    const context = { branch, oid, format: this.repository.objectFormat };
    const object = this.#reading(ref, () => this.#readObject(ref, oid));
    if (object.type !== "blob") throw flawed(branch, oid, `the ref names a ${object.type}, expected a blob`);
    if ("size" in object) throw oversized(object.size, context);
    return { branch, ref, oid, metadata: parseDocument(object.content, context), bytes: object.content };
  }

  #readObject(ref: string, oid: Oid): GitObject | ObjectInfo {
    const object = this.repository.objects.readUpTo(oid, DOCUMENT_BYTES_MAX);
    if (object !== null) return object;
    throw new LatticeError("invalid_data", `object ${oid} is missing`, {
      hint: "fetch it from a copy of the repository, or store a new document with lattice meta set",
      details: { ref, actual: oid },
    });
  }

  /** Runs a read of git's data and says, when it fails, of which ref it was. */
  #reading<T>(ref: string, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof ParseError || !(error instanceof LatticeError)) throw error;
      throw new GitError(`cannot read ${quote(ref)}`, ref, error);
    }
  }
}

/** Runs a step for one ref; hands its error on where somebody wants to be told instead. */
function reporting<T>(ref: string, onBroken: OnBroken | undefined, step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    if (onBroken === undefined || !(error instanceof LatticeError)) throw error;
    onBroken(branchOfRef(ref), error);
    return undefined;
  }
}

function entryOf(entry: RefEntry): MetadataEntry {
  const branch = branchOfRef(entry.name);
  if (entry.value.kind === "direct") return { branch, ref: entry.name, oid: entry.value.oid };
  throw flawed(
    branch,
    undefined,
    `the ref is symbolic (to ${quote(entry.value.target)}), expected one that names a blob`,
  );
}

function flawed(branch: string, oid: Oid | undefined, message: string): ParseError {
  return parseError(new DocumentFlaw("", message), { branch, ...(oid === undefined ? {} : { oid }) });
}

/**
 * The metadata of the branches of a repository.
 *
 * Absent is `undefined` here, and nothing else is: a ref that cannot be read, an object that is gone and a document
 * that does not parse are errors, each naming the ref.
 *
 * @module
 */
import type { Expected, Overwrite } from "../engine/expected.ts";
import type { WriteOptions } from "../engine/program_writer.ts";
import type { Oid } from "../git/object_format.ts";
import { checkBranchName, checkNameLength } from "../git/refs/names.ts";
import type { RefEntry } from "../git/refs/store.ts";
import type { Repository } from "../git/repository.ts";
import { LatticeError } from "../platform/errors.ts";
import type { BranchMetadata } from "./document.ts";
import { GitError, NotFoundError, quote } from "./errors.ts";
import { branchOfRef, METADATA_PREFIX, metadataRef } from "./ref_name.ts";
import {
  type DocumentText,
  entryOf,
  loadDocument,
  loadDocumentText,
  type MetadataEntry,
  readingRef,
  type StoredMetadata,
} from "./stored.ts";
import type { MetadataWrite } from "./write.ts";

export type { MetadataEntry, StoredMetadata };

/** Told of a branch whose metadata cannot be read, so that the others can. */
export type OnBroken = (branch: string, error: LatticeError) => void;

/**
 * The metadata of the branches of a repository.
 *
 * @example Read it, decide, and write it back unless somebody was faster
 * ```ts
 * import { CasFailedError, editMetadata, MetadataStore, type Repository } from "../mod.ts";
 *
 * async function thaw(repository: Repository, branch: string): Promise<void> {
 *   const store = new MetadataStore(repository, { command: `thaw ${branch}` });
 *   for (;;) {
 *     const { oid, metadata } = store.readExisting(branch);
 *     try {
 *       await store.writeCas(branch, oid, editMetadata(metadata, { freeze: null }, Date.now()));
 *       return;
 *     } catch (error) {
 *       if (!(error instanceof CasFailedError)) throw error; // read again, decide again
 *     }
 *   }
 * }
 * ```
 */
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
    const entry = readingRef(ref, () => this.repository.refs.read(ref));
    return entry === null ? undefined : loadDocument(this.repository, entry);
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
      const stored = reporting(entry.name, onBroken, () => loadDocument(this.repository, entry));
      if (stored !== undefined) yield stored;
    }
  }

  /** Like `exportAll`, for the texts alone, in canonical form. */
  *exportTexts(onBroken?: OnBroken): Generator<DocumentText> {
    for (const entry of this.#entries(onBroken)) {
      const stored = reporting(entry.name, onBroken, () => loadDocumentText(this.repository, entry));
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
   * @throws {LatticeError} `op_in_progress`, `diverged`: an operation is paused; `usage`: no branch can be called so,
   *   or `expected` is none of the three.
   */
  async writeCas(branch: string, expected: Expected, metadata: BranchMetadata): Promise<MetadataWrite> {
    this.refName(branch);
    const { writeCas } = await import("./cas_write.ts");
    return await writeCas(this.repository, branch, expected, metadata, this.options);
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
    const { deleteCas } = await import("./cas_write.ts");
    return await deleteCas(this.repository, branch, expected, this.options);
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

/**
 * What the rest of lattice may ask of the objects of a repository.
 *
 * @module
 */
import type { ObjectFormat, ObjectType, Oid } from "../object_format.ts";

/** An object as it was read: its name is the hash of what stands here, which was checked. */
export interface GitObject {
  /** Blob, tree, commit or tag. */
  readonly type: ObjectType;
  /** The bare content. Do not change it: it may be shared with a cache. */
  readonly content: Uint8Array;
}

/** Type and size of an object, which can be learned without reading all of it. */
export interface ObjectInfo {
  /** Blob, tree, commit or tag. */
  readonly type: ObjectType;
  /** Content size in bytes. */
  readonly size: number;
}

/** An object to be stored. */
export interface NewObject {
  /** Blob, tree, commit or tag. */
  readonly type: ObjectType;
  /** The bare content, without header. */
  readonly content: Uint8Array;
}

/** How many names of objects begin with some digits. */
export type PrefixMatch =
  | { kind: "none" }
  | { kind: "unique"; oid: Oid }
  | { kind: "ambiguous"; oids: Oid[] };

/**
 * The objects of a repository: loose, packed and borrowed. The tree without entries (`ObjectFormat.emptyTree`) is here
 * whether it is stored or not, as in git.
 */
export interface ObjectStore {
  /** How objects are named. */
  readonly format: ObjectFormat;

  /**
   * Reads an object and checks that its hash is its name. Replace refs are not followed here (see `readReplaced`).
   *
   * @returns `null` only when the object is nowhere.
   * @throws {LatticeError} `invalid_data`: damaged, with the file in `details.path`; `unsupported`: promised by a
   *   partial clone and not here, or larger than can be held in memory; `io`.
   */
  read(oid: Oid): GitObject | null;

  /**
   * Like `read`, but of an object whose content is larger than so many bytes, only type and size are given, unchecked.
   */
  readUpTo(oid: Oid, bytesMax: number): GitObject | ObjectInfo | null;

  /** Like `read`, but through `refs/replace/` as git does it, unless `GIT_NO_REPLACE_OBJECTS` is set. */
  readReplaced(oid: Oid): GitObject | null;

  /**
   * The object that stands for another by `refs/replace/`; itself when none does, or `GIT_NO_REPLACE_OBJECTS` is set.
   *
   * @throws {LatticeError} `invalid_data`: replaced more than five times over.
   */
  replacementOf(oid: Oid): Oid;

  /** Type and size alone; the hash is not checked. Fails as `read` does. */
  info(oid: Oid): ObjectInfo | null;

  /**
   * Whether the object is here, whole as far as its frame tells; a promised one that was not fetched is not.
   *
   * @throws {LatticeError} `invalid_data`: every copy is damaged, or an index that might list it is.
   */
  has(oid: Oid): boolean;

  /** Objects whose names begin with these digits (lower case, at least one). */
  findPrefix(digits: string): PrefixMatch;

  /** Names of all objects that are stored, sorted, each once; borrowed ones too. */
  allOids(): Oid[];

  /**
   * Stores one object as a loose file, durably: when this returns, a power cut does not take it. One that is there
   * already is not written again; its modification time is freshened, so that `git gc` keeps it, and it is flushed.
   *
   * @returns Its name.
   * @throws {LatticeError} `io`.
   */
  writeLoose(object: NewObject): Oid;

  /**
   * Stores one object as a loose file of the repository's own, durably, where packs or borrowed folders have it, too.
   *
   * A `git gc --prune=now` or `git repack -ad` that is under way may have found that no ref leads to an object, and is
   * about to remove the pack that holds it, however fresh that is; a loose file beside it stays.
   *
   * @returns Its name.
   * @throws {LatticeError} `io`.
   */
  storeLoose(object: NewObject): Oid;

  /**
   * Makes objects durable that are there already, whoever wrote them. Each file is flushed once.
   *
   * @returns Those that are not there.
   * @throws {LatticeError} `io`.
   */
  flush(oids: readonly Oid[]): Oid[];

  /**
   * Which of some objects are not stored any more. What earlier look-ups found is not believed: the files are looked at.
   *
   * @returns Those that are gone, in the order given.
   */
  vanished(oids: readonly Oid[]): Oid[];

  /**
   * Stores one object whose content is too large to be held, as `writeLoose` does, in bounded memory.
   *
   * @param size Size of the whole content in bytes.
   * @param chunks The content; a chunk may be overwritten once the next one is asked for.
   * @returns Its name.
   * @throws {LatticeError} `io`; also when the chunks together have another size.
   */
  writeLooseStream(type: ObjectType, size: number, chunks: Iterable<Uint8Array>): Oid;

  /**
   * Stores objects as one new pack with its index, durably, whether they are there already or not.
   *
   * @param objects What to store, at least one; duplicates are stored once.
   * @param keepText Content of the `.keep` file, which has its name before the pack has; the caller removes it once
   *   refs lead to the objects.
   * @returns Path of the `.keep` file.
   * @throws {LatticeError} `io`.
   */
  writePack(objects: readonly NewObject[], keepText: string): string;
}

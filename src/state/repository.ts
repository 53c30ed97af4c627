/**
 * What a state repository is to its users: named JSON documents of one type, which are whole, durable, and replaced by
 * compare-and-swap.
 *
 * @module
 */

/**
 * What says whether a value is of a type, and gives it back: a schema of zod, or anything else of this shape. It must not
 * wait for anything, and say of equal values the same.
 */
export interface StateSchema<T> {
  /** Judges a value; `data` is what it makes of it. */
  safeParse(value: unknown): { readonly success: true; readonly data: T } | {
    readonly success: false;
    readonly error: unknown;
  };
}

/**
 * What must be true of a document that is saved: its digest, `null` where it must not be there yet, or
 * `{ kind: "any" }` (`OVERWRITE`) for whatever is there, a damaged document too.
 */
export type StateExpectation = string | null | { readonly kind: "any" };

/** A document as it is stored. */
export interface StoredState<T> {
  /** SHA-256 of the stored bytes, 64 lower-case hexadecimal digits: what a later `save` can expect. */
  readonly digest: string;
  /** What the document says. */
  readonly value: T;
}

/** What became of a `save`. */
export interface SavedState {
  /** SHA-256 of the stored bytes, 64 lower-case hexadecimal digits. */
  readonly digest: string;
}

/**
 * Named JSON documents of one type. Readers take no lock and never see half a document; what is saved or deleted is
 * durable when the promise is fulfilled.
 *
 * A name has lower-case letters, digits and single dashes, begins with a letter and is at most 63 characters long; every
 * method throws a {@link LatticeError} `usage` for any other one.
 */
export interface StateRepository<T> {
  /**
   * Stores a document.
   *
   * @param expectation What must be there. Without it, whatever is there and sound is replaced.
   * @throws {ExpectationFailed} Something else is there; nothing was changed.
   * @throws {SerializationFailed} The schema refuses the value, or JSON would not give it back.
   * @throws {CorruptedStateFile} What is there is damaged, and was left alone.
   * @throws {LockAcquisitionFailed} Somebody else is writing, or the lock cannot be made.
   * @throws {StaleLockDetected} The lock is held by who cannot be judged, as another host's.
   * @throws {DirectoryCreationFailed} The document's folder cannot be made.
   * @throws {WriteStateFailed} The document cannot be written.
   * @throws {ReadStateFailed} What is there cannot be read.
   */
  save(name: string, value: T, expectation?: StateExpectation): Promise<SavedState>;

  /**
   * Reads a document.
   *
   * @returns `undefined`: there is none.
   * @throws {CorruptedStateFile} It is no JSON object.
   * @throws {DeserializationFailed} The schema refuses it.
   * @throws {ReadStateFailed} It cannot be read.
   */
  load(name: string): Promise<T | undefined>;

  /** Like `load`, with the digest that a later `save` can expect. */
  read(name: string): Promise<StoredState<T> | undefined>;

  /** Whether a document is there, be it damaged. @throws {ReadStateFailed} That cannot be told. */
  exists(name: string): Promise<boolean>;

  /**
   * Removes a document, be it damaged; one that is not there is fine.
   *
   * @throws {DeleteStateFailed} It cannot be removed.
   * @throws {LockAcquisitionFailed} As in `save`.
   * @throws {StaleLockDetected} As in `save`.
   */
  delete(name: string): Promise<void>;

  /** The names of all documents, damaged ones too, sorted. @throws {ReadStateFailed} */
  list(): Promise<string[]>;
}

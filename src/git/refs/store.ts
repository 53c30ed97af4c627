/**
 * What the rest of lattice may ask of the refs of a repository, whichever backend keeps them.
 *
 * Reading is here. Writing happens in transactions of the engine alone, which asks the backend for its own steps.
 *
 * @module
 */
import type { Oid } from "../object_format.ts";

/** What a ref holds: an object name, or the name of another ref. */
export type RefValue =
  | { readonly kind: "direct"; readonly oid: Oid }
  | { readonly kind: "symbolic"; readonly target: string };

/** A ref as it is stored. */
export interface RefEntry {
  /** Full name. */
  readonly name: string;
  /** What it holds, not followed. */
  readonly value: RefValue;
  /** What a tag leads to in the end, where the backend has it noted; `undefined` says nothing. */
  readonly peeled?: Oid;
}

/** Where following symbolic refs ends. */
export interface ResolvedRef {
  /** The last name of the chain: the ref itself when it is not symbolic. It may not exist. */
  readonly name: string;
  /** The value there, or `null` when the last ref does not exist (an unborn branch, a dangling symbolic ref). */
  readonly oid: Oid | null;
}

/** A line of a reflog. */
export interface ReflogEntry {
  /** What the ref held before; zeros when it did not exist. */
  readonly old: Oid;
  /** What it held afterwards; zeros when it was deleted. */
  readonly new: Oid;
  /** `Name <email>`, as it stands. */
  readonly identity: string;
  /** Seconds since 1970, as git has them: 64 bits, without a sign. */
  readonly seconds: bigint;
  /** Such as `+0100`. */
  readonly timeZone: string;
  /** Without the newline; may be empty. */
  readonly message: string;
}

/** The refs of a repository, seen from one worktree. */
export interface RefStore {
  /**
   * Reads one ref without following it.
   *
   * @param name A full name (`refs/heads/x`), a root ref (`HEAD`), `main-worktree/…` or `worktrees/<id>/…`.
   * @returns `null` only when it does not exist.
   * @throws {LatticeError} `invalid_data`: it is there, but empty, malformed or unreadable; `details.path` names the
   *   file. `io`.
   */
  read(name: string): RefEntry | null;

  /**
   * Follows symbolic refs to their end.
   *
   * @throws {LatticeError} `invalid_data`: a loop, or deeper than git goes (5); as `read`.
   */
  resolve(name: string): ResolvedRef;

  /**
   * Refs whose full names begin with a prefix, sorted by the bytes of their names. Root refs (`HEAD`, …) are not
   * among them; `rootRefs` lists those.
   *
   * @param prefix Such as `refs/` or `refs/branch-metadata/`; it need not end with a slash.
   * @param onBroken Called for a ref that is there but damaged, and for a loose file whose name no ref may have;
   *   without it, the first damaged ref throws, and misnamed files are passed over.
   */
  list(prefix: string, onBroken?: (name: string, error: unknown) => void): Iterable<RefEntry>;

  /** Root refs of this worktree that exist (`HEAD`, `ORIG_HEAD`, …), sorted. */
  rootRefs(): RefEntry[];

  /**
   * A ref that keeps another from being created: `a` when `a/b` is asked for, or `a/b` when `a` is.
   *
   * @param name Name of the ref that is to be created.
   * @param ignored Names that do not count (because the same transaction deletes them).
   * @returns The name of the first such ref, or `null`.
   */
  findConflict(name: string, ignored?: ReadonlySet<string>): string | null;

  /**
   * Reads a reflog, oldest line first. `null`: there is none.
   *
   * @param onBroken Called for each malformed line, which is then passed over as git does it; without it, the first
   *   one throws.
   * @throws {LatticeError} `invalid_data`: a line is malformed.
   */
  readReflog(name: string, onBroken?: (error: unknown) => void): ReflogEntry[] | null;

  /**
   * Reads a reflog from its end, newest line first, only as far as is asked for. `null`: there is none.
   *
   * @throws {LatticeError} While iterating, `invalid_data`: a line is malformed.
   */
  reflogNewestFirst(name: string): Iterable<ReflogEntry> | null;

  /** Whether there is a reflog of this name. */
  hasReflog(name: string): boolean;

  /** Names of the refs that have a reflog, sorted. */
  reflogNames(): string[];
}

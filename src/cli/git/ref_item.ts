/**
 * The refs that `for-each-ref` and `show-ref` go through, with symbolic ones followed.
 *
 * @module
 */
import { LatticeError } from "../../platform/errors.ts";
import type { Oid } from "../../git/object_format.ts";
import type { Repository } from "../../git/repository.ts";
import type { RefEntry } from "../../git/refs/store.ts";

/** A ref that leads to an object. */
export interface RefItem {
  readonly name: string;
  /** The object it leads to; it may not be there. */
  readonly oid: Oid;
  /** The last name of the chain when it is symbolic, else `null`. */
  readonly symref: string | null;
}

/**
 * Follows a ref to its object.
 *
 * @param onBroken Called when that cannot be done because something on the way is damaged.
 * @returns `null` for a broken ref and for one that leads to a ref that does not exist.
 */
export function followRef(
  repository: Repository,
  entry: RefEntry,
  onBroken: (name: string, error: unknown) => void,
): RefItem | null {
  if (entry.value.kind === "direct") return { name: entry.name, oid: entry.value.oid, symref: null };
  try {
    const end = repository.refs.resolve(entry.name);
    return end.oid === null ? null : { name: entry.name, oid: end.oid, symref: end.name };
  } catch (error) {
    if (!isDamagedRef(error)) throw error;
    onBroken(entry.name, error);
    return null;
  }
}

/** Refs below a prefix that lead to an object, sorted by name. */
export function* listRefs(
  repository: Repository,
  prefix: string,
  onBroken: (name: string, error: unknown) => void,
): Generator<RefItem> {
  for (const entry of repository.refs.list(prefix, onBroken)) {
    const item = followRef(repository, entry, onBroken);
    if (item !== null) yield item;
  }
}

/** Whether an error says that a ref is damaged or has an impossible name, as opposed to a failing disk. */
export function isDamagedRef(error: unknown): boolean {
  return error instanceof LatticeError && (error.code === "invalid_data" || error.code === "usage");
}

/** The object that a ref leads to; `null` when there is none, for whatever reason git does not tell either. */
export function readRefOrNull(repository: Repository, name: string): Oid | null {
  try {
    return repository.refs.resolve(name).oid;
  } catch (error) {
    if (isDamagedRef(error)) return null;
    throw error;
  }
}

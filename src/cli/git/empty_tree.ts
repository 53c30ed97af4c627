/**
 * Reading objects for display, with the one object that git has in every repository without storing it: the tree
 * without entries.
 *
 * @module
 */
import { computeOid, type Oid } from "../../git/object_format.ts";
import type { GitObject, ObjectInfo } from "../../git/objects/store.ts";
import type { Repository } from "../../git/repository.ts";

const NOTHING = new Uint8Array(0);

/** Whether a name is that of the tree without entries. */
export function isEmptyTree(repository: Repository, oid: Oid): boolean {
  // Asked of every object of a batch: the first digits tell nearly all of them apart.
  return /^(?:4b825dc6|6ef19b41)/.test(oid) && oid === computeOid(repository.objectFormat, "tree", NOTHING);
}

/** Like `ObjectStore.info`. */
export function infoOf(repository: Repository, oid: Oid): ObjectInfo | null {
  return isEmptyTree(repository, oid) ? { type: "tree", size: 0 } : repository.objects.info(oid);
}

/** Like `ObjectStore.read`. */
export function readObject(repository: Repository, oid: Oid): GitObject | null {
  return isEmptyTree(repository, oid) ? { type: "tree", content: NOTHING } : repository.objects.read(oid);
}

/**
 * Finishing what a crash interrupted: giving the refs of a prepared transaction the values that are still missing, or
 * putting the old ones back.
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import type { Oid } from "../git/object_format.ts";
import { nameNewObject } from "../git/objects/new_object.ts";
import type { NewObject } from "../git/objects/store.ts";
import type { RefValue } from "../git/refs/store.ts";
import { type EngineContext, packedLockTimeoutMs } from "./context.ts";
import { filesRefs, packedLockPath, rootOf } from "./files_refs.ts";
import type { Journal } from "./journal.ts";
import { loadBytes, type StoredBytes, type UpdateRecord } from "./journal_format.ts";
import { makeFolder, temporaryFolder, temporaryRoot } from "./paths.ts";
import { publishValues } from "./publish.ts";
import {
  findObstacle,
  isPackedRefsLink,
  makeRefFolders,
  removeRefFiles,
  stageRemoval,
  stageValues,
} from "./ref_files.ts";
import { isOurLock, LockMaker, type LockProof } from "./ref_locks.ts";
import type { Situation } from "./situation.ts";
import { StoredObjects } from "./stored_objects.ts";
import { parseValueText } from "./update.ts";

/** `forward`: to the new values; `backward`: to the old ones. */
export type Direction = "forward" | "backward";

/** A ref that has not yet got what it should hold. */
interface Missing {
  readonly update: UpdateRecord;
  readonly target: RefValue | null;
  readonly content: StoredBytes | undefined;
}

/** The writes that are missing to reach one end of a transaction. */
export function missingWrites(situation: Situation, direction: Direction): readonly Missing[] {
  const reached = direction === "forward" ? "new" : "old";
  return writesTo(situation.refs.filter(({ state }) => state !== reached), direction);
}

function writesTo(refs: Situation["refs"], direction: Direction): readonly Missing[] {
  return refs.map(({ update }) => {
    const text = direction === "forward" ? update.new : update.old;
    return {
      update,
      target: text === null ? null : parseValueText(text),
      content: direction === "forward" ? update.new_content : update.old_content,
    };
  });
}

/** Whether writes are missing that a `packed-refs` forbids which is a symbolic link. */
export function needsLinkedPackedRefs(context: EngineContext, missing: readonly Missing[]): boolean {
  return missing.some(({ target }) => target === null) && isPackedRefsLink(context);
}

/** Whether the missing writes can be made: objects are there or kept in the journal, and nothing is in the way. */
export function canWrite(context: EngineContext, missing: readonly Missing[]): boolean {
  if (needsLinkedPackedRefs(context, missing)) return false;
  const { objects, refs } = context.repository;
  const deleted = new Set(missing.filter(({ target }) => target === null).map(({ update }) => update.ref));
  return missing.every(({ update, target, content }) => {
    if (target === null) return true;
    if (target.kind === "direct" && content === undefined && !objects.has(target.oid)) return false;
    return refs.findConflict(update.ref, deleted) === null && !isObstructed(context, update.ref);
  });
}

/** Whether something that is no ref stands where the loose file should. */
function isObstructed(context: EngineContext, ref: string): boolean {
  const path = filesRefs(context.repository).loosePath(ref);
  return findObstacle(context.system, path, rootOf(context.repository, path)) !== null;
}

/** Makes the missing writes visible and durable. The locks of the operation stand. */
export function writeMissing(
  context: EngineContext,
  journal: Journal,
  proof: LockProof,
  missing: readonly Missing[],
): void {
  const { system, repository } = context;
  if (missing.length === 0) return;
  makeFolder(system, temporaryRoot(repository.commonDir));
  const folder = temporaryFolder(repository.commonDir, journal.begin.op_id);
  makeFolder(system, folder);
  new StoredObjects(context, journal.begin.op_id).store(keptDocuments(context, missing));
  const sets = missing.flatMap(({ update, target }) => target === null ? [] : [{ ref: update.ref, value: target }]);
  makeRefFolders(context, sets.map(({ ref }) => ref), []);
  const staged = stageValues(context, folder, sets);
  const shown = sets.map(({ ref, value }) => ({ ref, oid: value.kind === "direct" ? value.oid : null }));
  publishValues(context, shown, staged);
  deleteRefs(
    context,
    journal,
    proof,
    folder,
    missing.filter(({ target }) => target === null).map((one) => one.update.ref),
  );
}

/**
 * Sees to it that the documents are there to which the refs of a settled transaction lead: a `git gc --prune=now` may
 * have looked at the refs before they did. The `.keep` files that this makes go with the rest of what is left over.
 */
export function secureDocuments(
  context: EngineContext,
  journal: Journal,
  situation: Situation,
  direction: Direction,
): void {
  const stored = new StoredObjects(context, journal.begin.op_id);
  stored.expectLoose(keptDocuments(context, writesTo(situation.refs, direction)));
  stored.secure();
}

/** Documents that the journal keeps, by their names. */
function keptDocuments(context: EngineContext, writes: readonly Missing[]): ReadonlyMap<Oid, NewObject> {
  const documents = new Map<Oid, NewObject>();
  for (const { target, content } of writes) {
    if (target?.kind !== "direct" || content === undefined) continue;
    const object: NewObject = { type: "blob", content: loadBytes(content) };
    const oid = nameNewObject(context.repository.objectFormat, object);
    if (oid !== target.oid) {
      throw new LatticeError("invalid_data", `the journal keeps a content for ${target.oid} whose hash is ${oid}`);
    }
    documents.set(oid, object);
  }
  return documents;
}

/** Takes refs out of `packed-refs`, and then their loose files away. */
function deleteRefs(
  context: EngineContext,
  journal: Journal,
  proof: LockProof,
  folder: string,
  names: readonly string[],
): void {
  if (names.length === 0) return;
  const { system, repository } = context;
  const lock = packedLockPath(repository);
  if (!isOurLock(system, lock, proof)) {
    new LockMaker(system, journal.path, proof, folder).lock(lock, "packed-refs", packedLockTimeoutMs(context));
  }
  removeRefFiles(context, stageRemoval(context, folder, names), names);
}

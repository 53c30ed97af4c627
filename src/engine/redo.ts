/**
 * Finishing what a crash interrupted: giving the refs of a prepared transaction the values that are still missing, or
 * putting the old ones back.
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import type { Oid } from "../git/object_format.ts";
import type { RefValue } from "../git/refs/store.ts";
import { type EngineContext, packedLockTimeoutMs } from "./context.ts";
import { filesRefs, packedLockPath, rootOf } from "./files_refs.ts";
import type { Journal } from "./journal.ts";
import { loadBytes, type StoredBytes, type UpdateRecord } from "./journal_format.ts";
import { makeFolder, temporaryFolder, temporaryRoot } from "./paths.ts";
import { findObstacle, makeRefFolders, publishValue, removeRefFiles, stageValues } from "./ref_files.ts";
import { isOurLock, LockMaker, type LockProof } from "./ref_locks.ts";
import type { Situation } from "./situation.ts";
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
  return situation.refs.filter(({ state }) => state !== reached).map(({ update }) => {
    const text = direction === "forward" ? update.new : update.old;
    return {
      update,
      target: text === null ? null : parseValueText(text),
      content: direction === "forward" ? update.new_content : update.old_content,
    };
  });
}

/** Whether the missing writes can be made: objects are there or kept in the journal, and no other ref is in the way. */
export function canWrite(context: EngineContext, missing: readonly Missing[]): boolean {
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
  for (const { target, content } of missing) restoreContent(context, target, content);
  const sets = missing.flatMap(({ update, target }) => target === null ? [] : [{ ref: update.ref, value: target }]);
  makeRefFolders(context, sets.map(({ ref }) => ref), []);
  const staged = stageValues(context, folder, sets);
  for (const { ref } of sets) publishValue(context, ref, staged.get(ref)!);
  deleteRefs(
    context,
    journal,
    proof,
    folder,
    missing.filter(({ target }) => target === null).map((one) => one.update.ref),
  );
}

function restoreContent(context: EngineContext, target: RefValue | null, content: StoredBytes | undefined): void {
  if (target?.kind !== "direct" || content === undefined) return;
  const oid: Oid = context.repository.objects.writeLoose({ type: "blob", content: loadBytes(content) });
  if (oid !== target.oid) {
    throw new LatticeError("invalid_data", `the journal keeps a content for ${target.oid} whose hash is ${oid}`);
  }
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
  removeRefFiles(context, folder, names);
}

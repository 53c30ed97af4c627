/**
 * Values that refs hold already, as they were to: they are acknowledged like those that are written, and so they are made
 * durable. Whoever wrote them may not have flushed them, and what is merely seen may be gone after a power cut.
 *
 * @module
 */
import { type Disk, isDiskError } from "../platform/disk.ts";
import { folderOf } from "../platform/paths.ts";
import type { Oid } from "../git/object_format.ts";
import type { NewObject } from "../git/objects/store.ts";
import type { EngineContext } from "./context.ts";
import { filesRefs } from "./files_refs.ts";
import type { PlannedUpdate } from "./plan.ts";
import { syncFolderOf } from "./ref_files.ts";

/**
 * Flushes the refs of a plan that are to be set to what they hold, and of the objects that came with it those that they
 * lead to. Commits that a caller named are looked for elsewhere, and not flushed with their history.
 *
 * @param brought Objects that come with the transaction, which may be there already.
 * @throws {LatticeError} `io`.
 */
export function flushFound(
  context: EngineContext,
  updates: readonly PlannedUpdate[],
  brought: ReadonlyMap<Oid, NewObject>,
): void {
  const found = updates.filter(({ changes, request }) => !changes && request.change.kind === "set");
  if (found.length === 0) return;
  const { objects } = context.repository;
  const documents = found.flatMap(({ newOid }) => newOid !== null && brought.has(newOid) ? [newOid] : []);
  for (const oid of objects.flush(documents)) objects.storeLoose(brought.get(oid)!);
  flushRefs(context, found.map(({ ref }) => ref));
}

/** Whether there was a file to be flushed: git may have packed it a moment ago. */
function flushedFile(disk: Disk, path: string): boolean {
  try {
    disk.syncFile(path);
    return true;
  } catch (error) {
    if (isDiskError(error, "ENOENT")) return false;
    throw error;
  }
}

function flushRefs({ system: { disk }, repository }: EngineContext, names: readonly string[]): void {
  const refs = filesRefs(repository);
  const folders = new Map<string, string>();
  let packed = false;
  for (const name of names) {
    const path = refs.loosePath(name);
    if (disk.lstat(path)?.kind !== "file" || !flushedFile(disk, path)) packed = true;
    else folders.set(folderOf(path), path);
  }
  if (packed && flushedFile(disk, refs.packedRefsPath)) {
    folders.set(folderOf(refs.packedRefsPath), refs.packedRefsPath);
  }
  for (const path of folders.values()) syncFolderOf(disk, path);
}

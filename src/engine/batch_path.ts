/**
 * The batch path: many refs without loose files become visible to every reader, git included, by one rename of
 * `packed-refs`. The number of flushes does not depend on the number of refs.
 *
 * @module
 */
import { filesRefs, packedLockPath } from "./files_refs.ts";
import { removeIfThere } from "./paths.ts";
import { stageWholePackedRefs, syncFolderOf } from "./ref_files.ts";
import { appendReflogLines } from "./reflog_lines.ts";
import { openRefView, type RefView } from "./ref_view.ts";
import { endRecord, type RunningTransaction } from "./running.ts";
import { refuseConflicts } from "./verify.ts";
import { isPerWorktreeRef } from "../git/refs/names.ts";
import type { PackedChange } from "../git/refs/files/packed_writer.ts";
import type { PlannedUpdate } from "./plan.ts";
import { folderOf } from "../platform/paths.ts";

/** From so many updates on, one new `packed-refs` is cheaper than one file each. */
const UPDATES_FOR_BATCH = 64;

/** Whether one new `packed-refs` can carry all of it: many updates, all to plain values, none with a loose file. */
export function isBatch(view: RefView, changes: readonly PlannedUpdate[]): boolean {
  if (changes.length < UPDATES_FOR_BATCH) return false;
  return changes.every(({ ref, new: value, old }) =>
    value?.kind === "direct" && old?.kind !== "symbolic" && isPackable(ref) && !view.hasLooseFile(ref)
  );
}

/** What belongs to one worktree is never packed, whatever name it goes by. */
function isPackable(ref: string): boolean {
  return ref.startsWith("refs/") && !isPerWorktreeRef(ref);
}

/** Makes a verified transaction visible and durable; its locks are gone afterwards. */
export function commitBatch(running: RunningTransaction): void {
  const { context, journal, record, changes, hook, stored } = running;
  const { system, repository } = context;
  const values = new Map<string, PackedChange>();
  for (const update of changes) values.set(update.ref, packedChange(update));
  const staged = stageWholePackedRefs(context, running.folder, values);
  hook.run("prepared");
  // A loose `a/b` beside a packed `a` is an error that git cannot get out of, so the last look comes right before.
  refuseConflicts(openRefView(context, changes.map((update) => update.ref)), changes);
  appendReflogLines(context, record.logs, record.identity, "fresh");
  system.disk.rename(staged, filesRefs(repository).packedRefsPath); // the commit point
  const packedLock = packedLockPath(repository);
  removeIfThere(system, packedLock);
  system.disk.syncDirectory(repository.commonDir); // one flush for the rename and for the lock
  for (const path of running.locks) if (path !== packedLock) removeIfThere(system, path);
  const folders = new Map<string, string>();
  for (const path of running.locks) folders.set(folderOf(path), path);
  folders.delete(repository.commonDir);
  for (const path of folders.values()) syncFolderOf(system.disk, path);
  stored.secure();
  journal.append([endRecord(running)], "flush");
}

/** A document that the journal keeps is a blob, which is not asked for what it leads to. */
function packedChange(update: PlannedUpdate): PackedChange {
  const oid = update.newOid!;
  return update.request.keepContent === true ? { oid, peeled: null } : { oid };
}

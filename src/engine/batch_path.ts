/**
 * The batch path: many refs without loose files become visible to every reader, git included, by one rename of
 * `packed-refs`. The number of flushes does not depend on the number of refs.
 *
 * @module
 */
import { filesRefs, packedLockPath } from "./files_refs.ts";
import { parentFolder, removeIfThere } from "./paths.ts";
import { refusePackedRefsLink, stagePackedRefs, syncFolderOf } from "./ref_files.ts";
import { appendReflogLines } from "./reflog_lines.ts";
import { openRefView } from "./ref_view.ts";
import { endRecord, type RunningTransaction } from "./running.ts";
import { refuseConflicts } from "./verify.ts";
import type { PackedChange } from "../git/refs/files/packed_writer.ts";
import type { PlannedUpdate } from "./plan.ts";

/** Makes a verified transaction visible and durable; its locks are gone afterwards. */
export function commitBatch(running: RunningTransaction): void {
  const { context, journal, record, changes, hook } = running;
  const { system, repository } = context;
  refusePackedRefsLink(context);
  const staged = stagePackedRefs(
    context,
    running.folder,
    new Map(changes.map((update) => [update.ref, packedChange(update)])),
  );
  hook.run("prepared");
  // A loose `a/b` beside a packed `a` is an error that git cannot get out of, so the last look comes right before.
  refuseConflicts(openRefView(context, changes.map((update) => update.ref)), changes);
  appendReflogLines(context, record.logs, record.identity, "fresh");
  system.disk.rename(staged!, filesRefs(repository).packedRefsPath); // the commit point
  const packedLock = packedLockPath(repository);
  removeIfThere(system, packedLock);
  system.disk.syncDirectory(repository.commonDir); // one flush for the rename and for the lock
  for (const path of running.locks) if (path !== packedLock) removeIfThere(system, path);
  const folders = new Map(running.locks.map((path) => [parentFolder(path), path]));
  folders.delete(repository.commonDir);
  for (const path of folders.values()) syncFolderOf(system.disk, path);
  journal.append([endRecord(running)], "flush");
}

/** A document that the journal keeps is a blob, which is not asked for what it leads to. */
function packedChange(update: PlannedUpdate): PackedChange {
  const oid = update.newOid!;
  return update.request.keepContent === true ? { oid, peeled: null } : { oid };
}

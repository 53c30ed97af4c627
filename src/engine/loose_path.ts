/**
 * The loose path: one file for each ref, under one lock each. For few refs, for refs that have a loose file, and for
 * deletions.
 *
 * With a single ref, the rename (or the last removal) is the commit point, and nothing more than that needs to be
 * durable. With several, the flushed `prepared` record is: before it a crash undoes, after it a crash redoes.
 *
 * @module
 */
import { filesRefs } from "./files_refs.ts";
import { removeIfThere, stagedValue } from "./paths.ts";
import { publishValues } from "./publish.ts";
import { isRefSubfolder, removeEmptyParents, removeRefFiles, stageRemoval, syncFolderOf } from "./ref_files.ts";
import { appendReflogLines, removeReflog, syncReflogFolders } from "./reflog_lines.ts";
import { endRecord, type RunningTransaction } from "./running.ts";
import { folderOf } from "../platform/paths.ts";

/** Makes a verified transaction visible and durable; its locks are gone afterwards. */
export function commitLoose(running: RunningTransaction): void {
  const { context, journal, record, changes, hook, stored } = running;
  const { disk } = context.system;
  const several = changes.length > 1;
  hook.run("prepared");
  const deleted = changes.filter(({ new: value }) => value === null).map(({ ref }) => ref);
  // Written before the point of no return: what cannot be rewritten is met while no ref has changed.
  const staged = deleted.length === 0 ? null : stageRemoval(context, running.folder, deleted);
  if (several) {
    // After a crash, a lock that stands proves that its ref is still ours to change; so the locks must be durable.
    syncLockFolders(running);
    journal.append([{ type: "prepared", transaction: record.transaction }], "flush");
  }
  appendReflogLines(context, record.logs, record.identity, "fresh");
  const set = changes.filter(({ new: value }) => value !== null).map(({ ref, newOid: oid }) => ({ ref, oid }));
  publishValues(context, set, running.staged);
  deleteRefs(running, deleted, staged);
  if (!several && changes[0]!.new === null) removeIfThere(context.system, stagedValue(running.folder, 0));
  if (several) {
    stored.secure();
    syncRefFolders(running);
    journal.append([endRecord(running)], "flush");
    unlock(running);
    syncLockFolders(running);
  } else {
    unlock(running);
    syncLockFolders(running);
    stored.secure();
    journal.append([endRecord(running)], "lazy");
  }
  for (const ref of deleted) {
    const folder = folderOf(filesRefs(context.repository).loosePath(ref));
    removeEmptyParents(disk, folder, (at) => isRefSubfolder(context, at));
  }
}

/** A reflog goes with its ref, while nobody can create the ref anew. */
function deleteRefs({ context, joined }: RunningTransaction, names: readonly string[], staged: string | null): void {
  if (names.length === 0) return;
  removeRefFiles(context, staged, names);
  for (const name of names) removeReflog(context, name);
  if (joined) syncReflogFolders(context, names);
}

function unlock(running: RunningTransaction): void {
  for (const path of running.locks) removeIfThere(running.context.system, path);
}

function syncLockFolders(running: RunningTransaction): void {
  const folders = new Map(running.locks.map((path) => [folderOf(path), path]));
  for (const path of folders.values()) syncFolderOf(running.context.system.disk, path);
}

function syncRefFolders(running: RunningTransaction): void {
  const refs = filesRefs(running.context.repository);
  const folders = new Map(running.changes.map(({ ref }) => [folderOf(refs.loosePath(ref)), refs.loosePath(ref)]));
  for (const path of folders.values()) syncFolderOf(running.context.system.disk, path);
}

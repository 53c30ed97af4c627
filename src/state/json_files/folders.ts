/**
 * The folders of the JSON files: made, and taken away again.
 *
 * **A folder that is there is durable**, or is the last one of its path. Whoever makes a folder flushes first the one that
 * holds its parent, since the parent may be a dead process's, who did not come to that. So when the first document is
 * written into a folder, only the name of that folder itself is left to be flushed.
 *
 * @module
 */
import { type Disk, isDiskError } from "../../platform/disk.ts";
import { folderOf } from "../../platform/paths.ts";

/** Nobody but the owner. */
export const FOLDER_MODE = 0o700;

/**
 * Makes a folder and those above it that are missing, all of them for the owner alone, whatever the umask.
 *
 * @param made Gets what was made, outermost first; whoever fails takes it away again.
 * @throws {DiskError}
 * @throws {LatticeError} `unsupported`: something else stands in its place.
 */
export function makeFolders(disk: Disk, path: string, made: string[]): void {
  if (disk.stat(path)?.kind === "directory") return;
  const parent = folderOf(path);
  if (parent !== path) makeFolders(disk, parent, made);
  flushIfAllowed(disk, folderOf(parent));
  try {
    disk.makeDirectory(path, FOLDER_MODE);
  } catch (error) {
    if (!isDiskError(error, "EEXIST")) throw error;
    if (disk.stat(path)?.kind === "directory") return; // somebody else was first
    throw error;
  }
  made.push(path);
  disk.chmod(path, FOLDER_MODE); // the umask may have taken some of it, and a default ACL added some
}

/** Takes away folders that this process made and in which there is nothing; outermost first. */
export function removeMade(disk: Disk, made: readonly string[]): void {
  for (const path of made.toReversed()) removeIfEmpty(disk, path);
}

/** Removes a folder, unless somebody uses it. One that stays is empty, and does no harm. */
export function removeIfEmpty(disk: Disk, path: string): void {
  try {
    disk.removeDirectory(path);
  } catch (error) {
    if (!isDiskError(error)) throw error;
  }
}

/**
 * Flushes a folder in which this process changed nothing. Who may not read it cannot flush it, and need not; in one that is
 * gone there is nothing to flush.
 */
export function flushIfAllowed(disk: Disk, path: string): void {
  try {
    disk.syncDirectory(path);
  } catch (error) {
    if (!isDiskError(error, "EACCES", "EPERM", "EROFS", "ENOENT")) throw error;
  }
}

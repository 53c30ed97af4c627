/**
 * Removing entries, and what is left of them.
 *
 * Only files whose names are ours are removed, and only in folders that hold a pointer of theirs, or nothing but such
 * files where nobody but its owner may come in, as it is with the folders that we make: a folder that was named by mistake
 * loses nothing, be it full of files that are named by SHA-256, as container images are kept.
 *
 * @module
 */
import { type Disk, isDiskError } from "../platform/disk.ts";
import type { System } from "../platform/system.ts";
import { sortByName } from "../platform/text.ts";
import { sweepTemporaryFiles } from "../locks/temporary_file.ts";
import { contentPath, type EntryFolder, entryFolder, isOurs } from "./entry_folder.ts";
import { whyNoEntryName } from "./entry_name.ts";
import { entryLock, type EntryLockOptions, isFolderGone } from "./entry_lock.ts";
import { isDigest, type Pointer } from "./pointer.ts";
import { removeIfThere, sweepEntry } from "./publishing.ts";
import { readPointer } from "./reading.ts";

/** What was cleaned. */
export interface Cleaned {
  /** Names of the entries that are gone. */
  readonly removed: readonly string[];
  /** Names of the entries that somebody works on, which were left alone. */
  readonly busy: readonly string[];
}

/** Permissions that no folder of ours gives. */
const GROUP_AND_OTHERS = 0o077;

/** Names of the entries in a cache's folder, sorted. */
export function entryNames(disk: Disk, cacheFolder: string): string[] {
  const folders = (disk.list(cacheFolder) ?? []).filter(({ name, kind }) =>
    kind === "directory" && whyNoEntryName(name) === null
  );
  const names = folders.map(({ name }) => name).filter((name) => isEntry(disk, entryFolder(cacheFolder, name)));
  return sortByName(names, (name) => name);
}

/**
 * Without a pointer it is what a refresh left that failed or was killed, or it is damaged: then our permissions tell. One
 * that nobody lets us look into may be another user's: whoever works on it is told so, about that one.
 */
function isEntry(disk: Disk, entry: EntryFolder): boolean {
  try {
    return looksLikeOurs(disk, entry);
  } catch (error) {
    if (isDiskError(error, "EACCES", "EPERM")) return true;
    throw error;
  }
}

function looksLikeOurs(disk: Disk, entry: EntryFolder): boolean {
  if (readPointer(disk, entry) !== null) return true;
  const isOwnersAlone = ((disk.lstat(entry.path)?.mode ?? 0o777) & GROUP_AND_OTHERS) === 0;
  return isOwnersAlone && (disk.list(entry.path) ?? []).every(isOurs);
}

/** How an entry is cleaned. */
export interface CleanOptions {
  /** Whether an entry is to be removed. `null`: no pointer of it can be read. */
  readonly goes: (pointer: Pointer | null) => boolean;
  /** For how long superseded content stays, in milliseconds. */
  readonly graceMs: number;
  readonly lock: EntryLockOptions;
}

/**
 * Removes an entry, or what nobody needs of it.
 *
 * @throws {LatticeError} The disk, or the lock.
 */
export function cleanEntry(
  system: System,
  entry: EntryFolder,
  { goes, graceMs, lock: options }: CleanOptions,
): "removed" | "kept" | "busy" | "gone" {
  const lock = entryLock(system, entry, options);
  try {
    if (!lock.tryAcquire()) return "busy";
  } catch (error) {
    if (isFolderGone(error)) return "gone"; // somebody else cleans
    throw error;
  }
  let removes = false;
  try {
    removes = goes(readPointer(system.disk, entry));
    if (removes) removeContents(system, entry);
    else sweepEntry(system, entry, graceMs);
    // While it is held: whoever locks the file looks afterwards whether it is still there.
    if (removes && lock.backend === "flock") removeIfThere(system, lock.path);
  } finally {
    lock.release();
  }
  if (!removes) return "kept";
  removeFolder(system.disk, entry.path);
  return "removed";
}

/** The pointer goes first, so that at no moment it names what is gone already. */
function removeContents(system: System, entry: EntryFolder): void {
  const { disk } = system;
  removeIfThere(system, entry.pointer);
  disk.syncDirectory(entry.path);
  for (const { name, kind } of disk.list(entry.path) ?? []) {
    if (kind !== "directory" && isDigest(name)) removeIfThere(system, contentPath(entry, name));
  }
  sweepTemporaryFiles(system, entry.path, () => true);
}

/** Who stores something there just now keeps the folder. */
function removeFolder(disk: Disk, path: string): void {
  try {
    disk.removeDirectory(path);
  } catch (error) {
    if (!isDiskError(error, "ENOTEMPTY", "EEXIST", "ENOENT")) throw error;
  }
}

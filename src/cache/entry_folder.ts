/**
 * Where a cache entry lies: the folder of its name, with the files in it that are ours.
 *
 * @module
 */
import type { DirectoryEntry, Disk } from "../platform/disk.ts";
import { isDiskError } from "../platform/disk.ts";
import { targetOfTemporary } from "../locks/temporary_file.ts";
import { whyNoEntryName } from "./entry_name.ts";
import { CacheError } from "./errors.ts";
import { isDigest } from "./pointer.ts";
import { folderOf } from "../platform/paths.ts";

/** Permissions of the files and folders that we make: nobody but their owner. */
export const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** The pointer's bare name. */
export const POINTER_NAME = "current";

/** What the lock of an entry stands beside; nothing of this name is ever made. */
const LOCKED_NAME = "refresh";

/** A cache entry's paths. */
export interface EntryFolder {
  readonly name: string;
  readonly path: string;
  /** The pointer. */
  readonly pointer: string;
  /** What refreshers lock. */
  readonly locked: string;
}

/**
 * The paths of an entry; nothing is looked at.
 *
 * @throws {CacheError} `usage`: it can be no name.
 */
export function entryFolder(cacheFolder: string, name: string): EntryFolder {
  const reason = whyNoEntryName(name);
  if (reason !== null) {
    throw new CacheError("usage", `${JSON.stringify(name)} cannot be the name of a cache entry: ${reason}`, {
      entry: name,
      path: cacheFolder,
      hint: "use letters, digits, _, - and dots, beginning with a letter, a digit or _",
    });
  }
  const path = `${cacheFolder}/${name}`;
  return { name, path, pointer: `${path}/${POINTER_NAME}`, locked: `${path}/${LOCKED_NAME}` };
}

/** The file of a content. */
export function contentPath(entry: EntryFolder, digest: string): string {
  return `${entry.path}/${digest}`;
}

/** What temporary files of contents are named after. */
export function draftTarget(entry: EntryFolder): string {
  return `${entry.path}/content`;
}

/**
 * Whether the folder of an entry is there.
 *
 * @throws {CacheError} `invalid_data`: something else stands in its place. A symbolic link is not followed: what is
 *   written and removed here is to stay below the cache's folder.
 * @throws {DiskError}
 */
export function hasFolder(disk: Disk, { name, path }: EntryFolder): boolean {
  const kind = disk.lstat(path)?.kind;
  if (kind === undefined) return false;
  if (kind === "directory") return true;
  const what = kind === "symlink" ? "a symbolic link, which is not followed" : "no folder";
  throw new CacheError("invalid_data", `the cache entry ${JSON.stringify(name)} is ${what}: ${JSON.stringify(path)}`, {
    entry: name,
    path,
    hint: `move it away, or remove it: rm ${JSON.stringify(path)}`,
  });
}

/** Makes the folder of an entry, and those above it; the flush of what is stored in it makes all of them durable. */
export function makeFolder(disk: Disk, entry: EntryFolder): void {
  if (!hasFolder(disk, entry)) makeFolders(disk, entry.path);
}

function makeFolders(disk: Disk, path: string): void {
  const parent = folderOf(path);
  if (disk.stat(parent) === null) makeFolders(disk, parent);
  try {
    disk.makeDirectory(path, FOLDER_MODE);
  } catch (error) {
    if (!isDiskError(error, "EEXIST")) throw error;
  }
}

/** Whether a name in an entry's folder is one that we give. */
export function isOurs({ name }: DirectoryEntry): boolean {
  if (name === POINTER_NAME || isDigest(name) || targetOfTemporary(name) !== null) return true;
  return name === `${LOCKED_NAME}.flock` || name === `${LOCKED_NAME}.lock` ||
    /^refresh\.lock\.[0-9a-f]{32}$/.test(name);
}

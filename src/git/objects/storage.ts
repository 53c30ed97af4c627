/**
 * Putting new files into the folder of objects: temporary names that git's own `gc` sweeps, modes, folders, and clean
 * failures.
 *
 * @module
 */
import { isDiskError, type OpenFile } from "../../platform/disk.ts";
import type { System } from "../../platform/system.ts";
import { adjustMode, type SharedRepository } from "./permissions.ts";

/** What writing objects needs to know. */
export interface ObjectStorage {
  readonly system: System;
  readonly objectsDir: string;
  readonly shared: SharedRepository;
}

/** Objects are never changed. */
export const OBJECT_FILE_MODE = 0o444;

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/** Creates a file with a random name; `git gc` removes such files when they are left over. */
export function createTemporary(storage: ObjectStorage, folder: string, prefix: string, mode: number): OpenFile {
  const { disk } = storage.system;
  for (let attempt = 1;; attempt++) {
    let suffix = "";
    for (const byte of storage.system.randomBytes(6)) suffix += LETTERS[byte % LETTERS.length];
    try {
      return disk.create(`${folder}/${prefix}${suffix}`, mode);
    } catch (error) {
      if (!isDiskError(error, "EEXIST") || attempt >= 100) throw error;
    }
  }
}

/** How often a folder or a file is made again that a concurrent `git gc` has swept, before that is an error. */
export const SWEPT_ATTEMPTS_MAX = 5;

/**
 * Creates a temporary file in a folder of objects that may have to be made first; a new folder is made durable.
 *
 * A `git gc` that is under way removes empty folders, so a new one may be gone before the file is in it.
 *
 * @param folder A folder directly within `objectsDir`.
 */
export function createTemporaryIn(storage: ObjectStorage, folder: string, prefix: string, mode: number): OpenFile {
  for (let attempt = 1;; attempt++) {
    try {
      if (storage.system.disk.lstat(folder) === null) makeFolder(storage, folder);
      return createTemporary(storage, folder, prefix, mode);
    } catch (error) {
      if (!isDiskError(error, "ENOENT") || attempt > SWEPT_ATTEMPTS_MAX) throw error;
    }
  }
}

/** Makes a folder directly within `objectsDir`, if it is not there, and makes that durable. */
export function makeFolder(storage: ObjectStorage, folder: string): void {
  const { disk } = storage.system;
  try {
    disk.makeDirectory(folder);
  } catch (error) {
    if (!isDiskError(error, "EEXIST")) throw error; // somebody else made it meanwhile, and may not have flushed it
  }
  adjustMode(disk, storage.shared, folder, "directory");
  disk.syncDirectory(storage.objectsDir);
}

/**
 * Removes what a failed write left. Nothing that goes wrong here is reported: the error of the write says more, and
 * git sweeps what stays.
 */
export function removeQuietly(storage: ObjectStorage, path: string): void {
  try {
    storage.system.disk.unlink(path);
  } catch {
    // Not there any more, or not to be removed; see above.
  }
}

/**
 * Writes a temporary file, flushes it and closes it; when that fails, it is removed.
 *
 * @param file Just created.
 * @param write Writes the content.
 * @param flush Whether the content is made durable.
 */
export function fillTemporary(
  storage: ObjectStorage,
  file: OpenFile,
  write: (file: OpenFile) => void,
  flush = true,
): void {
  try {
    try {
      write(file);
      if (flush) file.sync();
    } finally {
      file.close();
    }
    adjustMode(storage.system.disk, storage.shared, file.path, "file");
  } catch (error) {
    removeQuietly(storage, file.path);
    throw error;
  }
}

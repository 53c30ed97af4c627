/**
 * The lock of an entry: whoever changes the entry holds it. It lies in the entry's folder, which `clean` takes away with
 * the lock still held; who then finds no folder makes it again.
 *
 * @module
 */
import { FileLock, type FileLockOptions } from "../locks/file_lock.ts";
import { isDiskError } from "../platform/disk.ts";
import type { System } from "../platform/system.ts";
import { type EntryFolder, FILE_MODE, makeFolder } from "./entry_folder.ts";

/** How entries are locked. */
export type EntryLockOptions = Pick<
  FileLockOptions,
  "backend" | "command" | "observer" | "releaseOnSignals" | "timeoutMs"
>;

/** Attempts that find the folder gone each time; so many in a row take somebody who does nothing but clean. */
const ATTEMPTS_MAX = 100;

/** The lock, not taken. */
export function entryLock(system: System, entry: EntryFolder, options: EntryLockOptions): FileLock {
  return new FileLock(entry.locked, { ...options, mode: FILE_MODE }, system);
}

/**
 * Takes the lock, waiting for it; makes the folder where it is not there.
 *
 * @throws {LatticeError} As {@link FileLock.acquire}.
 */
export async function lockEntry(
  system: System,
  entry: EntryFolder,
  options: EntryLockOptions & { timeoutMs: number },
): Promise<FileLock> {
  const untilMs = system.clock.monotonicMs() + options.timeoutMs;
  for (let attempt = 1;; attempt++) {
    makeFolder(system.disk, entry);
    const lock = entryLock(system, entry, options); // anew: which kind of lock it is, the folder tells
    try {
      await lock.acquire({ timeoutMs: Math.max(0, untilMs - system.clock.monotonicMs()) });
      return lock;
    } catch (error) {
      if (!isFolderGone(error) || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}

/** Whether an error says that the folder of the lock, or its file a moment ago, was taken away. */
export function isFolderGone(error: unknown): boolean {
  return isDiskError(error, "ENOENT") || (error instanceof Error && isDiskError(error.cause, "ENOENT"));
}

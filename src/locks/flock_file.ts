/**
 * A lock by flock(2) on a file beside what is locked: `<file>.flock`. The kernel gives it back however its holder ends.
 *
 * The file stays when the lock is given back: were it removed, two processes could hold the flocks of two files of that
 * name. Its text names the last holder, for messages alone.
 *
 * Where this is shown: `tests/locks/file_lock.test.ts`.
 *
 * @module
 */
import type { LockableFile, System } from "../platform/system.ts";
import { LatticeError } from "../platform/errors.ts";
import { CreateFailedError, ReleaseFailedError } from "./file_lock_errors.ts";
import type { HeldLock, LockBackend } from "./lock_backend.ts";
import { newLockText, parseLockText, renderLockText } from "./lock_text.ts";

/** The file whose flock stands for the lock of a file. */
export function flockPath(path: string): string {
  return `${path}.flock`;
}

/**
 * Locks by flock.
 *
 * @param path What is locked; the flocked file stands beside it.
 * @param command What the holder is doing, for messages.
 * @param mode Permissions of the flocked file, less what the umask takes.
 */
export function flockBackend(system: System, path: string, command: string, mode: number): LockBackend {
  const lockPath = flockPath(path);
  return {
    name: "flock",
    path: lockPath,
    tryTake() {
      try {
        return tryTake(system, lockPath, command, mode);
      } catch (cause) {
        throw new CreateFailedError(lockPath, cause);
      }
    },
  };
}

function tryTake(
  system: System,
  path: string,
  command: string,
  mode: number,
): ReturnType<LockBackend["tryTake"]> {
  const file = system.openLockable(path, mode);
  if (file === null) return { refusal: { holder: null, isKnownToLive: true } }; // removed as we opened it
  let keepOpen = false;
  try {
    const taken = file.tryLock();
    if (taken === null) {
      throw new LatticeError("unsupported", "this platform has no flock", { hint: "use the PID lock file" });
    }
    // Somebody may have replaced the file: the flock counts only on what the name names.
    if (!taken || system.disk.lstat(path)?.inode !== file.stat().inode) {
      return { refusal: { holder: parseLockText(file.read())?.holder ?? null, isKnownToLive: true } };
    }
    file.overwrite(renderLockText(newLockText(system, command)));
    keepOpen = true;
    return { held: heldFlock(path, file) };
  } finally {
    if (!keepOpen) file.close();
  }
}

function heldFlock(path: string, file: LockableFile): HeldLock {
  let released = false;
  return {
    takenOverFrom: null,
    release() {
      if (released) return;
      released = true;
      try {
        file.unlock();
        file.close();
      } catch (cause) {
        throw new ReleaseFailedError(path, cause);
      }
    },
  };
}

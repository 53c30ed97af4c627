/**
 * Removes a lock file if it is the one that is meant, and no other.
 *
 * Neither its name proves that, nor its inode number, which file systems give out again at once. What a lock file says
 * does: no two have the same token.
 *
 * No call of a file system removes a name on condition of what it names. So between a look and an `unlink` somebody may
 * break the lock and another process take it, whose lock would then be removed while it is held. For that reason the
 * file is looked at, renamed aside, and looked at again under the new name, which nobody else knows; only then is it
 * removed. If it is another one after all, it is linked back.
 *
 * What remains: where a lock is broken and taken anew between look and rename, two calls in a row, the new lock is away
 * until it is linked back, three calls later. Who looks for it just then finds the lock free, and holds it as well; and
 * where this process is killed just then, nobody links it back. Its holder is told when it releases. To remove without
 * renaming is the greater evil: in the same case that lock would be gone for good. It is done all the same where the file
 * system refuses the rename, as some do for a moment while another program has the file open: a lock that nobody gives
 * back would be worse.
 *
 * Where this is shown: `tests/locks/broken_lock.test.ts`.
 *
 * @module
 */
import { type Disk, isDiskError } from "../platform/disk.ts";
import type { System } from "../platform/system.ts";
import { temporaryPath } from "./temporary_file.ts";

/**
 * Removes the lock file if it is the one that is meant. Killed in between, it leaves a temporary file of this process.
 *
 * @param isMeant Looks at the file at a path; `false` also when none is there.
 * @returns Whether it was, and is gone.
 * @throws {DiskError} And what `isMeant` throws. The file is where it was, unless its removal itself failed.
 */
export function removeIfMeant(system: System, path: string, isMeant: (at: string) => boolean): boolean {
  const { disk } = system;
  if (!isMeant(path)) return false;
  const aside = temporaryPath(system, path);
  try {
    disk.rename(path, aside);
  } catch (error) {
    if (!isDiskError(error)) throw error;
    if (!isMeant(path)) return false; // somebody removed it since the look
    disk.unlink(path);
    return true;
  }
  let wasMeant = false;
  try {
    wasMeant = isMeant(aside);
  } finally {
    if (!wasMeant) putBack(disk, aside, path);
  }
  if (wasMeant) disk.unlink(aside);
  return wasMeant;
}

/** Gives a file its name back, unless another one has it by now: that is then a lock that somebody holds. */
function putBack(disk: Disk, aside: string, path: string): void {
  try {
    disk.link(aside, path);
  } catch (error) {
    // Linux does not let everybody link the file of another user (`fs.protected_hardlinks`).
    if (!isDiskError(error, "EEXIST")) return disk.rename(aside, path);
  }
  disk.unlink(aside);
}

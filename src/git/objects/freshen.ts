/**
 * Keeping an object that is there already: its file gets a new modification time, so that a concurrent `git gc` does
 * not prune it, and is flushed, because nobody knows whether its writer did.
 *
 * @module
 */
import { isDiskError } from "../../platform/disk.ts";
import type { System } from "../../platform/system.ts";
import type { ObjectPlace } from "./reader.ts";

/**
 * Freshens the file that an object is in.
 *
 * @returns Whether it was possible; if not, the object has to be written anew.
 * @throws {LatticeError} `io`.
 */
export function freshen({ disk, clock }: System, place: ObjectPlace): boolean {
  const files = place.kind === "loose" ? [place.path] : [place.packPath, place.packPath.replace(/\.pack$/, ".idx")];
  try {
    disk.setTimes(files[0]!, BigInt(Math.floor(clock.nowMs())) * 1_000_000n);
    for (const file of files) disk.syncFile(file);
    disk.syncDirectory(files[0]!.slice(0, files[0]!.lastIndexOf("/")));
    return true;
  } catch (error) {
    // A borrowed object may belong to somebody else, and gc may have removed the file a moment ago.
    if (isDiskError(error, "EACCES", "EPERM", "EROFS", "ENOENT", "ELOOP")) return false;
    throw error;
  }
}

/**
 * Keeping an object that is there already: its file gets a new modification time, so that a concurrent `git gc` does
 * not prune it, and is flushed, because nobody knows whether its writer did.
 *
 * @module
 */
import { isDiskError } from "../../platform/disk.ts";
import type { System } from "../../platform/system.ts";
import { folderOf } from "../../platform/paths.ts";
import type { Oid } from "../object_format.ts";
import type { ObjectPlace } from "./reader.ts";

/**
 * Freshens the file that an object is in.
 *
 * @returns Whether it was possible; if not, the object has to be written anew.
 * @throws {LatticeError} `io`.
 */
export function freshen({ disk, clock }: System, place: ObjectPlace): boolean {
  const files = filesOf(place);
  try {
    disk.setTimes(files[0]!, BigInt(Math.floor(clock.nowMs())) * 1_000_000n);
    for (const file of files) disk.syncFile(file);
    disk.syncDirectory(folderOf(files[0]!));
    return true;
  } catch (error) {
    // A borrowed object may belong to somebody else, and gc may have removed the file a moment ago.
    if (isDiskError(error, "EACCES", "EPERM", "EROFS", "ENOENT", "ELOOP")) return false;
    throw error;
  }
}

/**
 * Flushes the files that objects are in, each once, and their folders.
 *
 * @param find Where an object is; `null`: nowhere.
 * @returns The objects that are nowhere.
 * @throws {LatticeError} `io`.
 */
export function flushPlaces(
  { disk }: System,
  oids: readonly Oid[],
  find: (oid: Oid) => ObjectPlace | null,
): Oid[] {
  const flushed = new Set<string>();
  const folders = new Set<string>();
  const missing = oids.filter((oid) => {
    const place = find(oid);
    if (place === null) return true;
    try {
      for (const file of filesOf(place)) {
        if (flushed.has(file)) continue;
        disk.syncFile(file);
        flushed.add(file);
        folders.add(folderOf(file));
      }
      return false;
    } catch (error) {
      if (isDiskError(error, "ENOENT")) return true; // gc has removed it a moment ago
      throw error;
    }
  });
  for (const folder of folders) disk.syncDirectory(folder);
  return missing;
}

function filesOf(place: ObjectPlace): string[] {
  return place.kind === "loose" ? [place.path] : [place.packPath, place.packPath.replace(/\.pack$/, ".idx")];
}

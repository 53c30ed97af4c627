/**
 * Keeping an object that is there already: its file gets a new modification time, so that a concurrent `git gc` does
 * not prune it, and is flushed, because nobody knows whether its writer did.
 *
 * @module
 */
import { isDiskError } from "../../platform/disk.ts";
import type { System } from "../../platform/system.ts";
import type { ObjectPlace } from "./reader.ts";

/** Freshens files, each pack once. */
export interface Freshener {
  /** @returns Whether it was possible; if not, the object has to be written anew. @throws {LatticeError} `io`. */
  freshen(place: ObjectPlace): boolean;
}

/** Makes a freshener for one write: what it has freshened stays fresh for so long only. */
export function createFreshener(system: System): Freshener {
  const { disk, clock } = system;
  const done = new Map<string, boolean>();

  function freshenFiles(files: readonly string[]): boolean {
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

  return {
    freshen(place) {
      const path = place.kind === "loose" ? place.path : place.packPath;
      let fresh = done.get(path);
      if (fresh === undefined) {
        fresh = freshenFiles(place.kind === "loose" ? [path] : [path, path.replace(/\.pack$/, ".idx")]);
        done.set(path, fresh);
      }
      return fresh;
    },
  };
}

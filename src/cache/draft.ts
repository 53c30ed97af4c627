/**
 * A new content while it is written: a temporary file in the folder of its entry, hashed as it grows.
 *
 * @module
 */
import { createHasher } from "../platform/hash.ts";
import type { System } from "../platform/system.ts";
import { toHex } from "../platform/text.ts";
import { temporaryPath } from "../locks/temporary_file.ts";
import { isDiskError } from "../platform/disk.ts";
import { draftTarget, type EntryFolder, FILE_MODE, makeFolder } from "./entry_folder.ts";

/** A content that is being written. */
export interface Draft {
  /** The temporary file. */
  readonly path: string;
  /** Adds bytes. @throws {DiskError} */
  add(bytes: Uint8Array): void;
  /** Flushes and closes the file. @throws {DiskError} */
  finish(): { digest: string; size: number };
  /** Ends it: removes the file, unless it was renamed. Is done as well when the process ends. @throws {DiskError} */
  close(): void;
}

/** `clean` takes an empty folder away; so many times in a row it does not. */
const ATTEMPTS_MAX = 100;

/**
 * Begins a content; the folder is made where it is not there.
 *
 * @param onSignals Whether SIGHUP, SIGINT and SIGTERM end the process, and the file goes before.
 * @throws {CacheError} Something else stands in place of the folder.
 * @throws {DiskError} Nothing is left then.
 */
export function newDraft(system: System, entry: EntryFolder, onSignals: boolean): Draft {
  const { disk } = system;
  const [path, file] = createIn(system, entry);
  const hasher = createHasher("sha256");
  let size = 0;
  const forget = system.onEnd(remove, onSignals);

  function remove(): void {
    file.close();
    try {
      disk.unlink(path);
    } catch (error) {
      if (!isDiskError(error, "ENOENT")) throw error; // renamed
    }
  }
  return {
    path,
    add(bytes) {
      file.write(bytes);
      hasher.update(bytes);
      size += bytes.length;
    },
    finish() {
      file.sync(); // before the rename, or the name may outlive its bytes
      file.close();
      return { digest: toHex(hasher.digest()), size };
    },
    close() {
      forget();
      remove();
    },
  };
}

function createIn(system: System, entry: EntryFolder) {
  const path = temporaryPath(system, draftTarget(entry));
  for (let attempt = 1;; attempt++) {
    makeFolder(system.disk, entry);
    try {
      return [path, system.disk.create(path, FILE_MODE)] as const;
    } catch (error) {
      if (!isDiskError(error, "ENOENT") || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}

/**
 * Reading documents from files without any lock: a writer replaces a whole file, so whoever has one open has a whole
 * document.
 *
 * @module
 */
import { insistOn, notWanted } from "./folders.ts";
import { STATE_BYTES_MAX } from "../document.ts";
import type { Disk, OpenFile } from "../../platform/disk.ts";
import { LatticeError } from "../../platform/errors.ts";

/** A file that is replaced between the look at it and its opening is looked at again so often. */
const ATTEMPTS_MAX = 100;

/**
 * Reads a file that must be a file, not following a link.
 *
 * @returns `null`: nothing is there. Of one that is too large, only so much that this can be seen.
 * @throws {DiskError}
 * @throws {LatticeError} `unsupported`: something else stands in its place.
 */
export function readDocument(disk: Disk, path: string): Uint8Array | null {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const seen = disk.lstat(path);
    if (seen === null) return null;
    if (seen.kind !== "file") throw notWanted(path, seen.kind, "file");
    using file = disk.openRead(path); // follows a link that was put there meanwhile, so what was opened is compared
    if (file === null) continue;
    const { device, inode, size } = file.stat();
    if (inode === seen.inode && device === seen.device) return readOpen(file, size);
  }
  throw new LatticeError("io", `${JSON.stringify(path)} is replaced faster than it can be read`, {
    hint: "run the command again",
    details: { path },
  });
}

function readOpen(file: OpenFile, size: number): Uint8Array {
  const bytes = new Uint8Array(Math.min(size, STATE_BYTES_MAX + 1));
  return bytes.subarray(0, file.readAt(bytes, 0));
}

/** Whether a document is there. @throws As {@link readDocument}. */
export function hasDocument(disk: Disk, path: string): boolean {
  return insistOn(disk, path, "file");
}

/**
 * Reading a document from its file without any lock: a writer replaces the whole file, so whoever has one open has a whole
 * document.
 *
 * @module
 */
import { STATE_BYTES_MAX } from "../document.ts";
import type { Disk } from "../../platform/disk.ts";
import { openOwnFileToRead } from "../../platform/own_file.ts";

/**
 * Reads a file that must be a file, not following a link.
 *
 * @returns `null`: nothing is there. Of one that is too large, only so much that this can be seen.
 * @throws {DiskError}
 * @throws {LatticeError} `unsupported`: something else stands in its place.
 */
export function readDocument(disk: Disk, path: string): Uint8Array | null {
  using file = openOwnFileToRead(disk, path);
  if (file === null) return null;
  const bytes = new Uint8Array(Math.min(file.stat().size, STATE_BYTES_MAX + 1));
  return bytes.subarray(0, file.readAt(bytes, 0));
}

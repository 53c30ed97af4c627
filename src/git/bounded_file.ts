/**
 * Reading the small text files of a git directory whatever somebody put in their place: nobody waits for a pipe, and a
 * device without end, or a size beyond all reason, is not read into memory.
 *
 * @module
 */
import { closing } from "../platform/closing.ts";
import { type Disk, DiskError, type OpenFile } from "../platform/disk.ts";
import { LatticeError } from "../platform/errors.ts";

/** A larger file of configuration, or of paths or object names, is not read, in bytes (64 MiB). */
export const TEXT_BYTES_MAX = 64 * 1024 * 1024;

/** What people link a file to that is to be empty. */
const EMPTY_DEVICE = "/dev/null";

/**
 * Reads a whole file, following symbolic links.
 *
 * @param bytesMax The largest size in bytes that is read.
 * @returns `null`: nothing is there.
 * @throws {LatticeError} `invalid_data`: it is a pipe, a socket or a device, or it is larger; `io`, as for a folder.
 */
export function readBounded(disk: Disk, path: string, bytesMax: number = TEXT_BYTES_MAX): Uint8Array | null {
  // Many of these files are mostly absent, which `lstat` tells without an exception: the first of a process takes 0.1 ms.
  if (disk.lstat(path) === null) return null;
  // Opening does not wait for somebody at the other end of a pipe.
  return closing(disk.openRead(path), (file) => readFrom(file, disk, path, bytesMax));
}

function readFrom(file: OpenFile, disk: Disk, path: string, bytesMax: number): Uint8Array {
  const { kind, size } = file.stat();
  if (kind === "directory") throw new DiskError("EISDIR", "read", path);
  if (kind !== "file") {
    if (disk.realPath(path) === EMPTY_DEVICE) return new Uint8Array(0);
    throw refuse(path, "is a pipe, a socket or a device", { kind });
  }
  if (size > bytesMax) throw refuse(path, `has ${size} bytes, more than the ${bytesMax} that are read`, { size });
  const bytes = new Uint8Array(size);
  return bytes.subarray(0, file.readAt(bytes, 0));
}

function refuse(path: string, flaw: string, details: Record<string, unknown>): LatticeError {
  return new LatticeError("invalid_data", `${JSON.stringify(path)} ${flaw}`, {
    hint: "put the file back that belongs there, or move this one away",
    details: { path, ...details },
  });
}

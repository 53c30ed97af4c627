/**
 * Reading lattice's own files whatever somebody put in their place: a pipe or a device is not opened, a symbolic link
 * is not followed, and a size beyond all reason is not read into memory.
 *
 * @module
 */
import type { Disk, FileStat, OpenFile } from "./disk.ts";
import { LatticeError } from "./errors.ts";

/** A file that is replaced between the look at it and its opening is looked at again so often. */
const ATTEMPTS_MAX = 100;

/**
 * Reads a whole file of ours.
 *
 * @param bytesMax The largest size in bytes that such a file can have.
 * @returns `null`: nothing is there.
 * @throws {LatticeError} `unsupported`: something else stands in its place; `invalid_data`: it is larger; `io`.
 */
export function readOwnFile(disk: Disk, path: string, bytesMax: number): Uint8Array | null {
  using file = openOwnFileToRead(disk, path);
  return file === null ? null : readOpenFile(file, bytesMax);
}

/**
 * Opens a file of ours to read parts of it.
 *
 * @returns `null`: nothing is there.
 * @throws {LatticeError} `unsupported`: something else stands in its place; `io`.
 */
export function openOwnFileToRead(disk: Disk, path: string): OpenFile | null {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const seen = lstatOwnFile(disk, path);
    if (seen === null) return null;
    const file = disk.openRead(path);
    if (file === null) return null; // it was there a moment ago; whoever removed it was done with it
    try {
      const { device, inode } = file.stat();
      if (inode === seen.inode && device === seen.device) return file;
    } catch (error) {
      file.close();
      throw error;
    }
    file.close();
  }
  throw new LatticeError("io", `${JSON.stringify(path)} is replaced faster than it can be read`, {
    hint: "stop the program that does it, or run the command again",
    details: { path },
  });
}

/**
 * Opens a file of ours to append to it.
 *
 * @returns `null`: nothing is there.
 * @throws {LatticeError} `unsupported`: something else stands in its place; `io`.
 */
export function openOwnFile(disk: Disk, path: string): OpenFile | null {
  if (lstatOwnFile(disk, path) === null) return null;
  const file = disk.openAppend(path); // does not follow a link that was put there meanwhile
  if (file === null) return null;
  try {
    insistOnKind(file.stat(), "file", path);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * Reads what an open file holds now.
 *
 * @param bytesMax The largest size in bytes that such a file can have.
 * @throws {LatticeError} `invalid_data`: it is larger; `io`.
 */
export function readOpenFile(file: OpenFile, bytesMax: number): Uint8Array {
  const { size } = file.stat();
  if (size > bytesMax) {
    throw new LatticeError("invalid_data", `${JSON.stringify(file.path)} is too large: ${size} bytes`, {
      hint: `lattice never makes it larger than ${bytesMax} bytes; move it away`,
      details: { path: file.path, size, limit: bytesMax },
    });
  }
  const bytes = new Uint8Array(size);
  return bytes.subarray(0, file.readAt(bytes, 0));
}

/**
 * Whether a folder of ours is there.
 *
 * @throws {LatticeError} `unsupported`: something else stands in its place, be it a link to a folder; `io`.
 */
export function hasOwnFolder(disk: Disk, path: string): boolean {
  const stat = disk.lstat(path);
  if (stat !== null) insistOnKind(stat, "directory", path);
  return stat !== null;
}

/**
 * Whether a file of ours is there.
 *
 * @throws {LatticeError} `unsupported`: something else stands in its place, be it a link to a file; `io`.
 */
export function hasOwnFile(disk: Disk, path: string): boolean {
  return lstatOwnFile(disk, path) !== null;
}

function lstatOwnFile(disk: Disk, path: string): FileStat | null {
  const stat = disk.lstat(path);
  if (stat !== null) insistOnKind(stat, "file", path);
  return stat;
}

function insistOnKind({ kind }: FileStat, wanted: "file" | "directory", path: string): void {
  if (kind === wanted) return;
  throw new LatticeError(
    "unsupported",
    `${JSON.stringify(path)} is not ${DESCRIPTIONS[wanted]} but ${DESCRIPTIONS[kind]}`,
    {
      hint: `move it away; lattice keeps ${DESCRIPTIONS[wanted]} of its own there`,
      details: { path, kind },
    },
  );
}

const DESCRIPTIONS: Readonly<Record<FileStat["kind"], string>> = {
  file: "a file",
  directory: "a folder",
  symlink: "a symbolic link",
  other: "a pipe, a socket or a device",
};

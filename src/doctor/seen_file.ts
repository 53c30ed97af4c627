/**
 * A file as it was when it was looked at, so that a repair can tell whether it is still the same, and can put it aside
 * instead of destroying it.
 *
 * @module
 */
import { makeDurableFolder } from "../engine/paths.ts";
import { removeIfMeant } from "../locks/proven_removal.ts";
import { makeLatticeFolder } from "../locks/repo_lock.ts";
import { type Disk, type FileStat, isDiskError } from "../platform/disk.ts";
import { LatticeError } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";
import { equalBytes, nameToBytes, toHex } from "../platform/text.ts";
import { folderOf } from "../platform/paths.ts";

/** How much of a file is remembered, in bytes; a ref, a lock and a marker are smaller. */
const CONTENT_BYTES_MAX = 64 * 1024;

/** A file that was looked at. */
export interface SeenFile {
  /** Absolute. */
  readonly path: string;
  readonly stat: FileStat;
  /** Its first bytes, where it is a plain file that can be read. */
  readonly head: Uint8Array | null;
}

/** Looks at a file without following a link. `null`: nothing is there. @throws {LatticeError} `io`. */
export function lookAt(disk: Disk, path: string): SeenFile | null {
  const stat = disk.lstat(path);
  if (stat === null) return null;
  return { path, stat, head: stat.kind === "file" ? headOf(disk, path) : null };
}

function headOf(disk: Disk, path: string): Uint8Array | null {
  try {
    return disk.readFile(path, CONTENT_BYTES_MAX);
  } catch (error) {
    if (isDiskError(error, "EACCES", "EPERM", "EIO")) return null; // that it is there is known without its content
    throw error;
  }
}

/** Whether the path still names what was seen: the same file, of the same size, time and content. @throws {LatticeError} `io`. */
export function isStill(disk: Disk, seen: SeenFile): boolean {
  const now = disk.lstat(seen.path);
  if (now === null || !isSameFile(now, seen.stat) || now.mtimeNs !== seen.stat.mtimeNs) return false;
  if (seen.head === null) return true; // no file, or one that cannot be read
  const head = disk.readFile(seen.path, CONTENT_BYTES_MAX);
  return head !== null && equalBytes(head, seen.head);
}

function isSameFile(a: FileStat, b: FileStat): boolean {
  return a.inode === b.inode && a.device === b.device && a.kind === b.kind && a.size === b.size;
}

/** Insists that a path still names what was seen. @throws {LatticeError} `cas_failed`. */
export function insistStill(disk: Disk, seen: SeenFile): void {
  if (isStill(disk, seen)) return;
  throw new LatticeError("cas_failed", `${JSON.stringify(seen.path)} changed since it was looked at`, {
    hint: "run `lattice doctor` again",
    details: { path: seen.path },
  });
}

/**
 * Gives a file the mode that it should have, after a second look; what it holds may have changed meanwhile.
 *
 * @throws {LatticeError} `cas_failed`: another file stands there, or it has another mode; `io`.
 */
export function changeMode(disk: Disk, { path, stat }: SeenFile, mode: number): void {
  const now = disk.lstat(path);
  const isSame = now?.inode === stat.inode && now.device === stat.device && now.kind === stat.kind;
  if (!isSame || now.mode !== stat.mode) {
    throw new LatticeError("cas_failed", `${JSON.stringify(path)} changed since it was looked at`, {
      hint: "run `lattice doctor` again",
      details: { path },
    });
  }
  disk.chmod(path, mode);
}

/** Folder to which doctor moves what it takes out of the way; nothing of lattice's reads it. */
export function asideFolder(commonDir: string): string {
  return `${commonDir}/lattice/aside`;
}

/**
 * Moves a file (or folder) aside, after a second look. An empty file is removed.
 *
 * @throws {LatticeError} `cas_failed`: it is no longer what was seen; `io`.
 */
export function moveAside(system: System, commonDir: string, seen: SeenFile): void {
  const { disk } = system;
  const target = seen.stat.kind === "file" && seen.stat.size === 0 ? null : newPlace(system, commonDir, seen.path);
  insistStill(disk, seen);
  if (target === null) {
    disk.unlink(seen.path);
  } else {
    disk.rename(seen.path, target);
    putBackIfOther(disk, seen, target);
    disk.syncDirectory(asideFolder(commonDir));
  }
  disk.syncDirectory(folderOf(seen.path));
}

/**
 * Removes a lock file, after a second look, as `proven_removal.ts` says: under another name for a moment, which must mean
 * nothing in its folder.
 *
 * @throws {LatticeError} `cas_failed`: it is no longer what was seen; `io`.
 */
export function removeLock(system: System, seen: SeenFile): void {
  if (removeIfMeant(system, seen.path, (path) => isStill(system.disk, { ...seen, path }))) return;
  throw new LatticeError("cas_failed", `${JSON.stringify(seen.path)} changed since it was looked at`, {
    hint: "run `lattice doctor` again",
    details: { path: seen.path },
  });
}

/** In the moment between look and rename somebody may have put another file there, which then goes back. */
function putBackIfOther(disk: Disk, seen: SeenFile, target: string): void {
  const moved = disk.lstat(target);
  // A file by its content too: inode numbers are given out again at once.
  const isFile = moved?.kind === "file";
  if (isFile ? isStill(disk, { ...seen, path: target }) : moved !== null && isSameFile(moved, seen.stat)) return;
  if (isFile) {
    disk.link(target, seen.path);
    disk.unlink(target);
  }
  throw new LatticeError("cas_failed", `${JSON.stringify(seen.path)} changed while it was moved aside`, {
    hint: "run `lattice doctor` again",
    details: { path: seen.path },
  });
}

/**
 * Keeps a copy of a file that is about to be replaced or removed, as a second name of it; what is no plain file is
 * moved. Of an empty one there is nothing to keep.
 */
export function keepCopyAside(system: System, commonDir: string, seen: SeenFile): void {
  if (seen.stat.kind === "file" && seen.stat.size === 0) return;
  const target = newPlace(system, commonDir, seen.path);
  if (seen.stat.kind === "file") linkOrCopy(system, seen.path, target);
  else system.disk.rename(seen.path, target);
  system.disk.syncDirectory(asideFolder(commonDir));
}

function linkOrCopy(system: System, path: string, target: string): void {
  const { disk } = system;
  try {
    disk.link(path, target);
  } catch (error) {
    if (!isDiskError(error, "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EXDEV")) throw error;
    using copy = disk.create(target, 0o600);
    copy.write(disk.readFile(path) ?? new Uint8Array(0));
    copy.sync();
  }
}

/** A path in the folder that nothing has: time, chance, and the file's own name as far as it is plain. */
function newPlace(system: System, commonDir: string, path: string): string {
  makeLatticeFolder(system, commonDir);
  makeDurableFolder(system, asideFolder(commonDir));
  const time = new Date(system.clock.nowMs()).toISOString().replace(/[-:]/g, "").replace(/\.\d+/, "");
  const name = String.fromCharCode(...nameToBytes(path.slice(commonDir.length + 1)).subarray(-100));
  return `${asideFolder(commonDir)}/${time}-${toHex(system.randomBytes(4))}-${name.replace(/[^A-Za-z0-9._-]/g, "_")}`;
}

/**
 * The file of a SQLite store, before SQLite opens it: whether it is there, whether it can be made, whether it stays as it is.
 *
 * @module
 */
import { type Disk, DiskError, type FileStat, isDiskError } from "../platform/disk.ts";
import { LatticeError } from "../platform/errors.ts";
import { folderOf } from "../platform/paths.ts";
import { SqliteError } from "../platform/sqlite.ts";
import { isWellFormed, shellWord } from "../platform/text.ts";

/** What SQLite adds to the name of a file: what is in these is still to be brought into it, or to be taken back. */
const PENDING: readonly string[] = ["-wal", "-journal"];

/**
 * Makes the file, empty, if it is not there. SQLite would make it as the umask allows, and one whose name is not UTF-8
 * under another name.
 *
 * @throws {LatticeError}
 */
export function makeFile(disk: Disk, path: string): void {
  requireUtf8(path);
  if (disk.stat(path)?.kind === "directory") throw new DiskError("EISDIR", "open", path);
  try {
    disk.create(path, 0o600).close();
  } catch (error) {
    if (isDiskError(error, "ENOENT")) throw noFolder(path, error);
    if (!isDiskError(error, "EEXIST")) throw error;
    if (disk.stat(path) === null) throw leadsNowhere(path);
  }
}

/**
 * Whether the file is there. Its folder must be: a path that was mistyped is no empty store.
 *
 * @throws {LatticeError}
 */
export function hasFile(disk: Disk, path: string): boolean {
  requireUtf8(path);
  const kind = disk.stat(path)?.kind;
  if (kind === "directory") throw new DiskError("EISDIR", "open", path);
  if (kind !== undefined) return true;
  if (disk.lstat(path) !== null) throw leadsNowhere(path);
  if (disk.stat(folderOf(path)) === null) throw noFolder(path, new DiskError("ENOENT", "read", path));
  return false;
}

function requireUtf8(path: string): void {
  if (isWellFormed(path)) return;
  throw new LatticeError(
    "unsupported",
    `the database ${JSON.stringify(path)} cannot be used: its path is not UTF-8`,
    { hint: "keep it elsewhere, or go to it by a symbolic link whose name is UTF-8", details: { path } },
  );
}

function noFolder(path: string, cause: DiskError): LatticeError {
  return new LatticeError("io", cause.message, {
    hint: `mkdir -p ${shellWord(folderOf(path))}`,
    details: { path },
    cause,
  });
}

function leadsNowhere(path: string): LatticeError {
  return new LatticeError("io", `the database ${JSON.stringify(path)} is a symbolic link that leads to nothing`, {
    hint: "put back what it led to, or remove the link",
    details: { path },
  });
}

/** Whether the file lies on a file system that is mounted read-only. */
export function isOnReadOnlyDisk(disk: Disk, path: string): boolean {
  try {
    const real = disk.realPath(path);
    if (real !== null) disk.rename(real, real); // which does nothing, where it is allowed
    return false;
  } catch (error) {
    if (!isDiskError(error)) throw error;
    return error.errno === "EROFS";
  }
}

/** A file that is read without locks, and therefore must not change meanwhile. */
export class Unchanging {
  private readonly before: FileStat | null;

  /**
   * Looks at it.
   *
   * @throws {unknown} `cause`: something lies beside it that is still to be brought into it.
   */
  constructor(private readonly disk: Disk, private readonly path: string, cause: unknown) {
    if (this.isPending()) throw cause;
    this.before = disk.stat(path);
  }

  /** @throws {SqliteError} `busy`: somebody has opened it to write, or has written. */
  requireUnchanged(): void {
    const { before, disk, path } = this;
    const now = disk.stat(path);
    const isSame = now?.inode === before?.inode && now?.size === before?.size && now?.mtimeNs === before?.mtimeNs;
    if (!isSame || this.isPending()) throw new SqliteError("busy", path, "it was written while it was read");
  }

  private isPending(): boolean {
    return PENDING.some((suffix) => (this.disk.stat(this.path + suffix)?.size ?? 0) > 0);
  }
}

/**
 * The one narrow door to the file system: a small synchronous interface behind which the real disk and the
 * simulated one stand.
 *
 * Paths are absolute strings. A file name that is not UTF-8 is carried as in `text.ts`: each byte that does not
 * decode is a lone surrogate, U+DC80 to U+DCFF. "Does not exist" is `null` where a method says so, also of a name that
 * is too long for any file; every other failure throws {@link DiskError}.
 *
 * What each method makes durable is part of its contract: content only by {@link OpenFile.sync}, names (created,
 * linked, renamed, removed) only by {@link Disk.syncDirectory} of the folder that holds them.
 *
 * @module
 */
import { LatticeError } from "./errors.ts";
import { shellWord } from "./text.ts";

/** What a path names. */
export type FileKind = "file" | "directory" | "symlink" | "other";

/** What `stat` says of a file. */
export interface FileStat {
  /** What it is. */
  kind: FileKind;
  /** Content size in bytes. */
  size: number;
  /** Permission bits (the low twelve). */
  mode: number;
  /** Owner's user id. */
  uid: number;
  /** Owner's group id. */
  gid: number;
  /** Device number. */
  device: bigint;
  /** Inode number, all 64 bits. */
  inode: bigint;
  /** Number of hard links. */
  links: number;
  /** Modification time in nanoseconds since 1970. */
  mtimeNs: bigint;
  /** Time of last status change in nanoseconds since 1970. */
  ctimeNs: bigint;
}

/** An entry of a folder. */
export interface DirectoryEntry {
  /** The bare name, without any slash. */
  name: string;
  /** What it is; a symbolic link is not followed. */
  kind: FileKind;
}

/** A file that is open. Close it; `using` does. */
export interface OpenFile extends Disposable {
  /** The path it was opened by, for messages. */
  readonly path: string;
  /**
   * Reads at a position, without moving anything.
   *
   * @param buffer Where the bytes go; it is filled unless the file ends first.
   * @param position Offset in bytes.
   * @returns How many bytes were read; fewer than the buffer holds only at the end of the file.
   */
  readAt(buffer: Uint8Array, position: number): number;
  /** Appends all of the bytes at the end of the file. */
  write(bytes: Uint8Array): void;
  /** Cuts the file to a length in bytes. */
  truncate(length: number): void;
  /** Makes content and size durable (`fsync`). */
  sync(): void;
  /** What the open file is. */
  stat(): FileStat;
  /** Closes it; a second call does nothing. */
  close(): void;
}

/** The file system. */
export interface Disk {
  /**
   * Reads a whole file, following symbolic links. `null`: nothing is there (also when a parent is not a folder).
   *
   * @param bytesMax Stops after so many bytes, also where the file has no end.
   */
  readFile(path: string, bytesMax?: number): Uint8Array | null;
  /** Opens for reading, following symbolic links. `null`: nothing is there. */
  openRead(path: string): OpenFile | null;
  /** Creates a file that did not exist (`O_EXCL`, `O_NOFOLLOW`, close-on-exec). @throws {DiskError} `EEXIST`. */
  create(path: string, mode?: number): OpenFile;
  /** Opens an existing file for reading and appending, not following a symbolic link. `null`: nothing is there. */
  openAppend(path: string): OpenFile | null;
  /** Like `openAppend`, and creates the file when it is not there. */
  openOrCreateAppend(path: string, mode?: number): OpenFile;
  /** `stat`, following symbolic links. `null`: nothing is there. */
  stat(path: string): FileStat | null;
  /** `stat` of the link itself. `null`: nothing is there. */
  lstat(path: string): FileStat | null;
  /**
   * Entries of a folder, unsorted. `null`: nothing is there, or it is not a folder.
   *
   * @param isWanted Entries with other names may be left out, which is faster where all are such.
   */
  list(path: string, isWanted?: (name: string) => boolean): DirectoryEntry[] | null;
  /** Text of a symbolic link. `null`: nothing is there, or it is no link. */
  readLink(path: string): string | null;
  /** The path with every symbolic link resolved. `null`: nothing is there. */
  realPath(path: string): string | null;
  /** Makes one folder; its parent must exist. @throws {DiskError} `EEXIST`, `ENOENT`. */
  makeDirectory(path: string, mode?: number): void;
  /** Removes an empty folder. @throws {DiskError} `ENOTEMPTY`, `ENOENT`. */
  removeDirectory(path: string): void;
  /** Hard link: a second name for a file. As exclusive as `O_EXCL`. @throws {DiskError} `EEXIST`. */
  link(existing: string, path: string): void;
  /** Gives a file another name, replacing what is there. */
  rename(from: string, to: string): void;
  /** Makes a symbolic link. @throws {DiskError} `EEXIST`. */
  symlink(target: string, path: string): void;
  /** Removes a name. @throws {DiskError} `ENOENT`. */
  unlink(path: string): void;
  /** Sets the permission bits. */
  chmod(path: string, mode: number): void;
  /** Sets access and modification time, in nanoseconds since 1970 (kept to the microsecond). */
  setTimes(path: string, mtimeNs: bigint): void;
  /** Flushes the content of a file that somebody else wrote. @throws {DiskError} `ENOENT`. */
  syncFile(path: string): void;
  /** Makes the names in a folder, and the folder itself, durable. `EINVAL` (the file system cannot) is accepted. */
  syncDirectory(path: string): void;
  /** Flushes the whole file system that holds the path (`syncfs`). `false`: the platform has no such call. */
  syncFileSystem(path: string): boolean;
  /** Whether a path lies on a file system that other hosts may use too (network, FUSE), where flock may not reach them. */
  isShared(path: string): boolean;
}

/** A failing call of the file system. */
export class DiskError extends LatticeError {
  override readonly name = "DiskError";
  /** The system's name of the error, such as `ENOSPC`. */
  readonly errno: string;
  /** What was tried, as a verb; it begins with `flush` where something was to be made durable. */
  readonly action: string;
  /** The path that the call was about. */
  readonly path: string;

  /**
   * @param errno The system's name of the error.
   * @param action What was tried, as a verb: `create`, `rename`.
   * @param path The path.
   * @param options The cause.
   */
  constructor(errno: string, action: string, path: string, options: { cause?: unknown } = {}) {
    const hint = hintFor(errno, path);
    super("io", `cannot ${action} ${JSON.stringify(path)}: ${describeErrno(errno)}`, {
      ...(hint === undefined ? {} : { hint }),
      details: { path, errno },
      cause: options.cause,
    });
    this.errno = errno;
    this.action = action;
    this.path = path;
  }
}

/**
 * Whether an error is a failing disk call of one of these kinds.
 *
 * @param error What was caught.
 * @param errnos System names such as `EEXIST`.
 */
export function isDiskError(error: unknown, ...errnos: string[]): error is DiskError {
  return error instanceof DiskError && (errnos.length === 0 || errnos.includes(error.errno));
}

/** The error of a file that is to be locked and is none. */
export function noLockable(kind: FileKind, path: string): DiskError {
  const errno = kind === "symlink" ? "ELOOP" : kind === "directory" ? "EISDIR" : "EFTYPE";
  return new DiskError(errno, "lock", path);
}

/** What an error of the system means, with its name: `no such file or folder (ENOENT)`. */
export function describeErrno(errno: string): string {
  return ERRNO_TEXT[errno] === undefined ? errno : `${ERRNO_TEXT[errno]} (${errno})`;
}

const ERRNO_TEXT: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EROFS: "read-only file system",
  ENOSPC: "no space left on device",
  EDQUOT: "disk quota exceeded",
  EIO: "input/output error",
  EEXIST: "it exists already",
  ENOENT: "no such file or folder",
  ENOTDIR: "a part of the path is not a folder",
  EISDIR: "it is a folder",
  ENOTEMPTY: "the folder is not empty",
  EFTYPE: "it is neither a file nor a folder",
  ELOOP: "a symbolic link is in the way",
  EILSEQ: "it is not UTF-8, and this runtime takes nothing else",
  EMFILE: "too many open files",
  ENFILE: "too many open files in the system",
  ENAMETOOLONG: "the name is too long",
  EXDEV: "the two paths are on different file systems",
  EMLINK: "too many links",
  EINTR: "interrupted",
};

function hintFor(errno: string, path: string): string | undefined {
  switch (errno) {
    case "EACCES":
    case "EPERM":
      return `check the owner and the permissions of ${JSON.stringify(path)} and of the folders above it`;
    case "EROFS":
      return "the file system is mounted read-only; remount it or work on a copy";
    case "ENOSPC":
    case "EDQUOT":
      return "free some space and run the command again; nothing was half done";
    case "EIO":
      return "the disk reports an error; check the system's log before you try again";
    case "EMFILE":
    case "ENFILE":
      return "raise the limit of open files (ulimit -n)";
    case "ENAMETOOLONG":
      return "choose a shorter name";
    case "ENOTDIR":
    case "EISDIR":
    case "EFTYPE":
      return "something else stands in the way: move it away, or name another path";
    case "ELOOP":
      return `put what the link leads to in its place, or remove it: ls -ld ${shellWord(path)} shows where it leads`;
    default:
      return undefined;
  }
}

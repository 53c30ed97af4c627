/**
 * The disk of this machine, through the synchronous calls of `node:fs`, which Bun and Deno both have.
 *
 * A name that is not UTF-8 reaches the system byte for byte under Bun. Deno's calls take strings only, so there such
 * a name is refused (see `docs/limitations.md`).
 *
 * @module
 */
import * as fs from "node:fs";
import {
  type DirectoryEntry,
  type Disk,
  DiskError,
  type FileKind,
  type FileStat,
  isDiskError,
  type OpenFile,
} from "./disk.ts";
import { bytesToName, isWellFormed, nameToBytes } from "./text.ts";
import { isBun } from "./runtime.ts";
import { syncFileSystemOf } from "./native.ts";

const {
  O_RDONLY,
  O_RDWR,
  O_APPEND,
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW = 0,
  O_NONBLOCK = 0,
  O_DIRECTORY = 0,
} = fs.constants;

/** The disk of this machine. */
export const realDisk: Disk = {
  readFile(path, bytesMax) {
    return orNull("read", path, () => readBytes(nativePath(path), bytesMax ?? Infinity));
  },

  openRead(path) {
    // Without blocking: a pipe that stands where a file should be must not stop the program.
    return orNull("open", path, () => new RealFile(path, fs.openSync(nativePath(path), O_RDONLY | O_NONBLOCK)));
  },

  create(path, mode = 0o666) {
    const flags = O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW;
    return attempt("create", path, () => new RealFile(path, fs.openSync(nativePath(path), flags, mode)));
  },

  openAppend(path) {
    const flags = O_RDWR | O_APPEND | O_NOFOLLOW;
    return orNull("open", path, () => new RealFile(path, fs.openSync(nativePath(path), flags)));
  },

  openOrCreateAppend(path, mode = 0o666) {
    const flags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW;
    return attempt("open", path, () => new RealFile(path, fs.openSync(nativePath(path), flags, mode)));
  },

  stat(path) {
    // Asking for `undefined` instead of an exception makes a look at what is not there five times cheaper.
    const stat = orNull("examine", path, () => fs.statSync(nativePath(path), { bigint: true, throwIfNoEntry: false }));
    return stat === null || stat === undefined ? null : toStat(stat);
  },

  lstat(path) {
    // Asking for `undefined` instead of an exception makes a look at what is not there five times cheaper.
    const stat = orNull("examine", path, () => fs.lstatSync(nativePath(path), { bigint: true, throwIfNoEntry: false }));
    return stat === null || stat === undefined ? null : toStat(stat);
  },

  list(path, isWanted) {
    return orNull("list", path, () => {
      if (isWanted !== undefined && hasNone(path, isWanted)) return [];
      const entries = fs.readdirSync(nativePath(path) as string, { withFileTypes: true });
      const listed: DirectoryEntry[] = [];
      let lossy = false;
      for (const entry of entries) {
        if (entry.name.includes("\uFFFD")) lossy = true;
        listed.push({ name: entry.name, kind: kindOf(entry) });
      }
      return lossy ? listByBytes(path) : listed;
    });
  },

  readLink(path) {
    try {
      return orNull("read the link", path, () => {
        return bytesToName(fs.readlinkSync(nativePath(path), { encoding: "buffer" }));
      });
    } catch (error) {
      if (isDiskError(error, "EINVAL")) return null;
      throw error;
    }
  },

  realPath(path) {
    return orNull("resolve", path, () => {
      const text = fs.realpathSync(nativePath(path) as string);
      if (!text.includes("\uFFFD")) return text;
      return bytesToName(fs.realpathSync(nativePath(path) as string, { encoding: "buffer" }));
    });
  },

  makeDirectory(path, mode = 0o777) {
    attempt("make the folder", path, () => fs.mkdirSync(nativePath(path), { mode }));
  },

  removeDirectory(path) {
    attempt("remove the folder", path, () => fs.rmdirSync(nativePath(path)));
  },

  link(existing, path) {
    attempt("link", path, () => fs.linkSync(nativePath(existing), nativePath(path)));
  },

  rename(from, to) {
    attempt("rename a file to", to, () => fs.renameSync(nativePath(from), nativePath(to)));
  },

  symlink(target, path) {
    attempt("make the link", path, () => fs.symlinkSync(nativePath(target), nativePath(path)));
  },

  unlink(path) {
    attempt("remove", path, () => {
      // Deno's unlink also removes an empty folder, which no system call of that name does.
      if (!isBun && realDisk.lstat(path)?.kind === "directory") throw new DiskError("EISDIR", "remove", path);
      fs.unlinkSync(nativePath(path));
    });
  },

  chmod(path, mode) {
    attempt("change the mode of", path, () => fs.chmodSync(nativePath(path), mode));
  },

  setTimes(path, mtimeNs) {
    const seconds = Number(mtimeNs / 1000n) / 1_000_000;
    attempt("set the times of", path, () => fs.utimesSync(nativePath(path), seconds, seconds));
  },

  syncFile(path) {
    attempt("flush", path, () => {
      const descriptor = fs.openSync(nativePath(path), O_RDONLY | O_NOFOLLOW);
      try {
        fs.fsyncSync(descriptor);
      } finally {
        fs.closeSync(descriptor);
      }
    });
  },

  syncDirectory(path) {
    attempt("flush the folder", path, () => {
      const descriptor = fs.openSync(nativePath(path), O_RDONLY | O_DIRECTORY);
      try {
        fs.fsyncSync(descriptor);
      } catch (error) {
        // Some network file systems cannot flush a folder, and say so with EINVAL; they order names by themselves.
        if (!isErrno(error, "EINVAL")) throw error;
      } finally {
        fs.closeSync(descriptor);
      }
    });
  },

  syncFileSystem(path) {
    return attempt("flush the file system of", path, () => {
      const descriptor = fs.openSync(nativePath(path), O_RDONLY);
      try {
        return syncFileSystemOf(descriptor);
      } finally {
        fs.closeSync(descriptor);
      }
    });
  },

  isShared(path) {
    const { type } = attempt("examine the file system of", path, () => fs.statfsSync(nativePath(path) as string));
    return SHARED_FILE_SYSTEMS.has(type >>> 0);
  },
};

/** File system types (statfs(2)) that several hosts can use at once, and FUSE, behind which anything may stand. */
const SHARED_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0x6969, // NFS
  0x517b, // SMB
  0xff534d42, // CIFS
  0xfe534d42, // SMB 2
  0x65735546, // FUSE
  0x01021997, // 9P
  0x5346414f, // AFS
  0x00c36400, // Ceph
  0x01161970, // GFS 2
  0x7461636f, // OCFS 2
  0x0bd00bd0, // Lustre
  0x47504653, // GPFS
  0x73757245, // Coda
]);

/** An open file of this machine. */
class RealFile implements OpenFile {
  private descriptor: number;

  constructor(readonly path: string, descriptor: number) {
    this.descriptor = descriptor;
  }

  readAt(buffer: Uint8Array, position: number): number {
    return attempt("read", this.path, () => {
      let done = 0;
      while (done < buffer.length) {
        const count = fs.readSync(this.descriptor, buffer, done, buffer.length - done, position + done);
        if (count === 0) break;
        done += count;
      }
      return done;
    });
  }

  write(bytes: Uint8Array): void {
    attempt("write", this.path, () => {
      let done = 0;
      while (done < bytes.length) done += fs.writeSync(this.descriptor, bytes, done, bytes.length - done);
    });
  }

  truncate(length: number): void {
    attempt("cut", this.path, () => fs.ftruncateSync(this.descriptor, length));
  }

  sync(): void {
    attempt("flush", this.path, () => fs.fsyncSync(this.descriptor));
  }

  stat(): FileStat {
    return attempt("examine", this.path, () => toStat(fs.fstatSync(this.descriptor, { bigint: true })));
  }

  close(): void {
    if (this.descriptor < 0) return;
    const descriptor = this.descriptor;
    this.descriptor = -1;
    attempt("close", this.path, () => fs.closeSync(descriptor));
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * What the calls of the runtime take: the string itself, or its bytes where they are not UTF-8.
 *
 * @throws {DiskError} `ENOENT`: it holds a NUL, and so can name nothing; `EILSEQ`: on Deno, it is not UTF-8.
 */
export function nativePath(path: string): string | Uint8Array & fs.PathLike {
  if (path.includes("\0")) throw new DiskError("ENOENT", "find", path);
  return isWellFormed(path) ? path : bytesOfPath(path);
}

/** By itself, for entering a function that names `Buffer` is enough for Bun to set it up with its hundred methods. */
function bytesOfPath(path: string): Uint8Array & fs.PathLike {
  if (!isBun) throw new DiskError("EILSEQ", "name", path);
  return Buffer.from(nameToBytes(path));
}

/** Room for a file that does not know its size, as those below `/proc`, and pipes. */
const UNKNOWN_SIZE_BYTES = 4096;

/**
 * Reads a file, on and on from where the last call ended, as pipes and devices want it. Its size is asked for first:
 * what is not there is then told without an exception, whose first one in a process costs as much as all else here.
 * And no `Buffer` is made, as `readFileSync` would, which costs as much again.
 */
function readBytes(path: fs.PathLike, bytesMax: number): Uint8Array | null {
  const stat = fs.statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return null;
  const descriptor = fs.openSync(path, O_RDONLY);
  try {
    const expected = stat.size === 0 ? UNKNOWN_SIZE_BYTES : stat.size + 1; // the one more shows the end
    let buffer = new Uint8Array(expected < bytesMax ? expected : bytesMax);
    let done = 0;
    for (;;) {
      const count = fs.readSync(descriptor, buffer, done, buffer.length - done, null);
      done += count;
      if (count === 0 || done === bytesMax) return buffer.subarray(0, done);
      if (done === buffer.length) buffer = enlarged(buffer, 2 * done < bytesMax ? 2 * done : bytesMax);
    }
  } finally {
    fs.closeSync(descriptor);
  }
}

function enlarged(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const longer = new Uint8Array(length);
  longer.set(bytes);
  return longer;
}

/**
 * Whether no entry of a folder is wanted. Of a folder with ten thousand locks this is told in a fourth of the time that
 * asking of each what it is would take.
 */
function hasNone(path: string, isWanted: (name: string) => boolean): boolean {
  for (const name of fs.readdirSync(nativePath(path) as string)) {
    if (isWanted(name) || name.includes("\uFFFD")) return false;
  }
  return true;
}

/** Folder entries where a name did not decode: names as bytes, and one `lstat` each. */
function listByBytes(path: string): DirectoryEntry[] {
  const names = fs.readdirSync(nativePath(path) as string, { encoding: "buffer" }) as unknown as Uint8Array[];
  const listed: DirectoryEntry[] = [];
  for (const bytes of names) {
    const name = bytesToName(bytes);
    const stat = realDisk.lstat(`${path}/${name}`);
    if (stat !== null) listed.push({ name, kind: stat.kind });
  }
  return listed;
}

interface Kinds {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

function kindOf(entry: Kinds): FileKind {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "directory";
  return entry.isSymbolicLink() ? "symlink" : "other";
}

/** What the runtime says of a file, in the terms of the disk interface. */
export function toStat(stat: fs.BigIntStats): FileStat {
  return {
    kind: kindOf(stat),
    size: Number(stat.size),
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    device: stat.dev,
    inode: stat.ino,
    links: Number(stat.nlink),
    mtimeNs: stat.mtimeNs,
    ctimeNs: stat.ctimeNs,
  };
}

function attempt<T>(action: string, path: string, call: () => T): T {
  for (;;) {
    try {
      return call();
    } catch (error) {
      if (isErrno(error, "EINTR")) continue; // a signal arrived; the call had no effect
      throw asDiskError(action, path, error);
    }
  }
}

function orNull<T>(action: string, path: string, call: () => T): T | null {
  try {
    return attempt(action, path, call);
  } catch (error) {
    if (isDiskError(error, "ENOENT", "ENOTDIR")) return null;
    if (isDiskError(error, "ENAMETOOLONG") && namesNothing(path)) return null;
    throw error;
  }
}

/** No path that is given to a call of the system has so many bytes (`PATH_MAX`), whatever stands there. */
const PATH_BYTES_MAX = 4096;

/** No part of a path between slashes has more (`NAME_MAX`), on any file system that git is used on. */
const PART_BYTES_MAX = 255;

/**
 * Whether a path of which a call said `ENAMETOOLONG` can name no file: a part of it is longer than its file system
 * takes. Otherwise something may be there that is only too deep to be reached.
 */
function namesNothing(path: string): boolean {
  const bytes = nameToBytes(path);
  if (bytes.length < PATH_BYTES_MAX) {
    // It is asked again, as `realPath` also says it of where a short path leads.
    try {
      return fs.statSync(nativePath(path), { throwIfNoEntry: false }) === undefined;
    } catch (error) {
      return isErrno(error, "ENAMETOOLONG", "ENOENT", "ENOTDIR");
    }
  }
  if (path.split("/").some((part) => nameToBytes(part).length > PART_BYTES_MAX)) return true;
  // How far the system can be asked: what has no beginning is not there either.
  const slash = bytes.lastIndexOf(SLASH, PATH_BYTES_MAX - 1);
  return slash > 0 && realDisk.stat(bytesToName(bytes.subarray(0, slash)))?.kind !== "directory";
}

const SLASH = "/".charCodeAt(0);

function isErrno(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as { code?: string } | null)?.code ?? "");
}

/** Whether Deno met a name that is not UTF-8, which it cannot hand on. */
export function isNotUtf8(error: unknown): boolean {
  return error instanceof Error && error.name === "InvalidData";
}

function asDiskError(action: string, path: string, error: unknown): unknown {
  if (error instanceof DiskError) return error;
  if (isNotUtf8(error)) return new DiskError("EILSEQ", action, path, { cause: error });
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? new DiskError(code, action, path, { cause: error }) : error;
}

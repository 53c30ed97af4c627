/**
 * Reading parts of large files that do not change (packs and their indexes) in pages, with few system calls, few open
 * files and a bounded amount of memory.
 *
 * @module
 */
import type { Disk, FileStat, OpenFile } from "../../platform/disk.ts";
import { LatticeError } from "../../platform/errors.ts";

const PAGE_BYTES = 16 * 1024;
/** All pages together hold 16 MiB. */
const PAGES_MAX = 1024;
/** Longer stretches are read directly, so that one large object does not drive out everything else. */
const PAGED_READ_BYTES_MAX = 8 * PAGE_BYTES;
const OPEN_FILES_MAX = 64;
/** Page keys are `file number * this + page number`; exact in a double up to four million files. */
const FILE_KEY_STEP = 2 ** 31;

/** A file that is read in parts. */
export interface PagedFile {
  readonly path: string;
  /** Size in bytes, as it was when the file was first opened. */
  readonly size: number;
  /**
   * Reads a part. Do not change the bytes: they may belong to a page that others read.
   *
   * @param position Offset in bytes.
   * @param length How many bytes; fewer are given only where the file ends.
   * @throws {ReplacedFileError} The file is gone or another one has its name.
   */
  read(position: number, length: number): Uint8Array;
}

/** Files that share their pages and a limit of open descriptors. */
export interface FilePages {
  /** Opens a file. `null`: nothing is there. */
  open(path: string): PagedFile | null;
  /** Closes what is open and forgets all pages; files open again when they are read. */
  close(): void;
}

/** A file that was known has gone, or another has taken its name: what was read of its folder is out of date. */
export class ReplacedFileError extends LatticeError {
  override readonly name = "ReplacedFileError";

  /** @param path The file. */
  constructor(path: string) {
    super("io", `${JSON.stringify(path)} was replaced or removed while it was read`, {
      hint: "another program is rearranging the repository; run the command again",
      details: { path },
    });
  }
}

/** Makes an empty set of files. */
export function createFilePages(disk: Disk): FilePages {
  const pages = new Map<number, Uint8Array>();
  const openFiles = new Map<number, OpenFile>();
  let nextNumber = 0;

  /** The open descriptor of a file, most recently used last. */
  function descriptor(file: { number: number; path: string; identity: FileStat }): OpenFile {
    let open = openFiles.get(file.number);
    if (open === undefined) {
      const reopened = disk.openRead(file.path);
      if (reopened === null) throw new ReplacedFileError(file.path);
      if (!isSameFile(reopened.stat(), file.identity)) {
        reopened.close();
        throw new ReplacedFileError(file.path);
      }
      open = reopened;
    }
    keepOpen(file.number, open);
    return open;
  }

  function keepOpen(number: number, open: OpenFile): void {
    openFiles.delete(number);
    openFiles.set(number, open);
    if (openFiles.size <= OPEN_FILES_MAX) return;
    const [oldest, idle] = openFiles.entries().next().value!;
    openFiles.delete(oldest);
    idle.close();
  }

  function keepPage(key: number, page: Uint8Array): void {
    pages.set(key, page);
    if (pages.size > PAGES_MAX) pages.delete(pages.keys().next().value!);
  }

  function openPaged(path: string): PagedFile | null {
    const first = disk.openRead(path);
    if (first === null) return null;
    const identity = first.stat();
    const file = { number: nextNumber++, path, identity };
    keepOpen(file.number, first);
    const { size } = identity;

    function readDirectly(position: number, length: number): Uint8Array {
      const buffer = new Uint8Array(length);
      const count = descriptor(file).readAt(buffer, position);
      return count === length ? buffer : buffer.subarray(0, count);
    }

    function page(index: number): Uint8Array {
      const key = file.number * FILE_KEY_STEP + index;
      const known = pages.get(key);
      if (known !== undefined) return known;
      const fresh = readDirectly(index * PAGE_BYTES, Math.min(PAGE_BYTES, size - index * PAGE_BYTES));
      keepPage(key, fresh);
      return fresh;
    }

    return {
      path,
      size,
      read(position, wanted) {
        const length = Math.max(0, Math.min(wanted, size - position));
        if (length === 0) return new Uint8Array(0);
        if (length > PAGED_READ_BYTES_MAX) return readDirectly(position, length);
        const firstPage = Math.floor(position / PAGE_BYTES);
        const start = position - firstPage * PAGE_BYTES;
        if (start + length <= PAGE_BYTES) return page(firstPage).subarray(start, start + length);
        const joined = new Uint8Array(length);
        let filled = 0;
        for (let index = firstPage; filled < length; index++) {
          const from = index === firstPage ? start : 0;
          const part = page(index).subarray(from, from + length - filled);
          if (part.length === 0) return joined.subarray(0, filled); // the file became shorter
          joined.set(part, filled);
          filled += part.length;
        }
        return joined;
      },
    };
  }

  return {
    open: openPaged,
    close() {
      for (const open of openFiles.values()) open.close();
      openFiles.clear();
      pages.clear();
    },
  };
}

function isSameFile(a: FileStat, b: FileStat): boolean {
  return a.inode === b.inode && a.device === b.device && a.size === b.size && a.mtimeNs >= b.mtimeNs;
}

/**
 * Pack indexes (`pack-*.idx`, versions 1 and 2, gitformat-pack), read by the page.
 *
 * @module
 */
import type { Disk } from "../../platform/disk.ts";
import type { ObjectFormat } from "../object_format.ts";
import { damagedFile } from "./damage.ts";
import type { FilePages, PagedFile } from "./file_pages.ts";
import { FANOUT_BYTES, indexOfName, type NameTable, parseFanout } from "./name_table.ts";

/** An index that looked sound when it was opened. */
export interface PackIndex {
  readonly path: string;
  /** Names of the objects. */
  readonly names: NameTable;
  /** Checksum at the end of the pack that belongs to it. */
  readonly packChecksum: Uint8Array;
  /** Offset in the pack of the object at an index of `names`. @throws {LatticeError} `invalid_data`. */
  offsetAt(index: number): number;
  /** Offset in the pack of an object by its raw name, or `null`. @throws {LatticeError} `invalid_data`. */
  find(name: Uint8Array): number | null;
}

const MAGIC = 0xff744f63; // \377tOc
const V2_HEADER_BYTES = 8;

/**
 * Opens an index and checks what can be checked without reading all of it.
 *
 * @returns `null`: no such file.
 * @throws {LatticeError} `invalid_data`: it is not an index, of an unknown version, or of the wrong size.
 */
export function openPackIndex(pages: FilePages, path: string, format: ObjectFormat): PackIndex | null {
  const file = pages.open(path);
  if (file === null) return null;
  const head = file.read(0, V2_HEADER_BYTES + FANOUT_BYTES);
  if (head.length < FANOUT_BYTES) throw damagedFile(path, `it has only ${head.length} bytes`);
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  if (view.getUint32(0) !== MAGIC) return openVersion1(file, head, format);
  const version = view.getUint32(4);
  if (version !== 2) throw damagedFile(path, `it has version ${version}; 1 and 2 are known`);
  return openVersion2(file, head.subarray(V2_HEADER_BYTES), format);
}

/**
 * How many objects an index counts, from its beginning alone; nothing is checked.
 *
 * @returns 0 also where there is no such file, or one too short for an index: reading an object reports that.
 */
export function countIndexed(disk: Disk, path: string): number {
  using file = disk.openRead(path);
  if (file === null) return 0;
  const head = new Uint8Array(V2_HEADER_BYTES + FANOUT_BYTES);
  if (file.readAt(head, 0) < head.length) return 0;
  const view = new DataView(head.buffer);
  const fanout = view.getUint32(0) === MAGIC ? V2_HEADER_BYTES : 0;
  return view.getUint32(fanout + FANOUT_BYTES - 4);
}

function openVersion1(file: PagedFile, fanoutBytes: Uint8Array, format: ObjectFormat): PackIndex {
  const { rawLength } = format;
  const fanout = parseFanout(file.path, fanoutBytes);
  const count = fanout[255]!;
  const stride = 4 + rawLength;
  const trailer = FANOUT_BYTES + count * stride;
  if (file.size !== trailer + 2 * rawLength) throw wrongSize(file, count);
  const names = { file, count, fanout, start: FANOUT_BYTES + 4, stride, rawLength };
  return withFind(file, names, trailer, (index) => readUint32(file, FANOUT_BYTES + index * stride));
}

function openVersion2(file: PagedFile, fanoutBytes: Uint8Array, format: ObjectFormat): PackIndex {
  const { rawLength } = format;
  const fanout = parseFanout(file.path, fanoutBytes);
  const count = fanout[255]!;
  const start = V2_HEADER_BYTES + FANOUT_BYTES;
  const offsets = start + count * (rawLength + 4); // after the names come the CRCs, which nobody needs to read
  const largeOffsets = offsets + count * 4;
  const largeBytes = file.size - largeOffsets - 2 * rawLength;
  if (largeBytes < 0 || largeBytes % 8 !== 0 || largeBytes > Math.max(0, count - 1) * 8) throw wrongSize(file, count);
  const names = { file, count, fanout, start, stride: rawLength, rawLength };
  return withFind(file, names, largeOffsets + largeBytes, (index) => {
    const offset = readUint32(file, offsets + index * 4);
    if (offset < 0x80000000) return offset;
    return readLargeOffset(file, largeOffsets, largeBytes, offset - 0x80000000);
  });
}

function withFind(
  file: PagedFile,
  names: NameTable,
  trailer: number,
  offsetAt: (index: number) => number,
): PackIndex {
  return {
    path: file.path,
    names,
    packChecksum: file.read(trailer, names.rawLength),
    offsetAt,
    find(name) {
      const index = indexOfName(names, name);
      return index < 0 ? null : offsetAt(index);
    },
  };
}

/**
 * Reads an entry of a table of 64-bit offsets.
 *
 * @param start Offset of the table in bytes.
 * @param length Bytes of the table.
 * @throws {LatticeError} `invalid_data`: there is no such entry, or it is beyond every file.
 */
export function readLargeOffset(file: PagedFile, start: number, length: number, index: number): number {
  if (index * 8 + 8 > length) throw damagedFile(file.path, `it has no 64-bit offset number ${index}`);
  const offset = readUint32(file, start + index * 8) * 2 ** 32 + readUint32(file, start + index * 8 + 4);
  if (offset > Number.MAX_SAFE_INTEGER) throw damagedFile(file.path, `its 64-bit offset number ${index} is absurd`);
  return offset;
}

/** Reads a big-endian number of 4 bytes. @throws {LatticeError} `invalid_data`: the file ends before it. */
export function readUint32(file: PagedFile, position: number): number {
  const bytes = file.read(position, 4);
  if (bytes.length !== 4) throw damagedFile(file.path, `it ends before byte ${position + 4}`);
  return (bytes[0]! * 2 ** 24) + (bytes[1]! << 16 | bytes[2]! << 8 | bytes[3]!);
}

function wrongSize(file: PagedFile, count: number): Error {
  return damagedFile(file.path, `${file.size} bytes do not fit the ${count} objects that it counts`);
}

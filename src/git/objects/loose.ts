/**
 * Reading loose objects: one zlib stream a file, `<type> <size>\0` and the content (gitformat-loose).
 *
 * @module
 */
import { isLowerHex } from "../../platform/ascii.ts";
import { closing } from "../../platform/closing.ts";
import { type Disk, isDiskError, type OpenFile } from "../../platform/disk.ts";
import { bytesToName } from "../../platform/text.ts";
import { adler32, inflate, inflatePrefix, inflateSmall } from "../../platform/zlib.ts";
import { isObjectType, type ObjectFormat, type ObjectType, type Oid } from "../object_format.ts";
import { damagedFile, OBJECT_BYTES_MAX, tooLarge } from "./damage.ts";
import type { GitObject, ObjectInfo } from "./store.ts";

/** Files up to this size are read and inflated at once; what comes out is at most 33 MiB. */
const SMALL_FILE_BYTES = 32 * 1024;
/** Documents are smaller; a buffer for more is memory that has to be fetched and cleared. */
const TYPICAL_FILE_BYTES = 4 * 1024;
/** A header is never longer, its NUL included. */
const HEADER_BYTES_MAX = 32;
/** Deflate cannot shrink by more than this. */
const INFLATION_MAX = 1032;

/** Path of a loose object. */
export function loosePath(objectsDir: string, oid: Oid): string {
  return `${objectsDir}/${oid.slice(0, 2)}/${oid.slice(2)}`;
}

/**
 * Reads a loose object. Its hash is not checked here.
 *
 * @param bytesMax Of an object with more content, type and size alone are given.
 * @returns `null`: no such file.
 * @throws {LatticeError} `invalid_data`: damaged; `unsupported`: too large.
 */
export function readLoose(disk: Disk, path: string, bytesMax: number): GitObject | ObjectInfo | null {
  return closing(disk.openRead(path), (file) => readOpened(file, path, bytesMax));
}

function readOpened(file: OpenFile, path: string, bytesMax: number): GitObject | ObjectInfo {
  const start = readStart(file);
  if (start.length > SMALL_FILE_BYTES) {
    const { type, size } = parseHeader(path, inflateStart(path, start));
    if (size > bytesMax) return { type, size };
  }
  const framed = start.length > SMALL_FILE_BYTES ? inflateLarge(file, start) : inflateWhole(path, start);
  const { type, size, length } = parseHeader(path, framed);
  const actual = framed.length - length;
  if (actual !== size) throw damagedFile(path, `it holds ${actual} bytes, and its header says ${size}`);
  return size > bytesMax ? { type, size } : { type, content: framed.subarray(length) };
}

/**
 * Type and size of a loose object; of a large one only the beginning is read.
 *
 * @returns `null`: no such file.
 * @throws {LatticeError} `invalid_data`: damaged.
 */
export function looseInfo(disk: Disk, path: string): ObjectInfo | null {
  return readLoose(disk, path, -1) as ObjectInfo | null; // no content is so short
}

/** The first bytes of a file: all of them when there are no more than `SMALL_FILE_BYTES`, else one more. */
function readStart(file: OpenFile): Uint8Array {
  try {
    const first = readInto(file, TYPICAL_FILE_BYTES);
    return first.length < TYPICAL_FILE_BYTES ? first : readInto(file, SMALL_FILE_BYTES + 1);
  } catch (error) {
    if (isDiskError(error, "EISDIR", "ESPIPE")) throw damagedFile(file.path, "it is no regular file", error);
    throw error;
  }
}

function readInto(file: OpenFile, length: number): Uint8Array {
  const buffer = new Uint8Array(length);
  return buffer.subarray(0, file.readAt(buffer, 0));
}

function inflateWhole(path: string, bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) throw damagedFile(path, "it is empty");
  let framed: Uint8Array | null;
  try {
    framed = inflateSmall(bytes);
  } catch (cause) {
    throw damagedFile(path, "it is not one whole zlib stream", cause);
  }
  if (framed === null) throw damagedFile(path, "it is not one whole zlib stream");
  requireNothingBehind(path, bytes, framed);
  return framed;
}

/** Inflating ignores what stands behind the stream; there the checksum of the content would have to end the file. */
function requireNothingBehind(path: string, bytes: Uint8Array, framed: Uint8Array): void {
  const end = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 6 || end.getUint32(bytes.length - 4) !== adler32(framed)) {
    throw damagedFile(path, "something stands behind its zlib stream");
  }
}

function inflateStart(path: string, bytes: Uint8Array): Uint8Array {
  try {
    return inflatePrefix(bytes.subarray(0, 512));
  } catch (cause) {
    throw damagedFile(path, "it is not a zlib stream", cause);
  }
}

function inflateLarge(file: OpenFile, start: Uint8Array): Uint8Array {
  const { path } = file;
  const header = parseHeader(path, inflateStart(path, start));
  const fileSize = file.stat().size;
  if (header.size > fileSize * INFLATION_MAX) {
    throw damagedFile(path, `its ${fileSize} bytes cannot hold the ${header.size} that its header claims`);
  }
  if (header.size > OBJECT_BYTES_MAX) throw tooLarge(path, header.size);
  const framedSize = header.length + header.size;
  if (fileSize > 2 * framedSize + 65536) throw damagedFile(path, "it is much longer than its content");
  const bytes = new Uint8Array(fileSize);
  if (file.readAt(bytes, 0) !== fileSize) throw damagedFile(path, "it became shorter while it was read");
  try {
    const { content, consumed } = inflate(bytes, framedSize);
    if (consumed !== fileSize) throw damagedFile(path, "something stands behind its zlib stream");
    return content;
  } catch (cause) {
    throw damagedFile(path, "it is not one whole zlib stream of the size in its header", cause);
  }
}

interface Header {
  type: ObjectType;
  size: number;
  /** Bytes of the header, its NUL included. */
  length: number;
}

function parseHeader(path: string, framed: Uint8Array): Header {
  const end = framed.subarray(0, HEADER_BYTES_MAX).indexOf(0);
  const text = end < 0 ? "" : bytesToName(framed.subarray(0, end));
  const space = text.indexOf(" ");
  const type = text.slice(0, space);
  const digits = text.slice(space + 1);
  const size = Number(digits);
  if (!isObjectType(type) || !Number.isSafeInteger(size) || size < 0 || String(size) !== digits) {
    throw damagedFile(path, "it does not begin with a type and a size");
  }
  return { type, size, length: end + 1 };
}

/**
 * Names of the loose objects in a folder of objects, in no order.
 *
 * @param prefix Hexadecimal digits with which they begin; may be empty.
 */
export function* listLoose(disk: Disk, objectsDir: string, format: ObjectFormat, prefix: string): Iterable<Oid> {
  const folders = prefix.length >= 2 ? [prefix.slice(0, 2)] : fanOutFolders(disk, objectsDir, prefix);
  for (const folder of folders) {
    for (const { name } of disk.list(`${objectsDir}/${folder}`) ?? []) {
      if (name.length !== format.hexLength - 2 || !isLowerHex(name)) continue;
      const oid = folder + name;
      if (oid.startsWith(prefix)) yield oid;
    }
  }
}

function fanOutFolders(disk: Disk, objectsDir: string, prefix: string): string[] {
  const entries = disk.list(objectsDir) ?? [];
  return entries.map(({ name }) => name).filter((name) => /^[0-9a-f]{2}$/.test(name) && name.startsWith(prefix));
}

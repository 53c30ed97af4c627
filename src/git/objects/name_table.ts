/**
 * The sorted table of object names, with its fan-out, that pack indexes and multi-pack indexes have in common
 * (gitformat-pack), searched without reading all of it.
 *
 * @module
 */
import { compareBytes, fromHex } from "../../platform/text.ts";
import { damagedFile } from "./damage.ts";
import type { PagedFile } from "./file_pages.ts";

/** Size of a fan-out table in bytes: 256 numbers of 4 bytes. */
export const FANOUT_BYTES = 1024;

/** So few names are read at once. */
const BLOCK_NAMES = 64;

/** Where a table stands in its file. */
export interface NameTable {
  readonly file: PagedFile;
  /** How many names there are. */
  readonly count: number;
  /** Entry b: how many names begin with a byte of at most b. */
  readonly fanout: Uint32Array;
  /** Offset of the first name in bytes. */
  readonly start: number;
  /** Distance from one name to the next in bytes. */
  readonly stride: number;
  /** Bytes of a name. */
  readonly rawLength: number;
}

/**
 * Decodes a fan-out table.
 *
 * @param path The file, for the error.
 * @throws {LatticeError} `invalid_data`: the numbers decrease.
 */
export function parseFanout(path: string, bytes: Uint8Array): Uint32Array {
  if (bytes.length < FANOUT_BYTES) throw damagedFile(path, "it ends within its fan-out table");
  const view = new DataView(bytes.buffer, bytes.byteOffset, FANOUT_BYTES);
  const fanout = new Uint32Array(256);
  let previous = 0;
  for (let i = 0; i < 256; i++) {
    const value = view.getUint32(i * 4);
    if (value < previous) throw damagedFile(path, `its fan-out table decreases at entry ${i}`);
    fanout[i] = previous = value;
  }
  return fanout;
}

/**
 * The name at an index.
 *
 * @throws {LatticeError} `invalid_data`: the file ends before it.
 */
export function nameAt(table: NameTable, index: number): Uint8Array {
  const name = table.file.read(table.start + index * table.stride, table.rawLength);
  if (name.length !== table.rawLength) throw damagedFile(table.file.path, "it ends within its names");
  return name;
}

/**
 * Finds a name.
 *
 * @param name Raw object name.
 * @returns Its index, or -1.
 * @throws {LatticeError} `invalid_data`: the names that were met are not in order.
 */
export function indexOfName(table: NameTable, name: Uint8Array): number {
  const index = lowerBound(table, name, name[0]!);
  const end = table.fanout[name[0]!]!;
  return index < end && compareBytes(nameAt(table, index), name) === 0 ? index : -1;
}

/**
 * The range of names that begin with some hexadecimal digits.
 *
 * @returns First index, and the one after the last.
 */
export function rangeOfPrefix(table: NameTable, digits: string): [first: number, end: number] {
  const low = fromHex(digits.padEnd(table.rawLength * 2, "0"));
  const high = fromHex(digits.padEnd(table.rawLength * 2, "f"));
  const first = lowerBound(table, low, low[0]!);
  let end = lowerBound(table, high, high[0]!);
  while (end < table.fanout[high[0]!]! && compareBytes(nameAt(table, end), high) === 0) end++;
  return [first, end];
}

/**
 * Index of the first name that is not less, within the names that begin with a byte. Every name met on the way must
 * lie between those met before, so that a table out of order is noticed instead of hiding what it holds.
 */
function lowerBound(table: NameTable, name: Uint8Array, firstByte: number): number {
  let low = firstByte === 0 ? 0 : table.fanout[firstByte - 1]!;
  let high = table.fanout[firstByte]!;
  let lowName: Uint8Array | null = null;
  let highName: Uint8Array | null = null;
  while (high - low > BLOCK_NAMES) {
    const middle = low + ((high - low) >>> 1);
    const found = nameAt(table, middle);
    if (
      found[0] !== firstByte || (lowName !== null && compareBytes(found, lowName) < 0) ||
      (highName !== null && compareBytes(found, highName) > 0)
    ) throw outOfOrder(table, middle);
    if (compareBytes(found, name) < 0) {
      low = middle + 1;
      lowName = found;
    } else {
      high = middle;
      highName = found;
    }
  }
  return low < high ? lowerBoundInBlock(table, name, firstByte, { low, high, lowName, highName }) : low;
}

interface Range {
  low: number;
  high: number;
  /** The name before the first, and that of the last and one; `null`: not looked at. */
  readonly lowName: Uint8Array | null;
  readonly highName: Uint8Array | null;
}

/** The rest of the search: few names, which are read in one piece and compared where they stand. */
function lowerBoundInBlock(table: NameTable, name: Uint8Array, firstByte: number, range: Range): number {
  const { stride, rawLength } = table;
  let { low, high } = range;
  const first = low;
  const block = table.file.read(table.start + first * stride, (high - first - 1) * stride + rawLength);
  if (block.length < (high - first - 1) * stride + rawLength) {
    throw damagedFile(table.file.path, "it ends within its names");
  }
  let below = range.lowName;
  let belowAt = 0;
  let above = range.highName;
  let aboveAt = 0;
  while (low < high) {
    const middle = low + ((high - low) >>> 1);
    const at = (middle - first) * stride;
    if (
      block[at] !== firstByte || (below !== null && compareAt(block, at, below, belowAt, rawLength) < 0) ||
      (above !== null && compareAt(block, at, above, aboveAt, rawLength) > 0)
    ) throw outOfOrder(table, middle);
    if (compareAt(block, at, name, 0, rawLength) < 0) {
      low = middle + 1;
      below = block;
      belowAt = at;
    } else {
      high = middle;
      above = block;
      aboveAt = at;
    }
  }
  return low;
}

/** Compares so many bytes at two places. */
function compareAt(a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, length: number): number {
  for (let i = 0; i < length; i++) {
    const difference = a[aStart + i]! - b[bStart + i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

function outOfOrder(table: NameTable, index: number): Error {
  return damagedFile(table.file.path, `its names are not in order at index ${index}`);
}

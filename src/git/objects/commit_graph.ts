/**
 * Commit-graphs (gitformat-commit-graph): parents, dates and generations of commits, in one file or a chain of files.
 * They only save time: one that is damaged is left aside, as git does it.
 *
 * @module
 */
import { isLowerHex } from "../../platform/ascii.ts";
import { isDamage } from "../../platform/errors.ts";
import type { Disk } from "../../platform/disk.ts";
import { hash } from "../../platform/hash.ts";
import { decodeUtf8, equalBytes, fromHex, toHex } from "../../platform/text.ts";
import type { ObjectFormat, Oid } from "../object_format.ts";
import { type Chunk, readChunks, requireChunk } from "./chunk_table.ts";
import { damagedFile } from "./damage.ts";
import { createFilePages, type FilePages, type PagedFile } from "./file_pages.ts";
import { FANOUT_BYTES, indexOfName, nameAt, type NameTable, parseFanout } from "./name_table.ts";
import { readUint32 } from "./pack_index.ts";

/** A commit as the graph has it. */
export interface GraphCommit {
  /** Positions of its parents. */
  readonly parents: readonly number[];
  /** When it was committed, in seconds since 1970. */
  readonly seconds: number;
  /** Higher than that of every parent. */
  readonly generation: number;
}

/** A commit-graph; all that a commit in it leads to is in it as well. Commits go by their position. */
export interface CommitGraph {
  /** Whether generations are corrected commit dates (version 2) and not levels (version 1). */
  readonly hasCorrectedDates: boolean;
  /** The position of a commit, or -1. @throws {LatticeError} `invalid_data`. */
  find(oid: Oid): number;
  /** The name of a commit. @throws {LatticeError} `invalid_data`. */
  oidAt(position: number): Oid;
  /** What is known of a commit. @throws {LatticeError} `invalid_data`. */
  read(position: number): GraphCommit;
}

const MAGIC = 0x43475048; // CGPH
const HEADER_BYTES = 8;
/** Of each commit, behind the name of its tree. */
const DATA_BYTES = 16;
const NO_PARENT = 0x70000000;
const HIGH_BIT = 0x80000000;
/** A level that does not fit is noted as this one. */
const LEVEL_MAX = 0x3fffffff;
/** Of a file up to this size the checksum is compared, which takes less than a millisecond. */
const CHECKED_BYTES_MAX = 1024 * 1024;
/** Git merges layers long before there are so many. */
const LAYERS_MAX = 1000;

/** One file of a graph. */
interface Layer {
  readonly names: NameTable;
  readonly file: PagedFile;
  /** How many commits the layers below have. */
  readonly base: number;
  readonly data: Chunk;
  readonly edges: Chunk | undefined;
  readonly dateOffsets: Chunk | undefined;
  readonly dateOverflows: Chunk | undefined;
}

/**
 * Opens the graph of a repository.
 *
 * @param folders Its folder of objects, and those that it borrows from; the first that has a sound graph counts.
 * @param levelsOnly Whether corrected commit dates are left aside (`commitGraph.generationVersion` is 1).
 * @returns `null`: there is none, or none that is sound as far as can be seen without reading all of it.
 */
export function openCommitGraph(
  disk: Disk,
  folders: readonly string[],
  format: ObjectFormat,
  levelsOnly: boolean,
): CommitGraph | null {
  const pages = createFilePages(disk);
  for (const folder of folders) {
    for (const open of [openSingle, openChain]) {
      const layers = unlessDamaged(() => open(disk, pages, folder, folders, format));
      if (layers !== null && layers.length > 0) return graphOf(layers, format, levelsOnly);
    }
  }
  return null;
}

function unlessDamaged<T>(open: () => T): T | null {
  try {
    return open();
  } catch (error) {
    if (!isDamage(error)) throw error;
    return null; // the commits themselves say all that it could say
  }
}

function openSingle(_: Disk, pages: FilePages, folder: string, __: readonly string[], format: ObjectFormat): Layer[] {
  const layer = openLayer(pages, `${folder}/info/commit-graph`, format, [], 0);
  return layer === null ? [] : [layer];
}

/** The chain names its layers from the lowest to the highest; each may be in any of the folders. */
function openChain(
  disk: Disk,
  pages: FilePages,
  folder: string,
  folders: readonly string[],
  format: ObjectFormat,
): Layer[] {
  const path = `${folder}/info/commit-graphs/commit-graph-chain`;
  const bytes = disk.readFile(path, (format.hexLength + 1) * (LAYERS_MAX + 1));
  if (bytes === null) return [];
  const hashes = (decodeUtf8(bytes) ?? "").split("\n").filter((line) => line !== "");
  if (hashes.length > LAYERS_MAX || !hashes.every(isLowerHex)) {
    throw damagedFile(path, "it holds a line that is no checksum, or too many");
  }
  const layers: Layer[] = [];
  let base = 0;
  hashes.forEach((hash, index) => {
    let layer: Layer | null = null;
    for (const place of folders) {
      layer ??= openLayer(
        pages,
        `${place}/info/commit-graphs/graph-${hash}.graph`,
        format,
        hashes.slice(0, index),
        base,
      );
    }
    if (layer === null) throw damagedFile(path, `it names ${hash}, which is not there`);
    layers.push(layer);
    base += layer.names.count;
  });
  return layers;
}

/** @param below Checksums of the layers below. @returns `null`: no such file. @throws {LatticeError} `invalid_data`. */
function openLayer(
  pages: FilePages,
  path: string,
  format: ObjectFormat,
  below: readonly string[],
  base: number,
): Layer | null {
  const file = pages.open(path);
  if (file === null) return null;
  const header = file.read(0, HEADER_BYTES);
  if (header.length < HEADER_BYTES || readUint32(file, 0) !== MAGIC) throw damagedFile(path, "it is no commit-graph");
  if (header[4] !== 1) throw damagedFile(path, `it has version ${header[4]}`);
  if (header[5] !== (format.name === "sha1" ? 1 : 2)) throw damagedFile(path, "it is for another object format");
  if (header[7] !== below.length) throw damagedFile(path, `it stands on ${header[7]} others, not on ${below.length}`);
  const { rawLength } = format;
  if (file.size <= CHECKED_BYTES_MAX) requireChecksum(file, format);
  const chunks = readChunks(file, HEADER_BYTES, header[6]!, rawLength);
  const fanoutChunk = requireChunk(file, chunks, "OIDF", FANOUT_BYTES);
  const fanout = parseFanout(path, file.read(fanoutChunk.start, FANOUT_BYTES));
  const count = fanout[255]!;
  const { start } = requireChunk(file, chunks, "OIDL", count * rawLength);
  if (below.length > 0) {
    const bases = requireChunk(file, chunks, "BASE", below.length * rawLength);
    if (toHex(file.read(bases.start, bases.length)) !== below.join("")) {
      throw damagedFile(path, "it stands on others than the chain says");
    }
  }
  const dateOffsets = chunks.has("GDA2") ? requireChunk(file, chunks, "GDA2", count * 4) : undefined;
  return {
    names: { file, count, fanout, start, stride: rawLength, rawLength },
    file,
    base,
    data: requireChunk(file, chunks, "CDAT", count * (rawLength + DATA_BYTES)),
    edges: chunks.get("EDGE"),
    dateOffsets,
    dateOverflows: chunks.get("GDO2"),
  };
}

function requireChecksum(file: PagedFile, format: ObjectFormat): void {
  const bytes = file.read(0, file.size);
  const end = Math.max(0, bytes.length - format.rawLength);
  if (equalBytes(hash(format.name, bytes.subarray(0, end)), bytes.subarray(end))) return;
  throw damagedFile(file.path, "its checksum is wrong");
}

function graphOf(layers: readonly Layer[], format: ObjectFormat, levelsOnly: boolean): CommitGraph {
  const hasCorrectedDates = !levelsOnly && layers.every(({ dateOffsets }) => dateOffsets !== undefined);

  function layerOf(position: number): Layer {
    return layers.findLast(({ base }) => base <= position)!;
  }

  function generationAt(position: number): number {
    const layer = layerOf(position);
    const { level, seconds } = numbersAt(layer, position - layer.base, format);
    return hasCorrectedDates ? correctedDate(layer, position - layer.base, seconds) : level;
  }

  return {
    hasCorrectedDates,
    find(oid) {
      const name = fromHex(oid);
      for (const { names, base } of layers.toReversed()) {
        const index = indexOfName(names, name);
        if (index >= 0) return base + index;
      }
      return -1;
    },
    oidAt(position) {
      const { names, base } = layerOf(position);
      return toHex(nameAt(names, position - base));
    },
    read(position) {
      const layer = layerOf(position);
      const { parents, level, seconds } = numbersAt(layer, position - layer.base, format);
      if (level === 0) throw damagedFile(layer.file.path, "it has no generations");
      const generation = generationAt(position);
      for (const parent of parents) {
        const isLower = generationAt(parent) < generation || (!hasCorrectedDates && generation === LEVEL_MAX);
        if (!isLower) throw damagedFile(layer.file.path, `commit number ${position} is not above its parent`);
      }
      return { parents, seconds, generation };
    },
  };
}

function numbersAt(
  layer: Layer,
  index: number,
  { rawLength }: ObjectFormat,
): { parents: number[]; level: number; seconds: number } {
  const { file, data } = layer;
  const bytes = file.read(data.start + index * (rawLength + DATA_BYTES) + rawLength, DATA_BYTES);
  if (bytes.length !== DATA_BYTES) throw damagedFile(file.path, "it ends within its data");
  const view = new DataView(bytes.buffer, bytes.byteOffset, DATA_BYTES);
  const [first, second, high, low] = [view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)];
  return {
    parents: parentsOf(layer, first, second),
    level: high >>> 2,
    seconds: (high & 3) * 2 ** 32 + low,
  };
}

function parentsOf(layer: Layer, first: number, second: number): number[] {
  const parents: number[] = first === NO_PARENT ? [] : [first];
  if (second >= HIGH_BIT) parents.push(...furtherParents(layer, second - HIGH_BIT));
  else if (second !== NO_PARENT) parents.push(second);
  const end = layer.base + layer.names.count;
  if (parents.every((parent) => parent < end)) return parents;
  throw damagedFile(layer.file.path, "a parent is not in it");
}

/** All parents but the first, of a commit that has more than two: the last has its high bit set. */
function furtherParents({ file, edges }: Layer, index: number): number[] {
  const parents: number[] = [];
  for (let at = index * 4; edges !== undefined && at + 4 <= edges.length; at += 4) {
    const value = readUint32(file, edges.start + at);
    parents.push(value % HIGH_BIT);
    if (value >= HIGH_BIT) return parents;
  }
  throw damagedFile(file.path, "the parents of a merge do not end");
}

function correctedDate({ file, dateOffsets, dateOverflows }: Layer, index: number, seconds: number): number {
  const offset = readUint32(file, dateOffsets!.start + index * 4);
  if (offset < HIGH_BIT) return seconds + offset;
  const at = (offset - HIGH_BIT) * 8;
  if (dateOverflows === undefined || at + 8 > dateOverflows.length) {
    throw damagedFile(file.path, "a corrected date is not in it");
  }
  return seconds + readUint32(file, dateOverflows.start + at) * 2 ** 32 +
    readUint32(file, dateOverflows.start + at + 4);
}

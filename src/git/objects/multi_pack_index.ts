/**
 * Multi-pack indexes (gitformat-pack, "multi-pack-index (MIDX) files"): one file, or a chain of files, that indexes
 * the objects of many packs. They only save time: one that is damaged is left aside, since each pack has its own
 * index, and git does the same.
 *
 * @module
 */
import { isDamage } from "../../platform/errors.ts";
import type { Disk } from "../../platform/disk.ts";
import { bytesToName, decodeUtf8 } from "../../platform/text.ts";
import { readBounded } from "../bounded_file.ts";
import { isOid, type ObjectFormat } from "../object_format.ts";
import { type Chunk, readChunks, requireChunk } from "./chunk_table.ts";
import { damagedFile } from "./damage.ts";
import type { FilePages, PagedFile } from "./file_pages.ts";
import { FANOUT_BYTES, indexOfName, type NameTable, parseFanout } from "./name_table.ts";
import { readLargeOffset, readUint32 } from "./pack_index.ts";

/** One multi-pack index. */
export interface MultiPackIndex {
  readonly path: string;
  /** Names of its packs, without `.pack`. */
  readonly packNames: readonly string[];
  /** The pack and the offset of an object by its raw name. @throws {LatticeError} `invalid_data`. */
  find(name: Uint8Array): { packName: string; offset: number } | null;
}

const MAGIC = 0x4d494458; // MIDX
const HEADER_BYTES = 12;
const PACK_NAMES_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Opens what a folder of packs has: `multi-pack-index`, else the chain in `multi-pack-index.d`, newest first.
 *
 * @returns Sound ones; none when one of them is damaged.
 */
export function openMultiPackIndexes(
  disk: Disk,
  pages: FilePages,
  folder: string,
  format: ObjectFormat,
): MultiPackIndex[] {
  try {
    const single = openMultiPackIndex(pages, `${folder}/multi-pack-index`, format);
    return single === null ? openChain(disk, pages, `${folder}/multi-pack-index.d`, format) : [single];
  } catch (error) {
    if (!isDamage(error)) throw error;
    return []; // the packs' own indexes say all that it could say
  }
}

function openChain(disk: Disk, pages: FilePages, folder: string, format: ObjectFormat): MultiPackIndex[] {
  const bytes = readBounded(disk, `${folder}/multi-pack-index-chain`);
  if (bytes === null) return [];
  const layers: MultiPackIndex[] = [];
  for (const hash of (decodeUtf8(bytes) ?? "").split("\n")) {
    if (hash === "") continue;
    const path = `${folder}/multi-pack-index-${hash}.midx`;
    if (!isOid(format, hash)) {
      throw damagedFile(`${folder}/multi-pack-index-chain`, "it holds a line that is no checksum");
    }
    const layer = openMultiPackIndex(pages, path, format);
    if (layer === null) throw damagedFile(`${folder}/multi-pack-index-chain`, `it names ${hash}, which is not there`);
    layers.unshift(layer);
  }
  return layers;
}

/**
 * Opens one file.
 *
 * @returns `null`: no such file.
 * @throws {LatticeError} `invalid_data`: damaged, or of an unknown version.
 */
export function openMultiPackIndex(pages: FilePages, path: string, format: ObjectFormat): MultiPackIndex | null {
  const file = pages.open(path);
  if (file === null) return null;
  const header = file.read(0, HEADER_BYTES);
  if (header.length < HEADER_BYTES || readUint32(file, 0) !== MAGIC) {
    throw damagedFile(path, "it is no multi-pack-index");
  }
  if (header[4] !== 1 && header[4] !== 2) throw damagedFile(path, `it has version ${header[4]}`);
  if (header[5] !== (format.name === "sha1" ? 1 : 2)) throw damagedFile(path, "it is for another object format");
  const packCount = readUint32(file, 8);
  const chunks = readChunks(file, HEADER_BYTES, header[6]!, format.rawLength);

  const fanoutChunk = requireChunk(file, chunks, "OIDF", FANOUT_BYTES);
  const fanout = parseFanout(path, file.read(fanoutChunk.start, FANOUT_BYTES));
  const count = fanout[255]!;
  const { rawLength } = format;
  const namesChunk = requireChunk(file, chunks, "OIDL", count * rawLength);
  const offsetsChunk = requireChunk(file, chunks, "OOFF", count * 8);
  const packNames = readPackNames(file, requireChunk(file, chunks, "PNAM", null), packCount);
  const large = chunks.get("LOFF") ?? { start: 0, length: 0 };
  const names: NameTable = { file, count, fanout, start: namesChunk.start, stride: rawLength, rawLength };

  return {
    path,
    packNames,
    find(name) {
      const index = indexOfName(names, name);
      if (index < 0) return null;
      const packName = packNames[readUint32(file, offsetsChunk.start + index * 8)];
      if (packName === undefined) throw damagedFile(path, `object number ${index} is in a pack that it does not name`);
      const offset = readUint32(file, offsetsChunk.start + index * 8 + 4);
      if (offset < 0x80000000 || large.length === 0) return { packName, offset };
      return { packName, offset: readLargeOffset(file, large.start, large.length, offset - 0x80000000) };
    },
  };
}

function readPackNames(file: PagedFile, chunk: Chunk, count: number): string[] {
  if (chunk.length > PACK_NAMES_BYTES_MAX) throw damagedFile(file.path, "its pack names are absurdly long");
  const names = bytesToName(file.read(chunk.start, chunk.length)).split("\0");
  if (names.length <= count) throw damagedFile(file.path, `it names ${names.length - 1} packs and counts ${count}`);
  return names.slice(0, count).map((name) => {
    if (!/^[^/]+\.(idx|pack)$/.test(name)) throw damagedFile(file.path, `${JSON.stringify(name)} is no name of a pack`);
    return name.replace(/\.(idx|pack)$/, "");
  });
}

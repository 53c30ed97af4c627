/**
 * One pack (gitformat-pack): its file, its index, and the entries in it as they are stored.
 *
 * @module
 */
import { equalBytes } from "../../platform/text.ts";
import { inflate, inflatePrefix, inflateSmall } from "../../platform/zlib.ts";
import type { ObjectFormat, ObjectType } from "../object_format.ts";
import { damagedFile, OBJECT_BYTES_MAX, tooLarge } from "./damage.ts";
import { type FilePages, type PagedFile, ReplacedFileError } from "./file_pages.ts";
import { openPackIndex, type PackIndex, readUint32 } from "./pack_index.ts";

/** A pack, opened when it is first needed. */
export interface Pack {
  /** Path of the `.pack` file. */
  readonly path: string;
  /** Its index. @throws {LatticeError} `invalid_data`: it is damaged. */
  index(): PackIndex;
  /** Its file, checked against the index. @throws {LatticeError} `invalid_data`: it is damaged. */
  file(): PagedFile;
}

/** How an entry is stored: whole, or as a delta on an entry of this pack, or on an object. */
export type EntryKind =
  | { readonly kind: "whole"; readonly type: ObjectType }
  | { readonly kind: "offset-delta"; readonly baseOffset: number }
  | { readonly kind: "name-delta"; readonly baseName: Uint8Array };

/** The header of an entry. */
export interface PackEntry {
  readonly stored: EntryKind;
  /** Bytes of what the stream inflates to: content, or delta. */
  readonly size: number;
  /** Offset of the compressed stream. */
  readonly streamOffset: number;
}

/** Bytes of a pack's header. */
export const PACK_HEADER_BYTES = 12;
const PACK_MAGIC = 0x5041434b; // PACK
const ENTRY_HEADER_BYTES_MAX = 10 + 32;
const OFFSET_DELTA = 6;
const NAME_DELTA = 7;

/** Numbers of the types in an entry's header. */
export const TYPE_NUMBERS: Readonly<Record<ObjectType, number>> = { commit: 1, tree: 2, blob: 3, tag: 4 };
const TYPES: readonly (ObjectType | undefined)[] = [undefined, "commit", "tree", "blob", "tag"];

/**
 * Describes a pack without touching it yet.
 *
 * @param path Path of the `.pack` file; its index is beside it.
 */
export function describePack(pages: FilePages, path: string, format: ObjectFormat): Pack {
  let index: PackIndex | undefined;
  let file: PagedFile | undefined;
  const pack: Pack = {
    path,
    index() {
      if (index === undefined) {
        const indexPath = path.replace(/\.pack$/, ".idx");
        const opened = openPackIndex(pages, indexPath, format);
        if (opened === null) throw new ReplacedFileError(indexPath);
        index = opened;
      }
      return index;
    },
    file() {
      return file ??= openPackFile(pages, path, pack.index(), format);
    },
  };
  return pack;
}

function openPackFile(pages: FilePages, path: string, index: PackIndex, format: ObjectFormat): PagedFile {
  const file = pages.open(path);
  if (file === null) throw new ReplacedFileError(path);
  if (file.size < PACK_HEADER_BYTES + format.rawLength) throw damagedFile(path, `it has only ${file.size} bytes`);
  if (readUint32(file, 0) !== PACK_MAGIC) throw damagedFile(path, "it does not begin with PACK");
  const version = readUint32(file, 4);
  if (version !== 2 && version !== 3) throw damagedFile(path, `it has version ${version}; 2 and 3 are known`);
  const count = readUint32(file, 8);
  if (count !== index.names.count) {
    throw damagedFile(path, `it counts ${count} objects, its index ${index.names.count}`);
  }
  if (!equalBytes(file.read(file.size - format.rawLength, format.rawLength), index.packChecksum)) {
    throw damagedFile(path, "its checksum is not the one in its index");
  }
  return file;
}

/**
 * Reads the header of an entry.
 *
 * @param offset Where the entry begins, in bytes.
 * @throws {LatticeError} `invalid_data`: there is no entry there.
 */
export function readEntry(pack: Pack, offset: number, format: ObjectFormat): PackEntry {
  const file = pack.file();
  const end = file.size - format.rawLength;
  if (offset < PACK_HEADER_BYTES || offset >= end) throw damagedFile(pack.path, `it has no entry at byte ${offset}`);
  const header = file.read(offset, Math.min(ENTRY_HEADER_BYTES_MAX, end - offset));
  const bad = (flaw: string) => damagedFile(pack.path, `the entry at byte ${offset} ${flaw}`);

  let at = 0;
  let byte = header[at++]!;
  const typeNumber = (byte >> 4) & 7;
  let size = byte & 15;
  for (let factor = 16; byte >= 0x80; factor *= 128) {
    if (at >= header.length || at > 9) throw bad("has a header without end");
    byte = header[at++]!;
    size += (byte & 0x7f) * factor;
  }
  if (size > Number.MAX_SAFE_INTEGER) throw bad("claims a size beyond all bounds");

  const type = TYPES[typeNumber];
  if (type !== undefined) return { stored: { kind: "whole", type }, size, streamOffset: offset + at };
  if (typeNumber === NAME_DELTA) {
    const baseName = header.subarray(at, at + format.rawLength);
    if (baseName.length !== format.rawLength) throw bad("ends within the name of its base");
    return { stored: { kind: "name-delta", baseName }, size, streamOffset: offset + at + format.rawLength };
  }
  if (typeNumber !== OFFSET_DELTA) throw bad(`has the unknown type ${typeNumber}`);

  // The distance is big-endian with seven bits a byte, each continued byte counting one more than its bits say.
  byte = header[at++] ?? 0x80;
  let distance = byte & 0x7f;
  while (byte >= 0x80) {
    if (at >= header.length || distance > offset) throw bad("has a base before the pack begins");
    byte = header[at++]!;
    distance = (distance + 1) * 128 + (byte & 0x7f);
  }
  const baseOffset = offset - distance;
  if (distance === 0 || baseOffset < PACK_HEADER_BYTES) throw bad("has a base outside of the pack");
  return { stored: { kind: "offset-delta", baseOffset }, size, streamOffset: offset + at };
}

/** Deflate cannot shrink by more than this. */
const INFLATION_MAX = 1032;
const SMALL_WINDOW_BYTES = 32 * 1024;

/**
 * Inflates the stream of an entry.
 *
 * @throws {LatticeError} `invalid_data`: damaged; `unsupported`: too large.
 */
export function inflateEntry(pack: Pack, entry: PackEntry, format: ObjectFormat): Uint8Array {
  const file = pack.file();
  const { size, streamOffset } = entry;
  const rest = file.size - format.rawLength - streamOffset;
  const bad = (flaw: string, cause?: unknown) =>
    damagedFile(pack.path, `the stream at byte ${streamOffset} ${flaw}`, cause);
  if (size > rest * INFLATION_MAX) throw bad(`cannot hold the ${size} bytes that it claims`);
  if (size > OBJECT_BYTES_MAX) throw tooLarge(pack.path, size);

  const usual = deflatedBytesMax(size);
  if (usual <= SMALL_WINDOW_BYTES) {
    const content = tryInflateSmall(file.read(streamOffset, Math.min(usual, rest)));
    if (content !== null) {
      if (content.length === size) return content;
      throw bad(`holds ${content.length} bytes instead of ${size}`);
    }
  }
  // A stream longer than any usual encoder makes it is still sound; it gets one more, wider window.
  for (const window of [Math.min(usual, rest), Math.min(4 * usual + 65536, rest)]) {
    try {
      return inflate(file.read(streamOffset, window), size).content;
    } catch (cause) {
      if (window === rest || window > usual) throw bad("does not inflate to what it should", cause);
    }
  }
  throw bad("does not inflate to what it should");
}

/** The longest stream that zlib makes of so many bytes, with any settings. */
export function deflatedBytesMax(size: number): number {
  return size + (size >> 3) + (size >> 6) + 64;
}

/** `null`: damaged, or cut off by the window; the bounded way finds out which. */
function tryInflateSmall(window: Uint8Array): Uint8Array | null {
  try {
    return inflateSmall(window);
  } catch {
    return null; // the caller tries again with the bounded call, whose error is the one that counts
  }
}

/**
 * The first bytes of what an entry inflates to; enough for the header of a delta.
 *
 * @throws {LatticeError} `invalid_data`: damaged.
 */
export function inflateEntryStart(pack: Pack, entry: PackEntry, format: ObjectFormat): Uint8Array {
  if (entry.size <= SMALL_WINDOW_BYTES / 2) return inflateEntry(pack, entry, format);
  const file = pack.file();
  const rest = file.size - format.rawLength - entry.streamOffset;
  try {
    return inflatePrefix(file.read(entry.streamOffset, Math.min(512, rest)));
  } catch (cause) {
    throw damagedFile(pack.path, `the stream at byte ${entry.streamOffset} is damaged`, cause);
  }
}

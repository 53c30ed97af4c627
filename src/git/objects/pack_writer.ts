/**
 * Writing one pack (version 2) with its index (version 2), as gitformat-pack has them.
 *
 * @module
 */
import { crc32 } from "../../platform/crc32.ts";
import { isDiskError, type OpenFile } from "../../platform/disk.ts";
import { createHasher, hash } from "../../platform/hash.ts";
import { fromHex, toHex, utf8 } from "../../platform/text.ts";
import { deflate, storeInto } from "../../platform/zlib.ts";
import { folderOf } from "../../platform/paths.ts";
import type { ObjectFormat, Oid } from "../object_format.ts";
import { DEFAULT_LEVEL, STORED_BYTES_MAX } from "./compression.ts";
import { deflatedBytesMax, PACK_HEADER_BYTES, TYPE_NUMBERS } from "./pack.ts";
import { adjustMode } from "./permissions.ts";
import {
  createTemporary,
  createTemporaryIn,
  fillTemporary,
  OBJECT_FILE_MODE,
  type ObjectStorage,
  removeQuietly,
  SWEPT_ATTEMPTS_MAX,
} from "./storage.ts";
import type { NewObject } from "./store.ts";

/** An object and its name. */
export interface NamedObject {
  readonly oid: Oid;
  readonly object: NewObject;
}

interface WrittenEntry {
  readonly crc: number;
  readonly offset: number;
}

type WrittenEntries = ReadonlyMap<Oid, WrittenEntry>;

/** Entries are gathered up to this size before they are written. */
const BUFFER_BYTES = 128 * 1024;
/** Type and size of an entry, at most. */
const ENTRY_HEADER_BYTES_MAX = 10;
/** Offsets from here on stand in the table of 64-bit offsets. */
const LARGE_OFFSET = 0x80000000;

/**
 * Writes a pack and makes it durable with three flushes: pack, index, folder. The `.keep` file has its name before
 * the pack has; the index gets its name last, and only then the pack exists for git.
 *
 * The name is one that no pack ever had: a `git repack -ad` that is under way removes the packs that it found at its
 * beginning by their names, and does not ask again whether one has a `.keep`. A concurrent `git gc --prune=now` may
 * sweep the temporary files; then all is written again.
 *
 * @param objects At least one, no two of the same name.
 * @param keepText Content of the `.keep` file.
 * @param level Level of compression, as `deflate` takes it; `undefined`: fastest, and small contents are only stored.
 * @returns Path of the `.keep` file.
 * @throws {LatticeError} `io`; nothing is left then.
 */
export function writePackFiles(
  storage: ObjectStorage,
  format: ObjectFormat,
  objects: readonly NamedObject[],
  keepText: string,
  level: number | undefined,
): string {
  for (let attempt = 1;; attempt++) {
    try {
      return writeOnce(storage, format, objects, keepText, level);
    } catch (error) {
      if (!isDiskError(error, "ENOENT") || attempt > SWEPT_ATTEMPTS_MAX) throw error;
    }
  }
}

function writeOnce(
  storage: ObjectStorage,
  format: ObjectFormat,
  objects: readonly NamedObject[],
  keepText: string,
  level: number | undefined,
): string {
  const folder = `${storage.objectsDir}/pack`;
  const pack = createTemporaryIn(storage, folder, "tmp_pack_", OBJECT_FILE_MODE);
  let written: { entries: WrittenEntries; checksum: Uint8Array } | undefined;
  fillTemporary(storage, pack, (file) => written = writeEntries(file, format, objects, level));
  const { entries, checksum } = written!;
  const made = [pack.path];
  try {
    const index = createTemporary(storage, folder, "tmp_idx_", OBJECT_FILE_MODE);
    made.push(index.path);
    fillTemporary(storage, index, (file) => file.write(encodeIndex(format, entries, checksum)));
    const name = toHex(storage.system.randomBytes(format.rawLength));
    return publish(storage, `${folder}/pack-${name}`, pack.path, index.path, keepText);
  } catch (error) {
    for (const path of made) removeQuietly(storage, path);
    throw error;
  }
}

function publish(storage: ObjectStorage, name: string, pack: string, index: string, keepText: string): string {
  const { disk } = storage.system;
  const keep = `${name}.keep`;
  writeKeep(storage, keep, index, keepText);
  try {
    disk.rename(pack, `${name}.pack`);
    disk.rename(index, `${name}.idx`);
    disk.syncDirectory(folderOf(name));
  } catch (error) {
    for (const ending of ["idx", "pack", "keep"]) removeQuietly(storage, `${name}.${ending}`);
    throw error;
  }
  return keep;
}

/**
 * Makes the `.keep` file: a second name of the index, which is flushed already. So its content is never torn, no
 * flush is spent on it, and whoever finds it after a power cut knows by its first bytes that it is ours, since git
 * and people write text. Where there are no hard links, it holds the given text.
 */
function writeKeep(storage: ObjectStorage, path: string, index: string, text: string): void {
  const { disk } = storage.system;
  try {
    disk.link(index, path);
  } catch (error) {
    if (!isDiskError(error, "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK")) throw error;
    const file: OpenFile = disk.create(path, 0o600);
    fillTemporary(storage, file, () => file.write(utf8(text)), true);
    adjustMode(disk, storage.shared, path, "file");
  }
}

function writeEntries(
  file: OpenFile,
  format: ObjectFormat,
  objects: readonly NamedObject[],
  level: number | undefined,
): { entries: WrittenEntries; checksum: Uint8Array } {
  const hasher = createHasher(format.name);
  const buffer = new Uint8Array(BUFFER_BYTES);
  const header = new DataView(buffer.buffer, 0, PACK_HEADER_BYTES);
  header.setUint32(0, 0x5041434b); // PACK
  header.setUint32(4, 2);
  header.setUint32(8, objects.length);
  let filled = PACK_HEADER_BYTES;
  let flushed = 0;

  function flush(bytes: Uint8Array): void {
    hasher.update(bytes);
    file.write(bytes);
    flushed += bytes.length;
  }

  const entries = new Map<Oid, WrittenEntry>();
  for (const { oid, object: { type, content } } of objects) {
    if (filled + ENTRY_HEADER_BYTES_MAX + deflatedBytesMax(content.length) > BUFFER_BYTES) {
      flush(buffer.subarray(0, filled));
      filled = 0;
    }
    const offset = flushed + filled;
    const start = filled;
    filled = putEntryHeader(buffer, filled, TYPE_NUMBERS[type], content.length);
    const stored = level === undefined && content.length <= STORED_BYTES_MAX
      ? storeInto(content, buffer, filled)
      : null;
    const end = stored ?? putStream(deflate(content, level ?? DEFAULT_LEVEL), buffer, filled);
    if (typeof end === "number") {
      filled = end;
      entries.set(oid, { crc: crc32(buffer.subarray(start, filled)), offset });
    } else { // longer than what is left of the buffer
      entries.set(oid, { crc: crc32(end, crc32(buffer.subarray(start, filled))), offset });
      flush(buffer.subarray(0, filled));
      flush(end);
      filled = 0;
    }
  }
  flush(buffer.subarray(0, filled));
  const checksum = hasher.digest();
  file.write(checksum);
  return { entries, checksum };
}

/** @returns Where the stream ends in the buffer, or the stream itself where there is no room for it. */
function putStream(stream: Uint8Array, buffer: Uint8Array, at: number): number | Uint8Array {
  if (at + stream.length > buffer.length) return stream;
  buffer.set(stream, at);
  return at + stream.length;
}

/** Three bits of type, then the size, least significant bits first: four, then seven a byte. */
function putEntryHeader(buffer: Uint8Array, at: number, type: number, size: number): number {
  let rest = Math.floor(size / 16);
  buffer[at++] = (rest > 0 ? 0x80 : 0) | (type << 4) | (size & 15);
  while (rest > 0) {
    const next = Math.floor(rest / 128);
    buffer[at++] = (next > 0 ? 0x80 : 0) | (rest & 0x7f);
    rest = next;
  }
  return at;
}

function encodeIndex(format: ObjectFormat, written: WrittenEntries, packChecksum: Uint8Array): Uint8Array {
  const { rawLength } = format;
  const oids = [...written.keys()].sort(); // digits: their order is that of the bytes
  const entries = oids.map((oid) => written.get(oid)!);
  const count = entries.length;
  const largeCount = entries.filter(({ offset }) => offset >= LARGE_OFFSET).length;
  const names = 8 + 1024;
  const crcs = names + count * rawLength;
  const offsets = crcs + count * 4;
  const large = offsets + count * 4;
  const trailer = large + largeCount * 8;
  const bytes = new Uint8Array(trailer + 2 * rawLength);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0xff744f63); // \377tOc
  view.setUint32(4, 2);

  bytes.set(fromHex(oids.join("")), names);
  const fanout = new Uint32Array(256);
  let nextLarge = 0;
  entries.forEach(({ crc, offset }, i) => {
    fanout[bytes[names + i * rawLength]!]!++;
    view.setUint32(crcs + i * 4, crc);
    if (offset < LARGE_OFFSET) {
      view.setUint32(offsets + i * 4, offset);
    } else {
      view.setUint32(offsets + i * 4, LARGE_OFFSET + nextLarge);
      view.setBigUint64(large + nextLarge * 8, BigInt(offset));
      nextLarge++;
    }
  });
  let total = 0;
  fanout.forEach((number, i) => view.setUint32(8 + i * 4, total += number));
  bytes.set(packChecksum, trailer);
  bytes.set(hash(format.name, bytes.subarray(0, trailer + rawLength)), trailer + rawLength);
  return bytes;
}

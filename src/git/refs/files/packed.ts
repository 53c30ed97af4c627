/**
 * A snapshot of the `packed-refs` file.
 *
 * A file whose header says `sorted` is searched in place: one look-up reads some dozens of small stretches of it,
 * however many refs there are. Any other is read whole and sorted in memory. After {@link WARM_AFTER} look-ups a file
 * of moderate size is read whole, since many look-ups are then cheaper than many reads.
 *
 * Limits: a search sees only the records that it passes. A file that claims to be sorted and is not may hide a ref
 * from a look-up, as it does from git; iteration compares every two neighbours and reports it.
 *
 * @module
 */
import type { Disk, FileStat, OpenFile } from "../../../platform/disk.ts";
import { LatticeError } from "../../../platform/errors.ts";
import { bytesToName, nameToBytes } from "../../../platform/text.ts";
import type { ObjectFormat, Oid } from "../../object_format.ts";
import { checkOrder, findByStarts, type Found, recordStarts, sortedBody } from "./packed_body.ts";
import {
  badLine,
  badPackedRefs,
  compareRecordName,
  LINE_BYTES_MAX,
  type PackedRecord,
  type PackedSlice,
  recordAt,
  recordName,
  recordOid,
  recordPeeled,
  recordStartAt,
  recordTexts,
} from "./packed_record.ts";

/** What the header promises of the records. */
export interface PackedTraits {
  /** Every tag below `refs/tags/` has its `^` line. */
  readonly peeled: boolean;
  /** Every tag has its `^` line. */
  readonly fullyPeeled: boolean;
  /** Records stand in the order of the bytes of their names. */
  readonly sorted: boolean;
}

/** A packed ref. */
export interface PackedRef {
  readonly name: string;
  readonly oid: Oid;
  /** What a tag leads to in the end; `undefined` says nothing unless the traits do. */
  readonly peeled?: Oid;
}

/** The beginning of a header line. */
export const PACKED_HEADER = "# pack-refs with:";

/** Look-ups in one snapshot after which the file is read whole. */
export const WARM_AFTER = 32;

/** Largest file that is read whole to make look-ups cheaper, in bytes. */
const WARM_BYTES_MAX = 64 * 1024 * 1024;

/** Largest file that is read whole because it must be sorted, in bytes. */
const UNSORTED_BYTES_MAX = 512 * 1024 * 1024;

/** The search stops dividing here and reads all that is left, in bytes. */
const SCAN_BYTES = 2048;

/** How much one step of the search reads, in bytes: enough for most records and the line before. */
const PROBE_BYTES = 512;

/** How much iteration reads at a time, in bytes. */
const WINDOW_BYTES = 128 * 1024;

/** How much is copied at a time, in bytes. */
const COPIED_BYTES = 256 * 1024;

/** A header longer than this is no header, in bytes. */
const HEADER_BYTES_MAX = 4096;

/**
 * Opens the file as it is now.
 *
 * @param path Absolute path of `packed-refs`.
 * @returns A snapshot without records when there is no file.
 * @throws {LatticeError} `invalid_data`: header or end of the file are malformed; `unsupported`: too large to be
 *   sorted in memory; `io`.
 */
export function openPackedRefs(disk: Disk, path: string, format: ObjectFormat): PackedRefs {
  const before = disk.stat(path);
  if (before !== null && before.kind !== "file") throw badPackedRefs(path, "it is no file");
  const file = before === null ? null : disk.openRead(path);
  try {
    return new PackedRefs(disk, path, format, file);
  } catch (error) {
    file?.close();
    throw error;
  }
}

/** The packed refs of one moment. Close it; iterations that are under way keep the file open until they end. */
export class PackedRefs {
  /** What the file looked like when it was opened; `null`: there was none. */
  readonly stat: FileStat | null;
  /** What the header promises; a file that is absent holds all of it. */
  readonly traits: PackedTraits;
  private readonly size: number;
  private readonly bodyStart: number;
  /** All bytes behind the header, sorted, once they are in memory. */
  private body: PackedSlice | null = null;
  /** Where each record begins in `body`, once look-ups are many. */
  private starts: Uint32Array | null = null;
  private lookups = 0;
  private users = 1;
  private closed = false;

  /**
   * @param file The open file; it is closed with this snapshot. `null`: there is none.
   */
  constructor(
    private readonly disk: Disk,
    readonly path: string,
    readonly format: ObjectFormat,
    private readonly file: OpenFile | null,
  ) {
    this.stat = file === null ? null : file.stat();
    this.size = this.stat?.size ?? 0;
    const header = this.readHeader();
    this.traits = header.traits;
    this.bodyStart = header.end;
    this.checkEnd();
    if (!this.traits.sorted) this.body = sortedBody(this.readUnsorted());
  }

  /** Whether the file on disk is still the one that this snapshot shows. Costs one `stat`. */
  isCurrent(): boolean {
    const now = this.disk.stat(this.path);
    if (now === null || this.stat === null) return now === this.stat;
    return now.inode === this.stat.inode && now.device === this.stat.device && now.size === this.stat.size &&
      now.mtimeNs === this.stat.mtimeNs && now.ctimeNs === this.stat.ctimeNs;
  }

  /** Whether there are no records. */
  get isEmpty(): boolean {
    return this.bodyStart >= this.size;
  }

  /**
   * Finds one ref.
   *
   * @returns `null`: it is not among them (see this module's limits).
   * @throws {LatticeError} `invalid_data`: a line that the search met is malformed; `io`.
   */
  lookup(name: string): PackedRef | null {
    const wanted = nameToBytes(name);
    const found = this.find(wanted);
    if (found.record === null || compareRecordName(found.slice, found.record, wanted) !== 0) return null;
    return toRef(found.slice, found.record, name, recordOid(found.slice, found.record));
  }

  /** Name of the first ref whose name begins with a prefix, or `null`. Errors as `lookup`. */
  firstWithPrefix(prefix: string): string | null {
    const wanted = nameToBytes(prefix);
    const { slice, record } = this.find(wanted);
    return record !== null && startsWith(slice, record, wanted) ? recordName(slice, record) : null;
  }

  /**
   * Gives the refs whose names begin with a prefix, in the order of their bytes. Names are not judged here.
   *
   * @throws {LatticeError} `invalid_data`: a line is malformed, out of order or a repetition; `io`.
   */
  *iterate(prefix: string): Generator<PackedRef> {
    const wanted = nameToBytes(prefix);
    for (const { slice, record } of this.recordsFrom(wanted)) {
      if (!startsWith(slice, record, wanted)) return;
      const { oid, name } = recordTexts(slice, record);
      yield toRef(slice, record, name, oid);
    }
  }

  /** Gives the records from the first whose name is not below some bytes, each with the slice it stands in. */
  private *recordsFrom(wanted: Uint8Array): Generator<{ slice: PackedSlice; record: PackedRecord }> {
    this.users++;
    try {
      let offset = this.find(wanted).offset;
      let previous: Uint8Array | null = null;
      while (offset < this.end) {
        const slice = this.sliceAt(offset, WINDOW_BYTES);
        let at = offset - slice.base;
        for (;;) {
          const record = at < slice.bytes.length ? recordAt(slice, at, this.reachesEnd(slice)) : null;
          if (record === null) break;
          if (previous !== null) checkOrder(slice, record, previous);
          previous = slice.bytes.subarray(record.nameStart, record.nameEnd);
          yield { slice, record };
          at = record.end;
        }
        offset = slice.base + at;
      }
    } finally {
      this.release();
    }
  }

  /**
   * Where the record of a name stands, as {@link bytesBetween} counts; where it would stand, with `end` equal to
   * `start`, when there is none.
   */
  locate(name: string): { start: number; end: number } {
    const wanted = nameToBytes(name);
    const { offset, slice, record } = this.find(wanted);
    const found = record !== null && compareRecordName(slice, record, wanted) === 0;
    return { start: offset, end: found ? slice.base + record.end : offset };
  }

  /** Where the records begin, as {@link bytesBetween} counts. */
  get start(): number {
    return this.body === null ? this.bodyStart : this.body.base;
  }

  /** Where the records end, as {@link bytesBetween} counts. */
  get end(): number {
    return this.body === null ? this.size : this.body.base + this.body.bytes.length;
  }

  /** Gives a stretch of the (sorted) records in chunks of bounded size; each may overwrite the one before. */
  *bytesBetween(from: number, to: number): Generator<Uint8Array> {
    if (this.body !== null) {
      if (from < to) yield this.body.bytes.subarray(from - this.body.base, to - this.body.base);
      return;
    }
    const chunk = new Uint8Array(Math.max(0, Math.min(to - from, COPIED_BYTES))); // one: fresh memory costs most
    for (let offset = from; offset < to; offset += chunk.length) {
      const length = Math.min(to - offset, chunk.length);
      yield this.fill(chunk.subarray(0, length), offset);
    }
  }

  /**
   * Reads all records into memory and notes where they begin, when the file is of moderate size: for many look-ups.
   *
   * @throws {LatticeError} `invalid_data`: a line is malformed, out of order or a repetition; `io`.
   */
  warm(): void {
    if (this.starts !== null || this.size > WARM_BYTES_MAX || this.file === null) return;
    this.body ??= this.fileSlice(this.bodyStart, this.size - this.bodyStart);
    this.starts = recordStarts(this.body);
  }

  /** Lets go of the file, as soon as no iteration needs it. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.release();
  }

  private release(): void {
    this.users--;
    if (this.users === 0) this.file?.close();
  }

  /** The first record that is not below the wanted name, its slice and its offset. */
  private find(wanted: Uint8Array): Found {
    if (++this.lookups > WARM_AFTER) this.warm();
    if (this.body !== null && this.starts !== null) return findByStarts(this.body, this.starts, wanted);
    let low = this.start;
    let high = this.end;
    const few = this.body === null ? SCAN_BYTES : SCAN_BYTES / 8; // reading less would not be cheaper on disk
    while (high - low > few) {
      const middle = this.recordAround(low + Math.floor((high - low) / 2), low);
      const { slice, record } = middle;
      if (compareRecordName(slice, record, wanted) < 0) low = slice.base + record.end;
      else high = slice.base + record.start;
    }
    return this.scan(wanted, low, high);
  }

  /** Goes through what the search left, and one record beyond. */
  private scan(wanted: Uint8Array, low: number, high: number): Found {
    let slice = this.sliceAt(low, high - low + PROBE_BYTES);
    let at = low - slice.base;
    let previous: Uint8Array | null = null;
    let found: Found | null = null;
    while (slice.base + at < this.end) {
      const record: PackedRecord | null = recordAt(slice, at, this.reachesEnd(slice));
      if (record === null) {
        slice = this.sliceAt(slice.base + at, Math.max(PROBE_BYTES, (slice.bytes.length - at) * 2));
        at = 0;
        continue;
      }
      if (previous !== null) checkOrder(slice, record, previous);
      previous = slice.bytes.subarray(record.nameStart, record.nameEnd);
      if (found === null && compareRecordName(slice, record, wanted) >= 0) {
        found = { offset: slice.base + record.start, slice, record };
      }
      if (found !== null && slice.base + record.start >= high) break;
      at = record.end;
    }
    return found ?? { offset: this.end, slice, record: null };
  }

  /** The record that a byte belongs to. */
  private recordAround(offset: number, low: number): { slice: PackedSlice; record: PackedRecord } {
    for (let reach = PROBE_BYTES / 2;; reach *= 2) {
      const from = Math.max(low, offset - reach);
      const slice = this.sliceAt(from, offset + reach - from);
      const start = recordStartAt(slice, offset - slice.base, slice.base <= low);
      const record = start === null ? null : recordAt(slice, start, this.reachesEnd(slice));
      if (record !== null) return { slice, record };
      if (reach > LINE_BYTES_MAX) throw badLine(slice, 0, "it is too long");
    }
  }

  private reachesEnd(slice: PackedSlice): boolean {
    return slice.base + slice.bytes.length >= this.end;
  }

  /** A slice that begins at an offset (or before it, when everything is in memory), at least this long if it can be. */
  private sliceAt(offset: number, length: number): PackedSlice {
    return this.body ?? this.fileSlice(offset, Math.min(length, this.size - offset));
  }

  private fileSlice(offset: number, length: number): PackedSlice {
    return { bytes: this.fill(new Uint8Array(length), offset), base: offset, path: this.path, format: this.format };
  }

  /** Fills a buffer from an offset of the file on. */
  private fill(bytes: Uint8Array, offset: number): Uint8Array {
    const count = this.file === null ? 0 : this.file.readAt(bytes, offset);
    if (count === bytes.length) return bytes;
    throw badPackedRefs(this.path, `it became shorter while it was read, at byte ${offset + count}`);
  }

  private readHeader(): { traits: PackedTraits; end: number } {
    if (this.size === 0) return { traits: { peeled: true, fullyPeeled: true, sorted: true }, end: 0 };
    const slice = this.fileSlice(0, Math.min(this.size, HEADER_BYTES_MAX));
    if (slice.bytes[0] !== 0x23) return { traits: { peeled: false, fullyPeeled: false, sorted: false }, end: 0 };
    const end = slice.bytes.indexOf(0x0a);
    if (end < 0) throw badLine(slice, 0, "the header has no end");
    const line = bytesToName(slice.bytes.subarray(0, end));
    if (!line.startsWith(PACKED_HEADER)) throw badLine(slice, 0, `the header does not begin with \`${PACKED_HEADER}\``);
    const words = line.slice(PACKED_HEADER.length).split(" ");
    const traits = {
      peeled: words.includes("peeled") || words.includes("fully-peeled"),
      fullyPeeled: words.includes("fully-peeled"),
      sorted: words.includes("sorted"),
    };
    return { traits, end: end + 1 };
  }

  /** A file that was cut off ends in the middle of a line; nothing of it is believed. */
  private checkEnd(): void {
    if (this.isEmpty) return;
    const slice = this.fileSlice(this.size - 1, 1);
    if (slice.bytes[0] !== 0x0a) throw badLine(slice, 0, "the last line has no end");
  }

  private readUnsorted(): PackedSlice {
    if (this.size > UNSORTED_BYTES_MAX) {
      throw new LatticeError("unsupported", `${JSON.stringify(this.path)} is not sorted, and too large to be sorted`, {
        hint: "run `git pack-refs --all`, which writes a sorted one",
        details: { path: this.path },
      });
    }
    return this.fileSlice(this.bodyStart, this.size - this.bodyStart);
  }
}

function startsWith(slice: PackedSlice, record: PackedRecord, prefix: Uint8Array): boolean {
  if (record.nameEnd - record.nameStart < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (slice.bytes[record.nameStart + i] !== prefix[i]) return false;
  return true;
}

function toRef(slice: PackedSlice, record: PackedRecord, name: string, oid: Oid): PackedRef {
  const peeled = recordPeeled(slice, record);
  return peeled === undefined ? { name, oid } : { name, oid, peeled };
}

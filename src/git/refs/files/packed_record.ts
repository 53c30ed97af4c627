/**
 * Records of a `packed-refs` file: `<oid> <name>`, and below a tag `^<oid>` of what it leads to in the end.
 *
 * Format: "packed-refs" in gitrepository-layout and git-pack-refs. Every line that is met is checked.
 *
 * @module
 */
import { LatticeError } from "../../../platform/errors.ts";
import { bytesToName } from "../../../platform/text.ts";
import type { ObjectFormat, Oid } from "../../object_format.ts";

/** No line may be longer, in bytes; a file that has one is refused rather than searched for the line's end. */
export const LINE_BYTES_MAX = 64 * 1024;

/** A stretch of a `packed-refs` file, and what is needed to speak of it. */
export interface PackedSlice {
  /** The bytes. */
  readonly bytes: Uint8Array;
  /** Where in the file the first of them stands. */
  readonly base: number;
  /** Absolute path of the file, for messages. */
  readonly path: string;
  readonly format: ObjectFormat;
}

/** Where a record stands within its slice. */
export interface PackedRecord {
  readonly start: number;
  readonly nameStart: number;
  readonly nameEnd: number;
  /** Behind its last line. */
  readonly end: number;
  /** Where its `^` line begins; equal to `end` when there is none. */
  readonly peelStart: number;
}

const NEWLINE = 0x0a;
const CARET = 0x5e;
const UPPER_CASE = /[A-F]/;
const ascii = new TextDecoder("latin1");

/** 1 for bytes that are hexadecimal digits. */
const IS_HEX = new Uint8Array(256).fill(1, 0x30, 0x3a).fill(1, 0x41, 0x47).fill(1, 0x61, 0x67);

/**
 * Takes the record that begins at an offset of a slice.
 *
 * @returns `null`: the slice ends before the record does; take a longer one. A slice that reaches the end of the file
 *   always holds it, because such a file ends with a newline.
 * @throws {LatticeError} `invalid_data`.
 */
export function recordAt(slice: PackedSlice, start: number, sliceEndsFile: boolean): PackedRecord | null {
  const { bytes, format } = slice;
  const nameStart = start + format.hexLength + 1;
  const nameEnd = bytes.indexOf(NEWLINE, start);
  if (nameEnd < 0) {
    if (sliceEndsFile || bytes.length - start > LINE_BYTES_MAX) throw badLine(slice, start, "it has no end");
    return null;
  }
  if (nameEnd - start > LINE_BYTES_MAX) throw badLine(slice, start, "it is too long");
  if (nameEnd < nameStart || !isHex(bytes, start, format.hexLength)) throw badLine(slice, start, "it is no record");
  if (!isBlank(bytes[nameStart - 1]!)) throw badLine(slice, start, "no blank stands behind the object name");
  if (nameEnd === nameStart) throw badLine(slice, start, "it names no ref");
  const peelStart = nameEnd + 1;
  if (peelStart >= bytes.length) {
    return sliceEndsFile ? { start, nameStart, nameEnd, end: peelStart, peelStart } : null;
  }
  if (bytes[peelStart] !== CARET) return { start, nameStart, nameEnd, end: peelStart, peelStart };
  const end = peelStart + 1 + format.hexLength + 1;
  if (end > bytes.length && !sliceEndsFile) return null;
  if (!isHex(bytes, peelStart + 1, format.hexLength) || bytes[end - 1] !== NEWLINE) {
    throw badLine(slice, peelStart, "what follows ^ is no object name");
  }
  return { start, nameStart, nameEnd, end, peelStart };
}

/** The object name of a record. */
export function recordOid(slice: PackedSlice, record: PackedRecord): Oid {
  return digitsAt(slice, record.start);
}

/** What a record's tag leads to, or `undefined` when no `^` line says so. */
export function recordPeeled(slice: PackedSlice, record: PackedRecord): Oid | undefined {
  return record.peelStart === record.end ? undefined : digitsAt(slice, record.peelStart + 1);
}

/** The ref's name of a record. */
export function recordName(slice: PackedSlice, record: PackedRecord): string {
  return bytesToName(slice.bytes.subarray(record.nameStart, record.nameEnd));
}

/** Object name and ref's name of a record, decoded in one go: where all records are wanted, that is half of the work. */
export function recordTexts(slice: PackedSlice, record: PackedRecord): { oid: Oid; name: string } {
  const line = bytesToName(slice.bytes.subarray(record.start, record.nameEnd));
  return { oid: lowerDigits(line.slice(0, slice.format.hexLength)), name: line.slice(slice.format.hexLength + 1) };
}

/** Compares the name of a record with the bytes of another: negative, zero or positive. */
export function compareRecordName(slice: PackedSlice, record: PackedRecord, name: Uint8Array): number {
  const length = Math.min(record.nameEnd - record.nameStart, name.length);
  for (let i = 0; i < length; i++) {
    const difference = slice.bytes[record.nameStart + i]! - name[i]!;
    if (difference !== 0) return difference;
  }
  return record.nameEnd - record.nameStart - name.length;
}

/** Where the record begins that a byte belongs to; `null` when it begins before the slice (never at its offset 0). */
export function recordStartAt(slice: PackedSlice, at: number, sliceStartsRecord: boolean): number | null {
  let start = lineStart(slice.bytes, at);
  while (start > 0 && slice.bytes[start] === CARET) start = lineStart(slice.bytes, start - 1);
  return start === 0 && !sliceStartsRecord ? null : start;
}

/** The error for a line that is no record. */
export function badLine(slice: PackedSlice, at: number, reason: string): LatticeError {
  const end = slice.bytes.indexOf(NEWLINE, at);
  const line = bytesToName(slice.bytes.subarray(at, Math.min(end < 0 ? slice.bytes.length : end, at + 100)));
  return badPackedRefs(slice.path, `the line at byte ${slice.base + at}, ${JSON.stringify(line)}: ${reason}`, {
    byte: slice.base + at,
  });
}

/** The error for a `packed-refs` file that cannot be trusted. */
export function badPackedRefs(path: string, reason: string, details: Record<string, unknown> = {}): LatticeError {
  return new LatticeError("invalid_data", `${JSON.stringify(path)} is damaged: ${reason}`, {
    hint: "`lattice doctor` tells every line that is amiss, and writes the file anew when it is named behind --fix",
    details: { path, ...details },
  });
}

function lineStart(bytes: Uint8Array, at: number): number {
  return at === 0 ? 0 : bytes.lastIndexOf(NEWLINE, at - 1) + 1;
}

function isHex(bytes: Uint8Array, start: number, count: number): boolean {
  for (let i = start; i < start + count; i++) if (IS_HEX[bytes[i] ?? 0] !== 1) return false;
  return true;
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}

function digitsAt(slice: PackedSlice, start: number): Oid {
  return lowerDigits(ascii.decode(slice.bytes.subarray(start, start + slice.format.hexLength)));
}

function lowerDigits(digits: string): Oid {
  return UPPER_CASE.test(digits) ? digits.toLowerCase() : digits;
}

/**
 * All records of a `packed-refs` file in memory: put in order, checked, and searched without reading anything.
 *
 * @module
 */
import { compareBytes, concatBytes } from "../../../platform/text.ts";
import { badLine, compareRecordName, type PackedRecord, type PackedSlice, recordAt } from "./packed_record.ts";

/** Where a search ended: the first record that is not below what was wanted. */
export interface Found {
  /** Its offset, or that of the end of the file. */
  readonly offset: number;
  readonly slice: PackedSlice;
  /** `null`: every record is below. */
  readonly record: PackedRecord | null;
}

/** Where each record of a whole file begins. */
export function recordStarts(slice: PackedSlice): Uint32Array {
  const starts: number[] = [];
  let previous = slice.bytes.subarray(0, 0);
  for (const record of recordsOf(slice)) {
    if (starts.length > 0) checkOrder(slice, record, previous);
    previous = slice.bytes.subarray(record.nameStart, record.nameEnd);
    starts.push(record.start);
  }
  return Uint32Array.from(starts);
}

/** Searches by where the records begin. */
export function findByStarts(slice: PackedSlice, starts: Uint32Array, wanted: Uint8Array): Found {
  const nameOffset = slice.format.hexLength + 1;
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareLine(slice.bytes, starts[middle]! + nameOffset, wanted) < 0) low = middle + 1;
    else high = middle;
  }
  const start = low < starts.length ? starts[low]! : slice.bytes.length;
  return { offset: slice.base + start, slice, record: low < starts.length ? recordAt(slice, start, true) : null };
}

/** Compares the rest of a line with a name; a newline, which no name holds, is below every other byte of names. */
function compareLine(bytes: Uint8Array, start: number, name: Uint8Array): number {
  for (let i = 0; i < name.length; i++) {
    const byte = bytes[start + i]!;
    if (byte === 0x0a) return -1;
    if (byte !== name[i]!) return byte - name[i]!;
  }
  return bytes[start + name.length] === 0x0a ? 0 : 1;
}

function* recordsOf(slice: PackedSlice): Generator<PackedRecord> {
  for (let at = 0; at < slice.bytes.length;) {
    const record = recordAt(slice, at, true);
    if (record === null) return; // cannot be: the slice ends the file
    yield record;
    at = record.end;
  }
}

/** The records of a file that is not sorted, in order. */
export function sortedBody(slice: PackedSlice): PackedSlice {
  const records = [...recordsOf(slice)];
  const nameOf = (record: PackedRecord) => slice.bytes.subarray(record.nameStart, record.nameEnd);
  records.sort((a, b) => compareBytes(nameOf(a), nameOf(b)));
  for (let i = 1; i < records.length; i++) checkOrder(slice, records[i]!, nameOf(records[i - 1]!));
  return { ...slice, bytes: concatBytes(records.map((record) => slice.bytes.subarray(record.start, record.end))) };
}

/** Insists that a record's name is above the one before it. @throws {LatticeError} `invalid_data`. */
export function checkOrder(slice: PackedSlice, record: PackedRecord, previous: Uint8Array): void {
  const order = compareRecordName(slice, record, previous);
  if (order > 0) return;
  throw badLine(slice, record.start, order === 0 ? "the ref was recorded before" : "it is out of order");
}

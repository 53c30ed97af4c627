/**
 * Deltas (gitformat-pack, "Deltified representation"): a content as copies from a base and new bytes.
 *
 * @module
 */
import { LatticeError } from "../../platform/errors.ts";
import { OBJECT_BYTES_MAX } from "./damage.ts";

/** A size has at most so many bytes: more would be more than 64 bits. */
const SIZE_BYTES_MAX = 10;

/** Stretches up to this length are copied byte by byte, which is faster than a call for them. */
const BYTEWISE_MAX = 48;

/** The two sizes at the beginning of a delta, in bytes. */
export interface DeltaHeader {
  readonly baseSize: number;
  readonly resultSize: number;
  /** Where the instructions begin. */
  readonly start: number;
}

/**
 * Reads the sizes at the beginning of a delta.
 *
 * @throws {LatticeError} `invalid_data`: it ends within them, or they are beyond all bounds.
 */
export function parseDeltaHeader(delta: Uint8Array): DeltaHeader {
  const afterBase = endOfSize(delta, 0);
  const start = endOfSize(delta, afterBase);
  return { baseSize: sizeAt(delta, 0, afterBase), resultSize: sizeAt(delta, afterBase, start), start };
}

function endOfSize(delta: Uint8Array, start: number): number {
  let at = start;
  while (at < delta.length && delta[at]! >= 0x80) at++;
  if (at === delta.length) throw badDelta("it ends within a size");
  return at + 1;
}

/** Seven bits a byte, the lowest first. */
function sizeAt(delta: Uint8Array, start: number, end: number): number {
  let size = 0;
  if (end - start <= SIZE_BYTES_MAX) {
    for (let at = end - 1; at >= start; at--) {
      size = size * 128 + (delta[at]! & 0x7f);
    }
  }
  if (size > Number.MAX_SAFE_INTEGER || end - start > SIZE_BYTES_MAX) throw badDelta("a size is beyond all bounds");
  return size;
}

/**
 * Applies a delta. Nothing is allocated before every instruction has been checked.
 *
 * @param base Content of the base.
 * @param delta The inflated delta.
 * @param bytesMax The largest content that is wanted.
 * @returns The new content; `null`: it says that it is larger than that.
 * @throws {LatticeError} `invalid_data`: the delta does not fit the base, or contradicts itself.
 */
export function applyDelta(base: Uint8Array, delta: Uint8Array): Uint8Array;
export function applyDelta(base: Uint8Array, delta: Uint8Array, bytesMax: number): Uint8Array | null;
export function applyDelta(base: Uint8Array, delta: Uint8Array, bytesMax = Infinity): Uint8Array | null {
  const { baseSize, resultSize, start } = parseDeltaHeader(delta);
  if (resultSize > bytesMax) return null;
  if (baseSize !== base.length) throw badDelta(`it is for a base of ${baseSize} bytes, not ${base.length}`);
  if (resultSize > OBJECT_BYTES_MAX) throw badDelta(`it yields ${resultSize} bytes, more than ${OBJECT_BYTES_MAX}`);
  const length = follow(delta, start, base, null);
  if (length !== resultSize) throw badDelta(`it yields ${length} bytes instead of ${resultSize}`);
  const result = new Uint8Array(resultSize);
  follow(delta, start, base, result);
  return result;
}

/**
 * Goes through the instructions: each copies a stretch of the base, or of the delta itself.
 *
 * @param start Where they begin.
 * @param result Receives the content; `null`: they are checked only.
 * @returns How many bytes they yield.
 */
function follow(delta: Uint8Array, start: number, base: Uint8Array, result: Uint8Array | null): number {
  let written = 0;
  for (let at = start; at < delta.length;) {
    const instruction = delta[at++]!;
    if (instruction === 0) throw badDelta("it holds the reserved instruction 0");
    if (instruction < 0x80) {
      if (at + instruction > delta.length) throw badDelta("it ends within new bytes");
      if (result !== null) copy(delta, at, instruction, result, written);
      at += instruction;
      written += instruction;
      continue;
    }
    let offset = 0;
    let length = 0;
    if ((instruction & 0x01) !== 0) offset = delta[at++]!;
    if ((instruction & 0x02) !== 0) offset |= delta[at++]! << 8;
    if ((instruction & 0x04) !== 0) offset |= delta[at++]! << 16;
    if ((instruction & 0x08) !== 0) offset += delta[at++]! * 2 ** 24; // beyond what a shift leaves positive
    if ((instruction & 0x10) !== 0) length = delta[at++]!;
    if ((instruction & 0x20) !== 0) length |= delta[at++]! << 8;
    if ((instruction & 0x40) !== 0) length |= delta[at++]! << 16;
    if (at > delta.length) throw badDelta("it ends within a copy instruction");
    if (length === 0) length = 0x10000;
    if (offset + length > base.length) throw badDelta("it copies from beyond its base");
    if (result !== null) copy(base, offset, length, result, written);
    written += length;
  }
  return written;
}

function copy(source: Uint8Array, start: number, length: number, target: Uint8Array, to: number): void {
  if (length > BYTEWISE_MAX) target.set(source.subarray(start, start + length), to);
  else for (let i = 0; i < length; i++) target[to + i] = source[start + i]!;
}

function badDelta(flaw: string): LatticeError {
  return new LatticeError("invalid_data", `a delta is damaged: ${flaw}`);
}

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
  const [baseSize, afterBase] = readSize(delta, 0);
  const [resultSize, start] = readSize(delta, afterBase);
  return { baseSize, resultSize, start };
}

function readSize(delta: Uint8Array, start: number): [size: number, end: number] {
  let at = start;
  let size = 0;
  let factor = 1;
  for (;;) {
    const byte = delta[at++];
    if (byte === undefined) throw badDelta("it ends within a size");
    size += (byte & 0x7f) * factor;
    if (size > Number.MAX_SAFE_INTEGER || at - start > SIZE_BYTES_MAX) throw badDelta("a size is beyond all bounds");
    if (byte < 0x80) return [size, at];
    factor *= 128;
  }
}

/**
 * Applies a delta. Nothing is allocated before every instruction has been checked.
 *
 * @param base Content of the base.
 * @param delta The inflated delta.
 * @returns The new content.
 * @throws {LatticeError} `invalid_data`: the delta does not fit the base, or contradicts itself.
 */
export function applyDelta(base: Uint8Array, delta: Uint8Array): Uint8Array {
  const { baseSize, resultSize, start } = parseDeltaHeader(delta);
  if (baseSize !== base.length) throw badDelta(`it is for a base of ${baseSize} bytes, not ${base.length}`);
  if (resultSize > OBJECT_BYTES_MAX) throw badDelta(`it yields ${resultSize} bytes, more than ${OBJECT_BYTES_MAX}`);
  let written = 0;
  walk(delta, start, baseSize, (_offset, length) => written += length);
  if (written !== resultSize) throw badDelta(`it yields ${written} bytes instead of ${resultSize}`);
  const result = new Uint8Array(resultSize);
  let at = 0;
  walk(delta, start, baseSize, (offset, length, fromBase) => {
    const source = fromBase ? base : delta;
    if (length > BYTEWISE_MAX) result.set(source.subarray(offset, offset + length), at);
    else for (let i = 0; i < length; i++) result[at + i] = source[offset + i]!;
    at += length;
  });
  return result;
}

type Step = (offset: number, length: number, fromBase: boolean) => void;

/** Goes through the instructions: each copies a stretch of the base, or of the delta itself. */
function walk(delta: Uint8Array, start: number, baseSize: number, step: Step): void {
  let at = start;
  while (at < delta.length) {
    const instruction = delta[at++]!;
    if (instruction === 0) throw badDelta("it holds the reserved instruction 0");
    if (instruction < 0x80) {
      if (at + instruction > delta.length) throw badDelta("it ends within new bytes");
      step(at, instruction, false);
      at += instruction;
      continue;
    }
    let offset = 0;
    let length = 0;
    for (let bit = 0; bit < 7; bit++) {
      if ((instruction & (1 << bit)) === 0) continue;
      const byte = delta[at++];
      if (byte === undefined) throw badDelta("it ends within a copy instruction");
      if (bit < 4) offset += byte * 2 ** (8 * bit);
      else length |= byte << (8 * (bit - 4));
    }
    if (length === 0) length = 0x10000;
    if (offset + length > baseSize) throw badDelta("it copies from beyond its base");
    step(offset, length, true);
  }
}

function badDelta(flaw: string): LatticeError {
  return new LatticeError("invalid_data", `a delta is damaged: ${flaw}`);
}

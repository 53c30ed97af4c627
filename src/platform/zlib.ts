/**
 * The zlib format (RFC 1950), in which git keeps loose objects and pack entries.
 *
 * Bun's built-in calls are used where they exist, because loading `node:zlib` costs 4 ms at start-up there. Bun's
 * deflate gives the raw stream of RFC 1951 only, so the two-byte header and the Adler-32 trailer are added here.
 *
 * @module
 */
import { bun } from "./runtime.ts";
import { LatticeError } from "./errors.ts";
import { concatBytes } from "./text.ts";

/**
 * Compresses.
 *
 * @param bytes What is compressed.
 * @param level 0 (stored) to 9; -1 for zlib's default.
 * @returns A zlib stream.
 */
export function deflate(bytes: Uint8Array, level = -1): Uint8Array {
  if (bun === undefined) return plain(nodeZlib().deflateSync(bytes, { level }));
  const raw = bun.deflateSync(bytes, { level });
  const stream = new Uint8Array(raw.length + 6);
  stream[0] = 0x78;
  stream[1] = level === 0 || level === 1 ? 0x01 : level === -1 || level === 6 ? 0x9c : level < 6 ? 0x5e : 0xda;
  stream.set(raw, 2);
  new DataView(stream.buffer).setUint32(raw.length + 2, adler32(bytes));
  return stream;
}

/** Bytes that a stream of one stored block has beside its content. */
const STORED_OVERHEAD_BYTES = 11;
/** Its checksum, at the end. */
const ADLER_BYTES = 4;
const STORED_BLOCK_BYTES_MAX = 0xffff;

/**
 * Writes a small input, as it is, as a zlib stream of one stored block (RFC 1951, section 3.2.4) to a place in a
 * buffer, without a call to zlib, whose setting up costs several times as much.
 *
 * @returns Where the stream ends; `null`: the input does not fit into one block, or not into the buffer.
 */
export function storeInto(bytes: Uint8Array, target: Uint8Array, start: number): number | null {
  const { length } = bytes;
  if (length > STORED_BLOCK_BYTES_MAX || start + length + STORED_OVERHEAD_BYTES > target.length) return null;
  let at = start;
  target[at++] = 0x78;
  target[at++] = 0x01;
  target[at++] = 1; // the last block, stored
  target[at++] = length;
  target[at++] = length >>> 8;
  target[at++] = ~length;
  target[at++] = ~length >>> 8;
  target.set(bytes, at);
  at += length;
  const sum = adler32(bytes);
  target[at++] = sum >>> 24;
  target[at++] = sum >>> 16;
  target[at++] = sum >>> 8;
  target[at++] = sum;
  return at;
}

/**
 * A small input as a zlib stream of one stored block: see {@link storeInto}.
 *
 * @returns `null`: the input does not fit into one block.
 */
export function store(bytes: Uint8Array): Uint8Array | null {
  const stream = new Uint8Array(bytes.length + STORED_OVERHEAD_BYTES);
  return storeInto(bytes, stream, 0) === null ? null : stream;
}

/** A zlib stream that is made piece by piece. */
export interface Deflater {
  /** Compresses some bytes and gives all of what they came to. */
  push(bytes: Uint8Array): Uint8Array;
  /** The end of the stream. */
  finish(): Uint8Array;
}

/**
 * Begins a zlib stream of content that is too large to be held.
 *
 * Each piece becomes blocks of their own that end on a byte (the sync flush of RFC 1951), so that pieces made one by
 * one may stand one behind the other; what is lost is the reference from one piece to those before it. Pieces should
 * therefore be large.
 *
 * @param level 0 (stored) to 9; -1 for zlib's default.
 */
export function createDeflater(level = -1): Deflater {
  const zlib = nodeZlib();
  let sum = 1;
  let begun = false;
  return {
    push(bytes) {
      sum = adler32(bytes, sum);
      const blocks = zlib.deflateRawSync(bytes, { level, finishFlush: zlib.constants.Z_SYNC_FLUSH });
      if (begun) return blocks;
      begun = true;
      return concatBytes([Uint8Array.of(0x78, 0x01), blocks]);
    },
    finish() {
      const end = Uint8Array.of(0x03, 0x00, sum >>> 24, sum >>> 16, sum >>> 8, sum); // an empty last block, the sum
      return begun ? end : concatBytes([Uint8Array.of(0x78, 0x01), end]);
    },
  };
}

/** What {@link inflate} gives. */
export interface Inflated {
  /** The content. */
  content: Uint8Array;
  /** How many bytes of the input the stream took; what follows is not part of it. */
  consumed: number;
}

/**
 * Decompresses a stream whose end is not known, such as a pack entry, into exactly as many bytes as it should hold.
 *
 * @param bytes Input that begins with a zlib stream; more may follow.
 * @param size How many bytes it must inflate to; no more than this and one byte is ever allocated.
 * @throws {LatticeError} `invalid_data`: not a zlib stream, cut off, a wrong checksum, or of another size.
 */
export function inflate(bytes: Uint8Array, size: number): Inflated {
  let result: { buffer: Uint8Array; engine: { bytesWritten: number } };
  try {
    result = nodeZlib().inflateSync(bytes, { maxOutputLength: Math.max(size, 1), info: true });
  } catch (cause) {
    throw new LatticeError("invalid_data", "a compressed stream is damaged or holds more than it should", { cause });
  }
  const content = result.buffer;
  if (content.length !== size) {
    throw new LatticeError("invalid_data", `a compressed stream holds ${content.length} bytes instead of ${size}`);
  }
  return {
    content: plain(content),
    consumed: result.engine.bytesWritten,
  };
}

/** The same bytes as what they say they are, whatever class of its own a runtime gives. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Deflate cannot shrink by more than about 1032 to 1, so this many input bytes inflate to a harmless size. */
const SMALL_INPUT_BYTES = 32 * 1024;

/**
 * Decompresses a whole small stream, or `null` when the input is too large for that to be safe in memory.
 *
 * @param bytes One zlib stream; at most 32 KiB, so that no more than about 33 MiB can come out.
 * @throws {LatticeError} `invalid_data`: not a zlib stream, cut off, or with a wrong checksum.
 */
export function inflateSmall(bytes: Uint8Array): Uint8Array | null {
  if (bytes.length > SMALL_INPUT_BYTES) return null;
  const stored = storedContent(bytes);
  if (stored !== null) return stored;
  try {
    return bun === undefined ? plain(nodeZlib().inflateSync(bytes)) : bun.inflateSync(bytes, { windowBits: 15 });
  } catch (cause) {
    throw new LatticeError("invalid_data", "a compressed stream is damaged", { cause });
  }
}

/** The content of a stream as {@link storeInto} makes them, checksum included; `null`: it is another one. */
function storedContent(stream: Uint8Array): Uint8Array | null {
  if (stream.length < STORED_OVERHEAD_BYTES || stream[0] !== 0x78 || stream[1] !== 0x01 || stream[2] !== 1) return null;
  const length = stream[3]! | stream[4]! << 8;
  if (stream.length !== length + STORED_OVERHEAD_BYTES) return null;
  if ((stream[5]! | stream[6]! << 8) !== (~length & STORED_BLOCK_BYTES_MAX)) return null;
  const content = stream.subarray(STORED_OVERHEAD_BYTES - ADLER_BYTES, -ADLER_BYTES);
  const sum = new DataView(stream.buffer, stream.byteOffset, stream.length).getUint32(stream.length - ADLER_BYTES);
  return sum === adler32(content) ? content : null;
}

/**
 * Decompresses the beginning of a stream of which only a part is at hand.
 *
 * @param bytes The first bytes of a zlib stream; what comes out is at most about 1032 times as long.
 * @returns As much as these bytes hold.
 * @throws {LatticeError} `invalid_data`: not a zlib stream.
 */
export function inflatePrefix(bytes: Uint8Array): Uint8Array {
  const zlib = nodeZlib();
  try {
    return plain(zlib.inflateSync(bytes, { finishFlush: zlib.constants.Z_SYNC_FLUSH }));
  } catch (cause) {
    throw new LatticeError("invalid_data", "a compressed stream is damaged", { cause });
  }
}

/** Adler-32 of RFC 1950, section 9, as an unsigned number. `seed` continues an earlier sum. */
export function adler32(bytes: Uint8Array, seed = 1): number {
  return bun !== undefined && seed === 1 ? bun.hash.adler32(bytes) : adler32ByLoop(bytes, seed);
}

/** The same, where the runtime has no such sum of its own, or none that goes on from another. */
export function adler32ByLoop(bytes: Uint8Array, seed = 1): number {
  let a = seed & 0xffff;
  let b = seed >>> 16;
  for (let offset = 0; offset < bytes.length;) {
    const end = Math.min(offset + 5552, bytes.length); // the longest stretch whose sums stay below 2^32
    for (; offset < end; offset++) {
      a += bytes[offset]!;
      b += a;
    }
    a %= 65521;
    b %= 65521;
  }
  return (b * 65536 + a) >>> 0;
}

interface NodeZlib {
  deflateSync(bytes: Uint8Array, options: { level: number }): Uint8Array;
  constants: { Z_SYNC_FLUSH: number };
  deflateRawSync(bytes: Uint8Array, options: { level: number; finishFlush: number }): Uint8Array;
  inflateSync(bytes: Uint8Array, options?: { finishFlush: number }): Uint8Array;
  inflateSync(
    bytes: Uint8Array,
    options: { maxOutputLength: number; info: true },
  ): { buffer: Uint8Array; engine: { bytesWritten: number } };
}

/** `node:zlib`, loaded when it is first needed. */
function nodeZlib(): NodeZlib {
  const { getBuiltinModule } =
    (globalThis as unknown as { process: { getBuiltinModule(id: string): unknown } }).process;
  return getBuiltinModule("node:zlib") as NodeZlib;
}

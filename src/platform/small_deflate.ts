/**
 * A compressor for small inputs (RFC 1950 and 1951, fixed Huffman codes), because setting up zlib costs several times
 * what compressing a document of a few hundred bytes does.
 *
 * It finds repetitions as zlib's fastest level does, and writes one block of fixed codes, or a stored one where that
 * is shorter.
 *
 * @module
 */

/** Longer inputs are better served by zlib, whose codes fit the input. */
export const SMALL_DEFLATE_BYTES_MAX = 4096;

const MATCH_BYTES_MIN = 4;
const MATCH_BYTES_MAX = 258;
const HASH_BITS = 12;
const END_OF_BLOCK = 256;
/** When positions have grown so far, the table of positions starts again. */
const BASE_MAX = 2 ** 30;

interface Tables {
  /** Code of each literal, of the end of a block and of each length, bits in the order in which they are written. */
  codes: Uint16Array;
  codeBits: Uint8Array;
  /** For each length of a match: its code with the extra bits behind it. */
  lengths: Uint16Array;
  lengthBits: Uint8Array;
  /** Codes of distances, 5 bits each. */
  distances: Uint8Array;
  /** Last position, plus a base that grows from input to input, at which four bytes of some hash stood. */
  positions: Int32Array;
}

let tables: Tables | undefined;
let base = 1;

/**
 * Compresses a small input into a zlib stream.
 *
 * @param bytes At most `SMALL_DEFLATE_BYTES_MAX` bytes.
 * @param checksum Their Adler-32.
 */
export function deflateSmall(bytes: Uint8Array, checksum: number): Uint8Array {
  const output = new Uint8Array(smallDeflateBytesMax(bytes.length));
  return output.slice(0, deflateSmallInto(bytes, checksum, output, 0));
}

/** Room that is needed to compress so many bytes: fixed codes have nine bits at most. */
export function smallDeflateBytesMax(length: number): number {
  return length + (length >> 3) + 64;
}

/**
 * Compresses a small input to a place in a buffer.
 *
 * @param bytes At most `SMALL_DEFLATE_BYTES_MAX` bytes.
 * @param checksum Their Adler-32.
 * @param output Has {@link smallDeflateBytesMax} bytes of room there.
 * @returns Where the stream ends.
 */
export function deflateSmallInto(bytes: Uint8Array, checksum: number, output: Uint8Array, start: number): number {
  const known = tables ??= makeTables();
  output[start] = 0x78;
  output[start + 1] = 0x01;
  let end = writeFixedBlock(bytes, known, output, start + 2);
  if (end - start > bytes.length + 7) end = writeStoredBlock(bytes, output, start + 2);
  output[end++] = checksum >>> 24;
  output[end++] = checksum >>> 16;
  output[end++] = checksum >>> 8;
  output[end++] = checksum;
  return end;
}

function writeStoredBlock(bytes: Uint8Array, output: Uint8Array, start: number): number {
  const { length } = bytes;
  output.set([1, length, length >>> 8, ~length, ~length >>> 8], start);
  output.set(bytes, start + 5);
  return start + 5 + length;
}

/** @returns Where the block ends in the output. */
function writeFixedBlock(bytes: Uint8Array, known: Tables, output: Uint8Array, start: number): number {
  const { codes, codeBits, lengths, lengthBits, distances, positions } = known;
  const { length } = bytes;
  const first = base;
  base = first + length > BASE_MAX ? 1 : first + length;
  if (base === 1) positions.fill(0);

  // At most 15 bits wait, and at most 15 come at once (a distance: 5, and 10 extra ones within 4096 bytes).
  let at = start;
  let bits = 0b011; // last block, fixed codes
  let count = 3;
  for (let i = 0; i < length;) {
    let matched = 0;
    if (i + MATCH_BYTES_MIN <= length) {
      const word = bytes[i]! | bytes[i + 1]! << 8 | bytes[i + 2]! << 16 | bytes[i + 3]! << 24;
      const slot = Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS);
      const candidate = positions[slot]! - first;
      positions[slot] = first + i;
      if (candidate >= 0 && candidate < i) {
        const limit = Math.min(length - i, MATCH_BYTES_MAX);
        while (matched < limit && bytes[candidate + matched] === bytes[i + matched]) matched++;
        if (matched >= MATCH_BYTES_MIN) {
          bits |= lengths[matched]! << count;
          count += lengthBits[matched]!;
          if (count >= 16) output[at++] = bits, output[at++] = bits >>> 8, bits >>>= 16, count -= 16;

          const distance = i - candidate - 1;
          const power = distance < 2 ? 0 : 31 - Math.clz32(distance);
          const extraBits = power < 1 ? 0 : power - 1;
          const symbol = power < 1 ? distance : 2 * power + ((distance >> extraBits) & 1);
          bits |= (distances[symbol]! | (distance & ((1 << extraBits) - 1)) << 5) << count;
          count += 5 + extraBits;
          if (count >= 16) output[at++] = bits, output[at++] = bits >>> 8, bits >>>= 16, count -= 16;
          i += matched;
          continue;
        }
      }
    }
    const literal = bytes[i++]!;
    bits |= codes[literal]! << count;
    count += codeBits[literal]!;
    if (count >= 16) output[at++] = bits, output[at++] = bits >>> 8, bits >>>= 16, count -= 16;
  }
  bits |= codes[END_OF_BLOCK]! << count;
  count += codeBits[END_OF_BLOCK]!;
  for (; count > 0; count -= 8, bits >>>= 8) output[at++] = bits;
  return at;
}

/** The fixed codes of RFC 1951, section 3.2.6, and the lengths of section 3.2.5. */
function makeTables(): Tables {
  const codes = new Uint16Array(288);
  const codeBits = new Uint8Array(288);
  for (let symbol = 0; symbol < 288; symbol++) {
    const [bits, code] = symbol < 144
      ? [8, 0x30 + symbol]
      : symbol < 256
      ? [9, 0x190 + symbol - 144]
      : symbol < 280
      ? [7, symbol - 256]
      : [8, 0xc0 + symbol - 280];
    codes[symbol] = reversed(code, bits);
    codeBits[symbol] = bits;
  }
  const lengths = new Uint16Array(MATCH_BYTES_MAX + 1);
  const lengthBits = new Uint8Array(MATCH_BYTES_MAX + 1);
  let length = 3;
  for (let symbol = 257; symbol < 285; symbol++) {
    const extraBits = symbol < 265 ? 0 : (symbol - 261) >> 2;
    for (let extra = 0; extra < 1 << extraBits; extra++, length++) {
      lengths[length] = codes[symbol]! | extra << codeBits[symbol]!;
      lengthBits[length] = codeBits[symbol]! + extraBits;
    }
  }
  lengths[MATCH_BYTES_MAX] = codes[285]!; // the longest has a code of its own
  lengthBits[MATCH_BYTES_MAX] = codeBits[285]!;
  return {
    codes,
    codeBits,
    lengths,
    lengthBits,
    distances: Uint8Array.from({ length: 30 }, (_, symbol) => reversed(symbol, 5)),
    positions: new Int32Array(1 << HASH_BITS),
  };
}

/** Huffman codes stand with their most significant bit first. */
function reversed(code: number, bits: number): number {
  let result = 0;
  for (let bit = 0; bit < bits; bit++) result |= ((code >> bit) & 1) << (bits - 1 - bit);
  return result;
}

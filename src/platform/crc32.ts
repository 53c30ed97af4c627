/**
 * CRC-32 (the reflected polynomial 0xEDB88320, as in zlib, gzip and pack index version 2).
 *
 * @module
 */
import { bun } from "./runtime.ts";

let table: Uint32Array | undefined;

/** CRC-32 of bytes, as an unsigned number. `seed` continues an earlier sum. */
export function crc32(bytes: Uint8Array, seed = 0): number {
  return bun === undefined ? crc32ByTable(bytes, seed) : bun.hash.crc32(bytes, seed);
}

/** The same, where the runtime has no such sum of its own. */
export function crc32ByTable(bytes: Uint8Array, seed = 0): number {
  const steps = table ??= makeTable();
  let sum = ~seed;
  for (let i = 0; i < bytes.length; i++) sum = (sum >>> 8) ^ steps[(sum ^ bytes[i]!) & 0xff]!;
  return ~sum >>> 0;
}

function makeTable(): Uint32Array {
  const steps = new Uint32Array(256);
  for (let n = 0; n < 256; n++) {
    let value = n;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
    steps[n] = value;
  }
  return steps;
}

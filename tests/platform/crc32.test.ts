import assert from "node:assert/strict";
import { crc32, crc32ByTable } from "../../src/platform/crc32.ts";
import { utf8 } from "../../src/platform/text.ts";
import { adler32, adler32ByLoop } from "../../src/platform/zlib.ts";
import { test } from "../harness.ts";

const NUMBERS = utf8("123456789");

function pseudoRandomBytes(length: number): Uint8Array {
  let state = 42;
  return Uint8Array.from({ length }, () => (state = Math.imul(state, 1103515245) + 12345 >>> 0) >>> 16);
}

test("crc32() is the sum of the standard's check value, in one go and in parts, whoever computes it", () => {
  for (const sum of [crc32, crc32ByTable]) {
    assert.equal(sum(NUMBERS), 0xcbf43926);
    assert.equal(sum(NUMBERS.subarray(4), sum(NUMBERS.subarray(0, 4))), 0xcbf43926);
    assert.equal(sum(new Uint8Array()), 0);
  }
  const bytes = pseudoRandomBytes(10_007);
  assert.equal(crc32(bytes), crc32ByTable(bytes));
});

test("adler32() gives the known sum, in one go and in parts, whoever computes it", () => {
  for (const sum of [adler32, adler32ByLoop]) {
    assert.equal(sum(NUMBERS), 0x091e01de);
    assert.equal(sum(NUMBERS.subarray(4), sum(NUMBERS.subarray(0, 4))), 0x091e01de);
    assert.equal(sum(new Uint8Array()), 1);
  }
  const bytes = pseudoRandomBytes(10_007);
  assert.equal(adler32(bytes), adler32ByLoop(bytes));
});

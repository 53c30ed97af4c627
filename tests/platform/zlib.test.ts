/**
 * Streams of one stored block, which are written and read without zlib.
 *
 * @module
 */
import assert from "node:assert/strict";
import { inflateSync } from "node:zlib";
import { LatticeError } from "../../src/platform/errors.ts";
import { utf8 } from "../../src/platform/text.ts";
import { inflateSmall, store } from "../../src/platform/zlib.ts";
import { test } from "../harness.ts";

const CONTENT = utf8("blob 13\0some content\n");

test("store() makes what zlib inflates, and inflateSmall() reads it", () => {
  for (const content of [new Uint8Array(), CONTENT, new Uint8Array(0xffff).fill(7)]) {
    const stream = store(content)!;
    assert.deepEqual(new Uint8Array(inflateSync(stream)), content);
    if (stream.length <= 32 * 1024) assert.deepEqual(new Uint8Array(inflateSmall(stream)!), content);
  }
  assert.equal(store(new Uint8Array(0x10000)), null);
});

test("inflateSmall() takes no stored stream in which a bit is wrong, or that is cut off", () => {
  const stream = store(CONTENT)!;
  for (let at = 0; at < stream.length; at++) {
    assert.throws(() => inflateSmall(stream.subarray(0, at)), LatticeError, `cut off at ${at}`);
    for (let bit = 0; bit < 8; bit++) {
      if (at === 2 && bit >= 3) continue; // padding before the length of the block: any bits
      const damaged = stream.slice();
      damaged[at]! ^= 1 << bit;
      assert.throws(() => inflateSmall(damaged), LatticeError, `bit ${bit} of byte ${at}`);
    }
  }
});

/** What the small compressor makes, zlib takes apart again. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { inflateSync } from "node:zlib";
import { deflateSmall, SMALL_DEFLATE_BYTES_MAX } from "../../src/platform/small_deflate.ts";
import { adler32, deflate } from "../../src/platform/zlib.ts";
import { utf8 } from "../../src/platform/text.ts";
import { test } from "../harness.ts";

function requireRoundTrip(bytes: Uint8Array): Uint8Array {
  const stream = deflateSmall(bytes, adler32(bytes));
  assert.deepEqual(new Uint8Array(inflateSync(stream)), bytes);
  assert.ok(stream.length <= bytes.length + 11, `${bytes.length} bytes became ${stream.length}`);
  return stream;
}

test("deflateSmall() is undone by zlib for noise, few letters, and repetitions", () => {
  const max = SMALL_DEFLATE_BYTES_MAX;
  const fewLetters = fc.array(fc.integer({ min: 140, max: 147 }), { maxLength: max });
  const repeated = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 900 }), fc.integer({ min: 1, max: 40 })).map(
    ([part, times]) => Array.from({ length: Math.min(max, part.length * times) }, (_, i) => part[i % part.length]!),
  );
  const inputs = fc.oneof(fc.uint8Array({ maxLength: max }).map((bytes) => [...bytes]), fewLetters, repeated);
  fc.assert(fc.property(inputs, (bytes) => void requireRoundTrip(Uint8Array.from(bytes))), {
    seed: 20260107,
    numRuns: 600,
  });
});

test("deflateSmall() handles every length of a match and distances up to its limit", () => {
  for (let length = 0; length <= 300; length++) {
    for (const gap of [0, 1, 2, 3, 30, 1000, SMALL_DEFLATE_BYTES_MAX - 2 * length]) {
      const bytes = new Uint8Array(Math.min(SMALL_DEFLATE_BYTES_MAX, gap + 2 * length));
      for (let i = 0; i < bytes.length; i++) {
        bytes[i] = i < length || i >= gap + length ? i % (gap + length + 1) : 7 * i;
      }
      requireRoundTrip(bytes);
    }
  }
});

test("deflateSmall() makes text much shorter", () => {
  const text = utf8('{"created_at":"2026-01-07T00:00:00Z","updated_at":"2026-01-07T00:00:00Z"}'.repeat(4));
  assert.ok(requireRoundTrip(text).length < text.length / 3);
});

test("deflate() gives a sound stream at every level, on both sides of the small limit", () => {
  for (let level = -1; level <= 9; level++) {
    for (const size of [0, 1, SMALL_DEFLATE_BYTES_MAX, SMALL_DEFLATE_BYTES_MAX + 1, 100_000]) {
      const bytes = Uint8Array.from({ length: size }, (_, i) => i % 251);
      assert.deepEqual(new Uint8Array(inflateSync(deflate(bytes, level))), bytes, `${level} ${size}`);
    }
  }
});

import assert from "node:assert/strict";
import { inputLines } from "../../../src/cli/git/input_lines.ts";
import type { Streams } from "../../../src/platform/streams.ts";
import { bytesToName } from "../../../src/platform/text.ts";
import { test } from "../../harness.ts";
import { seededRandom } from "../../simulation/random.ts";
import { runs, seedOr } from "../../thoroughness.ts";

/** Standard input that comes in pieces. */
function pieces(input: readonly Uint8Array[]): Streams {
  let next = 0;
  return { read: () => input[next++] ?? null } as unknown as Streams;
}

/** The lines of an input, byte by byte. */
function expectedLines(input: Uint8Array, delimiter: 0 | 10): string[] {
  const lines: string[] = [];
  for (let start = 0; start < input.length;) {
    const found = input.indexOf(delimiter, start);
    const end = found < 0 ? input.length : found;
    const returns = delimiter === 10 && end > start && input[end - 1] === 13;
    const line = input.subarray(start, returns ? end - 1 : end);
    lines.push(bytesToName(line.includes(0) ? line.subarray(0, line.indexOf(0)) : line));
    start = end + 1;
  }
  return lines;
}

test("inputLines() gives the same lines however the input is cut, whatever bytes it holds", () => {
  const seed = seedOr(41);
  const random = seededRandom(seed);
  const alphabet = [0, 10, 10, 13, 0x61, 0x2f, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xef, 0xbb, 0xbf, 0xff, 0x80];
  for (let i = 0; i < runs(1000, 200_000); i++) {
    const input = Uint8Array.from({ length: random.below(40) }, () => alphabet[random.below(alphabet.length)]!);
    const cut: Uint8Array[] = [];
    for (let at = 0; at < input.length;) {
      const length = 1 + random.below(12);
      cut.push(input.subarray(at, at + length));
      at += length;
    }
    for (const delimiter of [0, 10] as const) {
      const lines = [...inputLines(pieces(cut), { delimiter, beforeRead() {} })];
      assert.deepEqual(lines, expectedLines(input, delimiter), `input ${i}, seed ${seed}: ${input.join(" ")}`);
    }
  }
});

test("inputLines() hands out every line it has before it waits for more", () => {
  const given: string[] = [];
  const waits: number[] = [];
  const input = [Uint8Array.of(0x61, 10, 0x62, 10, 0x63), Uint8Array.of(10)];
  const beforeRead = () => waits.push(given.length);
  for (const line of inputLines(pieces(input), { delimiter: 10, beforeRead })) given.push(line);
  assert.deepEqual(given, ["a", "b", "c"]);
  assert.deepEqual(waits, [0, 2, 3]);
});

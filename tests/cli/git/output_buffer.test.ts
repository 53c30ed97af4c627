import assert from "node:assert/strict";
import { createOutputBuffer } from "../../../src/cli/git/output_buffer.ts";
import { ClosedOutputError, type Streams } from "../../../src/platform/streams.ts";
import { concatBytes, equalBytes, nameToBytes } from "../../../src/platform/text.ts";
import { test } from "../../harness.ts";
import { seededRandom } from "../../simulation/random.ts";
import { seedOr } from "../../thoroughness.ts";

test("an output buffer writes texts and bytes in the order in which they came, whatever their sizes", () => {
  const seed = seedOr(7);
  const random = seededRandom(seed);
  for (let i = 0; i < 5; i++) {
    const written: Uint8Array[] = [];
    const expected: Uint8Array[] = [];
    const output = createOutputBuffer({
      write: (bytes: Uint8Array) => written.push(bytes.slice()),
    } as unknown as Streams);
    for (let step = 0; step < 60; step++) {
      const length = random.below(step % 10 === 0 ? 100_000 : 300);
      const kind = random.below(10);
      if (kind < 6) {
        const text = `${["a", "\u00e9", "\u{1f600}"][random.below(3)]!.repeat(length)}\udcff`; // the last is no UTF-8
        output.text(text);
        expected.push(nameToBytes(text));
      } else if (kind < 9) {
        const bytes = random.bytes(length);
        output.bytes(bytes);
        expected.push(bytes);
      } else {
        output.flush();
        assert.ok(equalBytes(concatBytes(written), concatBytes(expected)), `seed ${seed}`);
      }
    }
    output.flush();
    assert.ok(equalBytes(concatBytes(written), concatBytes(expected)), `seed ${seed}`);
  }
});

test("an output buffer whose reader is gone writes nothing a second time", () => {
  let writes = 0;
  const output = createOutputBuffer({
    write() {
      writes++;
      throw new ClosedOutputError();
    },
  } as unknown as Streams);
  output.text("one");
  output.bytes(Uint8Array.of(1));
  output.text("two");
  assert.throws(() => output.flush(), ClosedOutputError);
  output.flush();
  assert.equal(writes, 1);
});

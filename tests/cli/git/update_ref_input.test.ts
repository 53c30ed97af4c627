/** What `update-ref --stdin` holds of its input. */
import assert from "node:assert/strict";
import { GitExit } from "../../../src/cli/git/context.ts";
import { inputCommands } from "../../../src/cli/git/update_ref_input.ts";
import { test } from "../../harness.ts";

const ZERO = "0".repeat(40);

/** Understands commands; @returns how many. */
async function countCommands(pieces: readonly string[]): Promise<number> {
  let count = 0;
  const options = { terminator: "\n", zero: ZERO, resolve: () => null, warn() {} } as const;
  for await (const _ of inputCommands(pieces.values() as unknown as AsyncIterator<string>, options)) count++;
  return count;
}

test("inputCommands() refuses more than 256 MiB for one transaction, not for several", async () => {
  const long = `verify refs/heads/${"a".repeat(15 * 1024 * 1024)}\n`;
  const nine = Array<string>(9).fill(long);
  await assert.rejects(countCommands([...nine, ...nine]), (error: unknown) => {
    assert.ok(error instanceof GitExit && error.exitCode === 128);
    assert.equal(error.message, "fatal: the input has more than 268435456 bytes, which is the most that is held");
    return true;
  });
  assert.equal(await countCommands([...nine, "commit\n", "start\n", ...nine]), 20);
});

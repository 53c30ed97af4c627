import assert from "node:assert/strict";
import { SHA1 } from "../../../../src/git/object_format.ts";
import { parseLooseRef } from "../../../../src/git/refs/files/loose.ts";
import { utf8 } from "../../../../src/platform/text.ts";
import { test } from "../../../harness.ts";

test("parseLooseRef() names the ref, the fault and the file of a broken ref", () => {
  const path = "/r/.git/refs/heads/x";
  for (
    const [content, reason] of [
      ["", "the file is empty"],
      ["0".repeat(40), "it holds the all-zero object name, which names nothing"],
      ["ref: a..b", 'it points to "a..b", which is no ref name'],
      ["nonsense", "it holds neither an object name nor `ref: `"],
    ] as const
  ) {
    assert.throws(() => parseLooseRef(SHA1, utf8(content), path, "refs/heads/x"), (error: Error) => {
      assert.ok(error.message.startsWith(`ref "refs/heads/x" is broken: ${reason}`), error.message);
      assert.ok(error.message.endsWith(` (in "${path}")`), error.message);
      return true;
    });
  }
});

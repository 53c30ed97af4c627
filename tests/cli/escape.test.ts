import assert from "node:assert/strict";
import { test } from "../harness.ts";
import { escapeGitMessage, escapeJson, escapeMessage, escapeText } from "../../src/cli/escape.ts";
import { bytesToName } from "../../src/platform/text.ts";

test("escapeText() shows control characters instead of doing them", () => {
  assert.equal(escapeText("a\x1b[2Jb"), "a\\x1b[2Jb");
  assert.equal(escapeText("a\nb\tc\r\0\x7f\u009b"), "a\\nb\\tc\\r\\x00\\x7f\\x9b");
  assert.equal(escapeText("a\u202eb\u2028"), "a\\u{202e}b\\u{2028}");
});

test("escapeText() leaves other text alone", () => {
  for (const text of ["", "feature/ä-日本", "😀 🦒", "a\\b", bytesToName(Uint8Array.of(0x61, 0xff))]) {
    assert.equal(escapeText(text), text);
  }
});

test("escapeText() escapes bytes that some terminals take for controls, but no half of a pair", () => {
  assert.equal(escapeText(bytesToName(Uint8Array.of(0x61, 0x9b, 0x32))), "a\\x9b2");
  const pair = String.fromCodePoint(0x1f480 + 0x10); // its second half lies within the range of such bytes
  assert.equal(escapeText(`${pair}\x07`), `${pair}\\x07`);
});

test("escapeMessage() shows bytes that are not UTF-8, in a quoted name and outside of one", () => {
  const name = bytesToName(Uint8Array.of(0x61, 0xff, 0x80));
  assert.equal(escapeMessage(`branch ${JSON.stringify(name)} is ${name}\n`), 'branch "a\\xff\\x80" is a\\xff\\x80\\n');
  assert.equal(escapeMessage(JSON.stringify("a\\udcff😀\u{1f4ff}")), '"a\\\\udcff😀\u{1f4ff}"'); // a name of these very characters
});

test("escapeJson() keeps the value", () => {
  const value = { text: "a\x1b\u009b\u202e\x7f😀\udc9b", list: ["\n"] };
  const json = escapeJson(JSON.stringify(value));
  assert.deepEqual(JSON.parse(json), value);
  assert.doesNotMatch(json, /[\u0000-\u001f\u007f-\u009f\u202e]/);
});

test("escapeGitMessage() replaces what git replaces, and escapes the rest that a terminal acts on", () => {
  assert.equal(escapeGitMessage("fatal: \x1b[2Jx\r\x7f\ty\n"), "fatal: ?[2Jx??\ty\n");
  assert.equal(escapeGitMessage("a\u009bb\u202ec\ud83d\ude00"), "a\\x9bb\\u{202e}c\ud83d\ude00");
});

/**
 * What is given on standard input: documents, lines of `apply`, commands of `update-ref --stdin`, sound and hostile.
 *
 * @module
 */
import fc from "fast-check";
import { documentOf } from "../e2e/binary.ts";
import { byteChange, changeBytes, lineEnd, rawBytes } from "./mutations.ts";
import { utf8 } from "../../src/platform/text.ts";

/** A document of branch `main`, whatever its bytes. @param tip A commit. */
export function anyDocument(tip: string): fc.Arbitrary<Uint8Array> {
  const sound = documentOf("main", tip);
  const corner = fc.constantFrom(
    "",
    "null",
    "[]",
    "{",
    "\ufeff" + sound,
    "[".repeat(100_000),
    '{"a":'.repeat(5000),
    sound.replace('"kind"', '"kind":"x","kind"'),
    sound.replace('"main"', '"\\ud800"'),
    sound.replace("1,", "1.0,"),
    sound.replace("1,", "1e400,"),
    sound.replace("1,", "-0,"),
    sound.replace("{", '{"__proto__":{},'),
    sound.replaceAll(":", " : "),
    sound + sound,
    sound + "\0",
    sound.replace('"main"', '"\\u001b[2J"'),
    sound.replace("2026", "9999999999"),
    JSON.stringify({ kind: sound.repeat(3000) }),
  );
  return fc.oneof(corner.map(rawBytes), byteChange.map((change) => changeBytes(utf8(sound), change)));
}

/** Up to five lines for `apply`. @param tip A commit. */
export function anyApplyLines(tip: string): fc.Arbitrary<Uint8Array> {
  const sound = documentOf("main", tip);
  const member = fc.constantFrom<unknown>(
    null,
    tip,
    "",
    "x",
    -1,
    {},
    [],
    "0".repeat(40),
    "refs/heads/../x",
    "HEAD",
    "main",
    "\x1b",
    JSON.parse(sound),
  );
  const applied = fc.oneof(
    fc.dictionary(fc.constantFrom("ref", "old", "new", "branch", "expect", "metadata", "__proto__", "x"), member, {
      maxKeys: 4,
    }).map((line) => JSON.stringify(line)),
    fc.constantFrom(
      `{"ref":"refs/heads/a","new":"${tip}"}`,
      `{"branch":"main","metadata":${sound}}`,
      "{}",
      "null",
      "x",
      '{"ref":"a","ref":"b"}',
      '{"ref":"refs/lattice/x","new":null}',
      `{"ref":"refs/heads/main/x","new":"${tip}"}`,
    ),
  );

  return fc.array(fc.tuple(applied, lineEnd), { maxLength: 5 }).map((parts) => rawBytes(parts.flat().join("")));
}

/** Up to four commands for `update-ref --stdin`, by lines or by NUL. @param tip A commit. */
export function anyUpdateCommands(tip: string): fc.Arbitrary<Uint8Array> {
  const verb = fc.constantFrom(
    "create",
    "update",
    "delete",
    "verify",
    "option",
    "start",
    "prepare",
    "commit",
    "abort",
    "symref-update",
    "",
    " create",
    "CREATE",
  );
  const word = fc.constantFrom(
    "refs/heads/new",
    "refs/heads/main",
    "refs/heads/main/x",
    "refs/../x",
    "HEAD",
    tip,
    "0".repeat(40),
    "f".repeat(40),
    "",
    '"refs/heads/q"',
    '"open',
    "no-deref",
    "\x1b[2J",
    "\u00ff",
    "main~1",
    "x".repeat(70_000),
  );

  const command = fc.tuple(verb, fc.array(word, { maxLength: 4 }), fc.boolean()).map(([first, rest, nul]) =>
    [first, ...rest].join(nul ? "\0" : " ")
  );
  return fc.array(fc.tuple(command, lineEnd), { maxLength: 4 }).map((parts) => rawBytes(parts.flat().join("")));
}

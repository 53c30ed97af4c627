/** What is given on standard input: documents, lines of `apply`, commands of `update-ref --stdin`. */
import fc from "fast-check";
import { gitText } from "../git_oracle.ts";
import { documentOf } from "../e2e/binary.ts";
import { test } from "../harness.ts";
import { baseRepository } from "./base_repository.ts";
import { DAMAGE, World } from "./judge.ts";
import { byteChange, changeBytes, lineEnd, rawBytes, tryInputs } from "./mutations.ts";
import { utf8 } from "../../src/platform/text.ts";

const base = baseRepository(false);
const world = new World(base.tree);
const tip = gitText(["rev-parse", "HEAD"], base.folder);
const CODES = [...DAMAGE, "usage", "cas_failed"] as const;

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
const document = fc.oneof(corner.map(rawBytes), byteChange.map((change) => changeBytes(utf8(sound), change)));

test("a document of any bytes is stored as what it is, or refused", async () => {
  await tryInputs("documents", 60, document, async (stdin) => {
    await world.try({}, ["meta", "set", "main"], { stdin, changes: true, codes: CODES });
  });
});

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

test("lines of apply are done all or not at all, whatever they are", async () => {
  const lines = fc.array(fc.tuple(applied, lineEnd), { maxLength: 5 }).map((parts) => rawBytes(parts.flat().join("")));
  await tryInputs("lines of apply", 80, lines, async (stdin) => {
    await world.try({}, ["apply"], { stdin, changes: true, codes: CODES });
  });
});

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

test("commands of update-ref --stdin are done all or not at all, whatever they are", async () => {
  const command = fc.tuple(verb, fc.array(word, { maxLength: 4 }), fc.boolean()).map(([first, rest, nul]) =>
    [first, ...rest].join(nul ? "\0" : " ")
  );
  const commands = fc.array(fc.tuple(command, lineEnd), { maxLength: 4 }).map((parts) =>
    rawBytes(parts.flat().join(""))
  );
  await tryInputs("commands of update-ref", 80, fc.tuple(commands, fc.boolean()), async ([stdin, nul]) => {
    // A `commit` in the middle stays done, as in git, when a later command is refused.
    if (new TextDecoder().decode(stdin).includes("commit")) return;
    await world.try({}, ["git", "update-ref", "--stdin", ...(nul ? ["-z"] : [])], { stdin, changes: true });
  });
});

/** Journals: bytes changed, records in another order, and records whose sum is right and whose content is not. */
import fc from "fast-check";
import { encodeRecord, type JournalRecord } from "../../src/engine/journal_format.ts";
import { bytesToName, concatBytes, utf8 } from "../../src/platform/text.ts";
import { test } from "../harness.ts";
import { tried } from "../thoroughness.ts";
import type { TreeSource } from "../simulation/dump.ts";
import { byteChange, changeBytes, tryInputs } from "./mutations.ts";
import { journalAt, ownWorld, tryOwnFiles } from "./own_world.ts";
import { FOLDER } from "./judge.ts";

const world = await ownWorld();

/** Values that programs trip over, or that lead elsewhere. */
export const hostile: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    -1,
    0,
    1.5,
    1e308,
    9007199254740993,
    "",
    "x",
    "\0",
    "\x1b[2J",
    "\u202e",
    "\ud800",
    [],
    {},
    [null],
    [[]],
    "../../../victim/file",
    "refs/../../../victim/file",
    "/victim/file",
    "refs/heads/../../../../victim/file",
    "ref: ../../victim/file",
    "ref: refs/heads/main",
    "refs/heads/main",
    "HEAD",
    "main-worktree/HEAD",
    "worktrees/../../victim/HEAD",
    "refs/heads/main.lock",
    "config",
    "hooks/other",
    "lattice/lock",
    "a".repeat(300),
    "/".repeat(100),
    "refs/" + "d/".repeat(2000) + "x",
    "committed",
    "rolled_back",
    "updates",
    "begin",
    "loose",
    "batch",
    "observed",
    "0".repeat(40),
    "f".repeat(40),
    "99999999999999999999",
    { __proto__: null, text: "x" },
    { base64: "AAAA" },
    { text: "\ud800" },
    "019b76da-a801-7b40-87ed-a0caa7e9ba10",
    "../../../../victim",
  ),
  fc.constantFrom(60, 500).map((depth) => JSON.parse("[".repeat(depth) + "]".repeat(depth)) as unknown),
);

/** Puts something at a place in a value: a member is chosen by numbers, one a level. */
function replaced(value: unknown, way: readonly number[], other: unknown): unknown {
  if (way.length === 0 || typeof value !== "object" || value === null) return other;
  const names = Object.keys(value);
  if (names.length === 0) return other;
  const name = names[way[0]! % names.length]!;
  const inner = replaced((value as Record<string, unknown>)[name], way.slice(1), other);
  if (Array.isArray(value)) return value.map((member, index) => String(index) === name ? inner : member);
  return { ...value, [name]: inner };
}

const records = (op: string): JournalRecord[] =>
  world.journalOf(op).split("\n").filter((line) => line !== "").map((line) =>
    (JSON.parse(line) as { record: JournalRecord }).record
  );

const anyOp = fc.constantFrom(...world.ops);
const way = fc.array(fc.nat(12), { minLength: 1, maxLength: 4 });
const edit = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("member" as const), record: fc.nat(5), way, other: hostile }) },
  fc.record({ kind: fc.constant("drop" as const), record: fc.nat(5) }),
  fc.record({ kind: fc.constant("twice" as const), record: fc.nat(5) }),
  fc.record({ kind: fc.constant("swap" as const), record: fc.nat(5) }),
  fc.record({ kind: fc.constant("cut" as const), record: fc.nat(5) }),
);
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

function edited(all: readonly JournalRecord[], change: Edit): JournalRecord[] {
  const at = change.record % all.length;
  const copy = [...all];
  if (change.kind === "member") copy[at] = replaced(copy[at], change.way, change.other) as JournalRecord;
  if (change.kind === "drop") copy.splice(at, 1);
  if (change.kind === "twice") copy.splice(at, 0, copy[at]!);
  if (change.kind === "cut") copy.length = at;
  if (change.kind === "swap" && at > 0) [copy[at - 1], copy[at]] = [copy[at]!, copy[at - 1]!];
  return copy;
}

/** A marker that sends recovery to an operation. */
function marker(op: string): TreeSource {
  const state = {
    op_id: op,
    command: "c",
    phase: "in_progress",
    updated_at: "2026-01-01T00:00:00.000Z",
    origin_git_dir: `${FOLDER}/.git`,
    origin_work_dir: FOLDER,
    plan_digest: null,
    touched_refs: [],
    awaiting_reason: null,
  };
  return { [`${FOLDER}/.git/lattice/op-state.json`]: `${JSON.stringify(state)}\n` };
}

test("journals of other records, with right sums, mislead nobody", async () => {
  const flushed = fc.constantFrom(0, 0, 0, 1, 100, 1_000_000, -1, 2 ** 53 - 1);
  const input = fc.tuple(anyOp, fc.array(edit, { minLength: 1, maxLength: 3 }), flushed, fc.boolean());
  await tryInputs("journals, right sums", 12, input, async ([op, edits, length, unfinished]) => {
    const all = records(op);
    if (unfinished) all.pop(); // so that recovery has something to decide
    const changed = edits.reduce<JournalRecord[]>(
      (list, change) => list.length === 0 ? list : edited(list, change),
      all,
    );
    const bytes = concatBytes(changed.map((record, index) => encodeRecord(record, index === 0 ? 0 : length)));
    await tryOwnFiles(world, { [journalAt(op)]: bytes, ...(unfinished ? marker(op) : {}) }, [op]);
  });
});

test("journals of any bytes mislead nobody", async () => {
  const input = fc.tuple(anyOp, byteChange, fc.boolean());
  await tryInputs("journals, changed bytes", 6, input, async ([op, change, marked]) => {
    const bytes = changeBytes(utf8(world.journalOf(op)), change);
    await tryOwnFiles(world, { [journalAt(op)]: bytes, ...(marked ? marker(op) : {}) }, [op]);
  });
});

test("lines that are no records mislead nobody", async () => {
  const op = world.ops.at(-1)!;
  const sound = world.journalOf(op);
  const [first = ""] = sound.split("\n");
  const texts = [
    "",
    "\n",
    "\n\n\n",
    "{}\n",
    `${first}\n${first}\n`,
    sound.replaceAll("\n", "\r\n"),
    `\ufeff${sound}`,
    `${sound}\0\0\0\0`,
    `${sound}${"x".repeat(200_000)}\n`,
    `{"sum":"00000000","flushed":0,"record":{"type":"begin"}}\n`,
    sound.toUpperCase(),
    [...sound.split("\n")].reverse().join("\n"),
    `${first}\n{"sum":"${"0".repeat(8)}","flushed":0,"record":${"[".repeat(50_000)}`,
    bytesToName(encodeRecord({ type: "begin", format: 2 } as unknown as JournalRecord, 0)),
    bytesToName(encodeRecord(JSON.parse('{"type":"begin","__proto__":{"format":1},"format":1}') as JournalRecord, 0)),
  ];
  for (const text of texts) await tryOwnFiles(world, { [journalAt(op)]: text, ...marker(op) }, []);
  tried("journals, no records", { "fuzz inputs": texts.length });
});

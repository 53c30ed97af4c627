/** The marker of an unfinished operation, the notes in the lock, and whatever else stands in `lattice/`. */
import fc from "fast-check";
import { test } from "../harness.ts";
import { rawBytes, tryInputs } from "./mutations.ts";
import { journalAt, ownWorld, tryOwnFiles } from "./own_world.ts";
import { FOLDER } from "./judge.ts";

const world = await ownWorld();
const LATTICE = `${FOLDER}/.git/lattice`;
const last = world.ops.at(-1)!;

const SOUND = {
  op_id: last,
  command: "c",
  phase: "in_progress",
  updated_at: "2026-01-01T00:00:00.000Z",
  origin_git_dir: `${FOLDER}/.git`,
  origin_work_dir: FOLDER,
  plan_digest: null,
  touched_refs: [{ ref: "refs/heads/main", old: null }],
  awaiting_reason: null,
};
const member = fc.constantFrom(...Object.keys(SOUND), "resumes", "__proto__", "constructor");
const value = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    -1,
    {},
    [],
    "",
    "paused",
    "committed",
    "\x1b[2J",
    "\u202e",
    "../../../../victim",
    `${last}/../x`,
    last.toUpperCase(),
    "0".repeat(70_000),
    world.ops[0],
    [{ ref: "../../victim/file", old: null }],
    [{ ref: "HEAD", old: "ref: ../x" }],
    "/victim",
  ),
  fc.jsonValue(),
);
const state = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.array(fc.tuple(member, value), { minLength: 1, maxLength: 3 }).map((members) =>
      JSON.stringify({ ...SOUND, ...Object.fromEntries(members) })
    ),
  },
  fc.jsonValue().map((json) => JSON.stringify(json)),
  fc.constantFrom(
    "",
    "{",
    "null",
    `${JSON.stringify(SOUND)}${JSON.stringify(SOUND)}`,
    `\ufeff${JSON.stringify(SOUND)}`,
    "[".repeat(100_000),
    `{"op_id":"${last}","op_id":"../x"}`,
    "\0\0\0",
    "\u00ff\u00fe",
  ),
);

test("a marker of any content misleads nobody", async () => {
  await tryInputs("markers", 12, state, async (text) => {
    await tryOwnFiles(world, { [`${LATTICE}/op-state.json`]: rawBytes(text) }, [last]);
  });
});

test("a lock file of any content, and strange files in lattice/, mislead nobody", async () => {
  const files = fc.record({
    [`${LATTICE}/lock`]: state.map(rawBytes),
    [`${LATTICE}/tmp/x/upkeep.jsonl`]: fc.constantFrom(
      "",
      "garbage",
      '{"ref":"../../../victim/file"}\n',
      `${FOLDER}/x\n../../victim/file\n`,
      "\0",
    ),
    [`${LATTICE}/config.toml`]: fc.constantFrom(
      "",
      "x = 1",
      "[ops]\nkeep = -1\n",
      "ops.keep = 99999999999999999999\n",
      'lock.timeout = "\x1b"',
      "\0",
      'trunk = "../x"',
      "a = ".repeat(2000),
      "[".repeat(3000),
      "a.".repeat(5000) + "b = 1",
    ),
    [journalAt("not-an-id")]: fc.constant("x"),
    [journalAt("ffffffff-ffff-7fff-bfff-ffffffffffff")]: fc.constantFrom("", "\n", "x"),
    [`${LATTICE}/ops/${last}.d/snapshot`]: fc.constantFrom("", "x"),
    [`${LATTICE}/ops/${last}.d/notes/1`]: fc.constantFrom("", "x", "\0\0"),
  }, { requiredKeys: [] });
  await tryInputs("strange files of our own", 12, files, async (chosen) => {
    const present = Object.fromEntries(Object.entries(chosen).filter(([, content]) => content !== undefined));
    await tryOwnFiles(world, present as Record<string, string>, []);
  });
});

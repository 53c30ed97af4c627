import assert from "node:assert/strict";
import type { BeginRecord, JournalRecord, UpdatesRecord } from "../../src/engine/journal_format.ts";
import type { OpState } from "../../src/engine/op_state.ts";
import { isMarker, recordFault } from "../../src/engine/record_check.ts";
import { test } from "../harness.ts";

const ID = "019b76da-a801-7b40-87ed-a0caa7e9ba10";
const OID = "9e26dfeeb6e641a33dae4961196235bdb965b21b";
const OID_256 = "9e26dfeeb6e641a3".repeat(4);
const AT = "2026-01-07T00:00:01.000Z";

const BEGIN: BeginRecord = {
  type: "begin",
  format: 1,
  op_id: ID,
  command: "meta set a",
  arguments: ["meta", "set", "a"],
  purpose: "operation",
  started_at: AT,
  pid: 7,
  host: "h",
  boot_id: "b",
  origin_git_dir: "/r/.git",
  origin_work_dir: "/r",
  worktree_id: "feature",
  undoes: ID,
  resumes: ID,
  previous: { id: ID, outcome: "committed" },
};

const UPDATES: UpdatesRecord = {
  type: "updates",
  transaction: 1,
  path: "loose",
  updates: [
    { ref: "refs/heads/a", old: null, new: OID },
    { ref: "HEAD", old: "ref: refs/heads/a", new: OID_256, verify: true },
    { ref: "refs/x/\udcff", old: OID, new: null, document: true, old_content: { text: "{}" } },
    { ref: "refs/x/b", old: null, new: OID, document: true, new_content: { base64: "/w==" } },
  ],
  locked: ["HEAD"],
  logs: [{ ref: "HEAD", old: OID, new: OID, message: "m\nn", create: true }],
  identity: "T <t@example.com> 1700000000 +0000",
  packed_inode: "1152921504606846976",
};

/** One of each type, with every member that it can have. */
const RECORDS: readonly JournalRecord[] = [
  BEGIN,
  UPDATES,
  { type: "checkpoint", name: "n", at: AT },
  { type: "git_process", arguments: ["gc"], description: "d", at: AT },
  { type: "prepared", transaction: 1 },
  { type: "reverting", transaction: 1 },
  { type: "applied", transaction: 1, kept: ["HEAD"] },
  { type: "reverted", transaction: 1, kept: ["HEAD"] },
  {
    type: "paused",
    reason: "diverged",
    detail: [{ ref: "HEAD", old: null, new: OID, actual: "ref: refs/heads/b" }],
    at: AT,
  },
  { type: "committed", at: AT, kept: ["HEAD"] },
  { type: "rolled_back", at: AT, kept: ["HEAD"] },
];

const MARKER: OpState = {
  op_id: ID,
  command: "meta set a",
  phase: "in_progress",
  updated_at: AT,
  origin_git_dir: "/r/.git",
  origin_work_dir: null,
  plan_digest: null,
  touched_refs: [{ ref: "refs/heads/a", old: OID }],
  awaiting_reason: null,
  resumes: ID,
};

/** Members that a record or marker need not have. */
const OPTIONAL = new Set([
  "resumes",
  "verify",
  "document",
  "old_content",
  "new_content",
  "create",
  "packed_inode",
  "kept",
]);

/** Copies of a value in which one member, at whatever depth, is left out or is something else; and which one. */
function* variants(
  value: unknown,
  replace: (name: string, member: unknown) => readonly unknown[],
  where = "",
): Generator<{ where: string; value: unknown }> {
  if (typeof value !== "object" || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    const path = `${where}.${name}`;
    const copy = (changed: unknown) => {
      if (!Array.isArray(value)) return { ...value, [name]: changed };
      return value.map((element, index) => String(index) === name ? changed : element);
    };
    for (const other of replace(name, member)) yield { where: path, value: copy(other) };
    for (const inner of variants(member, replace, path)) yield { where: inner.where, value: copy(inner.value) };
  }
}

const asRead = (value: unknown) => JSON.parse(JSON.stringify(value)) as { type: string };

test("recordFault() passes every record that is whole, with and without what it need not have", () => {
  for (const record of RECORDS) {
    assert.equal(recordFault(asRead(record)), null, record.type);
    assert.equal(recordFault({ ...asRead(record), from_the_future: 1 } as { type: string }), null, record.type);
    for (const { where, value } of variants(record, (name) => OPTIONAL.has(name) ? [undefined] : [])) {
      assert.equal(recordFault(asRead(value)), null, `${record.type}${where}`);
    }
  }
});

test("recordFault() passes a beginning of the main worktree of which nothing is known", () => {
  const nothing = { boot_id: null, origin_work_dir: null, worktree_id: null, undoes: null, previous: null };
  assert.equal(recordFault(asRead({ ...BEGIN, ...nothing })), null);
});

test("recordFault() misses every required member", () => {
  let count = 0;
  for (const record of RECORDS) {
    const leaveOut = (name: string) => OPTIONAL.has(name) || name === "type" || /^\d+$/.test(name) ? [] : [undefined];
    for (const { where, value } of variants(record, leaveOut)) {
      count++;
      assert.equal(recordFault(asRead(value)), "malformed", `${record.type}${where}`);
    }
  }
  assert.ok(count > 50);
});

test("recordFault() refuses every member of a wrong type", () => {
  for (const record of RECORDS) {
    const wrong = (name: string, member: unknown) => {
      if (name === "type") return [];
      const others: unknown[] = [true, -1, 1.5, {}, [[]]].filter((other) => other !== member);
      return typeof member === "string" ? [...others, 7] : [...others, "x y"];
    };
    for (const { where, value } of variants(record, wrong)) {
      assert.equal(recordFault(asRead(value)), "malformed", `${record.type}${where}: ${JSON.stringify(value)}`);
    }
  }
});

test("recordFault() refuses names that leave their folder, values that are none, and ids of no operation", () => {
  const badNames = ["", "../x", "refs/../../x", "/etc/passwd", "refs//x", "refs/x/", "a\\..\\b", "refs/x.lock", "a b"];
  badNames.push("refs/x\n", "refs/x\0", "@", "refs/.x");
  const badValues = [
    "",
    "x",
    OID.slice(1),
    `${OID}0`,
    OID.toUpperCase(),
    `${OID}\n`,
    "ref: ",
    "ref: ../x",
    "ref:refs/x",
  ];
  const badIds = ["", "../../../../victim", `${ID}\n`, ID.toUpperCase(), `${ID}/..`];
  const bad = (name: string, member: unknown): readonly unknown[] => {
    if (name === "ref") return badNames;
    if (["old", "new", "actual"].includes(name)) return badValues;
    if (["op_id", "undoes", "resumes", "id"].includes(name)) return badIds;
    if (name === "worktree_id") return ["", ".", "..", "a/b", "../x", "x\0", "a\\..\\b"];
    if (name === "identity") return ["x\ny", "x\0"];
    if (name === "packed_inode") return ["", "-1", "1e9", "0x10", "9".repeat(21)];
    if (name === "path") return ["", "reftable"];
    if (name === "purpose") return ["", "other"];
    if (name === "base64") return ["=", "abc", "a=bc", "ab=c", "====", "!!!!"];
    if (name === "0" && member === "HEAD") return badNames;
    return [];
  };
  let count = 0;
  for (const record of RECORDS) {
    for (const { where, value } of variants(record, bad)) {
      count++;
      assert.equal(recordFault(asRead(value)), "malformed", `${record.type}${where}: ${JSON.stringify(value)}`);
    }
  }
  assert.ok(count > 150);
});

test("recordFault() knows a type that is not known from a record that is malformed", () => {
  for (const type of ["", "beginning", "toString", "__proto__", "hasOwnProperty"]) {
    assert.equal(recordFault(asRead({ type })), "unknown", type);
  }
  assert.equal(recordFault({ type: "updates" }), "malformed");
});

test("isMarker() passes a whole marker and nothing less", () => {
  assert.ok(isMarker(asRead(MARKER)));
  assert.ok(isMarker(asRead({ ...MARKER, phase: "paused", resumes: undefined, awaiting_reason: "diverged" })));
  for (const { where, value } of variants(MARKER, (name) => OPTIONAL.has(name) || name === "0" ? [] : [undefined])) {
    assert.ok(!isMarker(asRead(value)), where);
  }
  for (const { where, value } of variants(MARKER, () => [7, {}, true])) assert.ok(!isMarker(asRead(value)), where);
  for (const op_id of ["", "../../../../victim2", `${ID}\n`, `${ID}/x`]) assert.ok(!isMarker({ ...MARKER, op_id }));
  for (const phase of ["", "committed"]) assert.ok(!isMarker({ ...MARKER, phase }));
  for (const other of [null, [], "x", 7, true]) assert.ok(!isMarker(other));
});

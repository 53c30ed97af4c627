import assert from "node:assert/strict";
import { Journal, listJournals, readJournal } from "../../src/engine/journal.ts";
import { type BeginRecord, encodeRecord, type JournalRecord } from "../../src/engine/journal_format.ts";
import { readOpState, writeOpState } from "../../src/engine/op_state.ts";
import { concatBytes, utf8 } from "../../src/platform/text.ts";
import { test } from "../harness.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem, textAt } from "../simulation/sim_system.ts";
import { EMPTY_REPOSITORY, openTestRepository, openTestWriter } from "./engine_repository.ts";

const ID = "019b76da-a801-7b40-87ed-a0caa7e9ba10";
const OTHER_ID = "019b76da-a801-7b40-87ed-a0caa7e9ba11";
const PATH = `/c/lattice/ops/${ID}.jsonl`;
const MARKER_PATH = "/c/lattice/op-state.json";

const BEGIN: BeginRecord = {
  type: "begin",
  format: 1,
  op_id: ID,
  command: "meta set a",
  arguments: [],
  purpose: "operation",
  started_at: "2026-01-07T00:00:00.000Z",
  pid: 7,
  host: "h",
  boot_id: null,
  origin_git_dir: "/c",
  origin_work_dir: null,
  worktree_id: null,
  undoes: null,
  previous: null,
};

const MARKER = {
  op_id: ID,
  command: "meta set a",
  phase: "in_progress",
  updated_at: "2026-01-07T00:00:00.000Z",
  origin_git_dir: "/c",
  origin_work_dir: null,
  plan_digest: null,
  touched_refs: [],
  awaiting_reason: null,
} as const;

function systemWith(files: Parameters<typeof SimDisk.fromTree>[0]): SimSystem {
  return new SimSystem(SimDisk.fromTree(files));
}

/** Both ways to a journal: to look at it, and to write on. */
const WAYS: readonly ((system: SimSystem) => unknown)[] = [
  (system) => readJournal(system, "/c", ID),
  (system) => {
    const journal = Journal.reopen(system, "/c", ID);
    journal?.close();
    return journal?.records ?? null;
  },
];

test("readJournal() and Journal.reopen() read what Journal.begin() wrote", () => {
  const system = systemWith({ "/c/lattice/ops": null });
  Journal.begin(system, "/c", [BEGIN]).close();
  for (const read of WAYS) assert.deepEqual(read(system), [BEGIN]);
  assert.deepEqual(listJournals(system, "/c"), [ID]);
  assert.equal(system.disk.openFiles, 0);
});

test("readJournal() and Journal.reopen() find nothing where there is no file, no folder, or no such id", () => {
  for (const files of [{ "/c/lattice/ops": null }, { "/c": null }]) {
    for (const read of WAYS) assert.equal(read(systemWith(files)), null);
    assert.deepEqual(listJournals(systemWith(files), "/c"), []);
  }
  const system = systemWith({ "/c/lattice/ops": null, "/c/secret.jsonl": encodeRecord(BEGIN, 0) });
  for (const id of ["../../secret", `${ID}/../../../secret`, ""]) {
    assert.equal(readJournal(system, "/c", id), null);
    assert.equal(Journal.reopen(system, "/c", id), null);
  }
});

test("readJournal() and Journal.reopen() refuse the journal of another operation and name the file", () => {
  const system = systemWith({ [PATH]: encodeRecord({ ...BEGIN, op_id: OTHER_ID }, 0) });
  for (const read of WAYS) {
    assert.throws(() => read(system), { code: "invalid_data", details: { path: PATH, op: OTHER_ID } });
  }
  assert.equal(system.disk.openFiles, 0);
});

test("Journal.reopen() leaves a journal as it is that it cannot go on with", () => {
  const later = { type: "from_the_future" } as unknown as JournalRecord;
  const bare = { type: "updates" } as unknown as JournalRecord;
  for (const [record, code] of [[later, "unsupported"], [bare, "invalid_data"]] as const) {
    const bytes = concatBytes([encodeRecord(BEGIN, 0), encodeRecord(record, 0), utf8("torn")]);
    const system = systemWith({ [PATH]: bytes });
    for (const read of WAYS) assert.throws(() => read(system), { code });
    assert.equal(textAt(system.disk, PATH), new TextDecoder().decode(bytes));
    assert.equal(system.disk.openFiles, 0);
  }
});

test("a symbolic link in place of a journal, of their folder or of the marker is refused and not followed", () => {
  const journal = encodeRecord(BEGIN, 0);
  const marker = `${JSON.stringify(MARKER)}\n`;
  const linked = systemWith({ "/x/j": journal, [PATH]: { link: "/x/j" } });
  const folder = systemWith({ [`/x/${ID}.jsonl`]: journal, "/c/lattice/ops": { link: "/x" } });
  for (const read of WAYS) {
    assert.throws(() => read(linked), { code: "unsupported", details: { path: PATH, kind: "symlink" } });
    const details = { path: "/c/lattice/ops", kind: "symlink" };
    assert.throws(() => read(folder), { code: "unsupported", details });
  }
  assert.throws(() => listJournals(folder, "/c"), {
    code: "unsupported",
    message: '"/c/lattice/ops" is not a folder but a symbolic link',
  });
  const away = systemWith({ "/x/m": marker, [MARKER_PATH]: { link: "/x/m" } });
  assert.throws(() => readOpState(away, "/c"), {
    code: "unsupported",
    message: `"${MARKER_PATH}" is not a file but a symbolic link`,
  });
});

test("a folder in place of a journal or of the marker, and a file in place of the journals' folder, are refused", () => {
  for (const read of WAYS) {
    assert.throws(() => read(systemWith({ [`${PATH}/x`]: null })), {
      code: "unsupported",
      details: { path: PATH, kind: "directory" },
    });
    assert.throws(() => read(systemWith({ "/c/lattice/ops": "" })), { code: "unsupported" });
  }
  assert.throws(() => listJournals(systemWith({ "/c/lattice/ops": "" }), "/c"), { code: "unsupported" });
  assert.throws(() => readOpState(systemWith({ [`${MARKER_PATH}/x`]: null }), "/c"), { code: "unsupported" });
});

test("readOpState() reads what writeOpState() wrote", () => {
  const system = systemWith({ [`/c/lattice/tmp/${ID}`]: null });
  assert.equal(readOpState(system, "/c"), null);
  writeOpState(system, "/c", MARKER);
  assert.deepEqual(readOpState(system, "/c"), MARKER);
});

test("readOpState() calls a marker unreadable that is torn, or names no operation", () => {
  const texts = ["", "{", "null", "[]", '{"op_id":"../../../../victim2","phase":"in_progress"}'];
  for (const op_id of ["../../../../victim2", "", `${ID}/..`, `${ID}\n`]) {
    texts.push(JSON.stringify({ ...MARKER, op_id }));
  }
  texts.push(JSON.stringify({ op_id: ID, phase: "in_progress" }));
  for (const text of texts) assert.equal(readOpState(systemWith({ [MARKER_PATH]: text }), "/c"), "unreadable", text);
});

test("openWriter() removes nothing outside for a marker whose id leads there", async () => {
  for (const op_id of ["../../../../victim2", "../../../victim2"]) {
    const system = systemWith({
      ...EMPTY_REPOSITORY,
      "/victim2/file": "kept",
      "/victim2.jsonl": "kept",
      "/r/victim2/file": "kept",
      "/r/victim2.jsonl": "kept",
      "/r/.git/lattice/ops": null,
      "/r/.git/lattice/tmp": null,
      "/r/.git/lattice/op-state.json": JSON.stringify({ ...MARKER, op_id }),
    });
    (await openTestWriter(openTestRepository(system))).close();
    for (const top of ["", "/r"]) {
      assert.equal(textAt(system.disk, `${top}/victim2/file`), "kept");
      assert.equal(textAt(system.disk, `${top}/victim2.jsonl`), "kept");
    }
    assert.equal(system.disk.lstat("/r/.git/lattice/op-state.json"), null, "the damaged marker goes");
  }
});

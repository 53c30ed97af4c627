import assert from "node:assert/strict";
import {
  decodeJournal,
  encodeRecord,
  type JournalRecord,
  loadBytes,
  storeBytes,
} from "../../src/engine/journal_format.ts";
import { crc32 } from "../../src/platform/crc32.ts";
import { concatBytes, utf8 } from "../../src/platform/text.ts";
import { test } from "../harness.ts";

const BEGIN: JournalRecord = {
  type: "begin",
  format: 1,
  op_id: "019b76da-a801-7b40-87ed-a0caa7e9ba10",
  command: "meta set a",
  arguments: ["meta", "set", "a"],
  purpose: "operation",
  started_at: "2026-01-07T00:00:00.000Z",
  pid: 7,
  host: "h",
  boot_id: null,
  origin_git_dir: "/r/.git",
  origin_work_dir: "/r",
  worktree_id: null,
  undoes: null,
  previous: null,
};
const PREPARED: JournalRecord = { type: "prepared", transaction: 1 };
const COMMITTED: JournalRecord = { type: "committed", at: "2026-01-07T00:00:01.000Z" };

test("encodeRecord() keeps format 1 byte for byte", () => {
  assert.equal(
    new TextDecoder().decode(encodeRecord(PREPARED, 417)),
    '{"sum":"56e23b1c","flushed":417,"record":{"type":"prepared","transaction":1}}\n',
  );
});

test("decodeJournal() reads what encodeRecord() writes", () => {
  const bytes = concatBytes([encodeRecord(BEGIN, 0), encodeRecord(PREPARED, 0), encodeRecord(COMMITTED, 300)]);
  const { records, soundLength, firstLine } = decodeJournal(bytes, "/j");
  assert.deepEqual(records, [BEGIN, PREPARED, COMMITTED]);
  assert.equal(soundLength, bytes.length);
  assert.deepEqual(firstLine, encodeRecord(BEGIN, 0));
});

test("decodeJournal() takes any cut of what was not flushed for a torn tail", () => {
  const first = encodeRecord(BEGIN, 0);
  const bytes = concatBytes([first, encodeRecord(PREPARED, first.length)]);
  for (let length = first.length; length < bytes.length; length++) {
    const { records, soundLength } = decodeJournal(bytes.subarray(0, length), "/j");
    assert.deepEqual(records, [BEGIN]);
    assert.equal(soundLength, first.length);
  }
});

test("decodeJournal() calls any changed byte before the flushed length corrupt, and names where", () => {
  const first = encodeRecord(BEGIN, 0);
  const bytes = concatBytes([first, encodeRecord(PREPARED, first.length)]);
  for (let at = 0; at < first.length; at++) {
    const damaged = Uint8Array.from(bytes);
    damaged[at]! ^= 1;
    assert.throws(() => decodeJournal(damaged, "/j"), { code: "invalid_data" }, `byte ${at}`);
  }
});

test("decodeJournal() calls a bad line between flushed ones corrupt", () => {
  const first = encodeRecord(BEGIN, 0);
  const second = encodeRecord(PREPARED, first.length);
  const third = encodeRecord(COMMITTED, first.length + second.length);
  const damaged = concatBytes([first, second, third]);
  damaged[first.length + 30]! ^= 1;
  assert.throws(() => decodeJournal(damaged, "/j"), {
    code: "invalid_data",
    details: { path: "/j", offset: first.length },
  });
});

test("decodeJournal() refuses a format that it does not know", () => {
  assert.throws(() => decodeJournal(encodeRecord({ ...BEGIN, format: 2 } as JournalRecord, 0), "/j"), {
    code: "unsupported",
  });
});

test("storeBytes() and loadBytes() keep any bytes", () => {
  for (const bytes of [utf8(""), utf8('{"a":"ü\\n"}'), Uint8Array.of(0xff, 0, 0x80, 10), utf8("\ufeffx")]) {
    assert.deepEqual(loadBytes(JSON.parse(JSON.stringify(storeBytes(bytes)))), bytes);
  }
});

test("decodeJournal() takes time by the size of a hostile tail, not by its square", () => {
  const first = encodeRecord(BEGIN, 0);
  const lines = ['{"sum":"00000000",', '{"sum":"', "{", "\n", '{"sum":"\n', '{"sum":"00000000",\n'];
  const start = performance.now();
  for (const line of lines) {
    const bytes = concatBytes([first, utf8(`x${line.repeat(1_000_000 / line.length)}\n`)]);
    const { records, soundLength } = decodeJournal(bytes, "/j");
    assert.deepEqual(records, [BEGIN]);
    assert.equal(soundLength, first.length);
  }
  const elapsedMs = performance.now() - start;
  assert.ok(elapsedMs < 12_000, `six megabytes took ${elapsedMs} ms; by the square they would take minutes`);
});

test("decodeJournal() finds the proof behind a damaged newline, and behind hostile beginnings of lines", () => {
  const first = encodeRecord(BEGIN, 0);
  const second = encodeRecord(PREPARED, 0);
  for (const between of ["", '{"sum":"', '{"sum":"00000000",'.repeat(100), '{"sum":"\n{"sum":"']) {
    const bad = concatBytes([second.subarray(0, -1), utf8(`\t${between}`)]);
    const third = encodeRecord(COMMITTED, first.length + second.length);
    assert.throws(() => decodeJournal(concatBytes([first, bad, third]), "/j"), {
      code: "invalid_data",
      details: { path: "/j", offset: first.length },
    }, JSON.stringify(between));
  }
});

test("decodeJournal() refuses a line whose sum is right and that holds no record", () => {
  const first = encodeRecord(BEGIN, 0);
  const bodies = ["", "}", "1", '"flushed":0}', '"flushed":"0","record":{"type":"prepared","transaction":1}}'];
  bodies.push('"flushed":0,"record":null}', '"flushed":0,"record":{"type":7}}', `"flushed":${"[".repeat(200_000)}`);
  bodies.push('"flushed":1.5,"record":{"type":"prepared","transaction":1}}');
  for (const body of bodies) {
    const sum = crc32(utf8(body)).toString(16).padStart(8, "0");
    assert.throws(() => decodeJournal(concatBytes([first, utf8(`{"sum":"${sum}",${body}\n`)]), "/j"), {
      code: "invalid_data",
      details: { path: "/j", offset: first.length },
    }, body.slice(0, 80));
  }
});

test("decodeJournal() refuses a malformed record and names its byte", () => {
  const first = encodeRecord(BEGIN, 0);
  const bare = { type: "updates" } as unknown as JournalRecord;
  for (const record of [bare, BEGIN]) {
    assert.throws(() => decodeJournal(concatBytes([first, encodeRecord(record, 0)]), "/j"), {
      code: "invalid_data",
      message: `the journal "/j" is damaged at byte ${first.length}`,
    });
  }
  assert.throws(() => decodeJournal(encodeRecord({ ...BEGIN, op_id: "../x" }, 0), "/j"), {
    code: "invalid_data",
    details: { path: "/j", offset: 0 },
  });
});

test("decodeJournal() refuses a type of record that it does not know, and names type and file", () => {
  for (const type of ["from_the_future", "constructor", "__proto__", ""]) {
    const record = { type } as unknown as JournalRecord;
    assert.throws(() => decodeJournal(concatBytes([encodeRecord(BEGIN, 0), encodeRecord(record, 0)]), "/j"), {
      code: "unsupported",
      message: `the journal "/j" has a record of type ${JSON.stringify(type)}`,
    });
  }
});

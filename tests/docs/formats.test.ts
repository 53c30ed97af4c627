import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readNotes } from "../../src/engine/child_hooks.ts";
import { decodeJournal, encodeRecord } from "../../src/engine/journal_format.ts";
import { readOpState } from "../../src/engine/op_state.ts";
import { recordFault } from "../../src/engine/record_check.ts";
import { decodeSnapshot, digestOf, encodeSnapshot } from "../../src/engine/snapshot.ts";
import { computeOid, SHA1 } from "../../src/git/object_format.ts";
import { PACKED_HEADER } from "../../src/git/refs/files/packed.ts";
import { formatReflogLine, parseReflogLine } from "../../src/git/refs/reflog.ts";
import { inspectRepoLock, tryAcquireRepoLock } from "../../src/locks/repo_lock.ts";
import { parseDocument } from "../../src/metadata/parse.ts";
import { serializeDocument } from "../../src/metadata/serialize.ts";
import { utf8 } from "../../src/platform/text.ts";
import { renderDocument } from "../../src/state/document.ts";
import { digestOf as digestOfDocument } from "../../src/state/document_store.ts";
import { test } from "../harness.ts";
import { EMPTY_REPOSITORY, openTestRepository } from "../engine/engine_repository.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";

const PAGE = readFileSync(new URL("../../docs/formats.md", import.meta.url), "utf8");

/** The one example of a kind. */
function example(kind: string): string {
  const [first, ...more] = [...PAGE.matchAll(new RegExp(`^\`\`\`${kind}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))];
  assert.ok(first !== undefined && more.length === 0, `docs/formats.md has one example of ${kind}`);
  return first[1]!;
}

test("docs/formats.md: the journal is read back, and written to the same bytes", () => {
  const text = example("journal");
  const bytes = utf8(text);
  const { records, soundLength } = decodeJournal(bytes, "/example");
  assert.equal(soundLength, bytes.length);
  assert.deepEqual(records.map((record) => record.type), ["begin", "updates", "committed"]);
  const flushed = text.lastIndexOf("\n", text.length - 2) + 1;
  const lines = records.map((record, index) => new TextDecoder().decode(encodeRecord(record, index < 2 ? 0 : flushed)));
  assert.equal(lines.join(""), text);
  assert.ok(PAGE.includes(`one write (${flushed} bytes)`));
  const update = records[1]?.type === "updates" ? records[1].updates[0] : undefined;
  assert.equal(update?.new, computeOid(SHA1, "blob", utf8("{}")));
});

test("docs/formats.md: the record of a batch passes the check of records", () => {
  const record = JSON.parse(example("updates")) as { type: string; packed_inode: string };
  assert.equal(recordFault(record), null);
  assert.equal(recordFault({ ...record, packed_inode: "x" } as { type: string }), "malformed");
});

test("docs/formats.md: the types of records are those that readers know", () => {
  const table = /^\| type \| members \| when \|\n([\s\S]*?)\n\n/m.exec(PAGE);
  assert.ok(table !== null);
  const written = [...table[1]!.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1]!);
  assert.equal(written.length, 11);
  for (const type of written) assert.equal(recordFault({ type }), "malformed", type); // known, and empty
});

test("docs/formats.md: the snapshot and the notes of an operation of several steps are understood", () => {
  const snapshot = utf8(example("snapshot"));
  const { refs, unfinished } = decodeSnapshot(snapshot, digestOf(snapshot), "/example");
  assert.deepEqual([[...refs.keys()], unfinished], [["HEAD", "refs/heads/main"], ["MERGE_HEAD"]]);
  assert.deepEqual(encodeSnapshot({ refs, unfinished, damaged: [] }), snapshot);
  const system = new SimSystem(SimDisk.fromTree({ ...EMPTY_REPOSITORY, "/d/notes/7": example("notes") }));
  assert.deepEqual(readNotes(openTestRepository(system), "/d").map(({ ref, old }) => [ref, old]), [
    ["refs/heads/main", null],
    ["refs/heads/topic", undefined],
  ]);
});

test("docs/formats.md: the document is canonical", () => {
  const text = example("document").trimEnd();
  const context = { branch: "feature-b", format: SHA1 };
  assert.equal(new TextDecoder().decode(serializeDocument(parseDocument(utf8(text), context), context)), text);
});

test("docs/formats.md: the reflog line and the header of packed-refs are the program's own", () => {
  const line = example("reflog");
  const entry = parseReflogLine(utf8(line.trimEnd()), SHA1)!;
  const identity = `${entry.identity} ${entry.seconds} ${entry.timeZone}`;
  assert.equal(new TextDecoder().decode(formatReflogLine(entry.old, entry.new, identity, entry.message)), line);
  assert.ok(PAGE.includes(`    ${PACKED_HEADER} peeled fully-peeled sorted \n`));
});

test("docs/formats.md: the marker and the text of the lock are understood", () => {
  const files = { "/c/lattice/op-state.json": example("op-state"), "/c/lattice/lock": example("lock") };
  const system = new SimSystem(SimDisk.fromTree(files));
  const state = readOpState(system, "/c");
  assert.ok(state !== null && state !== "unreadable");
  assert.equal(`${JSON.stringify(state)}\n`, example("op-state"));
  const given = JSON.parse(example("lock")) as Record<string, unknown>;
  using lock = tryAcquireRepoLock(system, { commonDir: "/c", command: "c", backend: "flock" });
  assert.deepEqual(lock?.notes, { sweptBootId: given["boot_id"], lastOperation: given["last_operation"] });
  const written = JSON.parse(new TextDecoder().decode(system.disk.readFile("/c/lattice/lock")!)) as object;
  assert.deepEqual(Object.keys(written), Object.keys(given));
  assert.equal(inspectRepoLock(system, "/c")?.command, "c");
});

test("docs/formats.md: the state document is as the library writes it, and its digest is the one given", () => {
  const text = example("state");
  assert.equal(renderDocument(JSON.parse(text), true), text);
  assert.ok(PAGE.includes(`\`${digestOfDocument(utf8(text))}\``));
});

import assert from "node:assert/strict";
import { journaledOperations, operations } from "../../src/engine/history.ts";
import { readJournal } from "../../src/engine/journal.ts";
import { endsOf, readJournalEnds } from "../../src/engine/journal_ends.ts";
import type { JournalRecord } from "../../src/engine/journal_format.ts";
import { concatBytes, utf8 } from "../../src/platform/text.ts";
import { test } from "../harness.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";
import { metadataUpdate, pastId, pastJournals, type PastOperation } from "./past_operations.ts";

function systemWith(journals: readonly (readonly [string, Uint8Array])[]): SimSystem {
  const files = journals.map(([name, bytes]) => [`/c/lattice/ops/${name}`, bytes]);
  return new SimSystem(SimDisk.fromTree({ "/c/lattice/ops": null, ...Object.fromEntries(files) }));
}

function after(past: readonly PastOperation[]): SimSystem {
  return systemWith(pastJournals(past));
}

/** Journals that were opened. */
function opened(system: SimSystem): string[] {
  return system.disk.trace.filter(({ operation }) => operation === "openRead").map(({ path }) => path);
}

test("operations() reads the journals that are asked for and no other", () => {
  const system = after(Array.from({ length: 300 }, () => ({})));
  const newest = [...operations(system, "/c").take(3)];
  assert.deepEqual(newest.map(({ op_id }) => op_id), [299, 298, 297].map((index) => pastId(index)));
  assert.deepEqual(opened(system), [299, 298, 297].map((index) => `/c/lattice/ops/${pastId(index)}.jsonl`));
});

test("operations() knows from the newer ones by whom an operation is undone", () => {
  const undo = (index: number): PastOperation => ({ undoes: pastId(index) });
  const system = after([{}, {}, undo(1), undo(2), { ...undo(0), end: "rolled_back" }, { ...undo(0), end: null }, {}]);
  const found = [...operations(system, "/c")].reverse();
  // 3 undoes the undo 2, so 1 stands again; 4 did not happen; 5 did, as 6 says.
  assert.deepEqual(found.map(({ undone_by }) => undone_by), [pastId(5), null, pastId(3), null, null, null, null]);
  assert.equal(found[5]!.phase, "committed");
  assert.equal(found[5]!.finished_at, found[6]!.started_at);
});

test("operations() leaves plumbing out, journaledOperations() does not and tells whose end is recorded", () => {
  const system = after([{}, { end: null }, { purpose: "plumbing", end: null }, { end: "paused" }]);
  assert.deepEqual([...operations(system, "/c")].map(({ phase }) => phase), ["paused", "committed", "committed"]);
  const all = [...journaledOperations(system, "/c")].map(({ begin, endRecorded }) => [begin.purpose, endRecorded]);
  assert.deepEqual(all, [["operation", false], ["plumbing", false], ["operation", false], ["operation", true]]);
});

test("readJournalEnds() finds what reading everything finds, however large and however torn the journal is", () => {
  const large = metadataUpdate(0, "x".repeat(200_000));
  const small = metadataUpdate(0);
  const at = "2026-01-07T00:00:00.000Z";
  const kept = Array.from({ length: 2000 }, (_, index) => `refs/heads/branch-${index}`);
  const bodies: (readonly JournalRecord[])[] = [
    [small],
    [large],
    [large, { type: "prepared", transaction: 1 }],
    [large, { type: "committed", at }, { type: "checkpoint", name: "x", at }],
    [large, { type: "committed", at, kept }], // an end that is longer than what is looked at
    [large, { type: "paused", reason: "diverged", detail: [], at }],
  ];
  let tried = 0;
  for (const records of bodies) {
    for (const end of ["committed", "rolled_back", "paused", null] as const) {
      // The last tail is longer than what is looked at.
      for (const tail of ["", '{"sum":"', "\n", "torn\n", "x".repeat(100_000)]) {
        const [[name, bytes]] = pastJournals([{ records, end }]) as [[string, Uint8Array]];
        const system = systemWith([[name, concatBytes([bytes, utf8(tail)])]]);
        const whole = readJournal(system, "/c", pastId(0))!;
        assert.deepEqual(readJournalEnds(system, "/c", pastId(0)), endsOf(whole), `${records.length} ${end} ${tail}`);
        tried++;
      }
    }
  }
  assert.equal(tried, 120);
});

test("readJournalEnds() reads a few kilobytes of a large journal", () => {
  const [[name, bytes]] = pastJournals([{ records: [metadataUpdate(0, "x".repeat(5_000_000))] }]) as [
    [string, Uint8Array],
  ];
  // Damage in the middle is found by whoever reads it all, and so it shows here that the middle was not read.
  const damaged = bytes.slice();
  damaged[2_500_000] = 0;
  const system = systemWith([[name, damaged]]);
  assert.throws(() => readJournal(system, "/c", pastId(0)), { code: "invalid_data" });
  assert.equal(readJournalEnds(system, "/c", pastId(0))?.end?.type, "committed");
});

test("readJournalEnds() finds nothing where there is no journal, or only a torn one", () => {
  assert.equal(readJournalEnds(after([]), "/c", pastId(0)), null);
  assert.equal(readJournalEnds(after([{}]), "/c", "../ops/x"), null);
  assert.equal(readJournalEnds(systemWith([[`${pastId(0)}.jsonl`, utf8("torn")]]), "/c", pastId(0)), null);
});

test("readJournalEnds() refuses the journal of another operation", () => {
  const [[, bytes]] = pastJournals([{ records: [metadataUpdate(0, "x".repeat(200_000))] }]) as [[string, Uint8Array]];
  const system = systemWith([[`${pastId(1)}.jsonl`, bytes]]);
  assert.throws(() => readJournalEnds(system, "/c", pastId(1)), { code: "invalid_data" });
});

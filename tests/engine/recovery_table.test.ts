import assert from "node:assert/strict";
import { decide, type Evidence, RECOVERY } from "../../src/engine/recovery_table.ts";
import type { LastRecord, RefState, TransactionKind } from "../../src/engine/situation.ts";
import { test } from "../harness.ts";

const LAST: readonly LastRecord[] = ["updates", "prepared", "reverting", "end"];
const KINDS: readonly TransactionKind[] = ["single", "several", "batch"];
const STATES: readonly RefState[] = ["old", "new", "third"];

/** Every combination of states and locks of up to three refs, with every last record, path and possibility. */
function* everyEvidence(): Generator<Evidence> {
  const single = STATES.flatMap((state) => [true, false].map((locked) => ({ state, locked })));
  let refs: Evidence["refs"][] = [[]];
  for (let count = 0; count <= 3; count++) {
    for (const last of LAST) {
      for (const kind of KINDS) {
        for (const shown of [true, false, null]) {
          for (const possible of [true, false]) {
            for (const one of refs) yield { last, kind, shown, refs: one, possible };
          }
        }
      }
    }
    refs = refs.flatMap((one) => single.map((next) => [...one, next]));
  }
}

test("RECOVERY matches every state exactly once", () => {
  let count = 0;
  for (const evidence of everyEvidence()) {
    const matching = RECOVERY.filter((row) => row.matches(evidence)).map((row) => row.name);
    assert.equal(matching.length, 1, `${JSON.stringify(evidence)} matches ${JSON.stringify(matching)}`);
    count++;
  }
  console.log(`recovery table: ${count} states`);
});

test("RECOVERY has no row that never applies", () => {
  const used = new Set<string>();
  for (const evidence of everyEvidence()) used.add(RECOVERY.find((row) => row.matches(evidence))!.name);
  assert.deepEqual([...used].sort(), RECOVERY.map((row) => row.name).sort());
});

test("decide() writes no ref unless the operation was prepared and every ref is reached or still ours", () => {
  for (const evidence of everyEvidence()) {
    const decision = decide(evidence);
    if (decision !== "redo" && decision !== "take-back") continue;
    assert.ok(evidence.last === "prepared" || evidence.last === "reverting");
    const target = decision === "redo" ? "new" : "old";
    assert.ok(evidence.possible);
    assert.ok(evidence.refs.every(({ state, locked }) => state === target || (state !== "third" && locked)));
  }
});

test("decide() takes a batch for applied only when nothing speaks against it", () => {
  for (const evidence of everyEvidence()) {
    if (evidence.kind !== "batch" || decide(evidence) !== "applied") continue;
    const guessed = evidence.shown === null;
    assert.ok(evidence.shown === true || (guessed && evidence.refs.every(({ state }) => state !== "old")));
  }
});

test("decide() never lets a prepared operation with a third value go by unseen", () => {
  for (const evidence of everyEvidence()) {
    if (evidence.last !== "prepared" && evidence.last !== "reverting") continue;
    if (evidence.refs.some(({ state }) => state === "third")) assert.equal(decide(evidence), "pause");
  }
});

import assert from "node:assert/strict";
import { test } from "../../harness.ts";
import { median } from "./contest.ts";
import { ratioOf, renderRatio, rowsOf, verdictOf } from "./table.ts";

function scoreOf(medianMs: number, ratioMax?: number) {
  const turn = () => {
    throw new Error("nothing runs here");
  };
  return { competitor: { name: "x", turn, ...(ratioMax === undefined ? {} : { ratioMax }) }, medianMs, flushes: 0 };
}

test("median() is the middle number, or the mean of the middle two", () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([10, 9, 1, 4]), 6.5);
});

test("verdictOf() judges lattice against each other competitor by that one's budget", () => {
  const rows = rowsOf("work", [scoreOf(20), scoreOf(100, 1 / 5), scoreOf(99, 1 / 5), scoreOf(1)]);
  assert.deepEqual(rows.map(verdictOf), ["reached", "missed", "no budget"]);
  assert.equal(ratioOf(rows[0]!), 0.2);
});

test("renderRatio() shows small ratios as fractions", () => {
  assert.deepEqual([1 / 7, 0.5, 1.3, 20.831].map(renderRatio), ["1/7.0", "0.50x", "1.30x", "20.83x"]);
});

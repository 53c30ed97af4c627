import assert from "node:assert/strict";
import { test } from "../../harness.ts";
import { median } from "./contest.ts";
import { ratioOf, renderHeading, renderLeftOut, renderRatio, renderRow, rowsOf, verdictOf } from "./table.ts";

function scoreOf(medianMs: number, ratioMax?: number) {
  const turn = () => {
    throw new Error("nothing runs here");
  };
  return {
    competitor: { name: "x", turn, ...(ratioMax === undefined ? {} : { ratioMax }) },
    medianMs,
    flushes: 0,
    peakMb: null,
  };
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

test("renderRow() and renderLeftOut() keep to the columns of the heading", () => {
  const heading = renderHeading().split("\n")[0]!;
  const row = renderRow(rowsOf("some work", [scoreOf(20), scoreOf(100, 1 / 5)])[0]!);
  assert.equal(row.indexOf("x "), heading.indexOf("against"));
  assert.equal(row.indexOf("? / ?") + "? / ?".length, heading.indexOf("peak MB") + "peak MB".length);
  assert.equal(row.indexOf("reached"), heading.indexOf("verdict"));
  const leftOut = renderLeftOut("some work", { name: "another", reason: "it is not there" });
  assert.equal(leftOut.indexOf("another"), heading.indexOf("against"));
  assert.ok(leftOut.endsWith("  left out: it is not there"), leftOut);
});

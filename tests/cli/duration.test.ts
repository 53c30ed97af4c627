import assert from "node:assert/strict";
import { test } from "../harness.ts";
import { parseDuration, requireDuration } from "../../src/cli/duration.ts";

test("parseDuration() reads a whole number and a unit", () => {
  const known: [string, number][] = [
    ["0", 0],
    ["inf", Infinity],
    ["0ms", 0],
    ["250ms", 250],
    ["10s", 10_000],
    ["5m", 300_000],
    ["2h", 7_200_000],
    ["1d", 86_400_000],
    ["007s", 7000],
  ];
  for (const [text, ms] of known) assert.equal(parseDuration(text), ms, text);
});

test("parseDuration() refuses everything else", () => {
  const refused = [
    "",
    "10",
    "00",
    "-1s",
    "+1s",
    "1.5s",
    "1e3ms",
    "s",
    "10 s",
    " 10s",
    "10s ",
    "10S",
    "1w",
    "infinity",
    "Inf",
  ];
  for (const text of [...refused, "10s\n", "99999999999999999999d", "１s"]) {
    assert.equal(parseDuration(text), null, text);
  }
});

test("requireDuration() names the source and the text", () => {
  assert.throws(() => requireDuration("soon", "LATTICE_LOCK_TIMEOUT"), /LATTICE_LOCK_TIMEOUT.*"soon"/);
});

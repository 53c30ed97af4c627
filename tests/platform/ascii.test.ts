/** Questions about characters, asked one by one, have the answers of the regular expressions that they stand for. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { isDigit, isHex, isLetter, isLowerHex } from "../../src/platform/ascii.ts";
import { compareBytes, compareNames, nameToBytes } from "../../src/platform/text.ts";
import { isUuidVersion7 } from "../../src/platform/uuid.ts";
import { test } from "../harness.ts";
import { holds } from "../property.ts";

test("isHex(), isLowerHex(), isDigit() and isLetter() are right about every character of two bytes, and none", () => {
  for (let unit = 0; unit < 0x10000; unit++) {
    const text = String.fromCharCode(unit);
    assert.equal(isHex(text), /^[0-9a-fA-F]$/.test(text), `${unit}`);
    assert.equal(isLowerHex(text), /^[0-9a-f]$/.test(text), `${unit}`);
    assert.equal(isDigit(unit), /^[0-9]$/.test(text), `${unit}`);
    assert.equal(isLetter(unit), /^[A-Za-z]$/.test(text), `${unit}`);
  }
  assert.ok(!isHex("") && !isLowerHex("") && !isHex("0g0") && !isLowerHex("00A"));
  assert.ok(isHex("09afAF") && isLowerHex("09af"));
});

test("isUuidVersion7() says the same as a regular expression of ids that are nearly sound", () => {
  const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  const sound = "01a2011a-0331-7003-8d0d-67c7ba7790f2";
  assert.ok(isUuidVersion7(sound));
  const change = fc.record({
    at: fc.nat(36),
    cut: fc.nat(2),
    put: fc.string({ unit: fc.constantFrom(..."07Aag-\n"), maxLength: 2 }),
  });
  holds(
    "isUuidVersion7()",
    fc.property(change, ({ at, cut, put }) => {
      const text = sound.slice(0, at) + put + sound.slice(at + cut);
      assert.equal(isUuidVersion7(text), pattern.test(text), JSON.stringify(text));
    }),
    { seed: 20261122, numRuns: 1000, tortureRuns: 20_000 },
  );
});

test("compareNames() orders names by their bytes, whatever these are", () => {
  const name = fc.string({
    unit: fc.constantFrom("a", "b", "/", "\u00e9", "\ud7ff", "\ue000", "\uffff", "\u{1f600}", "\udc80", "\udcff"),
    maxLength: 4,
  });
  holds(
    "compareNames()",
    fc.property(name, name, (a, b) => {
      assert.equal(Math.sign(compareNames(a, b)), Math.sign(compareBytes(nameToBytes(a), nameToBytes(b))));
    }),
    { seed: 20261123, numRuns: 2000, tortureRuns: 20_000 },
  );
});

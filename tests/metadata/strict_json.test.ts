import assert from "node:assert/strict";
import fc from "fast-check";
import { DEPTH_MAX, JsonError, OddNumber, parseJson } from "../../src/metadata/strict_json.ts";
import { test } from "../harness.ts";
import { holds } from "../property.ts";

test("parseJson() reads what JSON.parse reads, in every layout", () => {
  holds(
    "parseJson() reads what JSON.parse reads, in every layout",
    fc.property(fc.json({ maxDepth: 4 }), fc.constantFrom("", " ", "\t", "\r\n  "), (text, space) => {
      const value = JSON.parse(text);
      assert.equal(JSON.stringify(parseJson(text)), JSON.stringify(value));
      const laidOut = space + JSON.stringify(value, null, space) + space;
      assert.equal(JSON.stringify(parseJson(laidOut)), JSON.stringify(value));
    }),
    { seed: 11, numRuns: 1000 },
  );
});

test("parseJson() refuses what JSON.parse refuses", () => {
  holds(
    "parseJson() refuses what JSON.parse refuses",
    fc.property(
      fc.json({ maxDepth: 3 }),
      fc.nat(),
      fc.constantFrom(...' "\\{}[],:0e.-+nt\n\0x'),
      (text, place, unit) => {
        const at = place % (text.length + 1);
        const broken = text.slice(0, at) + unit + text.slice(at);
        let sound = true;
        try {
          JSON.parse(broken);
        } catch {
          sound = false; // what JSON.parse says of it does not matter here
        }
        if (sound) return;
        assert.throws(() => parseJson(broken), JsonError);
      },
    ),
    { seed: 11, numRuns: 3000 },
  );
});

test("parseJson() refuses a key that occurs twice and says where it is", () => {
  for (
    const [text, keys] of [
      ['{"a":1,"a":1}', ["a"]],
      ['{"a":{"b":[0,{"c":1,"\\u0063":2}]}}', ["a", "b", "1", "c"]],
      ['{"__proto__":1,"__proto__":2}', ["__proto__"]],
    ] as const
  ) {
    assert.throws(() => parseJson(text), (error) => {
      assert.ok(error instanceof JsonError);
      assert.equal(error.kind, "duplicate");
      assert.deepEqual(error.keys, keys);
      return true;
    });
  }
});

test("parseJson() keeps __proto__ as a key and changes no prototype", () => {
  for (const text of ['{"__proto__":{"a":1}}', '{ "__proto__" : {"a":1} }']) {
    const value = parseJson(text) as Record<string, unknown>;
    assert.deepEqual(Object.keys(value), ["__proto__"]);
    assert.equal(value["a"], undefined);
  }
});

test("parseJson() keeps numbers that cannot be kept exactly as they are spelled", () => {
  for (const text of ["1.0", "-0", "1e400", "9007199254740993", "1E2", "0.10"]) {
    for (const layout of [text, ` ${text}`]) {
      const value = parseJson(layout);
      assert.ok(value instanceof OddNumber, layout);
      assert.equal(value.text, text);
    }
  }
  for (const text of ["0", "-1", "1.5", "9007199254740991"]) assert.equal(parseJson(text), Number(text));
});

test("parseJson() stops at its depth in every layout", () => {
  for (const space of ["", " "]) {
    for (const [open, close] of [["[", "]"], ['{"a":', "}"]] as const) {
      const nested = (levels: number) => `${space}${open.repeat(levels)}0${close.repeat(levels)}`;
      parseJson(nested(DEPTH_MAX));
      for (const levels of [DEPTH_MAX + 1, 20_000]) {
        assert.throws(() => parseJson(nested(levels)), (error) => error instanceof JsonError && error.kind === "depth");
      }
    }
  }
});

test("parseJson() gives long strings with many escapes in linear time", () => {
  const start = performance.now();
  const text = `"${'\\"\\u0041'.repeat(200_000)}"`;
  assert.equal(parseJson(text), '"A'.repeat(200_000));
  assert.ok(performance.now() - start < 2000);
});

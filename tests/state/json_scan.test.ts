/** The scanner agrees with `JSON.parse` on what is JSON, and names what that passes over. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { compactJson, jsonFlaw, STATE_DEPTH_MAX } from "../../src/state/json_scan.ts";
import { test } from "../harness.ts";
import { holds } from "../property.ts";

/** Objects as JSON writes them, with white space of any kind, and most of them with a character changed. */
const texts = fc.tuple(
  fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }), { maxKeys: 5 }),
  fc.constantFrom(0, 1, "\t"),
  fc.array(fc.tuple(fc.nat(), fc.nat(2), fc.constantFrom(...'{}[]:,"\\/ \n\ttfnu0-+.eE19\u0000\u001f\ud800é')), {
    maxLength: 3,
  }),
).map(([value, space, edits]) => {
  let text = JSON.stringify(value, null, space);
  for (const [place, removed, added] of edits) {
    const at = place % (text.length + 1);
    text = text.slice(0, at) + added + text.slice(at + removed);
  }
  return text;
});

/** What `JSON.parse` makes of a text; `undefined`: it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // which is what is asked
  }
}

test("jsonFlaw() finds nothing wrong with an object that JSON.parse reads, and something with every other text", () => {
  let [sound, flawed] = [0, 0];
  const property = fc.property(texts, (text) => {
    const value = parsed(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    const flaw = jsonFlaw(text);
    if (isObject) assert.ok(flaw === null || /occurs twice/.test(flaw), `${flaw}: ${JSON.stringify(text)}`);
    else assert.notEqual(flaw, null, JSON.stringify(text));
    isObject ? sound++ : flawed++;
  });
  holds("texts that may be JSON", property, {
    seed: 20_261_121,
    numRuns: 3000,
    tortureRuns: 300_000,
    kind: "fuzz inputs",
  });
  assert.ok(sound > 300 && flawed > 300, `${sound} sound, ${flawed} flawed`);
});

test("compactJson() takes away white space alone, and keeps numbers and strings as they are spelled", () => {
  const property = fc.property(texts.filter((text) => parsed(text) !== undefined), (text) => {
    const compact = compactJson(text);
    assert.deepEqual(JSON.parse(compact), JSON.parse(text));
    assert.equal(compactJson(compact), compact);
    assert.ok(compact.length <= text.length);
  });
  holds("JSON made compact", property, { seed: 20_261_121, numRuns: 1000, tortureRuns: 100_000 });
  assert.equal(compactJson('{ "a \\" b" :\r\n\t1.0e+2 , "\\\\" : [ ] }'), '{"a \\" b":1.0e+2,"\\\\":[]}');
});

test("jsonFlaw() says what is wrong, and where", () => {
  const flaws: Record<string, string> = {
    "": "it is empty",
    " \n": "there is nothing in it but white space",
    "[]": 'it is no JSON object: it begins with "["',
    '{"a":1,\n "a":2}': 'the key "a" occurs twice in one object, in line 2, column 2',
    '{"a":{"b":1,"\\u0062":2}}': 'the key "b" occurs twice in one object, in line 1, column 13',
    '{"a":1': 'found the end, expected "," or "}", in line 1, column 7',
    '{"a":\n  tru}': 'found "t", expected a value, in line 2, column 3',
    '{"a":1}}': 'found "}", expected the end, since the object has ended, in line 1, column 8',
    '{"a":"\\x"}': "an escape in a string is none of JSON's, in line 1, column 7",
    "\uFEFF{}": "it begins with a byte order mark",
  };
  for (const [text, flaw] of Object.entries(flaws)) assert.equal(jsonFlaw(text), flaw, text);
  const nested = (levels: number) => `${'{"a":'.repeat(levels - 1)}{}${"}".repeat(levels - 1)}`;
  assert.equal(jsonFlaw(nested(STATE_DEPTH_MAX)), null);
  assert.match(jsonFlaw(nested(STATE_DEPTH_MAX + 1))!, /nested deeper than 1000 levels, in line 1, column \d+$/);
  assert.match(jsonFlaw("[".repeat(1_000_000))!, /no JSON object/);
  assert.match(jsonFlaw(`{"a":${"[".repeat(1_000_000)}`)!, /nested deeper/);
});

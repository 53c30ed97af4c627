import assert from "node:assert/strict";
import {
  disturbances,
  firstQuietStep,
  lastQuietStep,
  messageDifferences,
  nameOf,
  rotateLeft,
  testStep,
  VECTORS,
} from "../../src/platform/sha1_vectors.ts";
import { test } from "../harness.ts";

test("VECTORS are 32, each another, 16 of each type", () => {
  assert.equal(new Set(VECTORS.map(nameOf)).size, 32);
  assert.equal(VECTORS.filter(({ type }) => type === 1).length, 16);
});

test("disturbances() has the form of each type, obeys the recurrence, and is quiet where it says so", () => {
  for (const vector of VECTORS) {
    const at = disturbances(vector);
    const { type, K, b } = vector;
    for (let t = K; t <= K + 15; t++) {
      const early = type === 2 && (t === K + 1 || t === K + 3);
      assert.equal(at(t), early ? rotateLeft(1, (b + 31) % 32) : t === K + 15 ? 1 << b : 0, `${nameOf(vector)} ${t}`);
    }
    for (let t = 11; t < 80; t++) {
      assert.equal(at(t), rotateLeft(at(t - 3) ^ at(t - 8) ^ at(t - 14) ^ at(t - 16), 1), `${nameOf(vector)} ${t}`);
    }
    for (const quiet of [firstQuietStep(vector), testStep(vector), lastQuietStep(vector)]) {
      assert.deepEqual([1, 2, 3, 4, 5].map((back) => at(quiet - back)), [0, 0, 0, 0, 0], `${nameOf(vector)} ${quiet}`);
    }
    assert.notEqual(at(firstQuietStep(vector) - 6), 0);
    assert.notEqual(at(lastQuietStep(vector)), 0);
  }
});

test("messageDifferences() are those of a message that expands by SHA-1's own recurrence", () => {
  for (const vector of VECTORS) {
    const words = messageDifferences(vector);
    for (let t = 16; t < 80; t++) {
      const sum = words[t - 3]! ^ words[t - 8]! ^ words[t - 14]! ^ words[t - 16]!;
      assert.equal(words[t], rotateLeft(sum, 1), `${nameOf(vector)} ${t}`);
    }
  }
});

test("messageDifferences() put no attack into a block that holds the length: word 14 differs by every vector", () => {
  for (const vector of VECTORS) assert.notEqual(messageDifferences(vector)[14], 0, nameOf(vector));
});

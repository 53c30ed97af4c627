/**
 * The 32 disturbance vectors by which SHA-1 can be attacked, and the differences of the messages that they imply.
 *
 * An attack on SHA-1 takes two messages that differ in a planned way. A difference in bit b of the state after step t
 * (a *disturbance*) is corrected by differences in the next five words of the expanded message: together a *local
 * collision* of six steps. A disturbance vector says where local collisions begin; since the expanded message obeys a
 * linear recurrence, so must the vector. Only two forms of vectors are known to be of use (Manuel, "Classification and
 * Generation of Disturbance Vectors for Collision Attacks against SHA-1", 2011): type I(K,b) is zero in the words K to
 * K + 14 and has bit b in word K + 15; type II(K,b) has bit b in word K + 15 as well, and bit b + 31 in the words K + 1
 * and K + 3. Which of them lead to attacks that are in reach is told by Stevens and Shumow ("Speeding up Detection of
 * SHA-1 Collision Attacks Using Unavoidable Attack Conditions", 2017); their 32 are listed here.
 *
 * @module
 */

/** Steps of SHA-1's compression function, words of its expanded message. */
export const STEPS = 80;

/** How many words before the message a vector is continued: local collisions that began there still reach it. */
const LEAD_IN = 5;

/** One disturbance vector, as it is written: I(48,0), II(52,0). */
export interface DisturbanceVector {
  readonly type: 1 | 2;
  readonly K: number;
  readonly b: number;
}

/** All that are looked for. The position in this list is the number of the bit that stands for a vector in a mask. */
export const VECTORS: readonly DisturbanceVector[] = [
  { type: 1, K: 43, b: 0 },
  { type: 1, K: 44, b: 0 },
  { type: 1, K: 45, b: 0 },
  { type: 1, K: 46, b: 0 },
  { type: 1, K: 46, b: 2 },
  { type: 1, K: 47, b: 0 },
  { type: 1, K: 47, b: 2 },
  { type: 1, K: 48, b: 0 },
  { type: 1, K: 48, b: 2 },
  { type: 1, K: 49, b: 0 },
  { type: 1, K: 49, b: 2 },
  { type: 1, K: 50, b: 0 },
  { type: 1, K: 50, b: 2 },
  { type: 1, K: 51, b: 0 },
  { type: 1, K: 51, b: 2 },
  { type: 1, K: 52, b: 0 },
  { type: 2, K: 45, b: 0 },
  { type: 2, K: 46, b: 0 },
  { type: 2, K: 46, b: 2 },
  { type: 2, K: 47, b: 0 },
  { type: 2, K: 48, b: 0 },
  { type: 2, K: 49, b: 0 },
  { type: 2, K: 49, b: 2 },
  { type: 2, K: 50, b: 0 },
  { type: 2, K: 50, b: 2 },
  { type: 2, K: 51, b: 0 },
  { type: 2, K: 51, b: 2 },
  { type: 2, K: 52, b: 0 },
  { type: 2, K: 53, b: 0 },
  { type: 2, K: 54, b: 0 },
  { type: 2, K: 55, b: 0 },
  { type: 2, K: 56, b: 0 },
];

/** How a vector is written. */
export function nameOf({ type, K, b }: DisturbanceVector): string {
  return `${type === 1 ? "I" : "II"}(${K},${b})`;
}

/** Rotates a 32-bit word. */
export function rotateLeft(word: number, count: number): number {
  return count === 0 ? word >>> 0 : ((word << count) | (word >>> (32 - count))) >>> 0;
}

/**
 * In which bits the state that step t makes differs, for t from -5 to 79.
 *
 * @returns A look-up by t.
 */
export function disturbances(vector: DisturbanceVector): (t: number) => number {
  const words = disturbanceWords(vector);
  return (t) => words[t + LEAD_IN]! >>> 0;
}

/** The same, five places on; without calls in its loops, for which see `sha1_attack.ts`. */
function disturbanceWords({ type, K, b }: DisturbanceVector): Int32Array {
  const words = new Int32Array(LEAD_IN + STEPS);
  const start = K + LEAD_IN;
  words[start + 15] = 1 << b;
  if (type === 2) words[start + 1] = words[start + 3] = rotateLeft(1 << 31, b);
  for (let at = start + 16; at < words.length; at++) {
    const sum = words[at - 3]! ^ words[at - 8]! ^ words[at - 14]! ^ words[at - 16]!;
    words[at] = (sum << 1) | (sum >>> 31);
  }
  for (let at = start - 1; at >= 0; at--) { // the same recurrence, solved for its oldest word
    const made = words[at + 16]!;
    words[at] = ((made << 31) | (made >>> 1)) ^ words[at + 13]! ^ words[at + 8]! ^ words[at + 2]!;
  }
  return words;
}

/**
 * In which bits the expanded messages of an attack differ: each word has the disturbance of its own step and the
 * corrections of those in the five steps before it.
 */
export function messageDifferences(vector: DisturbanceVector): Uint32Array<ArrayBuffer> {
  const words = disturbanceWords(vector);
  const differences = new Uint32Array(STEPS);
  for (let t = 0; t < STEPS; t++) {
    const previous = words[t + LEAD_IN - 1]!;
    const turned = words[t + LEAD_IN - 3]! ^ words[t + LEAD_IN - 4]! ^ words[t + LEAD_IN - 5]!;
    differences[t] = words[t + LEAD_IN]! ^ ((previous << 5) | (previous >>> 27)) ^ words[t + LEAD_IN - 2]! ^
      ((turned << 30) | (turned >>> 2));
  }
  return differences;
}

/** The first step before which no word of the state differs, after the local collisions of the first half. */
export function firstQuietStep({ type, K }: DisturbanceVector): number {
  return K + (type === 1 ? 5 : 9);
}

/** The last step before which no word of the state differs: it makes the next disturbance. */
export function lastQuietStep({ K }: DisturbanceVector): number {
  return K + 15;
}

/** The states from which messages are followed to both ends: one of the two is quiet, whatever the vector. */
export const TEST_STEPS: readonly number[] = [58, 65];

/** The step before which the states of both messages of an attack are the same. */
export function testStep(vector: DisturbanceVector): number {
  for (const step of TEST_STEPS) {
    if (step >= firstQuietStep(vector) && step <= lastQuietStep(vector)) return step;
  }
  throw new Error(`no step to test ${nameOf(vector)} at`);
}

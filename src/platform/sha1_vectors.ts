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

const vectors = (type: 1 | 2, places: readonly string[]): DisturbanceVector[] =>
  places.map((place) => {
    const [K, b] = place.split(",").map(Number);
    return { type, K: K!, b: b! };
  });

/** All that are looked for. The position in this list is the number of the bit that stands for a vector in a mask. */
export const VECTORS: readonly DisturbanceVector[] = [
  ...vectors(1, ["43,0", "44,0", "45,0", "46,0", "46,2", "47,0", "47,2", "48,0"]),
  ...vectors(1, ["48,2", "49,0", "49,2", "50,0", "50,2", "51,0", "51,2", "52,0"]),
  ...vectors(2, ["45,0", "46,0", "46,2", "47,0", "48,0", "49,0", "49,2", "50,0"]),
  ...vectors(2, ["50,2", "51,0", "51,2", "52,0", "53,0", "54,0", "55,0", "56,0"]),
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
export function disturbances({ type, K, b }: DisturbanceVector): (t: number) => number {
  const words = new Uint32Array(LEAD_IN + STEPS);
  const at = (t: number) => words[t + LEAD_IN]!;
  words[K + 15 + LEAD_IN] = 1 << b;
  if (type === 2) words[K + 1 + LEAD_IN] = words[K + 3 + LEAD_IN] = rotateLeft(1 << 31, b);
  for (let t = K + 16; t < STEPS; t++) {
    words[t + LEAD_IN] = rotateLeft(at(t - 3) ^ at(t - 8) ^ at(t - 14) ^ at(t - 16), 1);
  }
  for (let t = K - 1; t >= -LEAD_IN; t--) { // the same recurrence, solved for its oldest word
    words[t + LEAD_IN] = rotateLeft(at(t + 16), 31) ^ at(t + 13) ^ at(t + 8) ^ at(t + 2);
  }
  return at;
}

/**
 * In which bits the expanded messages of an attack differ: each word has the disturbance of its own step and the
 * corrections of those in the five steps before it.
 */
export function messageDifferences(vector: DisturbanceVector): Uint32Array {
  const at = disturbances(vector);
  return Uint32Array.from(
    { length: STEPS },
    (_, t) =>
      at(t) ^ rotateLeft(at(t - 1), 5) ^ at(t - 2) ^
      rotateLeft(at(t - 3), 30) ^ rotateLeft(at(t - 4), 30) ^ rotateLeft(at(t - 5), 30),
  );
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
  const step = TEST_STEPS.find((t) => t >= firstQuietStep(vector) && t <= lastQuietStep(vector));
  if (step === undefined) throw new Error(`no step to test ${nameOf(vector)} at`);
  return step;
}

/**
 * Whether a short message is part of a collision attack on SHA-1: the same question as the kernel answers
 * (`sha1_kernel.ts`), in TypeScript, where starting the kernel would cost more than the answer.
 *
 * Detection is that of Stevens and Shumow ("Speeding up Detection of SHA-1 Collision Attacks Using Unavoidable Attack
 * Conditions", 2017): see `wasm/sha1.ts`.
 *
 * @module
 */
import { SHA1_CONDITIONS } from "./sha1_conditions.ts";
import { messageDifferences, STEPS, TEST_STEPS, testStep, VECTORS } from "./sha1_vectors.ts";

const BLOCK_BYTES = 64;
/** The numbers of one condition: see `SHA1_CONDITIONS`. */
const CONDITION_NUMBERS = 6;
const INITIAL = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];

/**
 * Whether some block of a message was made to collide by one of the known attacks.
 *
 * @param message The whole message, without padding.
 */
export function isSha1Attack(message: Uint8Array): boolean {
  const padded = pad(message);
  const words = new Int32Array(STEPS);
  for (let at = 0; at < padded.byteLength; at += BLOCK_BYTES) {
    expand(padded, at, words);
    if (suspectVectors(words) !== 0) return hasAttack(padded);
  }
  return false;
}

/** The message, a bit 1, zeros, and the length in bits (FIPS 180-4, 5.1.1). */
function pad(message: Uint8Array): DataView {
  const bytes = new Uint8Array(Math.ceil((message.length + 9) / BLOCK_BYTES) * BLOCK_BYTES);
  bytes.set(message);
  bytes[message.length] = 0x80;
  const view = new DataView(bytes.buffer);
  view.setBigUint64(bytes.length - 8, BigInt(message.length) * 8n);
  return view;
}

/**
 * The expanded message of a block.
 *
 * @param block Where it stands.
 * @param at Offset in bytes.
 * @param words Receives the 80 words.
 */
export function expand(block: DataView, at: number, words: Int32Array): void {
  for (let t = 0; t < 16; t++) words[t] = block.getInt32(at + 4 * t);
  for (let t = 16; t < STEPS; t++) {
    const sum = words[t - 3]! ^ words[t - 8]! ^ words[t - 14]! ^ words[t - 16]!;
    words[t] = (sum << 1) | (sum >>> 31);
  }
}

/**
 * The vectors by which a block may be part of an attack: a bit for each, by its place in `VECTORS`.
 *
 * @param words Its expanded message.
 */
export function suspectVectors(words: Int32Array): number {
  let out = 0;
  for (let i = 0; i < SHA1_CONDITIONS.length; i += CONDITION_NUMBERS) {
    const one = words[SHA1_CONDITIONS[i]!]! >>> SHA1_CONDITIONS[i + 1]!;
    const other = words[SHA1_CONDITIONS[i + 2]!]! >>> SHA1_CONDITIONS[i + 3]!;
    if (((one ^ other) & 1) === SHA1_CONDITIONS[i + 4]) continue;
    out |= SHA1_CONDITIONS[i + 5]!;
    if (out === -1) return 0;
  }
  return ~out;
}

/** Hashes the message, and follows the other message of every vector that is suspected. */
function hasAttack(padded: DataView): boolean {
  const words = new Int32Array(STEPS);
  let chaining: Int32Array = Int32Array.from(INITIAL);
  for (let at = 0; at < padded.byteLength; at += BLOCK_BYTES) {
    expand(padded, at, words);
    const { states, out } = compress(chaining, words);
    for (let rest = suspectVectors(words); rest !== 0; rest &= rest - 1) {
      const other = otherMessage(words, 31 - Math.clz32(rest & -rest), states);
      if (other.out.every((word, index) => word === out[index])) return true;
    }
    chaining = out;
  }
  return false;
}

/** What one block makes of a chaining value, and the states before the steps at which attacks are tested. */
export function compress(
  chaining: Int32Array,
  words: Int32Array,
): { states: ReadonlyMap<number, Int32Array>; out: Int32Array } {
  const states = new Map<number, Int32Array>();
  const state = Int32Array.from(chaining);
  for (let t = 0; t < STEPS; t++) {
    if (TEST_STEPS.includes(t)) states.set(t, Int32Array.from(state));
    stepForward(state, t, words[t]!);
  }
  return { states, out: state.map((word, index) => word + chaining[index]!) };
}

/**
 * The other message of an attack by a vector, followed to both ends from the state that it shares with ours.
 *
 * @param vector Its place in `VECTORS`.
 * @returns Its chaining values before and after the block.
 */
export function otherMessage(
  words: Int32Array,
  vector: number,
  states: ReadonlyMap<number, Int32Array>,
): { before: Int32Array; out: Int32Array } {
  const description = VECTORS[vector]!;
  const differences = messageDifferences(description);
  const test = testStep(description);
  const before = Int32Array.from(states.get(test)!);
  const after = Int32Array.from(before);
  for (let t = test - 1; t >= 0; t--) stepBack(before, t, words[t]! ^ differences[t]!);
  for (let t = test; t < STEPS; t++) stepForward(after, t, words[t]! ^ differences[t]!);
  return { before, out: after.map((word, index) => word + before[index]!) };
}

function rotated(word: number, count: number): number {
  return (word << count) | (word >>> (32 - count));
}

/** Function and constant of a step (FIPS 180-4, 4.1.1 and 4.2.1). */
function mixed(t: number, x: number, y: number, z: number): number {
  if (t < 20) return (z ^ (x & (y ^ z))) + 0x5a827999;
  if (t < 40) return (x ^ y ^ z) + 0x6ed9eba1;
  if (t < 60) return ((x & y) | (z & (x | y))) + 0x8f1bbcdc;
  return (x ^ y ^ z) + 0xca62c1d6;
}

function stepForward(state: Int32Array, t: number, word: number): void {
  const [a, b, c, d, e] = state as unknown as [number, number, number, number, number];
  state[4] = d;
  state[3] = c;
  state[2] = rotated(b, 30);
  state[1] = a;
  state[0] = rotated(a, 5) + mixed(t, b, c, d) + e + word;
}

/** From the state after step t to the one before it. */
function stepBack(state: Int32Array, t: number, word: number): void {
  const [made, a, turned, c, d] = state as unknown as [number, number, number, number, number];
  const b = rotated(turned, 2);
  state[0] = a;
  state[1] = b;
  state[2] = c;
  state[3] = d;
  state[4] = made - rotated(a, 5) - mixed(t, b, c, d) - word;
}

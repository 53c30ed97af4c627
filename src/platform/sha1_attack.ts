/**
 * Whether a short message is part of a collision attack on SHA-1: the same question as the kernel answers
 * (`sha1_kernel.ts`), in TypeScript, where starting the kernel would cost more than the answer.
 *
 * Detection is that of Stevens and Shumow ("Speeding up Detection of SHA-1 Collision Attacks Using Unavoidable Attack
 * Conditions", 2017): see `wasm/sha1.ts`.
 *
 * It is written for commands that look at one or two messages and end: loops without calls in them.
 * A runtime counts calls and rounds, and from a few thousand on starts its compiler, which takes 2 to 3 ms, as much as
 * all the rest of a short command. What a runtime makes ready when it is first used is left out too: taking the words of
 * an `Int32Array` apart by a pattern, or `Int32Array.from`, takes 0.1 ms, and anything of `Math` 0.05.
 *
 * @module
 */
import { SHA1_CONDITIONS } from "./sha1_conditions.ts";
import { messageDifferences, STEPS, TEST_STEPS, testStep, VECTORS } from "./sha1_vectors.ts";

const BLOCK_BYTES = 64;
/** The numbers of one condition: see `SHA1_CONDITIONS`. */
const CONDITION_NUMBERS = 6;
const STATE_WORDS = 5;
const INITIAL = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];

/**
 * Whether some block of a message was made to collide by one of the known attacks.
 *
 * @param message The whole message, without padding; of less than 2^29 bytes.
 */
export function isSha1Attack(message: Uint8Array): boolean {
  const padded = pad(message);
  const words = new Int32Array(STEPS);
  const suspects = [0]; // the first block ends no attack, nor does the last: see `ATTACK_BYTES_MIN`
  let last = 0;
  for (let at = BLOCK_BYTES; at < padded.length - BLOCK_BYTES; at += BLOCK_BYTES) {
    expand(padded, at, words);
    const vectors = suspectVectors(words);
    if (vectors !== 0) last = suspects.length;
    suspects.push(vectors);
  }
  return last !== 0 && hasAttack(padded, suspects, last);
}

/** The message, a bit 1, zeros, and the length in bits (FIPS 180-4, 5.1.1). */
function pad(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(((message.length + 8) / BLOCK_BYTES | 0) * BLOCK_BYTES + BLOCK_BYTES);
  bytes.set(message);
  bytes[message.length] = 0x80;
  for (let at = bytes.length - 1, bits = message.length * 8; bits !== 0; at--, bits >>>= 8) bytes[at] = bits;
  return bytes;
}

/**
 * The expanded message of a block.
 *
 * @param bytes Where it stands.
 * @param at Offset in bytes.
 * @param words Receives the 80 words.
 */
export function expand(bytes: Uint8Array, at: number, words: Int32Array): void {
  for (let t = 0, next = at; t < 16; t++, next += 4) {
    words[t] = (bytes[next]! << 24) | (bytes[next + 1]! << 16) | (bytes[next + 2]! << 8) | bytes[next + 3]!;
  }
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

/**
 * Hashes the message, up to the last block that matters, and follows the other message of every vector suspected.
 *
 * @param suspects What {@link suspectVectors} says of each block.
 * @param last Place of the last block of which it says anything.
 */
function hasAttack(padded: Uint8Array, suspects: readonly number[], last: number): boolean {
  const words = new Int32Array(STEPS);
  let chaining = new Int32Array(INITIAL);
  for (let block = 0; block <= last; block++) {
    expand(padded, block * BLOCK_BYTES, words);
    const { states, out } = compress(chaining, words);
    for (let rest = suspects[block]!; rest !== 0; rest &= rest - 1) {
      let vector = 0;
      while (((rest >>> vector) & 1) === 0) vector++;
      const other = otherMessage(words, vector, states);
      let differences = 0;
      for (let word = 0; word < STATE_WORDS; word++) differences |= other.out[word]! ^ out[word]!;
      if (differences === 0) return true;
    }
    chaining = out;
  }
  return false;
}

/** What one block makes of a chaining value, and the states before the steps at which attacks are tested. */
export function compress(
  chaining: Int32Array,
  words: Int32Array,
): { states: readonly Int32Array[]; out: Int32Array<ArrayBuffer> } {
  const states: Int32Array[] = [];
  const state = new Int32Array(chaining);
  let from = 0;
  for (const step of TEST_STEPS) {
    stepForward(state, words, from, step);
    states.push(new Int32Array(state));
    from = step;
  }
  stepForward(state, words, from, STEPS);
  return { states, out: added(state, chaining) };
}

function added(state: Int32Array, chaining: Int32Array): Int32Array<ArrayBuffer> {
  const sums = new Int32Array(STATE_WORDS);
  for (let word = 0; word < STATE_WORDS; word++) sums[word] = state[word]! + chaining[word]!;
  return sums;
}

/**
 * The other message of an attack by a vector, followed to both ends from the state that it shares with ours.
 *
 * @param vector Its place in `VECTORS`.
 * @param states Those of ours before each of `TEST_STEPS`.
 * @returns Its chaining values before and after the block.
 */
export function otherMessage(
  words: Int32Array,
  vector: number,
  states: readonly Int32Array[],
): { before: Int32Array; out: Int32Array } {
  const description = VECTORS[vector]!;
  const test = testStep(description);
  const before = new Int32Array(states[TEST_STEPS.indexOf(test)]!);
  const after = new Int32Array(before);
  const others = new Int32Array(messageDifferences(description).buffer);
  for (let t = 0; t < STEPS; t++) others[t]! ^= words[t]!;
  stepBack(before, others, test);
  stepForward(after, others, test, STEPS);
  return { before, out: added(after, before) };
}

/** From the state before one step to that before another. Functions and constants are those of FIPS 180-4, 4.1.1, 4.2.1. */
function stepForward(state: Int32Array, words: Int32Array, from: number, to: number): void {
  let a = state[0]!, b = state[1]!, c = state[2]!, d = state[3]!, e = state[4]!;
  for (let t = from; t < to; t++) {
    const mixed = t < 20
      ? (d ^ (b & (c ^ d))) + 0x5a827999
      : t < 40
      ? (b ^ c ^ d) + 0x6ed9eba1
      : t < 60
      ? ((b & c) | (d & (b | c))) + 0x8f1bbcdc
      : (b ^ c ^ d) + 0xca62c1d6;
    const made = (((a << 5) | (a >>> 27)) + mixed + e + words[t]!) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = made;
  }
  state[0] = a;
  state[1] = b;
  state[2] = c;
  state[3] = d;
  state[4] = e;
}

/** From the state before a step to that before the first. */
function stepBack(state: Int32Array, words: Int32Array, from: number): void {
  let a = state[0]!, b = state[1]!, c = state[2]!, d = state[3]!, e = state[4]!;
  for (let t = from - 1; t >= 0; t--) {
    const turned = (c << 2) | (c >>> 30); // what `b` was; then came `d` and `e`, which were `c` and `d`
    const mixed = t < 20
      ? (e ^ (turned & (d ^ e))) + 0x5a827999
      : t < 40
      ? (turned ^ d ^ e) + 0x6ed9eba1
      : t < 60
      ? ((turned & d) | (e & (turned | d))) + 0x8f1bbcdc
      : (turned ^ d ^ e) + 0xca62c1d6;
    const first = (a - ((b << 5) | (b >>> 27)) - mixed - words[t]!) | 0;
    a = b;
    b = turned;
    c = d;
    d = e;
    e = first;
  }
  state[0] = a;
  state[1] = b;
  state[2] = c;
  state[3] = d;
  state[4] = e;
}

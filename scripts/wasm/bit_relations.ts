/**
 * What holds for the bits of the expanded message wherever a message is part of an attack by a disturbance vector.
 *
 * What is taken for granted: the differences of the state follow the vector around its quiet steps. That is, the word
 * that step t makes differs by the sum of ±2^b over the bits b of the vector's word t, with any signs and any carries,
 * and not at all where that word is zero; for all words that the steps 35 to 64 read or make. That is what makes a pair
 * of messages one of the vector's. (Stevens and Shumow ask for more: differences that are also likely enough. So theirs
 * are more conditions, and these here are among them.)
 *
 * What follows is computed, not guessed: from the quiet steps on, forwards and backwards, all differences that the state
 * can have are enumerated, carries of any length included, together with the signs of the message's differences that lead
 * to them. The sign of a difference is the message's bit itself: 0 where the bit goes up. Of all combinations of signs
 * that lead to a state only their affine hull over GF(2) is kept, which is all that linear relations depend on. A
 * function's outcome is taken for possible wherever it is possible bit by bit (see `canChangeBy`), so that rather too many
 * combinations are kept than too few: a relation that holds for all of them holds for every attack.
 */
import {
  disturbances,
  type DisturbanceVector,
  firstQuietStep,
  lastQuietStep,
  messageDifferences,
} from "../../src/platform/sha1_vectors.ts";
import { canChangeBy, NO_DIFFERENCE, type Pattern, patternsOf, rotated, valueOf } from "./signed_differences.ts";

/** The steps whose message words are looked at. Further out an attack has the freedom to leave the vector. */
export const FIRST_STEP = 35;
/** The last of them. */
export const LAST_STEP = 64;

/** A bit of the expanded message. */
export interface MessageBit {
  readonly t: number;
  readonly bit: number;
}

/** Bits of which one tells the others: each is the first one, or, where `flipped` says so, its opposite. */
export interface TiedBits {
  readonly bits: readonly MessageBit[];
  readonly flipped: readonly boolean[];
}

/** Combinations of signs: one of them, and the differences between them, each with a leading bit of its own. */
interface Hull {
  point: bigint;
  readonly directions: bigint[];
}

/** What the five words of the state differ by, the oldest first, and the signs that lead there. */
interface Reached {
  readonly words: readonly Pattern[];
  readonly hull: Hull;
}

/** What a word of the message can differ by: a number, and the signs of it (a bit for each, 1: it goes down). */
interface SignedWord {
  readonly value: number;
  readonly signs: bigint;
}

/** The bits that an attack by this vector ties to each other. */
export function tiedBits(vector: DisturbanceVector): TiedBits[] {
  const before = follow(vector, firstQuietStep(vector) - 1, FIRST_STEP);
  return lastQuietStep(vector) > LAST_STEP ? before : [...before, ...follow(vector, lastQuietStep(vector), LAST_STEP)];
}

/** Enumerates from one step to another, forwards or backwards, beginning with states that do not differ. */
function follow(vector: DisturbanceVector, from: number, to: number): TiedBits[] {
  const at = disturbances(vector);
  const differences = messageDifferences(vector);
  const direction = to >= from ? 1 : -1;
  const bits: MessageBit[] = [];
  let reached: Reached[] = [{ words: Array(5).fill(NO_DIFFERENCE), hull: { point: 0n, directions: [] } }];
  for (let t = from; t !== to + direction; t += direction) {
    const messages = signedWords(differences[t]!, bits, t);
    const next = new Map<string, Reached>();
    const states = stateValues(at(direction > 0 ? t : t - 5));
    for (const state of reached) {
      const ends = direction > 0 ? stepForward(t, state, messages, states) : stepBack(t, state, messages, states);
      for (const end of ends) addTo(next, end);
    }
    reached = [...next.values()];
  }
  const [first, ...others] = reached;
  if (first === undefined) throw new Error("nothing follows the vector: a flaw in the enumeration");
  for (const { hull } of others) join(first.hull, hull);
  return tiesOf(first.hull, bits);
}

/**
 * All that a word of the message can differ by; its bits are added to `bits`. Bit 31 has no sign: up and down are the
 * same number.
 */
function signedWords(difference: number, bits: MessageBit[], t: number): SignedWord[] {
  let words: SignedWord[] = [{ value: difference & (1 << 31), signs: 0n }];
  for (let bit = 0; bit < 31; bit++) {
    if ((difference >>> bit & 1) === 0) continue;
    const sign = 1n << BigInt(bits.push({ t, bit }) - 1);
    words = words.flatMap(({ value, signs }) => [
      { value: (value + 2 ** bit) | 0, signs },
      { value: (value - 2 ** bit) | 0, signs: signs | sign },
    ]);
  }
  return words;
}

/** All that a word of the state can differ by. */
function stateValues(disturbance: number): number[] {
  return [...new Set(signedWords(disturbance, [], 0).map(({ value }) => value))];
}

/** The words of the state are those that the steps t-5 to t-1 made; step t makes the next one. */
function* stepForward(
  t: number,
  { words, hull }: Reached,
  messages: readonly SignedWord[],
  values: readonly number[],
): Iterable<Reached> {
  const [e, d, c, b, a] = words as [Pattern, Pattern, Pattern, Pattern, Pattern];
  const inputs = [b, rotated(c, 30), rotated(d, 30)] as const;
  const known = valueOf(a, 5) + valueOf(e, 30);
  for (const value of values) {
    for (const { value: message, signs } of messages) {
      if (!canChangeBy(t, inputs, (value - known - message) | 0)) continue;
      for (const made of patternsOf(value)) yield { words: [d, c, b, a, made], hull: extended(hull, signs) };
    }
  }
}

/** The words of the state are those that the steps t-4 to t made; looked for is the one before them. */
function* stepBack(
  t: number,
  { words, hull }: Reached,
  messages: readonly SignedWord[],
  values: readonly number[],
): Iterable<Reached> {
  const [d, c, b, a, made] = words as [Pattern, Pattern, Pattern, Pattern, Pattern];
  const inputs = [b, rotated(c, 30), rotated(d, 30)] as const;
  const known = valueOf(made) - valueOf(a, 5);
  for (const e of values.flatMap(patternsOf)) {
    for (const { value: message, signs } of messages) {
      if (!canChangeBy(t, inputs, (known - valueOf(e, 30) - message) | 0)) continue;
      yield { words: [e, d, c, b, a], hull: extended(hull, signs) };
    }
  }
}

/** The signs of one more word of the message, which stand apart from those before. */
function extended({ point, directions }: Hull, signs: bigint): Hull {
  return { point: point | signs, directions: [...directions] };
}

function addTo(all: Map<string, Reached>, end: Reached): void {
  const key = end.words.map(({ up, down }) => `${up}/${down}`).join();
  const known = all.get(key);
  if (known === undefined) all.set(key, end);
  else join(known.hull, end.hull);
}

/** Makes the first hull one of both. */
function join(hull: Hull, other: Hull): void {
  for (const direction of [hull.point ^ other.point, ...other.directions]) {
    let rest = direction;
    for (const known of hull.directions) if ((rest ^ known) < rest) rest ^= known;
    if (rest === 0n) continue;
    hull.directions.push(rest);
    hull.directions.sort((a, b) => a > b ? -1 : 1);
  }
}

/** Bits that change in the same directions of a hull are tied to each other. */
function tiesOf({ point, directions }: Hull, bits: readonly MessageBit[]): TiedBits[] {
  const bitOf = (signs: bigint, index: number) => (signs >> BigInt(index) & 1n) === 1n;
  const classes = new Map<string, number[]>();
  for (const index of bits.keys()) {
    const key = directions.map((direction) => bitOf(direction, index) ? "1" : "0").join("");
    const members = classes.get(key);
    if (members === undefined) classes.set(key, [index]);
    else members.push(index);
  }
  return [...classes.values()].filter((members) => members.length > 1).map((members) => ({
    bits: members.map((index) => bits[index]!),
    flipped: members.map((index) => bitOf(point, index) !== bitOf(point, members[0]!)),
  }));
}

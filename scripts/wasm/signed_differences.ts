/**
 * Arithmetic with the differences of two words: as a number (modulo 2^32), and as the set of bits that go up and down.
 *
 * Adding 2^b to a word turns one bit over, or several where it carries; so one number has many patterns of bits. All of
 * them are enumerated here, however far they carry.
 */
import { rotateLeft } from "../../src/platform/sha1_vectors.ts";

/** Bits that are 0 in the one word and 1 in the other (`up`), and those that are 1 and 0 (`down`). */
export interface Pattern {
  readonly up: number;
  readonly down: number;
}

/** The words are the same. */
export const NO_DIFFERENCE: Pattern = { up: 0, down: 0 };

/** The difference as a number, of the words rotated to the left. */
export function valueOf({ up, down }: Pattern, rotation = 0): number {
  return (rotateLeft(up, rotation) - rotateLeft(down, rotation)) | 0;
}

/** The pattern of the words rotated to the left. */
export function rotated({ up, down }: Pattern, rotation: number): Pattern {
  return { up: rotateLeft(up, rotation), down: rotateLeft(down, rotation) };
}

/** What a number is divided by the bit at which one stands; both ways of writing an odd one go on from an even one. */
function shifted(rest: number, width: number): number {
  const modulus = 2 ** width;
  return (((rest % modulus) + modulus) % modulus) / 2;
}

const patternsKnown = new Map<number, readonly Pattern[]>();

/** All patterns whose value is this number. */
export function patternsOf(value: number): readonly Pattern[] {
  const known = patternsKnown.get(value);
  if (known !== undefined) return known;
  const found: Pattern[] = [];
  const extend = (bit: number, rest: number, up: number, down: number): void => {
    if (bit === 32) {
      found.push({ up: up >>> 0, down: down >>> 0 });
    } else if (rest % 2 === 0) {
      extend(bit + 1, shifted(rest, 32 - bit), up, down);
    } else {
      extend(bit + 1, shifted(rest - 1, 32 - bit), up | (1 << bit), down);
      extend(bit + 1, shifted(rest + 1, 32 - bit), up, down | (1 << bit));
    }
  };
  extend(0, value >>> 0, 0, 0);
  patternsKnown.set(value, found);
  return found;
}

/** Whether the function of step t takes the bits of its inputs by majority; else it adds them up (XOR). */
function isMajority(t: number): boolean {
  if (t < 20) throw new RangeError("the first 20 steps choose bits, which nothing here asks about");
  return t >= 40 && t < 60;
}

/** What can become of one bit of the function's result, when its three inputs change so (-1, 0 or 1 each). */
function bitOutcomes(majority: boolean, changes: readonly number[]): readonly number[] {
  const changed = changes.filter((change) => change !== 0).length;
  const sum = changes[0]! + changes[1]! + changes[2]!;
  if (!majority) return changed % 2 === 0 ? [0] : [-1, 1];
  if (changed === 0) return [0];
  if (changed === 1) return [0, sum]; // it counts where the other two differ
  return [Math.sign(sum)]; // two that change alike decide; two that change against each other leave it to the third
}

/**
 * Whether the function of step t can change by this number, when its inputs change by these patterns. That the same bits
 * are inputs of other steps is not considered, so that the answer may be yes where it should be no.
 */
export function canChangeBy(t: number, inputs: readonly [Pattern, Pattern, Pattern], value: number): boolean {
  const majority = isMajority(t);
  const change = ({ up, down }: Pattern, bit: number) => ((up >>> bit) & 1) - ((down >>> bit) & 1);
  const tried = new Set<number>();
  const reaches = (bit: number, rest: number): boolean => {
    if (bit === 32) return true;
    const modulus = 2 ** (32 - bit);
    const left = ((rest % modulus) + modulus) % modulus;
    const key = left * 32 + bit;
    if (tried.has(key)) return false;
    tried.add(key);
    const outcomes = bitOutcomes(majority, inputs.map((input) => change(input, bit)));
    return outcomes.some((outcome) => (left - outcome) % 2 === 0 && reaches(bit + 1, (left - outcome) / 2));
  };
  return reaches(0, value >>> 0);
}

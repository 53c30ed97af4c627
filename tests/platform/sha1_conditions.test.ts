import assert from "node:assert/strict";
import { suspectVectors } from "../../src/platform/sha1_attack.ts";
import { SHA1_CONDITIONS } from "../../src/platform/sha1_conditions.ts";
import {
  disturbances,
  type DisturbanceVector,
  firstQuietStep,
  lastQuietStep,
  messageDifferences,
  nameOf,
  rotateLeft,
  VECTORS,
} from "../../src/platform/sha1_vectors.ts";
import { FIRST_STEP, LAST_STEP, tiedBits } from "../../scripts/wasm/bit_relations.ts";
import { test } from "../harness.ts";
import { type SeededRandom, seededRandom } from "../simulation/random.ts";
import { runs, seedOr } from "../thoroughness.ts";

/** How many words are tried for a step. */
const TRIES = 24;
const CONDITIONS = Array.from(
  { length: SHA1_CONDITIONS.length / 6 },
  (_, i) => SHA1_CONDITIONS.slice(6 * i, 6 * i + 6) as [number, number, number, number, number, number],
);

const word = (random: SeededRandom) => (random.below(1 << 16) * 0x10000 + random.below(1 << 16)) | 0;

function mixed(t: number, b: number, c: number, d: number): number {
  return t >= 40 && t < 60
    ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
    : (b ^ c ^ d) + (t < 40 ? 0x6ed9eba1 : 0xca62c1d6);
}

/** All sums of ±2^b over the bits of a word. */
function sums(bits: number): Set<number> {
  let all = new Set([0]);
  for (let bit = 0; bit < 32; bit++) {
    if ((bits >>> bit & 1) === 1) {
      all = new Set([...all].flatMap((sum) => [(sum + 2 ** bit) | 0, (sum - 2 ** bit) | 0]));
    }
  }
  return all;
}

/** A state on its way from the quiet steps: the words that five steps made, in both messages. */
interface Reached {
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
}

/** Expanded words of one message of a pair, and the steps between which its states follow a vector. */
interface Following {
  readonly words: Int32Array;
  readonly first: number;
  readonly last: number;
}

/**
 * One message of a pair whose states differ as the vector says, found by trying words step by step, from the quiet steps
 * back to step 35 and on to step 64, or as far as it comes. The message's expansion is not obeyed: what holds for all
 * words holds for those that obey it.
 *
 * @param effort How many steps are tried in each direction.
 */
function following(vector: DisturbanceVector, random: SeededRandom, effort: number): Following {
  const at = disturbances(vector);
  const differences = messageDifferences(vector);
  const words = new Int32Array(80);
  const allowedAt: Record<number, Set<number>> = {};
  const [quiet, next] = [firstQuietStep(vector), lastQuietStep(vector)];
  return {
    first: quiet - extend(quiet - 1, FIRST_STEP),
    last: next > LAST_STEP ? next - 1 : next + extend(next, LAST_STEP) - 1,
    words,
  };

  /**
   * Where no word fits, the words of some steps before are to blame, or the state at the beginning.
   *
   * @returns How many steps it came.
   */
  function extend(from: number, to: number): number {
    const direction = to > from ? 1 : -1;
    const steps = Math.abs(to - from) + 1;
    const reached: Reached[] = [];
    let furthest = 0;
    let best = words.slice();
    for (let tried = 0; tried < effort && furthest < steps; tried++) {
      if (reached.length === 0) {
        const made = Array.from({ length: 5 }, () => word(random));
        reached.push({ ours: made, theirs: made });
      }
      const end = tryStep(from + direction * (reached.length - 1), reached.at(-1)!, direction > 0);
      if (end === null) {
        reached.length = Math.max(0, reached.length - 1 - random.below(6));
        continue;
      }
      reached.push(end);
      if (reached.length - 1 <= furthest) continue;
      furthest = reached.length - 1;
      best = words.slice();
    }
    words.set(best);
    return furthest;
  }

  /** Whether some word fits hangs on what was made before; so few are tried. */
  function tryStep(t: number, { ours, theirs }: Reached, forward: boolean): Reached | null {
    const step = forward ? ahead : back;
    const allowed = allowedAt[forward ? t : t - 5] ??= sums(at(forward ? t : t - 5));
    for (let tries = 0; tries < TRIES; tries++) {
      const tried = word(random);
      const [one, other] = [step(t, ours, tried), step(t, theirs, tried ^ differences[t]!)];
      if (!allowed.has((one - other) | 0)) continue;
      words[t] = tried;
      return forward
        ? { ours: [...ours.slice(1), one], theirs: [...theirs.slice(1), other] }
        : { ours: [one, ...ours.slice(0, 4)], theirs: [other, ...theirs.slice(0, 4)] };
    }
    return null;
  }

  function ahead(t: number, w: readonly number[], m: number): number {
    const f = mixed(t, w[3]!, rotateLeft(w[2]!, 30), rotateLeft(w[1]!, 30));
    return (rotateLeft(w[4]!, 5) + f + rotateLeft(w[0]!, 30) + m) | 0;
  }

  function back(t: number, w: readonly number[], m: number): number {
    const f = mixed(t, w[2]!, rotateLeft(w[1]!, 30), rotateLeft(w[0]!, 30));
    return rotateLeft(w[4]! - rotateLeft(w[3]!, 5) - f - m, 2) | 0;
  }
}

/** Whether words obey a condition. */
function obeys(words: Int32Array, [t1, bit1, t2, bit2, differ]: (typeof CONDITIONS)[number]): boolean {
  return ((words[t1]! >>> bit1 ^ words[t2]! >>> bit2) & 1) === differ;
}

test("the conditions of a vector hold for every pair of messages that follows it", () => {
  const pairs = runs(3, 100);
  const seed = seedOr(1995);
  const random = seededRandom(seed);
  let checked = 0;
  const met = new Set<string>();
  for (const [index, vector] of VECTORS.entries()) {
    for (let i = 0; i < pairs; i++) {
      const { words, first, last } = following(vector, random, runs(600, 20_000));
      for (const [number, condition] of CONDITIONS.entries()) {
        const [t1, , t2, , , vectors] = condition;
        if ((vectors >>> index & 1) === 0 || Math.min(t1, t2) < first || Math.max(t1, t2) > last) continue;
        assert.ok(obeys(words, condition), `${nameOf(vector)}, condition ${condition.slice(0, 5)}`);
        met.add(`${index} ${number}`);
        checked++;
      }
    }
  }
  const all = CONDITIONS.flatMap(([, , , , , vectors]) => VECTORS.filter((_, index) => vectors >>> index & 1)).length;
  assert.ok(met.size > 0.6 * all, `${met.size} of ${all} conditions were met`);
  console.log(`bit conditions: ${met.size} of ${all} met, ${checked} times, seed ${seed}`);
});

test("suspectVectors() leaves a vector whose conditions hold, and rules it out when any one of them is broken", () => {
  const random = seededRandom(seedOr(20));
  for (const [index, vector] of VECTORS.entries()) {
    const own = CONDITIONS.filter(([, , , , , vectors]) => vectors >>> index & 1);
    const words = Int32Array.from({ length: 80 }, () => word(random));
    for (let broken; (broken = own.find((condition) => !obeys(words, condition))) !== undefined;) {
      const [t, bit] = random.below(2) === 0 ? broken.slice(0, 2) : broken.slice(2, 4);
      words[t!]! ^= 1 << bit!;
    }
    assert.ok(suspectVectors(words) >>> index & 1, nameOf(vector));
    for (const [t, bit] of own) {
      words[t]! ^= 1 << bit;
      assert.equal(suspectVectors(words) >>> index & 1, 0, `${nameOf(vector)}, bit ${bit} of word ${t}`);
      words[t]! ^= 1 << bit;
    }
  }
});

test("every condition is among the ties that tiedBits() derives, and every vector has at least seven", () => {
  const ties = VECTORS.map((vector) =>
    new Map(
      tiedBits(vector).flatMap(({ bits, flipped }, tie) =>
        bits.map(({ t, bit }, i) => [`${t}.${bit}`, { tie, flipped: flipped[i] }] as const)
      ),
    )
  );
  const counts = VECTORS.map(() => 0);
  for (const [t1, bit1, t2, bit2, differ, vectors] of CONDITIONS) {
    for (const [index, tied] of ties.entries()) {
      if ((vectors >>> index & 1) === 0) continue;
      const [one, other] = [tied.get(`${t1}.${bit1}`)!, tied.get(`${t2}.${bit2}`)!];
      assert.equal(one.tie, other.tie);
      assert.equal(one.flipped !== other.flipped, differ === 1);
      counts[index]!++;
    }
  }
  assert.ok(Math.min(...counts) >= 7, String(counts));
});

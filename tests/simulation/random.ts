/**
 * A small seeded generator, so that every simulated choice can be had again from its seed.
 *
 * @module
 */

/** Numbers that look random and are the same for the same seed. */
export interface SeededRandom {
  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number;
  /** That many bytes. */
  bytes(count: number): Uint8Array;
}

/**
 * Makes a generator (xorshift32).
 *
 * @param seed Any whole number.
 */
export function seededRandom(seed: number): SeededRandom {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) | 0;
  if (state === 0) state = 1; // the one state that xorshift never leaves
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  for (let i = 0; i < 8; i++) next(); // neighbouring seeds begin alike
  return {
    below: (limit) => next() % limit,
    bytes: (count) => Uint8Array.from({ length: count }, () => next() >>> 11),
  };
}

/** The same in another order. */
export function shuffled<T>(all: readonly T[], random: SeededRandom): T[] {
  const result = [...all];
  for (let i = result.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}

/**
 * The conditions by which a block is ruled out as part of an attack: few comparisons of two bits of its expanded message,
 * each for as many disturbance vectors as possible.
 */
import { type MessageBit, tiedBits } from "./bit_relations.ts";
import { VECTORS } from "../../src/platform/sha1_vectors.ts";

/** A block for which `first` and `second` are not as they must be is no part of an attack by one of these vectors. */
export interface Condition {
  readonly first: MessageBit;
  readonly second: MessageBit;
  /** Whether the two bits must differ; else they must be the same. */
  readonly differ: boolean;
  /** A bit for each vector: see `VECTORS`. */
  readonly vectors: number;
}

/**
 * Conditions for each vector: with more of them fewer blocks are looked at closely for nothing, and all blocks are
 * compared more often. Half of the blocks pass each.
 */
const PER_VECTOR_MAX = 12;

interface Candidate extends Omit<Condition, "vectors"> {
  /** The vectors for which it holds. */
  readonly holdsFor: number[];
}

/** The conditions, those for most vectors first. */
export function bitConditions(): Condition[] {
  const candidates = allCandidates();
  const chosen: Condition[] = [];
  const groups = VECTORS.map(() => createGroups());
  const counts = VECTORS.map(() => 0);
  for (;;) {
    let best: Candidate | undefined;
    let bestVectors: number[] = [];
    for (const candidate of candidates) {
      const news = candidate.holdsFor.filter((vector) =>
        counts[vector]! < PER_VECTOR_MAX && groups[vector]!.areApart(candidate)
      );
      if (news.length > bestVectors.length) [best, bestVectors] = [candidate, news];
    }
    if (best === undefined) return chosen;
    let vectors = 0;
    for (const vector of bestVectors) {
      groups[vector]!.put(best);
      counts[vector]!++;
      vectors |= 1 << vector;
    }
    chosen.push({ first: best.first, second: best.second, differ: best.differ, vectors: vectors >>> 0 });
  }
}

/** Every pair of bits that some vector ties to each other. */
function allCandidates(): Candidate[] {
  const candidates = new Map<string, Candidate>();
  for (const [vector, description] of VECTORS.entries()) {
    for (const { bits, flipped } of tiedBits(description)) {
      for (const [i, one] of bits.entries()) {
        for (const [j, other] of bits.entries()) {
          if (one.t > other.t || (one.t === other.t && one.bit >= other.bit)) continue;
          const differ = flipped[i] !== flipped[j];
          const key = `${one.t}.${one.bit} ${other.t}.${other.bit} ${differ}`;
          const known = candidates.get(key);
          if (known === undefined) candidates.set(key, { first: one, second: other, differ, holdsFor: [vector] });
          else known.holdsFor.push(vector);
        }
      }
    }
  }
  return [...candidates.values()];
}

/** Which bits the chosen conditions of one vector have brought together: a further condition between them adds nothing. */
function createGroups() {
  const parents = new Map<string, string>();
  const nameOf = ({ t, bit }: MessageBit) => `${t}.${bit}`;
  function root(name: string): string {
    const parent = parents.get(name);
    return parent === undefined ? name : root(parent);
  }
  return {
    areApart: ({ first, second }: Candidate) => root(nameOf(first)) !== root(nameOf(second)),
    put({ first, second }: Candidate): void {
      parents.set(root(nameOf(first)), root(nameOf(second)));
    },
  };
}

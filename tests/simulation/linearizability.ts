/**
 * Whether what several processes saw can be explained by their operations having happened one after the other.
 *
 * Each operation happened at one moment between its beginning and its end. One that was cut off may have happened at
 * any moment behind its beginning, or never. The search is that of Wing and Gong ("Testing and verifying concurrent
 * objects", 1993), with states that led nowhere remembered as Lowe does ("Testing for linearizability", 2017).
 *
 * @module
 */

/** Something that a process did, on a state of type `S`. */
export interface HistoryOperation<S> {
  /** For people. */
  readonly label: string;
  /** When it began. */
  readonly from: number;
  /** When it ended; `Infinity`: it was cut off. */
  readonly to: number;
  /** Whether it may never have happened. */
  readonly optional: boolean;
  /** The state behind it; `undefined`: it cannot have happened in this one. */
  apply(state: S): S | undefined;
}

/** More operations than this take too long. */
const OPERATIONS_MAX = 31;

/**
 * Finds an order that explains everything.
 *
 * @param initial The state before.
 * @param operations In any order, at most 31.
 * @param key Equal states have equal keys.
 * @param isEnd Whether a state may be the last one.
 * @returns The labels in an order that explains it; `null`: there is none.
 */
export function linearize<S>(
  initial: S,
  operations: readonly HistoryOperation<S>[],
  key: (state: S) => string,
  isEnd: (state: S) => boolean = () => true,
): string[] | null {
  if (operations.length > OPERATIONS_MAX) throw new Error(`a history of ${operations.length} operations is too long`);
  const needed = operations.reduce((mask, { optional }, i) => optional ? mask : mask | (1 << i), 0);
  const failed = new Set<string>();
  const order: string[] = [];
  const search = (state: S, done: number): boolean => {
    if ((done & needed) === needed && isEnd(state)) return true;
    const known = `${done} ${key(state)}`;
    if (failed.has(known)) return false;
    for (const [i, operation] of operations.entries()) {
      if ((done & (1 << i)) !== 0 || !mayBeNext(operations, i, done)) continue;
      const next = operation.apply(state);
      if (next === undefined) continue;
      order.push(operation.label);
      if (search(next, done | (1 << i))) return true;
      order.pop();
    }
    failed.add(known);
    return false;
  };
  return search(initial, 0) ? order : null;
}

/** Whether nothing that was over before it is still missing, and nothing happened that began when it was over. */
function mayBeNext<S>(operations: readonly HistoryOperation<S>[], i: number, done: number): boolean {
  const { from, to } = operations[i]!;
  return operations.every((other, j) => {
    if (j === i) return true;
    return (done & (1 << j)) !== 0 ? other.from <= to : other.optional || other.to >= from;
  });
}

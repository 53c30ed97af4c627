/**
 * Which of many commits lead to which: ancestors and containment. Questions about two commits, which need not walk all
 * of the history, are in `../objects/ancestry.ts`. Nothing here recurses.
 *
 * @module
 */
import type { Oid } from "../object_format.ts";

/** Parents of a commit, as git sees them: shallow boundaries, grafts and replacements honoured. */
export type ParentsOf = (oid: Oid) => readonly Oid[];

/** The commits themselves and all that they lead to. */
export function ancestorsOf(parentsOf: ParentsOf, tips: Iterable<Oid>): Set<Oid> {
  const seen = new Set<Oid>(tips);
  const pending = [...seen];
  for (let oid = pending.pop(); oid !== undefined; oid = pending.pop()) {
    for (const parent of parentsOf(oid)) {
      if (seen.has(parent)) continue;
      seen.add(parent);
      pending.push(parent);
    }
  }
  return seen;
}

/** Makes a test whether a commit is one of the wanted ones or leads to one; what was learned is kept. */
export function containsTest(parentsOf: ParentsOf, wanted: ReadonlySet<Oid>): (oid: Oid) => boolean {
  const known = new Map<Oid, boolean>();
  for (const oid of wanted) known.set(oid, true);
  return (start) => {
    const path: { oid: Oid; parents: readonly Oid[]; next: number }[] = [];
    const enter = (oid: Oid) => path.push({ oid, parents: parentsOf(oid), next: 0 });
    if (!known.has(start)) enter(start);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const parent = top.parents[top.next++];
      const answer = parent === undefined ? false : known.get(parent);
      if (answer === undefined) {
        enter(parent!);
      } else if (answer || parent === undefined) {
        known.set(top.oid, answer);
        path.pop();
        if (answer) { for (const { oid } of path.splice(0)) known.set(oid, true); }
      }
    }
    return known.get(start)!;
  };
}

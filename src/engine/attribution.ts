/**
 * Who changed a ref while a program ran: that program's own git commands and lattice commands, or somebody else.
 *
 * Git tells every ref that it changes to a hook (`child_hooks.ts`), which notes it; lattice commands that joined stand
 * in the journal. A difference is the program's where those notes lead from the first value to the last. What git
 * changes without telling the hook is concluded: the new name of a renamed branch, and the `HEAD`s that follow it.
 *
 * @module
 */
import type { Difference } from "./snapshot.ts";

/** A change of one ref that was told of. */
export interface Transition {
  readonly ref: string;
  /** As in a journal; `null`: the ref did not exist; `undefined`: git did not say. */
  readonly old: string | null | undefined;
  readonly new: string | null;
}

/** Differences by whose they are. */
export interface Attributed {
  readonly own: readonly Difference[];
  readonly others: readonly Difference[];
}

const HEADS = "refs/heads/";

/**
 * Sorts differences by whose they are.
 *
 * @param transitions What was told of, in no certain order.
 */
export function attribute(found: readonly Difference[], transitions: readonly Transition[]): Attributed {
  const byRef = Map.groupBy(transitions, ({ ref }) => ref);
  const own: Difference[] = [];
  const unknown: Difference[] = [];
  for (const difference of found) {
    // The HEAD of the worktree that the program was started in is its own: a checkout is told to no hook.
    const told = difference.ref === "HEAD" || leadsTo(difference, byRef.get(difference.ref) ?? []);
    (told && difference.damaged !== true ? own : unknown).push(difference);
  }
  const renames = renamesAmong(unknown, transitions);
  const others: Difference[] = [];
  for (const difference of unknown) {
    const isOwn = renames.some(({ to }) => to === difference.ref) || followsRename(difference, renames);
    (isOwn ? own : others).push(difference);
  }
  return { own, others };
}

/** Whether the transitions of a ref lead from its first value to its last. */
function leadsTo({ old, new: last }: Difference, transitions: readonly Transition[]): boolean {
  const reached = new Set<string | null>([old]);
  let left = [...transitions];
  for (;;) {
    const next = left.filter((step) => step.old === undefined || reached.has(step.old));
    if (next.length === 0) return transitions.length > 0 && reached.has(last);
    for (const step of next) reached.add(step.new);
    left = left.filter((step) => !next.includes(step));
  }
}

interface Rename {
  readonly from: string;
  readonly to: string;
}

/** `git branch -m` tells the hook that the old name goes, not that the new one comes; the value is the same. */
function renamesAmong(unknown: readonly Difference[], transitions: readonly Transition[]): Rename[] {
  const gone = transitions.filter((step) => step.new === null && step.ref.startsWith(HEADS));
  return unknown.flatMap((difference) => {
    if (!difference.ref.startsWith(HEADS) || difference.new === null) return [];
    const source = gone.find((step) => step.old === difference.new && step.ref !== difference.ref);
    return source === undefined ? [] : [{ from: source.ref, to: difference.ref }];
  });
}

/** The `HEAD` of another worktree that had the renamed branch checked out. */
function followsRename({ ref, old, new: now }: Difference, renames: readonly Rename[]): boolean {
  if (!ref.endsWith("/HEAD")) return false;
  return renames.some(({ from, to }) => old === `ref: ${from}` && now === `ref: ${to}`);
}

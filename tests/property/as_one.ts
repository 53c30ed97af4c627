/**
 * Whether an operation of several steps (`op run`, `op begin` to its end) happened as a whole or not at all.
 *
 * Its steps are seen by others one by one, and a git beside it may move the same refs meanwhile; so only those refs are
 * judged that nobody else touched while it lasted. Of these, all must be as the last step left them, or all as they
 * were before the first, as the operation ended; and so that everything else that happened fits before it or behind it.
 *
 * @module
 */
import { linearize } from "../simulation/linearizability.ts";
import { changesOf, describe, onlyAbout, type Question, same } from "./explained.ts";
import { type Happening, NOTHING, type RefChange } from "./history.ts";

/** An operation of several steps, once it is over. */
export interface Span {
  readonly op: string;
  /** Operations that took it back after it was paused: several where a power cut came in between. */
  readonly helpers: readonly string[];
  /** Whether it stands, or was taken back. */
  readonly ended: "all" | "none";
  /** When it began and ended, as a {@link Happening}; `Infinity`: nobody was told that it was committed. */
  readonly from: number;
  readonly to: number;
  /** What lattice commands did in it, in order. */
  readonly transactions: readonly RefChange[];
}

/** How many operations were judged as a whole, by how they ended; `shared`: others touched all of its refs. */
export interface JudgedSpans {
  all: number;
  none: number;
  shared: number;
}

/**
 * Looks for an order of everything that happened to the refs of an operation, in which it is one step or none.
 *
 * @throws {Error} There is none.
 */
export function insistAsOne(question: Question, span: Span): keyof JudgedSpans {
  const { before, after, happenings, powerCut } = question;
  const isOwn = ({ op, within }: Happening) =>
    within === span.op || (op !== null && (op === span.op || span.helpers.includes(op)));
  const own = happenings.filter(isOwn);
  const byGit = own.filter(({ by }) => by === "git").flatMap(({ changes }) => changes);
  const refs = refsOf([...own.flatMap(({ changes }) => changes), ...span.transactions]);
  for (const ref of touchedByOthers(happenings.filter((one) => !isOwn(one)), span)) refs.delete(ref);
  // What git did is as durable as git makes it, so of that nothing is promised after a power cut but that it may go.
  if (powerCut && span.ended === "all") { for (const { ref } of byGit) refs.delete(ref); }
  const whole = span.ended === "all" ? asOne([...byGit, ...span.transactions].filter(({ ref }) => refs.has(ref))) : [];
  if (refs.size === 0) return "shared";
  const unit: Happening = {
    ...NOTHING,
    label: `all of ${span.op}`,
    process: -1,
    by: "lattice",
    from: span.from,
    to: span.to,
    changes: whole,
  };
  const others = happenings.filter((one) => !isOwn(one));
  const about = onlyAbout({ before, after, happenings: [...others, unit], powerCut }, (ref) => refs.has(ref));
  const steps = about.happenings.flatMap((one) => changesOf(one, about));
  if (linearize(about.before, steps, JSON.stringify, (state) => same(state, about.after)) === null) {
    throw new Error(
      `operation ${span.op} did not happen as a whole (${span.ended} of it should have): ${describe(about)}`,
    );
  }
  return span.ended;
}

/** Refs that a git beside the operation moved, or may have, while it lasted. Lattice commands wait for its end. */
function touchedByOthers(others: readonly Happening[], { from, to }: Span): string[] {
  return others.filter((one) => one.by === "git" && one.to >= from && one.from <= to)
    .flatMap(({ changes, revivals }) => [...changes.map(({ ref }) => ref), ...Object.keys(revivals)]);
}

/**
 * Changes one after the other as one change of each ref.
 *
 * @throws {Error} One does not begin where the one before it ended.
 */
function asOne(changes: readonly RefChange[]): RefChange[] {
  const whole = new Map<string, RefChange>();
  for (const change of changes) {
    const known = whole.get(change.ref);
    if (known !== undefined && change.old !== undefined && change.old !== known.new) {
      throw new Error(`${change.ref} was at ${known.new}, and the next step found ${change.old}`);
    }
    whole.set(change.ref, { ...change, old: known === undefined ? change.old : known.old });
  }
  return [...whole.values()];
}

function refsOf(changes: readonly RefChange[]): Set<string> {
  return new Set(changes.map(({ ref }) => ref));
}

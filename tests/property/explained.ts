/**
 * Whether a history of refs can be explained: every command happened at one moment, as a whole.
 *
 * @module
 */
import { type HistoryOperation, linearize } from "../simulation/linearizability.ts";
import type { Happening } from "./history.ts";

/** Values by ref. */
export type Values = Readonly<Record<string, string>>;

/** What is to be explained. */
export interface Question {
  readonly before: Values;
  readonly after: Values;
  readonly happenings: readonly Happening[];
  /** Then what git did and what was seen of it may be gone. */
  readonly powerCut: boolean;
}

/** The part of a question that is about some refs. */
export function onlyAbout(question: Question, isAsked: (ref: string) => boolean): Question {
  const valuesOf = (values: Values) => Object.fromEntries(Object.entries(values).filter(([ref]) => isAsked(ref)));
  return {
    ...question,
    before: valuesOf(question.before),
    after: valuesOf(question.after),
    happenings: question.happenings.map((one) => ({
      ...one,
      changes: one.changes.filter(({ ref }) => isAsked(ref)),
      reads: one.reads.filter(({ ref }) => isAsked(ref)),
      revivals: valuesOf(one.revivals),
    })),
  };
}

/**
 * Looks for an order of all changes that leads from the first values to the last, and for each ref for an order that
 * explains what was seen as well. (A reader of several refs may see one of two that change together before the other.)
 *
 * @throws {Error} There is none.
 */
export function insistExplained(question: Question): void {
  const { before, after, happenings, powerCut } = question;
  const changes = happenings.flatMap((one) => changesOf(one, question));
  const whole = linearize(before, changes, JSON.stringify, (state) => same(state, after));
  if (whole === null) throw new Error(`no order of the commands explains the refs: ${describe(question)}`);
  if (powerCut) return;
  const refs = new Set(happenings.flatMap((one) => [...one.changes, ...one.reads].map(({ ref }) => ref)));
  for (const ref of refs) {
    const operations = [...changes, ...happenings.flatMap(readsOf)].filter((one) => one.refs.includes(ref))
      .map((one) => ({ ...one, apply: (state: Values) => one.applyTo(state, ref) }));
    if (linearize(only(before, ref), operations, JSON.stringify, (state) => same(state, only(after, ref))) === null) {
      throw new Error(`no order of the commands explains what was seen of ${ref}: ${describe(question)}`);
    }
  }
}

/** Something that happened at one moment. */
export interface Step extends HistoryOperation<Values> {
  readonly refs: readonly string[];
  /** The part of it that is about one ref. */
  applyTo(state: Values, ref: string): Values | undefined;
}

/** The steps of a happening, for a search of their order: what it changed at once, and each value that it may revive. */
export function changesOf(
  { label, from, to, changes, revivals, by, doubtful }: Happening,
  { powerCut, happenings }: Question,
): Step[] {
  const apply = (state: Values, ref?: string): Values | undefined => {
    let next = state;
    for (const change of changes) {
      if (ref !== undefined && change.ref !== ref) continue;
      if (change.old !== undefined && (state[change.ref] ?? null) !== change.old) return undefined;
      next = withValue(next, change.ref, change.new);
    }
    return next;
  };
  const optional = doubtful === true || (by === "git" && (powerCut || to === Infinity));
  const refs = changes.map(({ ref }) => ref);
  const steps: Step[] = changes.length === 0 ? [] : [{ label, from, to, optional, refs, apply, applyTo: apply }];
  // What `docs/guarantees.md` does not promise: a ref that is deleted, or packed by somebody else, while git packs what
  // it read before it took the lock.
  const othersPack = happenings.filter((one) => one.packs).length > 1;
  for (const [ref, value] of Object.entries(revivals)) {
    const revive = (state: Values) => othersPack || state[ref] === undefined ? withValue(state, ref, value) : undefined;
    steps.push({
      label: `${label} revived ${ref}`,
      from,
      to,
      optional: true,
      refs: [ref],
      apply: revive,
      applyTo: revive,
    });
  }
  return steps;
}

function readsOf({ label, from, to, reads }: Happening): Step[] {
  return reads.map(({ ref, value }) => {
    const apply = (state: Values) => (state[ref] ?? null) === value ? state : undefined;
    return { label: `${label} saw ${value}`, from, to, optional: false, refs: [ref], apply, applyTo: apply };
  });
}

function withValue(state: Values, ref: string, value: string | null): Values {
  const { [ref]: _replaced, ...rest } = state;
  return sorted(value === null ? rest : { ...rest, [ref]: value });
}

function only(state: Values, ref: string): Values {
  return state[ref] === undefined ? {} : { [ref]: state[ref] };
}

/** Whether two states are equal. */
export function same(a: Values, b: Values): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(state: Values): Values {
  return Object.fromEntries(Object.entries(state).sort(([a], [b]) => a < b ? -1 : 1));
}

/** The question, for messages. */
export function describe({ before, after, happenings, powerCut }: Question): string {
  const short = (value: string | null | undefined) =>
    value === undefined ? "anything" : value?.slice(0, 7) ?? "nothing";
  const state = (values: Values) => Object.entries(values).map(([ref, value]) => `${ref} ${short(value)}`).join(", ");
  const lines = happenings.map(({ label, from, to, changes, reads, revivals }) =>
    `${label} [${from}, ${to}]: ${
      [
        ...changes.map(({ ref, old, new: now }) => `${ref} from ${short(old)} to ${short(now)}`),
        ...reads.map(({ ref, value }) => `${ref} is ${short(value)}`),
        ...Object.keys(revivals).map((ref) => `may revive ${ref}`),
      ].join(", ")
    }`
  );
  return [`from ${state(before)}`, ...lines, `to ${state(after)}`, powerCut ? "after a power cut" : ""].join("\n    ");
}

/**
 * The one table by which recovery decides, over the last transaction of an operation that did not end.
 *
 * It looks at the last record that is surely on the disk, at the kind of transaction, at what every ref holds and
 * whether our lock of it stands, at whether the one step was made that shows a single ref or a batch, and at whether the
 * missing writes can still be made. Proof that every combination meets exactly one row:
 * `tests/engine/recovery_table.test.ts`.
 *
 * @module
 */
import { invariant } from "../platform/errors.ts";
import type { LastRecord, RefState, TransactionKind } from "./situation.ts";

/** What is to be done. */
export type Decision =
  /** The transaction happened; no ref is written. */
  | "applied"
  /** The transaction did not happen; no ref is written. */
  | "reverted"
  /** The missing refs get their new values, under the locks that stand. */
  | "redo"
  /** The changed refs get their old values back, under the locks that stand. */
  | "take-back"
  /** Nothing is changed; the operation waits for a person. */
  | "pause"
  /** It ended; only left-overs go. */
  | "sweep";

/** What the table looks at. */
export interface Evidence {
  readonly last: LastRecord;
  readonly kind: TransactionKind;
  /** A single ref or a batch: whether the one step was made that shows it; `null` when that cannot be told. */
  readonly shown: boolean | null;
  readonly refs: readonly { readonly state: RefState; readonly locked: boolean }[];
  /** Whether what is still to be written can be: objects are there, no conflicting ref appeared. */
  readonly possible: boolean;
}

/** A row: when it applies, and what it decides. */
export interface Row {
  readonly name: string;
  matches(evidence: Evidence): boolean;
  readonly decision: Decision;
}

/** The table. The order of the rows says nothing: exactly one matches. */
export const RECOVERY: readonly Row[] = [
  {
    name: "a single ref that got its new value",
    matches: (evidence) => evidence.last === "updates" && evidence.kind === "single" && wasSingleShown(evidence),
    decision: "applied",
  },
  {
    name: "a single ref that did not get its new value",
    matches: (evidence) => evidence.last === "updates" && evidence.kind === "single" && !wasSingleShown(evidence),
    decision: "reverted",
  },
  {
    name: "several refs, not prepared",
    matches: ({ last, kind }) => last === "updates" && kind === "several",
    decision: "reverted",
  },
  {
    name: "a batch whose packed-refs was put in place",
    matches: (evidence) => evidence.last === "updates" && evidence.kind === "batch" && wasBatchShown(evidence),
    decision: "applied",
  },
  {
    name: "a batch whose packed-refs was not put in place",
    matches: (evidence) => evidence.last === "updates" && evidence.kind === "batch" && !wasBatchShown(evidence),
    decision: "reverted",
  },
  {
    name: "prepared, and every ref is new or still ours to change",
    matches: (evidence) => evidence.last === "prepared" && canFinish(evidence, "new", "old"),
    decision: "redo",
  },
  {
    name: "prepared, but somebody else moved a ref or is in the way",
    matches: (evidence) => evidence.last === "prepared" && !canFinish(evidence, "new", "old"),
    decision: "pause",
  },
  {
    name: "reverting, and every ref is old or still ours to change",
    matches: (evidence) => evidence.last === "reverting" && canFinish(evidence, "old", "new"),
    decision: "take-back",
  },
  {
    name: "reverting, but somebody else moved a ref or is in the way",
    matches: (evidence) => evidence.last === "reverting" && !canFinish(evidence, "old", "new"),
    decision: "pause",
  },
  {
    name: "it ended",
    matches: ({ last }) => last === "end",
    decision: "sweep",
  },
];

function isNew({ state }: { readonly state: RefState }): boolean {
  return state === "new";
}

/**
 * Where nothing else tells: while our lock stands, nobody else moves a ref. One that others moved on without it was
 * most likely ours before: the flush that made its value durable took the lock away as well, and after it the command
 * was told that all is done, though the record of that is not flushed.
 */
function wasSingleShown({ shown, refs }: Evidence): boolean {
  return shown ?? refs.some(({ state, locked }) => state === "new" || (state === "third" && !locked));
}

/** Where nothing else tells: a batch shows all of its refs at once, so one at its old value speaks against it. */
function wasBatchShown({ shown, refs }: Evidence): boolean {
  return shown ?? (refs.some(isNew) && refs.every(({ state }) => state !== "old"));
}

/** Whether every ref is where it should end, or where it began with our lock still in place. */
function canFinish({ refs, possible }: Evidence, target: RefState, start: RefState): boolean {
  return possible && refs.every(({ state, locked }) => state === target || (state === start && locked));
}

/** What the table decides. */
export function decide(evidence: Evidence): Decision {
  const rows = RECOVERY.filter((row) => row.matches(evidence));
  invariant(rows.length === 1, "exactly one row of the recovery table matches");
  return rows[0]!.decision;
}

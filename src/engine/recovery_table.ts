/**
 * The one table by which recovery decides, over the last transaction of an operation that did not end.
 *
 * It looks at the last record that is surely on the disk, at the kind of transaction, at what every ref holds and
 * whether our lock of it stands, at whether the `packed-refs` of a batch was put in place, and at whether the missing
 * writes can still be made. Proof that every combination meets exactly one row:
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
  /** Batch path: whether its `packed-refs` was put in place; `null` when that cannot be told. */
  readonly renamed: boolean | null;
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
    name: "a single ref, at its new value",
    matches: ({ last, kind, refs }) => last === "updates" && kind === "single" && refs.some(isNew),
    decision: "applied",
  },
  {
    name: "a single ref, not at its new value",
    matches: ({ last, kind, refs }) => last === "updates" && kind === "single" && !refs.some(isNew),
    decision: "reverted",
  },
  {
    name: "several refs, not prepared",
    matches: ({ last, kind }) => last === "updates" && kind === "several",
    decision: "reverted",
  },
  {
    name: "a batch whose packed-refs was put in place",
    matches: (evidence) => evidence.last === "updates" && evidence.kind === "batch" && wasShown(evidence),
    decision: "applied",
  },
  {
    name: "a batch whose packed-refs was not put in place",
    matches: (evidence) => evidence.last === "updates" && evidence.kind === "batch" && !wasShown(evidence),
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

/** Where nothing else tells: a batch shows all of its refs at once, so one at its old value speaks against it. */
function wasShown({ renamed, refs }: Evidence): boolean {
  return renamed ?? (refs.some(isNew) && refs.every(({ state }) => state !== "old"));
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

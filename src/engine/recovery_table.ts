/**
 * The one table by which recovery decides, over the last transaction of an operation that did not end.
 *
 * It looks at the last record that is surely on the disk, at whether one rename made the whole transaction visible
 * (a single ref, or the batch path), at what every ref holds and whether our lock of it stands, and at whether the
 * missing writes can still be made. Proof that every combination meets exactly one row:
 * `tests/engine/recovery_table.test.ts`.
 *
 * @module
 */
import { invariant } from "../platform/errors.ts";
import type { LastRecord, RefState } from "./situation.ts";

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
  readonly atomic: boolean;
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
    name: "one rename was to show it, and some ref is at its new value",
    matches: ({ last, atomic, refs }) => last === "updates" && atomic && refs.some(({ state }) => state === "new"),
    decision: "applied",
  },
  {
    name: "one rename was to show it, and no ref is at its new value",
    matches: ({ last, atomic, refs }) => last === "updates" && atomic && refs.every(({ state }) => state !== "new"),
    decision: "reverted",
  },
  {
    name: "several refs, not prepared",
    matches: ({ last, atomic }) => last === "updates" && !atomic,
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

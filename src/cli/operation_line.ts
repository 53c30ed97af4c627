/**
 * How an operation stands in a list for people.
 *
 * @module
 */
import type { OperationSummary } from "../engine/history.ts";

/** An operation on one line: id, when it began, where it stands, what was typed, and what it has to do with others. */
export function describeSummary(operation: OperationSummary): string {
  const { op_id, started_at, phase, command, undone_by, undoes } = operation;
  const notes = [undone_by === null ? "" : ` (undone by ${undone_by})`, undoes === null ? "" : ` (undoes ${undoes})`];
  return `${op_id}  ${started_at}  ${phase.padEnd(11)}  ${command}${notes.join("")}`;
}

/**
 * An operation as one document, as `op show --json` prints it. The journal knows refs only; updates of metadata refs
 * are shown here as what they mean.
 *
 * @module
 */
import {
  effectiveUpdates,
  findOperationId,
  operations,
  type OperationSummary,
  recordsOf,
  refuseUnknown,
} from "../engine/history.ts";
import type { JournalRecord, UpdateRecord } from "../engine/journal_format.ts";
import { branchOfRef, METADATA_PREFIX } from "../metadata/ref_name.ts";
import type { System } from "../platform/system.ts";

/** Something that happened in an operation. */
export type OperationStep =
  & { readonly timestamp: string }
  & (
    | { readonly kind: "ref_update"; readonly ref: string; readonly old: string | null; readonly new: string | null }
    | { readonly kind: "metadata_write"; readonly branch: string; readonly old: string | null; readonly new: string }
    | { readonly kind: "metadata_delete"; readonly branch: string; readonly old: string | null }
    | { readonly kind: "checkpoint"; readonly name: string }
    | { readonly kind: "git_process"; readonly arguments: readonly string[]; readonly description: string }
    | { readonly kind: "paused"; readonly reason: string }
  );

/** An operation and what it did. */
export interface OperationDocument extends OperationSummary {
  readonly steps: readonly OperationStep[];
}

/**
 * Reads an operation.
 *
 * @param text Its id, or a beginning that only one has.
 * @throws {LatticeError} `not_found`; `usage`: several ids begin so; `invalid_data`: its journal is damaged.
 */
export function describeOperation(system: System, commonDir: string, text: string): OperationDocument {
  const id = findOperationId(system, commonDir, text);
  for (const summary of operations(system, commonDir)) {
    if (summary.op_id === id) return { ...summary, steps: stepsOf(summary, recordsOf(system, commonDir, id)) };
  }
  return refuseUnknown(text);
}

function stepsOf(summary: OperationSummary, records: readonly JournalRecord[]): OperationStep[] {
  const changed = summary.phase === "rolled_back" ? [] : effectiveUpdates(records);
  const updates = changed.map((update) => stepOf(update, summary.finished_at ?? summary.started_at));
  const others = records.flatMap((record): OperationStep[] => {
    if (record.type === "checkpoint") return [{ kind: "checkpoint", timestamp: record.at, name: record.name }];
    if (record.type === "paused") return [{ kind: "paused", timestamp: record.at, reason: record.reason }];
    if (record.type !== "git_process") return [];
    const { arguments: args, description, at } = record;
    return [{ kind: "git_process", timestamp: at, arguments: args, description }];
  });
  return [...others, ...updates];
}

function stepOf({ ref, old, new: value }: UpdateRecord, timestamp: string): OperationStep {
  if (!ref.startsWith(METADATA_PREFIX)) return { kind: "ref_update", timestamp, ref, old, new: value };
  const branch = branchOfRef(ref);
  return value === null
    ? { kind: "metadata_delete", timestamp, branch, old }
    : { kind: "metadata_write", timestamp, branch, old, new: value };
}

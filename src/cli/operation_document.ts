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
import type { JournalRecord, UpdateRecord, UpdatesRecord } from "../engine/journal_format.ts";
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

/** What happened, in the order in which it did; each ref has one step, from its first value to its last. */
function stepsOf(summary: OperationSummary, records: readonly JournalRecord[]): OperationStep[] {
  const changed = summary.phase === "rolled_back" ? [] : effectiveUpdates(records);
  const settings = lastSettings(records);
  const updates = changed.map((update) => {
    const { place, at } = settings.get(update.ref) ?? { place: records.length, at: null };
    return { place, step: stepOf(update, at ?? summary.finished_at ?? summary.started_at) };
  });
  const others = records.flatMap((record, place) => {
    const step = otherStepOf(record);
    return step === null ? [] : [{ place, step }];
  });
  return [...others, ...updates].sort((one, two) => one.place - two.place).map(({ step }) => step);
}

/** A step that changes no ref. */
function otherStepOf(record: JournalRecord): OperationStep | null {
  switch (record.type) {
    case "checkpoint":
      return { kind: "checkpoint", timestamp: record.at, name: record.name };
    case "paused":
      return { kind: "paused", timestamp: record.at, reason: record.reason };
    case "git_process": {
      const { arguments: args, description, at } = record;
      return { kind: "git_process", timestamp: at, arguments: args, description };
    }
    default:
      return null;
  }
}

/** When a ref got the value that it was left with. */
interface LastSetting {
  readonly value: string | null;
  /** Index of the record that ends that transaction. */
  readonly place: number;
  /** RFC 3339, UTC; `null`: that record does not say. */
  readonly at: string | null;
}

function lastSettings(records: readonly JournalRecord[]): Map<string, LastSetting> {
  const settings = new Map<string, LastSetting>();
  let open: UpdatesRecord | null = null;
  for (const [place, record] of records.entries()) {
    if (record.type === "updates") open = record;
    if (record.type === "reverted") open = null;
    if (open === null || (record.type !== "applied" && record.type !== "committed")) continue;
    for (const { ref, new: value, verify } of open.updates) {
      if (verify === true || record.kept?.includes(ref) === true) continue;
      // What is merely seen at the end was done by the transaction that had left this value.
      if (open.path === "observed" && settings.get(ref)?.value === value) continue;
      settings.set(ref, { value, place, at: record.at ?? null });
    }
    open = null;
  }
  return settings;
}

function stepOf({ ref, old, new: value }: UpdateRecord, timestamp: string): OperationStep {
  if (!ref.startsWith(METADATA_PREFIX)) return { kind: "ref_update", timestamp, ref, old, new: value };
  const branch = branchOfRef(ref);
  return value === null
    ? { kind: "metadata_delete", timestamp, branch, old }
    : { kind: "metadata_write", timestamp, branch, old, new: value };
}

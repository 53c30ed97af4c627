/**
 * What the journals tell of past operations.
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";
import { listJournals, readJournal } from "./journal.ts";
import type { BeginRecord, JournalRecord, UpdateRecord } from "./journal_format.ts";
import { KEEP_PREFIX } from "./paths.ts";

/** Where an operation stands. */
export type Phase = "in_progress" | "paused" | "committed" | "rolled_back";

/** An operation in a list. */
export interface OperationSummary {
  /** Its id, a UUID of version 7. */
  readonly op_id: string;
  /** What the person typed. */
  readonly command: string;
  /** RFC 3339, UTC. */
  readonly started_at: string;
  /** RFC 3339, UTC; `null` while it is unfinished. */
  readonly finished_at: string | null;
  /** Where it stands. */
  readonly phase: Phase;
  /** The operation that it took back. */
  readonly undoes: string | null;
  /** The operation that took it back, and that still stands. */
  readonly undone_by: string | null;
}

/** A journal with its records. */
export interface OperationRecords {
  readonly begin: BeginRecord;
  readonly records: readonly JournalRecord[];
  readonly phase: Phase;
  readonly finishedAt: string | null;
}

/**
 * Reads one operation.
 *
 * @returns `null`: there is none of that id, or it never began.
 * @throws {LatticeError} `invalid_data`, `unsupported`, `io`.
 */
export function readOperation(system: System, commonDir: string, opId: string): OperationRecords | null {
  const records = readJournal(system, commonDir, opId);
  const begin = records?.[0];
  if (records === null || begin?.type !== "begin") return null;
  const last = records.at(-1)!;
  for (const record of records.toReversed()) {
    if (record.type === "committed" || record.type === "rolled_back") {
      return { begin, records, phase: record.type, finishedAt: record.at };
    }
  }
  return { begin, records, phase: last.type === "paused" ? "paused" : "in_progress", finishedAt: null };
}

/**
 * Goes through the operations, newest first. Plumbing journals are left out: they are no operations.
 *
 * An end that a power cut took is given back by the operation behind it, which names the outcome.
 */
export function* operations(
  system: System,
  commonDir: string,
): Generator<OperationSummary & { records: readonly JournalRecord[] }> {
  const undoneBy = new Map<string, string>();
  let later: BeginRecord["previous"] = null;
  let laterStart: string | null = null;
  for (const opId of listJournals(system, commonDir).reverse()) {
    const operation = readOperation(system, commonDir, opId);
    if (operation === null) continue;
    let { phase, finishedAt } = operation;
    if (phase === "in_progress" && later?.id === opId && isEnd(later.outcome)) {
      phase = later.outcome;
      finishedAt = laterStart;
    }
    const { begin } = operation;
    later = begin.previous;
    laterStart = begin.started_at;
    if (begin.purpose !== "operation") continue;
    const takenBackBy = undoneBy.get(opId) ?? null;
    if (phase === "committed" && begin.undoes !== null && takenBackBy === null && !undoneBy.has(begin.undoes)) {
      undoneBy.set(begin.undoes, opId);
    }
    yield {
      op_id: opId,
      command: begin.command,
      started_at: begin.started_at,
      finished_at: finishedAt,
      phase,
      undoes: begin.undoes,
      undone_by: takenBackBy,
      records: operation.records,
    };
  }
}

function isEnd(outcome: string): outcome is "committed" | "rolled_back" {
  return outcome === "committed" || outcome === "rolled_back";
}

/** What an operation did to one ref, first value to last. */
export type EffectiveUpdate = UpdateRecord;

/**
 * What an operation changed in the end: transactions that were taken back do not count, nor refs that were left to
 * others, nor lattice's own keep refs.
 */
export function effectiveUpdates(records: readonly JournalRecord[]): EffectiveUpdate[] {
  const byRef = new Map<string, UpdateRecord>();
  let open: readonly UpdateRecord[] = [];
  const settle = (kept: readonly string[] = []) => {
    for (const update of open) {
      if (update.verify === true || kept.includes(update.ref) || update.ref.startsWith(KEEP_PREFIX)) continue;
      const first = byRef.get(update.ref);
      byRef.set(update.ref, first === undefined ? update : joined(first, update));
    }
    open = [];
  };
  for (const record of records) {
    if (record.type === "updates") open = record.updates;
    else if (record.type === "applied" || record.type === "committed") settle(record.kept);
    else if (record.type === "reverted" || record.type === "rolled_back") open = [];
  }
  settle(); // an end that a power cut took: whoever asks knows that it was committed
  return [...byRef.values()];
}

function joined(first: UpdateRecord, second: UpdateRecord): UpdateRecord {
  return {
    ref: first.ref,
    old: first.old,
    new: second.new,
    ...(first.document === undefined ? {} : { document: true }),
    ...(first.old_content === undefined ? {} : { old_content: first.old_content }),
    ...(second.new_content === undefined ? {} : { new_content: second.new_content }),
  };
}

/**
 * Finds the operation that a person names, by its id or a beginning of it that only one has.
 *
 * @throws {LatticeError} `not_found`: there is none; `usage`: several begin so.
 */
export function findOperationId(system: System, commonDir: string, text: string): string {
  const matches = text.length < 4 ? [] : listJournals(system, commonDir).filter((id) => id.startsWith(text));
  if (matches.length === 1) return matches[0]!;
  if (matches.length > 1) {
    throw new LatticeError("usage", `${JSON.stringify(text)} is the beginning of ${matches.length} operation ids`, {
      hint: "give more of the id",
      details: { candidates: matches.slice(0, 10) },
    });
  }
  throw new LatticeError("not_found", `there is no operation ${JSON.stringify(text)}`, {
    hint: "`lattice op list` shows the operations",
    details: { op: text },
  });
}

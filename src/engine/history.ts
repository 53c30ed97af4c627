/**
 * What the journals tell of past operations.
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";
import { listJournals, readJournal } from "./journal.ts";
import { endsOf, type JournalEnds, readJournalEnds } from "./journal_ends.ts";
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
 * Reads one operation, all of it.
 *
 * @returns `null`: there is none of that id, or it never began.
 * @throws {LatticeError} `invalid_data`, `unsupported`, `io`.
 */
export function readOperation(system: System, commonDir: string, opId: string): OperationRecords | null {
  const records = readJournal(system, commonDir, opId);
  const ends = endsOf(records ?? []);
  if (records === null || ends === null) return null;
  return { begin: ends.begin, records, phase: phaseOf(ends), finishedAt: ends.end?.at ?? null };
}

function phaseOf({ end, paused }: JournalEnds): Phase {
  return end?.type ?? (paused ? "paused" : "in_progress");
}

/** An operation and what is needed to decide about its journal. */
export interface JournaledOperation extends OperationSummary {
  /** Its first record. */
  readonly begin: BeginRecord;
  /** Whether its own journal says how it ended; else that is known from the operation behind it alone. */
  readonly endRecorded: boolean;
}

/**
 * Goes through the operations, newest first. Plumbing journals are left out: they are no operations.
 *
 * An end that a power cut took is given back by the operation behind it, which names the outcome. Journals are read one
 * by one, as they are asked for; of a large one, the beginning and the end.
 *
 * @throws {LatticeError} `invalid_data`, `unsupported`, `io`.
 */
export function* operations(system: System, commonDir: string): Generator<OperationSummary> {
  for (const { begin, endRecorded: _endRecorded, ...summary } of journaledOperations(system, commonDir)) {
    if (begin.purpose !== "operation") continue;
    // Between its steps, which is all that its journal tells, one that was begun waits, as its marker says.
    const waits = summary.phase === "in_progress" && begin.span?.kind === "begun";
    yield waits ? { ...summary, phase: "paused" } : summary;
  }
}

/** Like {@link operations}, with the plumbing journals among them. */
export function* journaledOperations(system: System, commonDir: string): Generator<JournaledOperation> {
  const undoneBy = new Map<string, string>();
  // Not only the next journal may name an end: one that was made of what plain git did names none.
  const ends = new Map<string, { outcome: string; at: string }>();
  for (const opId of listJournals(system, commonDir).reverse()) {
    const journal = readJournalEnds(system, commonDir, opId);
    if (journal === null) continue;
    const { begin, end } = journal;
    let phase = phaseOf(journal);
    let finishedAt = end?.at ?? null;
    const told = ends.get(opId);
    if (phase === "in_progress" && told !== undefined && isEnd(told.outcome)) {
      phase = told.outcome;
      finishedAt = told.at;
    }
    if (begin.previous !== null) ends.set(begin.previous.id, { outcome: begin.previous.outcome, at: begin.started_at });
    const takenBackBy = undoneBy.get(opId) ?? null;
    const undoes = begin.purpose === "operation" ? begin.undoes : null;
    if (phase === "committed" && undoes !== null && takenBackBy === null && !undoneBy.has(undoes)) {
      undoneBy.set(undoes, opId);
    }
    yield {
      op_id: opId,
      command: begin.command,
      started_at: begin.started_at,
      finished_at: finishedAt,
      phase,
      undoes,
      undone_by: takenBackBy,
      begin,
      endRecorded: end !== null,
    };
  }
}

function isEnd(outcome: string): outcome is "committed" | "rolled_back" {
  return outcome === "committed" || outcome === "rolled_back";
}

/**
 * Everything that an operation recorded.
 *
 * @throws {LatticeError} `not_found`: its journal is gone, pruned by somebody else; `invalid_data`, `unsupported`, `io`.
 */
export function recordsOf(system: System, commonDir: string, opId: string): readonly JournalRecord[] {
  return readJournal(system, commonDir, opId) ?? refuseUnknown(opId);
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
  let observed = false;
  const settle = (kept: readonly string[] = []) => {
    if (observed) byRef.clear(); // it tells first value to last, those of the transactions before it included
    observed = false;
    for (const update of open) {
      if (update.verify === true || kept.includes(update.ref) || update.ref.startsWith(KEEP_PREFIX)) continue;
      const first = byRef.get(update.ref);
      byRef.set(update.ref, first === undefined ? update : joined(first, update));
    }
    open = [];
  };
  for (const record of records) {
    if (record.type === "updates") {
      open = record.updates;
      observed = record.path === "observed";
    } else if (record.type === "applied" || record.type === "committed") {
      settle(record.kept);
    } else if (record.type === "reverted" || record.type === "rolled_back") {
      open = [];
    }
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
  return refuseUnknown(text);
}

/**
 * Says that there is no such operation.
 *
 * @param text The id, as it was given.
 * @throws {LatticeError} `not_found`.
 */
export function refuseUnknown(text: string): never {
  throw new LatticeError("not_found", `there is no operation ${JSON.stringify(text)}`, {
    hint: "`lattice op list` shows the operations",
    details: { op: text },
  });
}

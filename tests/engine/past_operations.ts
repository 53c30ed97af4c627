/**
 * Journals of operations that happened long ago, as many as a test wants, without running them.
 *
 * @module
 */
import { type BeginRecord, encodeRecord, type JournalRecord } from "../../src/engine/journal_format.ts";
import { concatBytes } from "../../src/platform/text.ts";

/** What a past operation was like; what is left out is that of `meta edit`. */
export interface PastOperation {
  /** When it happened, in milliseconds since 1970; without it, a minute after the one before. */
  readonly atMs?: number;
  readonly undoes?: string;
  readonly purpose?: BeginRecord["purpose"];
  /** How its own journal ends; `null`: a power cut took the end. */
  readonly end?: "committed" | "rolled_back" | "paused" | null;
  /** What the operation behind it says that it ended with. */
  readonly outcome?: string;
  /** Records between beginning and end. */
  readonly records?: readonly JournalRecord[];
}

/** When the first of them happened. */
export const FIRST_MS: number = Date.UTC(2025, 0, 1);

/** Id of the n-th of them, from 0 on. */
export function pastId(index: number, atMs: number = FIRST_MS + index * 60_000): string {
  const digits = atMs.toString(16).padStart(12, "0");
  return `${digits.slice(0, 8)}-${digits.slice(8)}-7000-8000-${index.toString(16).padStart(12, "0")}`;
}

/**
 * Their journals, oldest first: the name of each file in `lattice/ops/`, and its bytes.
 *
 * @param operations Each after the one before it.
 */
export function pastJournals(operations: readonly PastOperation[]): [name: string, bytes: Uint8Array][] {
  let previous: BeginRecord["previous"] = null;
  return operations.map((operation, index) => {
    const atMs = operation.atMs ?? FIRST_MS + index * 60_000;
    const id = pastId(index, atMs);
    const at = new Date(atMs).toISOString();
    const begin: BeginRecord = {
      type: "begin",
      format: 1,
      op_id: id,
      command: `meta edit branch-${index}`,
      arguments: [],
      purpose: operation.purpose ?? "operation",
      started_at: at,
      pid: 7,
      host: "h",
      boot_id: null,
      origin_git_dir: "/r/.git",
      origin_work_dir: "/r",
      worktree_id: null,
      undoes: operation.undoes ?? null,
      previous,
    };
    const records: JournalRecord[] = [begin, ...operation.records ?? [metadataUpdate(index)]];
    const end = operation.end === undefined ? "committed" : operation.end;
    if (end === "paused") records.push({ type: "paused", reason: "diverged", detail: [], at });
    else if (end !== null) records.push({ type: end, at });
    previous = { id, outcome: operation.outcome ?? end ?? "committed" };
    return [`${id}.jsonl`, written(records)];
  });
}

/** The first two records in one write, each further one when all before it were flushed. */
function written(records: readonly JournalRecord[]): Uint8Array {
  let bytes = concatBytes(records.slice(0, 2).map((record) => encodeRecord(record, 0)));
  for (const record of records.slice(2)) bytes = concatBytes([bytes, encodeRecord(record, bytes.length)]);
  return bytes;
}

/** The record of a change of one document. */
export function metadataUpdate(index: number, content = `document ${index}`): JournalRecord {
  return {
    type: "updates",
    transaction: 1,
    path: "loose",
    updates: [{
      ref: `refs/branch-metadata/branch-${index}`,
      old: null,
      new: "1".repeat(40),
      document: true,
      new_content: { text: content },
    }],
    locked: [],
    logs: [],
    identity: "",
  };
}

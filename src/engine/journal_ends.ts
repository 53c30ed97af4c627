/**
 * The first and the last record of a journal, for lists: a journal holds the documents that an operation stored and
 * replaced, so it may have hundreds of megabytes, and a list needs none of them.
 *
 * Limits: damage between the two is not noticed. Whoever works with an operation reads all of its journal.
 *
 * @module
 */
import type { OpenFile } from "../platform/disk.ts";
import type { System } from "../platform/system.ts";
import { concatBytes } from "../platform/text.ts";
import { decodeJournalOf, JOURNAL_BYTES_MAX, ownJournalPath } from "./journal.ts";
import type { BeginRecord, JournalRecord } from "./journal_format.ts";
import { openOwnFileToRead, readOpenFile } from "../platform/own_file.ts";

/** What a list needs of a journal. */
export interface JournalEnds {
  readonly begin: BeginRecord;
  /** How it ended; `null`: its journal does not say so. */
  readonly end: EndRecord | null;
  /** Whether it waits for a person. */
  readonly paused: boolean;
}

/** A record that ends an operation. */
export type EndRecord = Extract<JournalRecord, { type: "committed" | "rolled_back" }>;

/** A journal of up to so many bytes is read at once: that takes no longer than two looks. */
const WHOLE_BYTES_MAX = 64 * 1024;

/** So much of a larger one is looked at for its first line, and for its last, in bytes. */
const PART_BYTES = 16 * 1024;

const NEWLINE = 10;

/**
 * Reads how a journal begins and ends.
 *
 * @returns `null`: there is none of that id, or it never began.
 * @throws {LatticeError} As `readJournal`.
 */
export function readJournalEnds(system: System, commonDir: string, opId: string): JournalEnds | null {
  const path = ownJournalPath(system, commonDir, opId);
  using file = path === null ? null : openOwnFileToRead(system.disk, path);
  if (path === null || file === null) return null;
  const { size } = file.stat();
  const outer = size <= WHOLE_BYTES_MAX ? null : outerLines(file, size);
  if (outer !== null) {
    const records = decodeJournalOf(opId, outer, path).records;
    const ends = endsOf(records);
    // Anything but an end may stand behind one, and what is torn hides what stands before it: look at all of it.
    if (records.length === 2 && ends?.end === records[1]) return ends;
  }
  return endsOf(decodeJournalOf(opId, readOpenFile(file, JOURNAL_BYTES_MAX), path).records);
}

/** What the records of a journal say of its beginning and its end; `null`: it never began. */
export function endsOf(records: readonly JournalRecord[]): JournalEnds | null {
  const [begin] = records;
  if (begin?.type !== "begin") return null;
  const end = records.findLast((record) => record.type === "committed" || record.type === "rolled_back");
  return { begin, end: end ?? null, paused: end === undefined && records.at(-1)?.type === "paused" };
}

/** The first line and the last one; `null`: they are too long, or the last is not whole. */
function outerLines(file: OpenFile, size: number): Uint8Array | null {
  const head = partOf(file, 0);
  const headEnd = head.indexOf(NEWLINE) + 1;
  const tail = partOf(file, size - PART_BYTES);
  if (headEnd === 0 || tail.at(-1) !== NEWLINE) return null;
  const tailStart = tail.lastIndexOf(NEWLINE, tail.length - 2) + 1;
  return tailStart === 0 ? null : concatBytes([head.subarray(0, headEnd), tail.subarray(tailStart)]);
}

function partOf(file: OpenFile, offset: number): Uint8Array {
  const part = new Uint8Array(PART_BYTES);
  return part.subarray(0, file.readAt(part, offset));
}

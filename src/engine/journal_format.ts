/**
 * The bytes of a journal: `<common dir>/lattice/ops/<op id>.jsonl`, described in `docs/formats.md`.
 *
 * A line is one JSON object with three members in this order:
 *
 * ```json
 * {"sum":"0a1b2c3d","flushed":0,"record":{"type":"begin"}}
 * ```
 *
 * `sum` is the CRC-32 of everything behind `"sum":"0a1b2c3d",` up to, not including, the newline; `flushed` is the
 * length in bytes of the file that had been flushed when the line was written. A bad line that begins at or behind
 * the largest flushed length is the torn tail of a crash and does not count; a bad line before it is corruption.
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import { crc32 } from "../platform/crc32.ts";
import { concatBytes, decodeUtf8, utf8 } from "../platform/text.ts";
import { recordFault } from "./record_check.ts";

/** Version of the format, in the `begin` record. */
export const JOURNAL_FORMAT = 1;

/** A byte string in a record: text where it is UTF-8, else base64. */
export type StoredBytes = { readonly text: string } | { readonly base64: string };

/** First record: what this operation is and where it came from. */
export interface BeginRecord {
  readonly type: "begin";
  readonly format: number;
  readonly op_id: string;
  readonly command: string;
  readonly arguments: readonly string[];
  /** `plumbing` journals are no operations: not listed, not undone. */
  readonly purpose: "operation" | "plumbing";
  /** RFC 3339, UTC. */
  readonly started_at: string;
  readonly pid: number;
  readonly host: string;
  readonly boot_id: string | null;
  readonly origin_git_dir: string;
  readonly origin_work_dir: string | null;
  /** Id of the linked worktree that it began in; `null` for the main one. */
  readonly worktree_id: string | null;
  /** The operation that this one takes back. */
  readonly undoes: string | null;
  /** The paused operation that this one helps to its end (`continue`, `abort`). */
  readonly resumes?: string;
  /** What is told of an operation of several transactions; absent for that of one command. */
  readonly span?: SpanOrigin;
  /** The operation before this one and how it ended, which its own unflushed end may have lost. */
  readonly previous: { readonly id: string; readonly outcome: string } | null;
}

/** What an operation of several transactions begins with. */
export interface SpanOrigin {
  /** `run`: everything that one program does (`op run`); `begun`: everything until `op commit` (`op begin`). */
  readonly kind: "run" | "begun";
  /** SHA-256 of the snapshot of all refs, which stands beside the journal until the operation ends. */
  readonly plan_digest: string;
  /** SHA-256 of the token that commands must have to join. */
  readonly token_digest: string;
}

/** One ref of an `updates` record. Values: an object name, `ref: <target>`, or `null` for "does not exist". */
export interface UpdateRecord {
  readonly ref: string;
  readonly old: string | null;
  readonly new: string | null;
  /** Only looked at, under the same locks. */
  readonly verify?: true;
  /** A document that nothing but this ref leads to: what is replaced is kept here, and not by a keep ref. */
  readonly document?: true;
  readonly old_content?: StoredBytes;
  readonly new_content?: StoredBytes;
}

/** A reflog line that belongs to a transaction. */
export interface LogRecord {
  readonly ref: string;
  readonly old: string;
  readonly new: string;
  readonly message: string;
  /** There was no reflog before; taken back, there is none again. */
  readonly create?: true;
}

/** What a transaction is about to do. */
export interface UpdatesRecord {
  readonly type: "updates";
  readonly transaction: number;
  /** `observed`: nothing was done; it says what others had done for this operation, first value to last. */
  readonly path: "loose" | "batch" | "observed";
  readonly updates: readonly UpdateRecord[];
  /** Refs that are locked but not changed: symbolic refs on the way, `HEAD`. */
  readonly locked: readonly string[];
  readonly logs: readonly LogRecord[];
  /** `Name <email> seconds zone` of the reflog lines. */
  readonly identity: string;
  /** Batch path: inode, as a decimal number, of the file that is to become `packed-refs`. */
  readonly packed_inode?: string;
}

/** Every kind of record. */
export type JournalRecord =
  | BeginRecord
  | UpdatesRecord
  | { readonly type: "checkpoint"; readonly name: string; readonly at: string }
  | {
    readonly type: "git_process";
    readonly arguments: readonly string[];
    readonly description: string;
    readonly at: string;
  }
  | { readonly type: "prepared"; readonly transaction: number }
  | { readonly type: "reverting"; readonly transaction: number }
  | {
    readonly type: "applied";
    readonly transaction: number;
    /** RFC 3339, UTC; absent where a first version of this program wrote it. */
    readonly at?: string;
    readonly kept?: readonly string[];
  }
  | { readonly type: "reverted"; readonly transaction: number; readonly kept?: readonly string[] }
  | {
    readonly type: "paused";
    readonly reason: string;
    readonly detail: readonly DivergedRef[];
    readonly at: string;
  }
  | {
    readonly type: "committed";
    readonly at: string;
    /** Refs whose values belong to others and were left alone. */
    readonly kept?: readonly string[];
  }
  | { readonly type: "rolled_back"; readonly at: string; readonly kept?: readonly string[] };

/** A ref that is neither old nor new. Values are as in a ref file; `null`: it does not exist. */
export interface DivergedRef {
  /** Full name. */
  readonly ref: string;
  /** What it held before the operation. */
  readonly old: string | null;
  /** What the operation wanted it to hold. */
  readonly new: string | null;
  /** What it holds. */
  readonly actual: string | null;
}

/** A journal as it was read. */
export interface JournalContent {
  readonly records: readonly JournalRecord[];
  /** Length in bytes of the sound part; anything behind it is a torn tail. */
  readonly soundLength: number;
  /** Bytes of the first line, with its newline: what a lock made from this journal begins with. */
  readonly firstLine: Uint8Array;
}

const NEWLINE = 10;
const PREFIX = utf8('{"sum":"');
const SEPARATOR = utf8('",');
const BODY_OFFSET = PREFIX.length + 8 + SEPARATOR.length; // eight digits in between

/** One line of a journal, with its newline. `flushed` is the file's flushed length in bytes at this moment. */
export function encodeRecord(record: JournalRecord, flushed: number): Uint8Array<ArrayBuffer> {
  const body = utf8(`"flushed":${flushed},"record":${JSON.stringify(record)}}`);
  return concatBytes([PREFIX, utf8(sumOf(body)), SEPARATOR, body, Uint8Array.of(NEWLINE)]);
}

/**
 * Reads a journal.
 *
 * @param bytes The whole file.
 * @param path For messages.
 * @throws {LatticeError} `invalid_data`: a line before the flushed length is bad, or a record is malformed (the message
 *   names the byte), or the first record is no `begin`; `unsupported`: a version or a type of record that this program
 *   does not know.
 */
export function decodeJournal(bytes: Uint8Array, path: string): JournalContent {
  const records: JournalRecord[] = [];
  let flushed = 0;
  let offset = 0;
  let firstLine = new Uint8Array();
  while (offset < bytes.length) {
    const end = bytes.indexOf(NEWLINE, offset);
    const body = end === -1 ? null : soundBody(bytes, offset, end);
    if (body === null) {
      if (hasLaterProof(bytes, offset, flushed)) throw corruptJournal(path, offset);
      break;
    }
    const line = parseBody(body);
    if (line === null) throw corruptJournal(path, offset); // the sum is right, so no crash has made it
    checkRecord(line.record, records.length, path, offset);
    if (records.length === 0) firstLine = bytes.slice(0, end + 1);
    flushed = Math.max(flushed, line.flushed);
    records.push(line.record);
    offset = end + 1;
  }
  return { records, soundLength: offset, firstLine };
}

/**
 * A bad line counts as torn only when no sound line says that this part had been flushed.
 *
 * The damage may be in a newline, so a sound line is looked for behind the last {@link PREFIX} before each newline: in
 * JSON text quotes are escaped, and no record has a member of that name. So no byte is summed twice.
 */
function hasLaterProof(bytes: Uint8Array, badOffset: number, flushedBefore: number): boolean {
  if (badOffset < flushedBefore) return true;
  for (let start = badOffset + 1;;) {
    const end = bytes.indexOf(NEWLINE, start);
    if (end === -1) return false;
    const at = lastPrefix(bytes, start, end);
    const body = at === -1 ? null : soundBody(bytes, at, end);
    const line = body === null ? null : parseBody(body);
    if (line !== null && line.flushed > badOffset) return true;
    start = end + 1;
  }
}

/** Where the last {@link PREFIX} between two offsets begins; -1: there is none. */
function lastPrefix(bytes: Uint8Array, start: number, end: number): number {
  for (let at = end - BODY_OFFSET; at >= start; at--) {
    if (bytes[at] === PREFIX[0] && holdsAt(bytes, at, PREFIX)) return at;
  }
  return -1;
}

function holdsAt(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  return expected.every((byte, index) => bytes[at + index] === byte);
}

/** What the sum of the line between two offsets is about; `null`: this is no line, or the sum is wrong. */
function soundBody(bytes: Uint8Array, start: number, end: number): string | null {
  if (end - start < BODY_OFFSET) return null;
  if (!holdsAt(bytes, start, PREFIX) || !holdsAt(bytes, start + PREFIX.length + 8, SEPARATOR)) return null;
  const sum = decodeUtf8(bytes.subarray(start + PREFIX.length, start + PREFIX.length + 8));
  const body = bytes.subarray(start + BODY_OFFSET, end);
  return sum === sumOf(body) ? decodeUtf8(body) : null;
}

function sumOf(body: Uint8Array): string {
  return crc32(body).toString(16).padStart(8, "0");
}

/** The members behind the sum; `null`: somebody else wrote this. */
function parseBody(body: string): { flushed: number; record: JournalRecord } | null {
  try {
    const { flushed, record } = JSON.parse(`{${body}`) as { flushed: unknown; record: { type?: unknown } | null };
    if (!Number.isSafeInteger(flushed) || typeof record?.type !== "string") return null;
    return { flushed: flushed as number, record: record as JournalRecord };
  } catch {
    return null; // it is no JSON, or nested deeper than a record is
  }
}

/** Insists on a record that can be worked with: `begin` first and only there, and each with what belongs to it. */
function checkRecord(record: JournalRecord, index: number, path: string, offset: number): void {
  if ((record.type === "begin") !== (index === 0)) throw corruptJournal(path, offset);
  if (record.type === "begin" && typeof record.format === "number" && record.format !== JOURNAL_FORMAT) {
    throw unsupportedJournal(path, `format ${record.format}`, { format: record.format });
  }
  const fault = recordFault(record);
  if (fault === "unknown") {
    const type = record.type.slice(0, 64);
    throw unsupportedJournal(path, `a record of type ${JSON.stringify(type)}`, { type });
  }
  if (fault === "malformed") throw corruptJournal(path, offset);
}

function unsupportedJournal(path: string, what: string, details: Record<string, unknown>): LatticeError {
  return new LatticeError("unsupported", `the journal ${JSON.stringify(path)} has ${what}`, {
    hint: `this lattice knows format ${JOURNAL_FORMAT}; use the version that wrote it`,
    details: { path, ...details },
  });
}

function corruptJournal(path: string, offset: number): LatticeError {
  return new LatticeError("invalid_data", `the journal ${JSON.stringify(path)} is damaged at byte ${offset}`, {
    hint: "restore it from a backup, or move it away if the refs are as they should be",
    details: { path, offset },
  });
}

/** How content stands in a record. */
export function storeBytes(bytes: Uint8Array): StoredBytes {
  const text = decodeUtf8(bytes);
  if (text !== null) return { text };
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return { base64: btoa(binary) };
}

/** The content that stands in a record. */
export function loadBytes(stored: StoredBytes): Uint8Array {
  if ("text" in stored) return utf8(stored.text);
  return Uint8Array.from(atob(stored.base64), (character) => character.charCodeAt(0));
}

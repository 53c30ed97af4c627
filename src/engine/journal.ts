/**
 * Journals on disk: begun, appended to, read again.
 *
 * Guarantee: once `append(…, "flush")` returns, the records survive a power cut. Limits: one writer at a time (who
 * holds the repository lock). A torn tail is cut before anything is appended behind it.
 *
 * @module
 */
import type { OpenFile } from "../platform/disk.ts";
import { LatticeError } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";
import { concatBytes } from "../platform/text.ts";
import {
  type BeginRecord,
  decodeJournal,
  encodeRecord,
  type JournalContent,
  type JournalRecord,
} from "./journal_format.ts";
import { isOperationId } from "./operation_id.ts";
import { hasOwnFolder, openOwnFile, readOpenFile, readOwnFile } from "../platform/own_file.ts";
import { journalPath, opsFolder } from "./paths.ts";

/** A larger journal is not read, in bytes (1 GiB). */
export const JOURNAL_BYTES_MAX = 1024 * 1024 * 1024;

/**
 * No journal grows beyond this by the updates of a transaction, in bytes (500 MiB): below the longest string of a
 * runtime, so that it can be read again, and so that its end always finds room.
 */
const UPDATES_BYTES_MAX = 500 * 1024 * 1024;

/** A journal that is being written. */
export class Journal {
  private constructor(
    /** The file. */
    readonly path: string,
    /** Everything that was recorded. */
    readonly records: JournalRecord[],
    /** Bytes of the first line: how a lock of this operation begins. */
    readonly firstLine: Uint8Array,
    /** Device and inode of the file: how a lock of this operation is known. */
    readonly device: bigint,
    readonly inode: bigint,
    private file: OpenFile | null,
    private length: number,
    private flushed: number,
  ) {}

  /**
   * Writes a new journal: all records in one write, flushed, and its name flushed.
   *
   * @param records The first is `begin`.
   * @throws {LatticeError} `unsupported`: the transaction is too large for a journal; nothing was written then; `io`.
   */
  static begin(system: System, commonDir: string, records: readonly [BeginRecord, ...JournalRecord[]]): Journal {
    const path = journalPath(commonDir, records[0].op_id);
    const lines = records.map((record) => encodeRecord(record, 0));
    const bytes = concatBytes(lines);
    refuseTooLarge(path, bytes.length);
    const file = system.disk.create(path);
    file.write(bytes);
    file.sync();
    system.disk.syncDirectory(opsFolder(commonDir));
    const stat = file.stat();
    return new Journal(
      path,
      [...records],
      lines[0]!,
      stat.device,
      stat.inode,
      file,
      bytes.length,
      bytes.length,
    );
  }

  /**
   * Opens the journal of an operation that did not end, makes what is seen of it durable, and cuts a torn tail.
   *
   * @returns `null` when there is no such journal, or nothing in it was ever whole.
   * @throws {LatticeError} As {@link readJournal}; the file is as it was then.
   */
  static reopen(system: System, commonDir: string, opId: string): Journal | null {
    const path = ownJournalPath(system, commonDir, opId);
    const file = path === null ? null : openOwnFile(system.disk, path);
    if (path === null || file === null) return null;
    try {
      file.sync(); // what is merely seen is not yet a fact
      system.disk.syncDirectory(opsFolder(commonDir));
      const bytes = readOpenFile(file, JOURNAL_BYTES_MAX);
      const content = decodeJournalOf(opId, bytes, path);
      if (content.records.length === 0) {
        file.close();
        return null;
      }
      if (content.soundLength < bytes.length) file.truncate(content.soundLength);
      const { device, inode } = file.stat();
      const length = content.soundLength;
      return new Journal(path, [...content.records], content.firstLine, device, inode, file, length, length);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** The first record. */
  get begin(): BeginRecord {
    const [first] = this.records;
    if (first?.type !== "begin") throw new LatticeError("internal", `the journal ${this.path} has no beginning`);
    return first;
  }

  /**
   * Appends records in one write.
   *
   * @param durability `flush` returns when they survive a power cut; `lazy` leaves that to a later flush.
   * @throws {LatticeError} `unsupported`: the transaction is too large for a journal; nothing was appended then; `io`.
   */
  append(records: readonly JournalRecord[], durability: "flush" | "lazy"): void {
    const file = this.file;
    if (file === null) throw new LatticeError("internal", `the journal ${this.path} is closed`);
    const bytes = concatBytes(records.map((record) => encodeRecord(record, this.flushed)));
    if (records.some((record) => record.type === "updates")) refuseTooLarge(this.path, this.length + bytes.length);
    try {
      file.write(bytes);
    } catch (error) {
      file.truncate(this.length); // half a line would be in the way of the next one
      throw error;
    }
    this.length += bytes.length;
    this.records.push(...records);
    if (durability === "flush") {
      file.sync();
      this.flushed = this.length;
    }
  }

  /** Closes the file. */
  close(): void {
    this.file?.close();
    this.file = null;
  }
}

/**
 * Reads the records of a journal without changing anything.
 *
 * @returns `null` when there is no such journal or it never held a whole record.
 * @throws {LatticeError} `invalid_data`: it is damaged, too large, or another operation's; `unsupported`: a later
 *   version wrote it, or no plain file stands there; `io`.
 */
export function readJournal(system: System, commonDir: string, opId: string): readonly JournalRecord[] | null {
  const path = ownJournalPath(system, commonDir, opId);
  const bytes = path === null ? null : readOwnFile(system.disk, path, JOURNAL_BYTES_MAX);
  if (path === null || bytes === null) return null;
  const { records } = decodeJournalOf(opId, bytes, path);
  return records.length === 0 ? null : records;
}

/**
 * Ids of all operations that have a journal, oldest first.
 *
 * @throws {LatticeError} `unsupported`: no folder stands in the place of theirs; `io`.
 */
export function listJournals(system: System, commonDir: string): string[] {
  const folder = opsFolder(commonDir);
  if (!hasOwnFolder(system.disk, folder)) return [];
  const ids: string[] = [];
  for (const entry of system.disk.list(folder) ?? []) {
    const id = entry.name.endsWith(".jsonl") ? entry.name.slice(0, -".jsonl".length) : "";
    if (isOperationId(id)) ids.push(id);
  }
  return ids.sort(); // digits and dashes, so the runtime's own order is that of the bytes, and ten times as fast
}

/** Path of a journal that may be there; `null`: there is no folder of journals, or no operation has such an id. */
export function ownJournalPath(system: System, commonDir: string, opId: string): string | null {
  if (!isOperationId(opId)) return null;
  return hasOwnFolder(system.disk, opsFolder(commonDir)) ? journalPath(commonDir, opId) : null;
}

/**
 * Takes the bytes of a journal apart. Temporary files and the marker go by the id in the journal, so it must be the one
 * that the file is named for.
 *
 * @throws {LatticeError} As {@link readJournal}.
 */
export function decodeJournalOf(opId: string, bytes: Uint8Array, path: string): JournalContent {
  const content = decodeJournal(bytes, path);
  const [first] = content.records;
  if (first?.type !== "begin" || first.op_id === opId) return content;
  throw new LatticeError("invalid_data", `the journal ${JSON.stringify(path)} is of operation ${first.op_id}`, {
    hint: "a journal keeps the name it was made with; give it back, or move the file away",
    details: { path, op: first.op_id },
  });
}

function refuseTooLarge(path: string, length: number): void {
  if (length <= UPDATES_BYTES_MAX) return;
  throw new LatticeError("unsupported", `the transaction is too large for a journal: ${length} bytes`, {
    hint: "make several transactions of it",
    details: { path, size: length, limit: UPDATES_BYTES_MAX },
  });
}

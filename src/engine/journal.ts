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
import { compareNames, concatBytes } from "../platform/text.ts";
import { type BeginRecord, decodeJournal, encodeRecord, type JournalRecord } from "./journal_format.ts";
import { OPERATION_ID } from "./operation_id.ts";
import { journalPath, opsFolder } from "./paths.ts";

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
   */
  static begin(system: System, commonDir: string, records: readonly [BeginRecord, ...JournalRecord[]]): Journal {
    const path = journalPath(commonDir, records[0].op_id);
    const file = system.disk.create(path);
    const lines = records.map((record) => encodeRecord(record, 0));
    const bytes = concatBytes(lines);
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
   */
  static reopen(system: System, commonDir: string, opId: string): Journal | null {
    const path = journalPath(commonDir, opId);
    const file = system.disk.openAppend(path);
    if (file === null) return null;
    try {
      file.sync(); // what is merely seen is not yet a fact
      system.disk.syncDirectory(opsFolder(commonDir));
      const bytes = new Uint8Array(file.stat().size);
      const count = file.readAt(bytes, 0);
      const content = decodeJournal(bytes.subarray(0, count), path);
      if (content.records.length === 0) {
        file.close();
        return null;
      }
      if (content.soundLength < count) file.truncate(content.soundLength);
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
   */
  append(records: readonly JournalRecord[], durability: "flush" | "lazy"): void {
    const file = this.file;
    if (file === null) throw new LatticeError("internal", `the journal ${this.path} is closed`);
    const bytes = concatBytes(records.map((record) => encodeRecord(record, this.flushed)));
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
 * @throws {LatticeError} `invalid_data`, `unsupported`, `io`.
 */
export function readJournal(system: System, commonDir: string, opId: string): readonly JournalRecord[] | null {
  const path = journalPath(commonDir, opId);
  const bytes = system.disk.readFile(path);
  if (bytes === null) return null;
  const { records } = decodeJournal(bytes, path);
  return records.length === 0 ? null : records;
}

/** Ids of all operations that have a journal, oldest first. */
export function listJournals(system: System, commonDir: string): string[] {
  const ids: string[] = [];
  for (const entry of system.disk.list(opsFolder(commonDir)) ?? []) {
    const id = entry.name.endsWith(".jsonl") ? entry.name.slice(0, -".jsonl".length) : "";
    if (OPERATION_ID.test(id)) ids.push(id);
  }
  return ids.sort(compareNames);
}

/**
 * Every line of `packed-refs`, whatever stands in it: the sound records, what can be told of the others, and what is
 * wrong with the file. Readers refuse a damaged file at the first flaw; here all of them are wanted.
 *
 * Memory is bounded: a file beyond {@link FILE_BYTES_MAX} is not looked into, and of the flaws only the first are kept.
 *
 * @module
 */
import { PACKED_HEADER } from "../git/refs/files/packed.ts";
import { checkRefName, isPerWorktreeRef } from "../git/refs/names.ts";
import type { Oid } from "../git/object_format.ts";
import type { Repository } from "../git/repository.ts";
import type { OpenFile } from "../platform/disk.ts";
import { bytesToName, compareNames, concatBytes } from "../platform/text.ts";
import { lookAt, type SeenFile } from "./seen_file.ts";
import { quote } from "./finding.ts";

/** A larger file is not looked into, in bytes (512 MiB); lattice's readers sort none larger either. */
export const FILE_BYTES_MAX = 512 * 1024 * 1024;

/** Flaws that are kept; further ones are counted. */
const FLAWS_KEPT = 1000;

/** No line is longer, in bytes; of a longer one the beginning is looked at. */
const LINE_BYTES_MAX = 64 * 1024;

const WINDOW_BYTES = 1024 * 1024;

/** A record that can be used. */
export interface ScannedRecord {
  readonly name: string;
  readonly oid: Oid;
  /** What its `^` line says; `undefined`: it has none. */
  peeled?: Oid;
}

/** Something wrong. */
export interface PackedFlaw {
  /** Number of the line, from 1 on; 0: the file as a whole. */
  readonly line: number;
  readonly reason: string;
  /** The ref of the line, where its name can be read but not its value. */
  readonly lost?: string;
  /** Whether a record went with the line that not even a name is left of. */
  readonly unknown?: boolean;
}

/** The file as it is. */
export interface PackedScan {
  /** The file; `null`: there is none. */
  readonly seen: SeenFile | null;
  /** Sound records, and those of which a value can still be read, in the order of the file. */
  readonly records: readonly ScannedRecord[];
  /** The same by name; of a ref that is recorded twice, every value. */
  readonly byName: ReadonlyMap<string, readonly ScannedRecord[]>;
  readonly flaws: readonly PackedFlaw[];
  /** All of them, also those that are not kept. */
  readonly flawCount: number;
  /** Whether the header claims that every tag has its `^` line. */
  readonly fullyPeeled: boolean;
}

/** Reads the file. @throws {LatticeError} `io`. */
export function scanPackedRefs(repository: Repository): PackedScan {
  const path = `${repository.commonDir}/packed-refs`;
  const { disk } = repository.system;
  const scanner = new Scanner(repository.objectFormat.hexLength, repository.objectFormat.zero);
  const seen = repository.refStorage === "files" ? lookAt(disk, path) : null;
  if (seen === null) return scanner.finish(null);
  const stat = disk.stat(path);
  if (stat === null && seen.stat.kind === "symlink") return scanner.finish(seen); // it leads to nothing: no records
  if (stat === null || stat.kind !== "file") {
    scanner.flaw({ line: 0, reason: "it is no file", unknown: true });
  } else if (stat.size > FILE_BYTES_MAX) {
    scanner.flaw({ line: 0, reason: `it has ${stat.size} bytes, more than are looked into`, unknown: true });
  } else {
    using file = disk.openRead(path);
    if (file !== null) { for (const line of linesOf(file)) scanner.line(line.bytes, line.ended); }
  }
  return scanner.finish(seen);
}

/** The lines of a file; of one that is too long, its beginning alone. */
function* linesOf(file: OpenFile): Generator<{ bytes: Uint8Array; ended: boolean }> {
  let rest: Uint8Array = new Uint8Array(0);
  const window = new Uint8Array(WINDOW_BYTES);
  let skipping = false; // within a line that is too long
  for (let offset = 0;;) {
    const count = file.readAt(window, offset);
    if (count === 0) break;
    offset += count;
    const bytes = concatBytes([rest, window.subarray(0, count)]);
    let start = 0;
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
      if (!skipping) yield { bytes: bytes.subarray(start, end), ended: true };
      skipping = false;
      start = end + 1;
    }
    rest = skipping ? new Uint8Array(0) : bytes.slice(start);
    if (rest.length > LINE_BYTES_MAX) {
      yield { bytes: rest.subarray(0, LINE_BYTES_MAX), ended: true };
      rest = new Uint8Array(0);
      skipping = true;
    }
  }
  if (rest.length > 0) yield { bytes: rest, ended: false };
}

/** Judges one line after the other. */
class Scanner {
  private readonly records: ScannedRecord[] = [];
  private readonly byName = new Map<string, ScannedRecord[]>();
  private readonly flaws: PackedFlaw[] = [];
  private flawCount = 0;
  private lines = 0;
  private claimsSorted = false;
  private fullyPeeled = false;
  private disordered = 0;
  private firstDisorder: string | null = null;
  /** The record that a `^` line would belong to. */
  private open: ScannedRecord | null = null;
  private readonly record: RegExp;
  private readonly leniently: RegExp;
  private readonly peel: RegExp;

  constructor(digits: number, private readonly zero: Oid) {
    this.record = new RegExp(`^([0-9a-fA-F]{${digits}})[ \\t\\r]([^]+)$`);
    this.leniently = new RegExp(`^([0-9a-fA-F]{${digits}})[ \\t]+(\\S[^]*?)[ \\t\\r]*$`);
    this.peel = new RegExp(`^\\^([0-9a-fA-F]{${digits}})(\\r?)$`);
  }

  line(bytes: Uint8Array, ended: boolean): void {
    this.lines++;
    const text = bytesToName(bytes);
    if (!ended) this.flaw({ line: this.lines, reason: "the last line has no end" });
    if (this.lines === 1 && text.startsWith("#")) return this.header(text);
    if (text.startsWith("^")) return this.peeled(text);
    this.open = null;
    const match = this.record.exec(text);
    if (match !== null && judgeName(match[2]!) === null) return this.value(match[1]!.toLowerCase(), match[2]!);
    this.salvage(text, match);
  }

  private header(text: string): void {
    if (!text.startsWith(PACKED_HEADER)) {
      return this.flaw({ line: 1, reason: `the header ${shorten(text)} does not begin with "${PACKED_HEADER}"` });
    }
    if (text.endsWith("\r")) this.flaw({ line: 1, reason: "the header ends with a carriage return" });
    const words = text.slice(PACKED_HEADER.length).trim().split(" ");
    this.claimsSorted = words.includes("sorted");
    this.fullyPeeled = words.includes("fully-peeled");
  }

  private peeled(text: string): void {
    const match = this.peel.exec(text);
    if (match === null) this.flaw({ line: this.lines, reason: `${shorten(text)}: what follows ^ is no object name` });
    else if (this.open === null) this.flaw({ line: this.lines, reason: `${shorten(text)} follows no record` });
    else {
      if (match[2] !== "") this.flaw({ line: this.lines, reason: "it ends with a carriage return" });
      this.open.peeled = match[1]!.toLowerCase();
    }
    this.open = null;
  }

  private value(oid: Oid, name: string): void {
    if (oid === this.zero) {
      return this.flaw({ line: this.lines, reason: `${quote(name)} holds the all-zero object name`, lost: name });
    }
    const previous = this.records.at(-1);
    if (this.claimsSorted && previous !== undefined && compareNames(previous.name, name) > 0) {
      this.disordered++;
      this.firstDisorder ??= `line ${this.lines}: ${quote(name)} stands behind ${quote(previous.name)}`;
    }
    this.add({ name, oid });
  }

  /** A line that no reader takes: what of it can still be told? */
  private salvage(text: string, match: RegExpExecArray | null): void {
    const reason = match === null ? `${shorten(text)} is no record` : `${quote(match[2]!)}: ${judgeName(match[2]!)}`;
    const lenient = this.leniently.exec(text);
    if (lenient !== null && judgeName(lenient[2]!) === null && lenient[1]!.toLowerCase() !== this.zero) {
      this.flaw({ line: this.lines, reason: `${reason}; it can be read all the same` });
      return this.add({ name: lenient[2]!, oid: lenient[1]!.toLowerCase() });
    }
    const name = /(refs\/\S[^]*?)[ \t\r]*$/.exec(text)?.[1];
    if (name !== undefined && match === null && judgeName(name) === null) {
      return this.flaw({ line: this.lines, reason, lost: name });
    }
    // A ref of a forbidden name could be used by nobody; anything else may have been a ref once.
    this.flaw(
      match === null && /\S/.test(text) ? { line: this.lines, reason, unknown: true } : {
        line: this.lines,
        reason,
      },
    );
  }

  private add(record: ScannedRecord): void {
    this.records.push(record);
    this.open = record;
    const same = this.byName.get(record.name);
    if (same === undefined) {
      this.byName.set(record.name, [record]);
      return;
    }
    same.push(record);
    this.flaw({ line: this.lines, reason: `${quote(record.name)} is recorded more than once` });
  }

  flaw(flaw: PackedFlaw): void {
    this.flawCount++;
    if (this.flaws.length < FLAWS_KEPT) this.flaws.push(flaw);
  }

  finish(seen: SeenFile | null): PackedScan {
    if (this.firstDisorder !== null) {
      const more = this.disordered > 1 ? `, and ${this.disordered - 1} more` : "";
      this.flaw({ line: 0, reason: `it claims to be sorted and is not (${this.firstDisorder}${more})` });
    }
    const { records, byName, flaws, flawCount, fullyPeeled } = this;
    return { seen, records, byName, flaws, flawCount, fullyPeeled };
  }
}

/** Why no record may have this name; `null`: it may. */
function judgeName(name: string): string | null {
  const reason = checkRefName(name);
  if (reason !== null) return reason;
  if (!name.startsWith("refs/")) return "it is outside of refs/";
  return isPerWorktreeRef(name) ? "it belongs to one worktree alone" : null;
}

function shorten(text: string): string {
  return quote(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

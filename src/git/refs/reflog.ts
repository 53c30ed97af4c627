/**
 * Reflogs: one file a ref, one line a change, oldest first.
 *
 * A line is `<old> <new> <name> <<email>> <seconds> <zone>`, then a tab and a message, or nothing. Accepted is what
 * git accepts. Git passes over lines that it cannot read without a word; here such a line is an error.
 *
 * @module
 */
import type { Disk, OpenFile } from "../../platform/disk.ts";
import { LatticeError } from "../../platform/errors.ts";
import { bytesToName, concatBytes, nameToBytes } from "../../platform/text.ts";
import { readBounded } from "../bounded_file.ts";
import { isOidInAnyCase, type ObjectFormat, type Oid } from "../object_format.ts";
import type { ReflogEntry } from "./store.ts";

/** How much of a log is read at a time, from its end, in bytes. */
const WINDOW_BYTES = 8 * 1024;

/** A larger log is not read as a whole, in bytes. */
export const LOG_BYTES_MAX = 512 * 1024 * 1024;

/** A line may not be longer, in bytes. */
const LINE_BYTES_MAX = 16 * 1024 * 1024;

/** How many malformed lines of a log are told one by one. */
const BROKEN_TOLD_MAX = 10;

const NEWLINE = 0x0a;

/**
 * Reads a whole log.
 *
 * @param path Absolute path of the log.
 * @param onBroken Called with the error of each malformed line, which is then passed over; without it, the first throws.
 *   Of many, the first are told one by one, and the others at last by one error, `details.more` being how many.
 * @returns Oldest entry first; `null`: there is no log.
 * @throws {LatticeError} `invalid_data`; `io`.
 */
export function readReflogFile(
  disk: Disk,
  path: string,
  format: ObjectFormat,
  onBroken?: (error: unknown) => void,
): ReflogEntry[] | null {
  if (!isLog(disk, path)) return null;
  const content = readBounded(disk, path, LOG_BYTES_MAX);
  return content === null ? null : parseReflog(content, path, format, onBroken);
}

/**
 * Parses a log's content; parameters and errors as {@link readReflogFile}.
 */
export function parseReflog(
  content: Uint8Array,
  path: string,
  format: ObjectFormat,
  onBroken?: (error: unknown) => void,
): ReflogEntry[] {
  const entries: ReflogEntry[] = [];
  let broken = 0;
  for (let start = 0, number = 1; start < content.length; number++) {
    const newline = content.indexOf(NEWLINE, start);
    const end = newline < 0 ? content.length : newline;
    const entry = newline < 0 ? null : parseReflogLine(content.subarray(start, end), format);
    if (entry !== null) {
      entries.push(entry);
    } else if (broken++ < BROKEN_TOLD_MAX) {
      const error = brokenLine(path, `line ${number}`, newline < 0 ? "it has no end" : "it is no entry");
      if (onBroken === undefined) throw error;
      onBroken(error);
    }
    start = end + 1;
  }
  const more = broken - BROKEN_TOLD_MAX;
  if (more > 0) {
    const error = brokenLine(path, `${more} more`, "they are no entries either");
    error.details["more"] = more;
    onBroken?.(error);
  }
  return entries;
}

/**
 * Parses one line.
 *
 * @param line Without the newline.
 * @returns `null`: it is none that git would read.
 */
export function parseReflogLine(line: Uint8Array, format: ObjectFormat): ReflogEntry | null {
  const digits = format.hexLength;
  if (line.length < 2 * digits || line.length > LINE_BYTES_MAX) return null; // at once: there may be millions of them
  const text = bytesToName(line);
  const old = text.slice(0, digits);
  const new_ = text.slice(digits + 1, 2 * digits + 1);
  if (!isOidInAnyCase(format, old) || !isOidInAnyCase(format, new_)) return null;
  if (text[digits] !== " " || text[2 * digits + 1] !== " ") return null;
  const rest = text.slice(2 * digits + 2);
  const emailEnd = rest.indexOf(">");
  if (rest.slice(0, emailEnd).includes("\0")) return null; // there git sees the line's end
  const when = emailEnd < 0 ? null : /^ ([+-]?\d+) ([+-]\d{4})/.exec(rest.slice(emailEnd + 1));
  if (when === null) return null;
  const seconds = secondsOf(when[1]!);
  if (seconds === 0n) return null; // git takes no such line either
  const message = rest.slice(emailEnd + 1 + when[0].length);
  return {
    old: old.toLowerCase(),
    new: new_.toLowerCase(),
    identity: rest.slice(0, emailEnd + 1),
    seconds,
    timeZone: when[2]!,
    message: message.startsWith("\t") ? message.slice(1) : message,
  };
}

/** The last second that git knows. */
export const SECONDS_MAX = 2n ** 64n - 1n;

/** A time as strtoumax(3) reads it for git: one before 1970, or beyond 64 bits, lies in a far future. */
function secondsOf(digits: string): bigint {
  if (digits.replace(/^[+-]?0*/, "").length > 20) return SECONDS_MAX;
  const value = BigInt(digits.replace(/^[+-]/, ""));
  if (value > SECONDS_MAX) return SECONDS_MAX;
  return digits.startsWith("-") ? BigInt.asUintN(64, -value) : value;
}

/**
 * Reads a log from its end, in small stretches, for those who want the newest entries.
 *
 * @returns Newest entry first; `null`: there is no log.
 * @throws {LatticeError} While iterating: `invalid_data`, a line is malformed; `io`.
 */
export function readReflogBackwards(disk: Disk, path: string, format: ObjectFormat): Iterable<ReflogEntry> | null {
  return isLog(disk, path) ? entriesBackwards(disk, path, format) : null;
}

/**
 * One line as git writes it.
 *
 * @param identity `Name <email> <seconds> <zone>`, as in a commit's `committer` line.
 * @param message Cleaned as by {@link cleanReflogMessage}; empty for none.
 */
export function formatReflogLine(old: Oid, new_: Oid, identity: string, message: string): Uint8Array<ArrayBuffer> {
  const cleaned = cleanReflogMessage(message);
  return nameToBytes(`${old} ${new_} ${identity}${cleaned === "" ? "" : `\t${cleaned}`}\n`);
}

/** A line that was read, as `git reflog expire` writes it again: with its tab, whatever it was before. */
export function rewrittenReflogLine(entry: ReflogEntry): Uint8Array<ArrayBuffer> {
  const zone = entry.timeZone === "-0000" ? "+0000" : entry.timeZone;
  return nameToBytes(`${entry.old} ${entry.new} ${entry.identity} ${entry.seconds} ${zone}\t${entry.message}\n`);
}

/** A message as git stores it: on one line, white space runs made one blank, none at either end. */
export function cleanReflogMessage(message: string): string {
  return message.replace(/[ \t\n\r]+/g, " ").replace(/^ | $/g, "");
}

function* entriesBackwards(disk: Disk, path: string, format: ObjectFormat): Generator<ReflogEntry> {
  using file = disk.openRead(path);
  if (file === null) return;
  let end = file.stat().size;
  if (end === 0) return;
  if (readStretch(file, end - 1, end)[0] !== NEWLINE) throw brokenLine(path, "the last line", "it has no end");
  let rest = new Uint8Array(0); // begins a line, whose start may still be unread, and ends with a newline
  while (end > 0) {
    const start = Math.max(0, end - Math.max(WINDOW_BYTES, rest.length)); // grows, so that long lines cost no squares
    rest = concatBytes([readStretch(file, start, end), rest]);
    end = start;
    for (;;) {
      const newline = rest.length < 2 ? -1 : rest.lastIndexOf(NEWLINE, rest.length - 2);
      if (newline < 0 && (end > 0 || rest.length === 0)) break;
      const entry = parseReflogLine(rest.subarray(newline + 1, rest.length - 1), format);
      if (entry === null) throw brokenLine(path, `the line at byte ${end + newline + 1}`, "it is no entry");
      yield entry;
      rest = rest.slice(0, newline + 1);
    }
    if (rest.length > LINE_BYTES_MAX) {
      throw brokenLine(path, `the line before byte ${end + rest.length}`, "it is too long");
    }
  }
}

function readStretch(file: OpenFile, start: number, end: number): Uint8Array {
  const buffer = new Uint8Array(end - start);
  return buffer.subarray(0, file.readAt(buffer, start));
}

/** A folder at a log's place, left by refs below it that are gone, is no log. */
function isLog(disk: Disk, path: string): boolean {
  const stat = disk.stat(path);
  if (stat === null || stat.kind === "directory") return false;
  if (stat.kind !== "file") throw brokenLine(path, "all of it", "it is no file");
  return true;
}

function brokenLine(path: string, where: string, reason: string): LatticeError {
  return new LatticeError("invalid_data", `the reflog ${JSON.stringify(path)} is damaged: ${where}: ${reason}`, {
    hint: "mend or remove that line; nothing but the history of the ref depends on it",
    details: { path },
  });
}

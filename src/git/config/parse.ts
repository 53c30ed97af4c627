/**
 * Reads the text of a configuration file (git-config, "Syntax"), with git's own tolerance: what git reads is read to
 * the same keys and values, what git refuses is refused with its line.
 *
 * @module
 */
import { isDigit, isLetter } from "../../platform/ascii.ts";
import { LatticeError } from "../../platform/errors.ts";
import { bytesToName } from "../../platform/text.ts";

/** One assignment as it stands in a file. */
export interface ParsedEntry {
  /** `section.subsection.name`; section and name in lower case. */
  readonly key: string;
  /** `null` for a name without `=`. */
  readonly value: string | null;
}

/** Where the reader stands. */
interface Cursor {
  /** The whole text, each CR LF as one LF, closed by an LF. */
  readonly text: string;
  at: number;
}

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const HASH = 0x23;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const OPEN = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE = 0x5d;

/**
 * Reads a configuration file.
 *
 * @param path For messages.
 * @throws {LatticeError} `invalid_data`, with `path` and `line` in the details.
 */
export function parseConfig(bytes: Uint8Array, path: string): ParsedEntry[] {
  let text = bytesToName(bytes);
  if (text.startsWith("\ufeff")) text = text.slice(1);
  if (text.includes("\r\n")) text = text.replaceAll("\r\n", "\n");
  const cursor: Cursor = { text: `${text}\n`, at: 0 };
  const entries: ParsedEntry[] = [];
  if (!parseLines(cursor, entries)) throw badLine(cursor, path);
  return entries;
}

function parseLines(cursor: Cursor, entries: ParsedEntry[]): boolean {
  const { text } = cursor;
  let stem = "";
  while (cursor.at < text.length) {
    const unit = text.charCodeAt(cursor.at);
    if (isBlank(unit)) {
      skip(cursor, isBlank);
    } else if (unit === HASH || unit === SEMICOLON) {
      cursor.at = text.indexOf("\n", cursor.at);
    } else if (unit === OPEN) {
      const name = parseHeader(cursor);
      if (name === null) return false;
      stem = `${name}.`;
    } else {
      if (!isLetter(unit)) return consumed(cursor);
      const entry = parseAssignment(cursor, stem);
      if (entry === null) return false;
      entries.push(entry);
    }
  }
  return true;
}

/** The line of the unit under the cursor is the bad one, even when that unit is the line's end. */
function consumed(cursor: Cursor): false {
  cursor.at++;
  return false;
}

/** `[section]`, `[section.old-style]` or `[section "subsection"]`; `null`: malformed. */
function parseHeader(cursor: Cursor): string | null {
  const { text } = cursor;
  const start = ++cursor.at;
  skip(cursor, isSectionUnit);
  const unit = text.charCodeAt(cursor.at);
  if (isBlank(unit)) return cursor.at === text.length - 1 ? null : parseSubsection(cursor, start);
  if (unit !== CLOSE) return null;
  const name = text.slice(start, cursor.at);
  cursor.at++;
  return name === "" ? null : asciiLower(name);
}

function parseSubsection(cursor: Cursor, start: number): string | null {
  const { text } = cursor;
  const section = asciiLower(text.slice(start, cursor.at));
  while (isBlank(text.charCodeAt(cursor.at))) {
    if (text.charCodeAt(cursor.at) === LF) return null;
    cursor.at++;
  }
  if (text.charCodeAt(cursor.at) !== QUOTE) return null;
  let from = ++cursor.at;
  let name = "";
  for (;;) {
    const unit = text.charCodeAt(cursor.at);
    if (unit === LF) return null;
    if (unit === QUOTE) break;
    if (unit === BACKSLASH) {
      name += text.slice(from, cursor.at);
      from = ++cursor.at;
      if (text.charCodeAt(cursor.at) === LF) return null;
    }
    cursor.at++;
  }
  name += text.slice(from, cursor.at);
  cursor.at++;
  if (text.charCodeAt(cursor.at) !== CLOSE) return null;
  cursor.at++;
  return `${section}.${name}`;
}

/** Moves the cursor behind the units that follow of one kind. */
function skip(cursor: Cursor, isOfKind: (unit: number) => boolean): void {
  while (isOfKind(cursor.text.charCodeAt(cursor.at))) cursor.at++; // at the end of the text it is NaN, which is none
}

function parseAssignment(cursor: Cursor, stem: string): ParsedEntry | null {
  const { text } = cursor;
  const start = cursor.at;
  skip(cursor, isKeyUnit);
  const key = untilNul(stem + asciiLower(text.slice(start, cursor.at)));
  while (text.charCodeAt(cursor.at) === SPACE || text.charCodeAt(cursor.at) === TAB) cursor.at++;
  const unit = text.charCodeAt(cursor.at);
  if (unit === LF) return { key, value: null };
  if (unit !== EQUALS) return null;
  cursor.at++;
  const value = parseValue(cursor);
  return value === null ? null : { key, value: untilNul(value) };
}

/** The value up to the end of its last line; `null`: an open quote or an unknown escape. */
function parseValue(cursor: Cursor): string | null {
  const { text } = cursor;
  while (isBlank(text.charCodeAt(cursor.at)) && text.charCodeAt(cursor.at) !== LF) cursor.at++;
  let value = "";
  let from = cursor.at; // what stands from here to the cursor is part of the value as it is
  let trimmed = -1; // length of the value without the white space at its end, or -1
  let quoted = false;
  for (;; cursor.at++) {
    const unit = text.charCodeAt(cursor.at);
    if (unit > SEMICOLON && unit !== BACKSLASH) {
      trimmed = -1;
    } else if (unit === LF) {
      if (quoted) return null;
      break;
    } else if (!quoted && isBlank(unit)) {
      const length = value.length + cursor.at - from;
      if (length === 0) from = cursor.at + 1;
      else if (trimmed < 0) trimmed = length;
    } else if (!quoted && (unit === HASH || unit === SEMICOLON)) {
      break;
    } else {
      trimmed = -1;
      if (unit === QUOTE) {
        value += text.slice(from, cursor.at);
        quoted = !quoted;
        from = cursor.at + 1;
      } else if (unit === BACKSLASH) {
        value += text.slice(from, cursor.at);
        const escape = unescape(text.charCodeAt(++cursor.at));
        if (escape === null) return null;
        value += escape;
        from = cursor.at + 1;
        if (from < text.length) continue;
        if (quoted) return null;
        break; // a backslash at the very end continues nothing
      }
    }
  }
  if (from < cursor.at) value += text.slice(from, cursor.at);
  const end = text.indexOf("\n", cursor.at);
  cursor.at = end < 0 ? text.length : end;
  return trimmed < 0 ? value : value.slice(0, trimmed);
}

/** What a backslash and this unit mean; a line end continues the value. */
function unescape(unit: number): string | null {
  switch (unit) {
    case LF:
      return "";
    case QUOTE:
      return '"';
    case BACKSLASH:
      return "\\";
    case 0x62:
      return "\b";
    case 0x6e:
      return "\n";
    case 0x74:
      return "\t";
    default:
      return null;
  }
}

function badLine({ text, at }: Cursor, path: string): LatticeError {
  let line = 1;
  for (let i = text.indexOf("\n"); i >= 0 && i < Math.min(at, text.length - 1); i = text.indexOf("\n", i + 1)) line++;
  return new LatticeError("invalid_data", `bad config line ${line} in file ${JSON.stringify(path)}`, {
    hint: "correct that line; git-config describes the syntax",
    details: { path, line },
  });
}

/** Git hands keys and values on as C strings. */
function untilNul(text: string): string {
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}

/** Lower case of ASCII alone, as names in configuration are compared. */
export function asciiLower(text: string): string {
  if (text === text.toLowerCase()) return text; // as it nearly always is: there is no letter to replace
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function isBlank(unit: number): boolean {
  return unit === SPACE || unit === TAB || unit === LF || unit === CR;
}

/** Whether a UTF-16 unit may stand in the name of a section or a variable. */
export function isKeyUnit(unit: number): boolean {
  return isLetter(unit) || isDigit(unit) || unit === 0x2d;
}

/** The dot is that of the old way to write a subsection. */
function isSectionUnit(unit: number): boolean {
  return isKeyUnit(unit) || unit === 0x2e;
}

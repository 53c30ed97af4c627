/**
 * The header of a commit or tag: lines of a key and a value up to an empty line, and the message behind it.
 *
 * @module
 */
import { isHex } from "../../platform/ascii.ts";
import { LatticeError } from "../../platform/errors.ts";
import { bytesToName, toHex } from "../../platform/text.ts";
import type { ObjectFormat, Oid } from "../object_format.ts";

/** A line of a header. Texts are as `text.ts` carries bytes. */
export interface HeaderLine {
  readonly key: string;
  /** The value; its continuation lines are joined by newlines, without the blank that begins each. */
  readonly value: string;
}

/** A content, split. */
export interface HeaderAndMessage {
  readonly headers: readonly HeaderLine[];
  /** Everything behind the first empty line; empty when there is none. */
  readonly message: Uint8Array;
}

const NEWLINE = 10;

/** Splits the content of a commit or tag; nothing is refused here. */
export function splitHeaders(content: Uint8Array): HeaderAndMessage {
  const headers: { key: string; value: string }[] = [];
  let at = 0;
  while (at < content.length && content[at] !== NEWLINE) {
    const newline = content.indexOf(NEWLINE, at);
    const end = newline < 0 ? content.length : newline;
    const line = bytesToName(content.subarray(at, end));
    const last = headers.at(-1);
    if (line.startsWith(" ") && last !== undefined) {
      last.value += `\n${line.slice(1)}`;
    } else {
      const blank = line.indexOf(" ");
      headers.push(blank < 0 ? { key: line, value: "" } : { key: line.slice(0, blank), value: line.slice(blank + 1) });
    }
    at = end + 1;
  }
  return { headers, message: content.subarray(Math.min(at + 1, content.length)) };
}

/** The value of the first line with a key, or `null`. */
export function headerValue(headers: readonly HeaderLine[], key: string): string | null {
  return headers.find((line) => line.key === key)?.value ?? null;
}

/**
 * Reads a line `<key> <object name>` at an exact place.
 *
 * @returns The object name in lower case, or `null` when another line stands there.
 */
export function oidLineAt(format: ObjectFormat, content: Uint8Array, at: number, key: string): Oid | null {
  const start = at + key.length + 1;
  const end = start + format.hexLength;
  if (content[end] !== NEWLINE) return null;
  const line = String.fromCharCode(...content.subarray(at, end));
  if (!line.startsWith(`${key} `) || !isHex(line.slice(key.length + 1))) return null;
  return line.slice(key.length + 1).toLowerCase();
}

/** Bytes of a line `<key> <object name>`, its newline included. */
export function oidLineLength(format: ObjectFormat, key: string): number {
  return key.length + 1 + format.hexLength + 1;
}

/**
 * The error that says that an object is not what its type promises.
 *
 * @param oid Its name, when the caller knows it.
 */
export function malformed(kind: string, flaw: string, oid?: Oid): LatticeError {
  return new LatticeError("invalid_data", `${kind}${oid === undefined ? "" : ` ${oid}`} is malformed: ${flaw}`, {
    hint: "run `git fsck --full` to see what else is affected",
    details: oid === undefined ? {} : { oid },
  });
}

/** Hexadecimal digits of the raw name at a place. */
export function rawOidAt(format: ObjectFormat, content: Uint8Array, at: number): Oid {
  return toHex(content.subarray(at, at + format.rawLength));
}

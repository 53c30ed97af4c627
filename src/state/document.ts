/**
 * A document as bytes: what is sound, and how a value becomes one.
 *
 * @module
 */
import { jsonFlaw, STATE_DEPTH_MAX } from "./json_scan.ts";
import { decodeUtf8, utf8 } from "../platform/text.ts";

/** Largest document, in bytes (64 MiB). */
export const STATE_BYTES_MAX = 64 * 1024 * 1024;

/** An object as JSON has it. */
export type JsonObject = Record<string, unknown>;

/** What is wrong with stored bytes. */
export interface DocumentFlaw {
  /** The end of a sentence, as `it is empty`. */
  readonly text: string;
  /** What the parser said, where it said something. */
  readonly cause: unknown;
}

const NEWLINE = 0x0a;

/** What stored bytes say, or what is wrong with them. Of a key that occurs twice the last one counts, as in `JSON.parse`. */
export function parseDocument(bytes: Uint8Array): { readonly value: JsonObject } | { readonly flaw: DocumentFlaw } {
  if (bytes.length > STATE_BYTES_MAX) {
    return { flaw: { text: `it has ${bytes.length} bytes, more than ${STATE_BYTES_MAX}`, cause: undefined } };
  }
  const text = decodeUtf8(bytes);
  if (text === null) return { flaw: { text: "it is not UTF-8", cause: undefined } };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    // The parser's own words may repeat what is in the document; and its stack may have been too small.
    return { flaw: { text: jsonFlaw(text) ?? `it is nested deeper than can be read here`, cause } };
  }
  if (isObject(value)) return { value };
  return { flaw: { text: jsonFlaw(text) ?? "it is no JSON object", cause: undefined } };
}

/** What is wrong with stored bytes; `null`: they are a sound document. */
export function flawOf(bytes: Uint8Array): DocumentFlaw | null {
  const parsed = parseDocument(bytes);
  return "flaw" in parsed ? parsed.flaw : null;
}

/**
 * The bytes to be stored of those that somebody gave: as they are, with a final newline. More strictly judged than what is
 * read: a key must not occur twice, since readers disagree on what that means.
 */
export function acceptDocument(bytes: Uint8Array): { readonly bytes: Uint8Array } | { readonly flaw: DocumentFlaw } {
  const parsed = parseDocument(bytes);
  if ("flaw" in parsed) return parsed;
  const text = jsonFlaw(decodeUtf8(bytes)!);
  if (text !== null) return { flaw: { text, cause: undefined } };
  if (bytes.at(-1) === NEWLINE) return { bytes };
  const ended = new Uint8Array(bytes.length + 1);
  ended.set(bytes);
  ended[bytes.length] = NEWLINE;
  return { bytes: ended };
}

/** A value that cannot become a document, and why. */
export class Unserializable extends Error {}

/**
 * The text of a value: that of `JSON.stringify` with two blanks and a final newline, but that -0 is written as such.
 *
 * @param isPlain Whether it is nothing but JSON's own: see {@link isSamePlainJson}.
 * @throws {Unserializable} It is not an object of JSON's, or nested too deep.
 */
export function renderDocument(value: unknown, isPlain: boolean): string {
  let text: string | undefined;
  try {
    // Without blanks at first: with them, a value that is far too deep would take its depth squared.
    const flaw = isPlain ? null : jsonFlaw(JSON.stringify(value) ?? "null");
    if (flaw !== null) throw new Unserializable(flaw);
    text = isPlain ? JSON.stringify(value, null, 2) : stringifyWithSigns(value);
  } catch (cause) {
    if (cause instanceof Unserializable) throw cause;
    const reason = cause instanceof RangeError ? "it is nested too deep" : describe(cause);
    throw new Unserializable(reason, { cause });
  }
  if (!text.startsWith("{")) throw new Unserializable("it is no JSON object");
  return `${text}\n`;
}

/** The bytes of such a text. @throws {Unserializable} They are too many. */
export function encodeDocument(text: string): Uint8Array {
  const bytes = utf8(text);
  if (bytes.length <= STATE_BYTES_MAX) return bytes;
  throw new Unserializable(`it takes ${bytes.length} bytes, more than ${STATE_BYTES_MAX}`);
}

/** `JSON.stringify` writes 0 for -0, which JSON can tell apart. */
function stringifyWithSigns(value: unknown): string {
  const text = JSON.stringify(value);
  let mark = "-0";
  while (text.includes(mark)) mark += "0"; // a text that the document does not hold
  const marked = JSON.stringify(value, (_, inner: unknown) => Object.is(inner, -0) ? mark : inner, 2);
  return marked.replaceAll(`"${mark}"`, "-0");
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message.split("\n")[0]! : String(error);
}

/** Whether a value is an object, not an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Whether a value is nothing but JSON's own, which JSON gives back as it is, and another one is the same. (`undefined`, -0
 * and whatever has a class of its own may come back too, but that has to be tried.)
 *
 * @throws {Unserializable} It is nested too deep.
 */
export function isSamePlainJson(given: unknown, back: unknown, levels: number = STATE_DEPTH_MAX): boolean {
  if (typeof given !== "object") {
    if (given !== back) return false;
    if (typeof given === "number") return Number.isFinite(given) && !Object.is(given, -0) && !Object.is(back, -0);
    return typeof given === "string" || typeof given === "boolean";
  }
  if (given === null) return back === null;
  if (typeof back !== "object" || back === null) return false;
  if (levels === 0) throw new Unserializable(`it is nested deeper than ${STATE_DEPTH_MAX} levels, or holds itself`);
  if (Array.isArray(given)) return isSamePlainList(given, back, levels);
  if (Array.isArray(back) || !isPlainObject(given) || !isPlainObject(back)) return false;
  const keys = Object.keys(given);
  if (keys.length !== Object.keys(back).length) return false;
  for (const key of keys) {
    if (!Object.hasOwn(back, key)) return false;
    if (!isSamePlainJson((given as JsonObject)[key], (back as JsonObject)[key], levels - 1)) return false;
  }
  return true;
}

function isSamePlainList(given: readonly unknown[], back: object, levels: number): boolean {
  if (!Array.isArray(back) || given.length !== back.length) return false;
  if (Object.getPrototypeOf(given) !== Array.prototype || Object.getPrototypeOf(back) !== Array.prototype) return false;
  for (let i = 0; i < given.length; i++) if (!isSamePlainJson(given[i], back[i], levels - 1)) return false;
  return true;
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * Whether what comes back is what was given: the same members with the same values. A member that is `undefined` counts as
 * one that is not there. Both must be of one class; objects that say by `toJSON` what they are must say the same.
 */
export function isSameValue(given: unknown, back: unknown): boolean {
  if (Object.is(given, back) && (typeof given !== "object" || given === null)) return true;
  if (typeof given !== "object" || typeof back !== "object" || given === null || back === null) return false;
  if (Array.isArray(given)) {
    if (!Array.isArray(back) || given.length !== back.length) return false;
    for (let i = 0; i < given.length; i++) if (!isSameValue(given[i], back[i])) return false;
    return true;
  }
  if (Array.isArray(back) || classOf(given) !== classOf(back)) return false;
  if (typeof (given as JsonObject)["toJSON"] === "function") return JSON.stringify(given) === JSON.stringify(back);
  // What a `Map`, say, holds, its members do not tell.
  if (Object.prototype.toString.call(given) !== "[object Object]") return false;
  return haveSameMembers(given as JsonObject, back as JsonObject);
}

/** What an object is an instance of; plain ones, with or without a prototype, are all alike. */
function classOf(value: object): unknown {
  return Object.getPrototypeOf(value) ?? Object.prototype;
}

function haveSameMembers(given: JsonObject, back: JsonObject): boolean {
  let count = 0;
  for (const key of Object.keys(given)) {
    const inner = given[key];
    if (inner === undefined) continue;
    count++;
    if (!Object.hasOwn(back, key) || !isSameValue(inner, back[key])) return false;
  }
  for (const key of Object.keys(back)) if (back[key] !== undefined) count--;
  return count === 0;
}

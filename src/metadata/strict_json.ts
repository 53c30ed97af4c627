/**
 * A strict JSON reader for documents and command lines that must not be misread: duplicate keys, lone surrogates and
 * deep nesting are errors, and a number that is not a plain whole number stays visibly so. (`JSON.parse` keeps the
 * last of two equal keys and rounds numbers without a word.)
 *
 * Time is linear in the length of the text, the stack is bounded by {@link DEPTH_MAX}. The grammar is RFC 8259.
 *
 * @module
 */
import { isWellFormed } from "../platform/text.ts";

/** Deepest nesting of objects and arrays that is read. */
export const DEPTH_MAX = 32;

/** An object; ask `Object.hasOwn` for keys that are not known beforehand. */
export interface JsonObject {
  [key: string]: JsonValue;
}

/** Any value. A number that JavaScript would spell in another way (`1.0`, `1e400`, `-0`) is an {@link OddNumber}. */
export type JsonValue = null | boolean | number | string | OddNumber | JsonValue[] | JsonObject;

/** A number that is not kept exactly, or is spelled unusually. */
export class OddNumber {
  /** @param text The number as it is spelled. */
  constructor(readonly text: string) {}
}

/** What is wrong with a text that should be JSON. */
export class JsonError extends Error {
  override readonly name = "JsonError";

  /**
   * @param kind `duplicate` and `depth` are sound JSON that is refused here; `syntax` is no JSON.
   * @param message What is wrong, and where.
   * @param keys Keys of the objects around the place, outermost first; ends with the key that occurs twice.
   */
  constructor(readonly kind: "syntax" | "duplicate" | "depth", message: string, readonly keys: readonly string[]) {
    super(message);
  }
}

/**
 * Reads one JSON value, with nothing but white space around it.
 *
 * @param text The whole text.
 * @throws {JsonError} It is not JSON, an object has a key twice, or it is nested deeper than {@link DEPTH_MAX}.
 */
export function parseJson(text: string): JsonValue {
  return text.length <= COMPACT_MAX ? parseCompact(text) ?? parseStrictly(text) : parseStrictly(text);
}

/** Longest text that is first tried as compact JSON, in UTF-16 units; what is tried in vain costs its time twice. */
const COMPACT_MAX = 64 * 1024;

/**
 * Reads what `JSON.stringify` could have written, which is nearly everything there is, by the runtime's fast parser: a
 * text that comes back unchanged had no key twice and no number that was rounded.
 *
 * @returns `undefined`: look closer.
 */
function parseCompact(text: string): JsonValue | undefined {
  try {
    const value = JSON.parse(text) as JsonValue;
    if (JSON.stringify(value) !== text || text.includes(HALF_PAIR)) return undefined;
    return countOpened(text) <= DEPTH_MAX || isShallow(value, DEPTH_MAX) ? value : undefined;
  } catch {
    return undefined; // not JSON, or nested too deep for the stack: the strict reader tells which, and where
  }
}

/** How `JSON.stringify` writes half of a surrogate pair begins so; a literal backslash may, too. */
const HALF_PAIR = "\\ud";

/** How many objects and arrays a text can hold at most; stops counting when there are too many. */
function countOpened(text: string): number {
  let count = 0;
  for (const bracket of ["{", "["]) {
    for (let at = text.indexOf(bracket); at !== -1 && count <= DEPTH_MAX; at = text.indexOf(bracket, at + 1)) count++;
  }
  return count;
}

/** Whether a value has at most so many levels of objects and arrays; looks no deeper than that. */
function isShallow(value: JsonValue, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (levels === 0) return false;
  return Object.values(value).every((inner) => isShallow(inner, levels - 1));
}

function parseStrictly(text: string): JsonValue {
  const reader = new Reader(text);
  const value = reader.readValue(0);
  reader.expectEnd();
  return value;
}

/** Whether a value is an object, not an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof OddNumber);
}

/** Names a value's type and, where it is short, the value, for messages. */
export function describeJson(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") return `the number ${Object.is(value, -0) ? "-0" : value}`;
  if (value instanceof OddNumber) return `the number ${shorten(value.text)}`;
  if (typeof value === "string") return shorten(JSON.stringify(value));
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** Longest value that a message repeats, in UTF-16 units. */
const SHOWN_MAX = 80;

function shorten(text: string): string {
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}… (${text.length} characters)`;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

/** What a string may not hold unescaped, and the backslash itself. */
const NEEDS_CARE = /[\x00-\x1f\\]/;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const FOUR_HEX = /^[0-9a-fA-F]{4}$/;
const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

class Reader {
  #at = 0;
  readonly #text: string;
  /** Keys on the way to the present place; only the first ones, as many as the depth, are of now. */
  readonly #keys: string[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  readValue(depth: number): JsonValue {
    const first = this.#skipSpace();
    if (first === QUOTE) return this.#readString();
    if (first === OPEN_BRACE) return this.#readObject(depth);
    if (first === OPEN_BRACKET) return this.#readArray(depth);
    if (first === MINUS || (first >= ZERO && first <= NINE)) return this.#readNumber();
    if (this.#skipWord("null")) return null;
    if (this.#skipWord("true")) return true;
    if (this.#skipWord("false")) return false;
    throw this.#unexpected("a value", depth);
  }

  expectEnd(): void {
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#unexpected("the end", 0);
  }

  #readObject(depth: number): JsonObject {
    this.#checkDepth(depth);
    const object = Object.create(null) as JsonObject;
    this.#at++;
    if (this.#skipSpace() === CLOSE_BRACE) {
      this.#at++;
      return object;
    }
    for (;;) {
      if (this.#skipSpace() !== QUOTE) throw this.#unexpected("a key", depth);
      const key = this.#readString();
      this.#keys[depth] = key;
      if (key in object) throw this.#error("duplicate", `the key ${JSON.stringify(key)} occurs twice`, depth + 1);
      if (this.#skipSpace() !== COLON) throw this.#unexpected('":"', depth + 1);
      this.#at++;
      object[key] = this.readValue(depth + 1);
      const next = this.#skipSpace();
      if (next !== COMMA && next !== CLOSE_BRACE) throw this.#unexpected('"," or "}"', depth);
      this.#at++;
      if (next === CLOSE_BRACE) return object;
    }
  }

  #readArray(depth: number): JsonValue[] {
    this.#checkDepth(depth);
    const items: JsonValue[] = [];
    this.#at++;
    if (this.#skipSpace() === CLOSE_BRACKET) {
      this.#at++;
      return items;
    }
    for (;;) {
      this.#keys[depth] = String(items.length);
      items.push(this.readValue(depth + 1));
      const next = this.#skipSpace();
      if (next !== COMMA && next !== CLOSE_BRACKET) throw this.#unexpected('"," or "]"', depth);
      this.#at++;
      if (next === CLOSE_BRACKET) return items;
    }
  }

  /** Reads the string whose opening quote is here. */
  #readString(): string {
    const start = this.#at + 1;
    const end = this.#text.indexOf('"', start);
    if (end === -1) return this.#readEscapedString(start);
    const plain = this.#text.slice(start, end);
    if (NEEDS_CARE.test(plain)) return this.#readEscapedString(start);
    this.#at = end + 1;
    return plain;
  }

  #readEscapedString(start: number): string {
    let result = "";
    let copied = start;
    for (let i = start; i < this.#text.length; i++) {
      const unit = this.#text.charCodeAt(i);
      if (unit === QUOTE) {
        this.#at = i + 1;
        result += this.#text.slice(copied, i);
        if (!isWellFormed(result)) throw this.#error("syntax", "a string holds half of a surrogate pair", 0);
        return result;
      }
      this.#at = i;
      if (unit < 0x20) throw this.#unexpected("no control character in a string", 0);
      if (unit !== BACKSLASH) continue;
      result += this.#text.slice(copied, i) + this.#readEscape(i + 1);
      copied = this.#at;
      i = copied - 1;
    }
    this.#at = this.#text.length;
    throw this.#unexpected('a closing "', 0);
  }

  /** Reads what follows a backslash, and moves behind it. */
  #readEscape(at: number): string {
    const letter = this.#text.charAt(at);
    const short = Object.hasOwn(SHORT_ESCAPES, letter) ? SHORT_ESCAPES[letter] : undefined;
    if (short !== undefined) {
      this.#at = at + 1;
      return short;
    }
    const digits = this.#text.slice(at + 1, at + 5);
    if (letter !== "u" || !FOUR_HEX.test(digits)) throw this.#error("syntax", "unknown escape in a string", 0);
    this.#at = at + 5;
    return String.fromCharCode(parseInt(digits, 16));
  }

  #readNumber(): number | OddNumber {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (match === null) throw this.#error("syntax", "malformed number", 0);
    this.#at += match[0].length;
    const value = Number(match[0]);
    return String(value) === match[0] ? value : new OddNumber(match[0]);
  }

  #skipWord(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  /** Moves to the next unit that is no white space and gives it; NaN at the end. */
  #skipSpace(): number {
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return unit;
      this.#at++;
    }
  }

  #checkDepth(depth: number): void {
    if (depth >= DEPTH_MAX) throw this.#error("depth", `nested deeper than ${DEPTH_MAX} levels`, depth);
  }

  #unexpected(wanted: string, depth: number): JsonError {
    const point = this.#text.codePointAt(this.#at);
    const found = point === undefined ? "the end" : JSON.stringify(String.fromCodePoint(point));
    return this.#error("syntax", `found ${found}, expected ${wanted}`, depth);
  }

  #error(kind: "syntax" | "duplicate" | "depth", message: string, depth: number): JsonError {
    return new JsonError(kind, `${message}, at character ${this.#at + 1}`, this.#keys.slice(0, depth));
  }
}

/**
 * Says of a text whether it is one JSON object, what is wrong with it and where; finds what `JSON.parse` passes over: a key
 * that occurs twice, of which it would keep the last without a word.
 *
 * Time is linear in the length of the text, and nesting takes no stack. The grammar is RFC 8259. Nothing of the text is
 * repeated in what is said but keys and single characters.
 *
 * @module
 */

/** Deepest nesting of objects and arrays in a document. */
export const STATE_DEPTH_MAX = 1000;

/** What is wrong with a text, as the end of a sentence; `null`: nothing. */
export function jsonFlaw(text: string): string | null {
  try {
    new Scanner(text).scanDocument();
    return null;
  } catch (error) {
    if (error instanceof Flaw) return error.message;
    throw error;
  }
}

class Flaw extends Error {}

/** An object or an array that is open. */
interface Opened {
  /** Keys so far; `null`: it is an array. */
  readonly keys: Set<string> | null;
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const SPACE = /[ \t\r\n]*/y;
/** A stretch of a string without quote, backslash or control character. */
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const WORDS = ["true", "false", "null"];

class Scanner {
  #at = 0;
  readonly #text: string;
  readonly #opened: Opened[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  scanDocument(): void {
    if (this.#text.startsWith("\uFEFF")) throw new Flaw("it begins with a byte order mark");
    if (this.#next() === "") {
      throw new Flaw(this.#text === "" ? "it is empty" : "there is nothing in it but white space");
    }
    if (this.#next() !== "{") throw new Flaw(`it is no JSON object: it begins with ${this.#shown()}`);
    this.#open();
    while (this.#opened.length > 0) this.#step();
    if (this.#next() !== "") throw this.#unexpected("the end, since the object has ended");
  }

  /** From a place at which a member or an element may begin to the next such place, or out of what is open. */
  #step(): void {
    const { keys } = this.#opened.at(-1)!;
    if (keys !== null) this.#key(keys);
    const first = this.#next();
    if (first === "{" || first === "[") return this.#open();
    this.#scalar(first);
    this.#close();
  }

  /** Goes into an object or array; out again where it is empty. */
  #open(): void {
    if (this.#opened.length === STATE_DEPTH_MAX) {
      throw new Flaw(`it is nested deeper than ${STATE_DEPTH_MAX} levels${this.#place()}`);
    }
    const isObject = this.#next() === "{";
    this.#opened.push({ keys: isObject ? new Set() : null });
    this.#at++;
    if (this.#next() !== (isObject ? "}" : "]")) return;
    this.#at++;
    this.#opened.pop();
    this.#close();
  }

  /** Behind a value: to the next one, through the ends of all that ends here. */
  #close(): void {
    for (let opened = this.#opened.at(-1); opened !== undefined; opened = this.#opened.at(-1)) {
      const end = opened.keys === null ? "]" : "}";
      const found = this.#next();
      if (found !== "," && found !== end) throw this.#unexpected(`"," or "${end}"`);
      this.#at++;
      if (found === ",") return;
      this.#opened.pop();
    }
  }

  #key(keys: Set<string>): void {
    if (this.#next() !== '"') throw this.#unexpected("a key");
    const start = this.#at;
    this.#string();
    const written = this.#text.slice(start, this.#at);
    const key = written.includes("\\") ? JSON.parse(written) as string : written.slice(1, -1);
    if (keys.has(key)) {
      this.#at = start;
      throw new Flaw(`the key ${JSON.stringify(key)} occurs twice in one object${this.#place()}`);
    }
    keys.add(key);
    if (this.#next() !== ":") throw this.#unexpected('":"');
    this.#at++;
  }

  #scalar(first: string): void {
    if (first === '"') return this.#string();
    const word = WORDS.find((known) => this.#text.startsWith(known, this.#at));
    if (word !== undefined) this.#at += word.length;
    else if (!this.#skip(NUMBER)) throw this.#unexpected("a value");
  }

  #string(): void {
    this.#at++;
    for (;;) {
      this.#skip(PLAIN);
      const unit = this.#text.charAt(this.#at);
      if (unit === '"') break;
      if (unit !== "\\") throw this.#unexpected('a closing "');
      if (!this.#skip(ESCAPE)) throw new Flaw(`an escape in a string is none of JSON's${this.#place()}`);
    }
    this.#at++;
  }

  /** Moves behind a pattern. @returns Whether anything was there. */
  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    pattern.test(this.#text);
    const moved = pattern.lastIndex > this.#at;
    if (moved) this.#at = pattern.lastIndex;
    return moved;
  }

  /** Moves to the next character that is no white space, and gives it; empty at the end. */
  #next(): string {
    this.#skip(SPACE);
    return this.#text.charAt(this.#at);
  }

  #unexpected(wanted: string): Flaw {
    return new Flaw(`found ${this.#shown()}, expected ${wanted}${this.#place()}`);
  }

  #shown(): string {
    const point = this.#text.codePointAt(this.#at);
    return point === undefined ? "the end" : JSON.stringify(String.fromCodePoint(point));
  }

  #place(): string {
    const before = this.#text.slice(0, this.#at);
    const lines = before.split("\n");
    return `, in line ${lines.length}, column ${lines.at(-1)!.length + 1}`;
  }
}

/** The text without white space around its values; it must be JSON. Numbers and strings stay as they are spelled. */
export function compactJson(text: string): string {
  let compact = "";
  let at = 0;
  while (at < text.length) {
    const quote = text.indexOf('"', at);
    compact += text.slice(at, quote === -1 ? text.length : quote).replace(/[ \t\r\n]+/g, "");
    if (quote === -1) break;
    at = quote + 1;
    for (;;) {
      at = text.indexOf('"', at) + 1;
      let backslashes = 0;
      while (text.charAt(at - 2 - backslashes) === "\\") backslashes++;
      if (backslashes % 2 === 0) break;
    }
    compact += text.slice(quote, at);
  }
  return compact;
}

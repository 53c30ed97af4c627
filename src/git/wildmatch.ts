/**
 * Shell patterns as git matches them (gitignore, "PATTERN FORMAT"; POSIX `fnmatch`), over bytes.
 *
 * A pattern is compiled into steps, and positions that were tried in vain are remembered, so that a match costs at
 * most pattern length × text length, whatever the pattern.
 *
 * @module
 */
import { nameToBytes } from "../platform/text.ts";

/** How a pattern is read. */
export interface WildmatchOptions {
  /** `*`, `?` and `[…]` do not match a slash; `**` between slashes matches any number of folders. */
  readonly pathname: boolean;
  /** Letters of ASCII match in either case. */
  readonly ignoreCase: boolean;
}

type Step =
  | { readonly kind: "byte"; readonly byte: number }
  | { readonly kind: "class"; readonly members: Uint8Array }
  /** Any number of bytes, slashes only when `deep`. */
  | { readonly kind: "star"; readonly deep: boolean }
  /** Any number of whole folders, each with its slash. */
  | { readonly kind: "folders" };

const SLASH = 0x2f;

/** Tells whether a name matches. */
export type Matcher = (name: string) => boolean;

/** Compiles a pattern; a malformed one (an unclosed bracket) matches nothing. */
export function compileWildmatch(pattern: string, options: WildmatchOptions): Matcher {
  const steps = compileSteps(nameToBytes(pattern), options);
  if (steps === null) return () => false;
  return (name) => {
    const text = nameToBytes(name);
    return matches(steps, options.ignoreCase ? text.map(toLower) : text);
  };
}

function matches(steps: readonly Step[], text: Uint8Array): boolean {
  const failed = new Set<number>();
  const pending: [number, number][] = [[0, 0]];
  for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
    let [step, at] = place;
    for (;;) {
      const key = step * (text.length + 1) + at;
      if (failed.has(key)) break;
      failed.add(key);
      const current = steps[step];
      if (current === undefined) {
        if (at === text.length) return true;
        break;
      }
      const byte = text[at];
      if (current.kind === "star") {
        if (byte !== undefined && (current.deep || byte !== SLASH)) pending.push([step, at + 1]);
        step++;
      } else if (current.kind === "folders") {
        const slash = text.indexOf(SLASH, at);
        if (slash >= 0) pending.push([step, slash + 1]);
        step++;
      } else {
        if (byte === undefined || (current.kind === "byte" ? byte !== current.byte : current.members[byte] === 0)) {
          break;
        }
        step++;
        at++;
      }
    }
  }
  return false;
}

function compileSteps(pattern: Uint8Array, options: WildmatchOptions): Step[] | null {
  const steps: Step[] = [];
  for (let at = 0; at < pattern.length;) {
    const byte = pattern[at]!;
    if (byte === 0x2a) {
      const end = skipStars(pattern, at);
      at = addStars(steps, pattern, at, end, options.pathname);
    } else if (byte === 0x3f) {
      steps.push({ kind: "class", members: anyByte(options.pathname) });
      at++;
    } else if (byte === 0x5b) {
      const bracket = parseBracket(pattern, at, options);
      if (bracket === null) return null;
      steps.push({ kind: "class", members: bracket.members });
      at = bracket.end;
    } else {
      const literal = byte === 0x5c ? pattern[++at] : byte;
      if (literal === undefined) return null;
      steps.push({ kind: "byte", byte: options.ignoreCase ? toLower(literal) : literal });
      at++;
    }
  }
  return steps;
}

function skipStars(pattern: Uint8Array, from: number): number {
  let end = from;
  while (pattern[end] === 0x2a) end++;
  return end;
}

/** Adds what a run of stars means; gives the position after it (and after the slash that belongs to it). */
function addStars(steps: Step[], pattern: Uint8Array, start: number, end: number, pathname: boolean): number {
  const alone = (start === 0 || pattern[start - 1] === SLASH) && (end === pattern.length || pattern[end] === SLASH);
  if (!pathname) {
    steps.push({ kind: "star", deep: true });
  } else if (end - start === 1 || !alone) {
    steps.push({ kind: "star", deep: false });
  } else if (end === pattern.length) {
    steps.push({ kind: "star", deep: true });
  } else {
    steps.push({ kind: "folders" });
    return end + 1;
  }
  return end;
}

function anyByte(pathname: boolean): Uint8Array {
  const members = new Uint8Array(256).fill(1);
  if (pathname) members[SLASH] = 0;
  return members;
}

function parseBracket(
  pattern: Uint8Array,
  start: number,
  options: WildmatchOptions,
): { members: Uint8Array; end: number } | null {
  const members = new Uint8Array(256);
  let at = start + 1;
  const negated = pattern[at] === 0x21 || pattern[at] === 0x5e;
  if (negated) at++;
  const first = at;
  for (;;) {
    let low = pattern[at];
    if (low === undefined) return null;
    if (low === 0x5d && at > first) break;
    if (low === 0x5b && pattern[at + 1] === 0x3a) {
      const end = addNamedClass(members, pattern, at, options.ignoreCase);
      if (end === null) return null;
      if (end !== undefined) {
        at = end;
        continue;
      }
    }
    if (low === 0x5c) low = pattern[++at];
    if (low === undefined) return null;
    at++;
    let high = low;
    if (pattern[at] === 0x2d && pattern[at + 1] !== 0x5d && pattern[at + 1] !== undefined) {
      at++;
      if (pattern[at] === 0x5c) at++;
      const upper = pattern[at];
      if (upper === undefined) return null;
      high = upper;
      at++;
    }
    for (let byte = low; byte <= high; byte++) members[byte] = 1;
  }
  finishClass(members, negated, options);
  return { members, end: at + 1 };
}

/** Adds `[:name:]`; the position after it, `null` for an unknown name, `undefined` when it is no class at all. */
function addNamedClass(
  members: Uint8Array,
  pattern: Uint8Array,
  at: number,
  ignoreCase: boolean,
): number | null | undefined {
  const close = pattern.indexOf(0x5d, at + 2);
  if (close < 0) return null;
  if (close - 1 < at + 2 || pattern[close - 1] !== 0x3a) return undefined;
  const name = String.fromCharCode(...pattern.subarray(at + 2, close - 1));
  const classes = posixClasses();
  const test = Object.hasOwn(classes, name) ? classes[name] : undefined;
  if (test === undefined) return null;
  for (let byte = 0; byte < 128; byte++) {
    if (test.test(String.fromCharCode(byte)) || (ignoreCase && name === "upper" && byte >= 0x61 && byte <= 0x7a)) {
      members[byte] = 1;
    }
  }
  return close + 1;
}

/** Made when they are needed: expressions at the top of a file are made whenever it is loaded, which is always. */
function posixClasses(): Readonly<Record<string, RegExp>> {
  return {
    alnum: /[0-9A-Za-z]/,
    alpha: /[A-Za-z]/,
    blank: /[ \t]/,
    cntrl: /[\x00-\x1f\x7f]/,
    digit: /[0-9]/,
    graph: /[\x21-\x7e]/,
    lower: /[a-z]/,
    print: /[\x20-\x7e]/,
    punct: /[\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]/,
    space: /[\t-\r ]/,
    upper: /[A-Z]/,
    xdigit: /[0-9A-Fa-f]/,
  };
}

function finishClass(members: Uint8Array, negated: boolean, options: WildmatchOptions): void {
  if (options.ignoreCase) {
    for (let byte = 0x41; byte <= 0x5a; byte++) if (members[byte] === 1) members[byte + 0x20] = 1;
  }
  if (negated) { for (let byte = 0; byte < 256; byte++) members[byte] = 1 - members[byte]!; }
  if (options.pathname) members[SLASH] = 0;
}

function toLower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

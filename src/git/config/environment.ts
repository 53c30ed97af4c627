/**
 * Configuration from the environment and the command line (git-config, "ENVIRONMENT").
 *
 * @module
 */
import { isLetter } from "../../platform/ascii.ts";
import { LatticeError } from "../../platform/errors.ts";
import { asciiLower, isKeyUnit, type ParsedEntry } from "./parse.ts";
import { parseInteger } from "./values.ts";

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `GIT_CONFIG_COUNT` with its keys and values, then `GIT_CONFIG_PARAMETERS`, then what a caller adds.
 *
 * @param overrides Each `key=value`, or `key` alone for true.
 * @throws {LatticeError} `invalid_data`: a variable is malformed; `usage`: an override is.
 */
export function commandEntries(env: Environment, overrides: readonly string[]): ParsedEntry[] {
  const entries = countedEntries(env);
  const parameters = env["GIT_CONFIG_PARAMETERS"];
  if (parameters !== undefined) addParameters(entries, parameters);
  for (const override of overrides) {
    const equals = override.indexOf("=");
    const key = canonicalKey(equals < 0 ? override : override.slice(0, equals));
    if (key === null) {
      throw new LatticeError("usage", `not a config key in ${JSON.stringify(override)}`, {
        hint: "write section.name=value",
        details: { override },
      });
    }
    entries.push({ key, value: equals < 0 ? null : override.slice(equals + 1) });
  }
  return entries;
}

/** A key with its section and its name in lower case; `null`: it is no key. */
export function canonicalKey(key: string): string | null {
  const first = key.indexOf(".");
  const last = key.lastIndexOf(".");
  if (first <= 0 || last === key.length - 1 || !isLetter(key.charCodeAt(last + 1))) return null;
  const section = key.slice(0, first);
  const name = key.slice(last + 1);
  if (!isName(section) || !isName(name) || key.includes("\n")) return null;
  return asciiLower(section) + key.slice(first, last + 1) + asciiLower(name);
}

function isName(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (!isKeyUnit(text.charCodeAt(i))) return false;
  return true;
}

function countedEntries(env: Environment): ParsedEntry[] {
  const text = env["GIT_CONFIG_COUNT"];
  const entries: ParsedEntry[] = [];
  if (text === undefined || text === "") return entries;
  const count = parseInteger(text);
  if (count === null || count < 0 || count >= 2 ** 31) throw malformed("GIT_CONFIG_COUNT", "is not a count");
  for (let i = 0; i < count; i++) {
    const name = env[`GIT_CONFIG_KEY_${i}`];
    const value = env[`GIT_CONFIG_VALUE_${i}`];
    if (name === undefined) throw malformed(`GIT_CONFIG_KEY_${i}`, "is missing");
    if (value === undefined) throw malformed(`GIT_CONFIG_VALUE_${i}`, "is missing");
    entries.push({ key: keyOf(name, `GIT_CONFIG_KEY_${i}`), value });
  }
  return entries;
}

/** Words quoted for the shell: `'key'='value'`, `'key'` or, as older versions wrote them, `'key=value'`. */
function addParameters(entries: ParsedEntry[], text: string): void {
  const variable = "GIT_CONFIG_PARAMETERS";
  let at = skipSpaces(text, 0);
  while (at < text.length) {
    const first = unquote(text, at, variable);
    at = first.end;
    if (text[at] !== "=") {
      const equals = first.word.indexOf("=");
      const key = (equals < 0 ? first.word : first.word.slice(0, equals)).trim();
      entries.push({ key: keyOf(key, variable), value: equals < 0 ? null : first.word.slice(equals + 1) });
    } else {
      at++;
      const bare = at === text.length || text[at] === " "; // a key without value keeps its equals sign
      const second = bare ? { word: null, end: at } : unquote(text, at, variable);
      entries.push({ key: keyOf(first.word, variable), value: second.word });
      at = second.end;
    }
    if (at < text.length && text[at] !== " ") throw malformed(variable, "is not quoted as git quotes it");
    at = skipSpaces(text, at);
  }
}

function skipSpaces(text: string, from: number): number {
  let at = from;
  while (text[at] === " ") at++;
  return at;
}

/** Reads one word in single quotes, with `'\''` and `'\!'` for the two marks that cannot stand inside. */
function unquote(text: string, start: number, variable: string): { word: string; end: number } {
  let at = start;
  let word = "";
  if (text[at] !== "'") throw malformed(variable, "is not quoted as git quotes it");
  for (;;) {
    const close = text.indexOf("'", at + 1);
    if (close < 0) throw malformed(variable, "is not quoted as git quotes it");
    word += text.slice(at + 1, close);
    at = close + 1;
    if (text[at] !== "\\" || (text[at + 1] !== "'" && text[at + 1] !== "!") || text[at + 2] !== "'") {
      return { word, end: at };
    }
    word += text[at + 1]!;
    at += 2;
  }
}

function keyOf(name: string, variable: string): string {
  const key = canonicalKey(name);
  if (key === null) throw malformed(variable, `has ${JSON.stringify(name)}, which is not a config key`);
  return key;
}

function malformed(variable: string, what: string): LatticeError {
  return new LatticeError("invalid_data", `${variable} ${what}`, {
    hint: `correct or unset ${variable}`,
    details: { variable },
  });
}

/**
 * Text from a repository, made safe for a terminal: what could move the cursor, change colours, ring or reorder what
 * is read is shown as an escape instead of being done.
 *
 * @module
 */
import { isWellFormed } from "../platform/text.ts";

/*
 * Patterns are made where there is something to escape: at the top of the file, they would be made at every start, which
 * takes 0.03 ms.
 */

/**
 * C0 and C1 controls, DEL, the separators that end lines, the marks that reorder text, and bytes 0x80 to 0x9F that
 * are not part of UTF-8 (which some terminals take for C1 controls).
 */
const unsafe = () => /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\udc80-\udc9f]/;

function pairOrUnsafe(): RegExp {
  return new RegExp(`[\\ud800-\\udbff][\\udc00-\\udfff]|${unsafe().source}`, "g");
}

/** Whether a text has nothing but printable ASCII, as most have: found out without a regular expression (`ascii.ts`). */
function isPrintable(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || unit > 0x7e) return false;
  }
  return true;
}

/** A text with its control characters shown as `\n`, `\x1b`, `\u{202e}`. It is one line afterwards. */
export function escapeText(text: string): string {
  if (isPrintable(text) || !unsafe().test(text)) return text;
  return text.replace(pairOrUnsafe(), (match) => match.length === 2 ? match : escapeUnit(match));
}

/** A byte that is not part of UTF-8, as `JSON.stringify` writes it in a name that it quotes, behind no other escape. */
const quotedByte = () => /(?<!\\)((?:\\\\)*)\\udc([89a-f][0-9a-f])/g;
const pairOrByte = () => /[\ud800-\udbff][\udc00-\udfff]|[\udc80-\udcff]/g;

/** Like {@link escapeText}, for a message: each byte that is not part of UTF-8 is shown as `\xff`, quoted or not. */
export function escapeMessage(text: string): string {
  const shown = escapeText(text.replace(quotedByte(), "$1\\x$2"));
  return isWellFormed(shown)
    ? shown
    : shown.replace(pairOrByte(), (match) => match.length === 2 ? match : escapeUnit(match));
}

// deno-lint-ignore no-control-regex -- control characters are what is looked for
const gitReplaces = () => /[\u0000-\u0008\u000b-\u001f\u007f]/g;

/**
 * A message in git's words: control characters become `?`, as git itself has it (`vreportf`), but for tabs and line
 * ends; what else could act on a terminal, and git lets through, is escaped.
 */
export function escapeGitMessage(text: string): string {
  const shown = text.replace(gitReplaces(), "?");
  return unsafe().test(shown)
    ? shown.replace(pairOrUnsafe(), (match) => match.length === 2 || /[\t\n]/.test(match) ? match : escapeUnit(match))
    : shown;
}

/** Like {@link escapeText}, for a text of several lines that is ours. */
export function escapeLines(text: string): string {
  return text.split("\n").map(escapeText).join("\n");
}

/** JSON text in which such characters, which can only stand within strings, are written as `\u009b`. */
export function escapeJson(json: string): string {
  if (!unsafe().test(json)) return json;
  return json.replace(
    pairOrUnsafe(),
    (match) => match.length === 2 || match === "\n" ? match : `\\u${hex(match.charCodeAt(0), 4)}`,
  );
}

const SHORT: Readonly<Record<string, string>> = { "\t": "\\t", "\n": "\\n", "\r": "\\r" };

function escapeUnit(unit: string): string {
  const code = unit.charCodeAt(0);
  if (code >= 0xdc80) return `\\x${hex(code - 0xdc00, 2)}`;
  return SHORT[unit] ?? (code < 0x100 ? `\\x${hex(code, 2)}` : `\\u{${hex(code, 4)}}`);
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

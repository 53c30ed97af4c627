/**
 * Quoted paths as git writes and reads them: in double quotes, with the escapes of C (`core.quotePath`).
 *
 * @module
 */
import { bytesToName, concatBytes, nameToBytes } from "../../platform/text.ts";

const ESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, '"': 34, "\\": 92 };
const LETTERS: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(ESCAPES).map(([letter, code]) => [code, letter]),
);

/**
 * Quotes a path if it needs it.
 *
 * @param quoteHighBytes Whether bytes beyond ASCII count as unusual (`core.quotePath`, true by default).
 */
export function quotePath(path: string, quoteHighBytes: boolean): string {
  let quoted = "";
  let unusual = false;
  for (const byte of nameToBytes(path)) {
    const plain = byte >= 0x20 && byte !== 0x22 && byte !== 0x5c && byte !== 0x7f && (byte < 0x80 || !quoteHighBytes);
    if (!plain) unusual = true;
    if (plain) quoted += byte < 0x80 ? String.fromCharCode(byte) : String.fromCharCode(0xdc00 + byte);
    else quoted += `\\${LETTERS[byte] ?? byte.toString(8).padStart(3, "0")}`;
  }
  return unusual ? `"${bytesToName(nameToBytes(quoted))}"` : path;
}

/** The path that a quoted one stands for; `null` when the quoting is wrong or something follows it. */
export function unquotePath(quoted: string): string | null {
  const parts: Uint8Array[] = [];
  const token = /\\([abtnvfr"\\])|\\([0-3][0-7]{2})|([^"\\]+)/suy;
  token.lastIndex = 1;
  let at = 1;
  for (let match; (match = token.exec(quoted)) !== null; at = token.lastIndex) {
    const [, letter, octal, plain] = match;
    if (plain !== undefined) parts.push(nameToBytes(plain));
    else parts.push(Uint8Array.of(letter !== undefined ? ESCAPES[letter]! : parseInt(octal!, 8)));
  }
  return quoted[0] === '"' && quoted[at] === '"' && at === quoted.length - 1 ? bytesToName(concatBytes(parts)) : null;
}

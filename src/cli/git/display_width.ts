/**
 * Columns that a text takes on a terminal, and filling it up to a number of them.
 *
 * @module
 */

/** Ranges of code points that take two columns (East Asian Wide and Fullwidth). */
const WIDE: readonly (readonly [first: number, last: number])[] = [
  [0x1100, 0x115f],
  [0x231a, 0x231b],
  [0x2329, 0x232a],
  [0x23e9, 0x23ec],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6b],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f320],
  [0x1f32d, 0x1f335],
  [0x1f337, 0x1f37c],
  [0x1f37e, 0x1f393],
  [0x1f3a0, 0x1f3ca],
  [0x1f3e0, 0x1f3f0],
  [0x1f400, 0x1f43e],
  [0x1f440, 0x1f440],
  [0x1f442, 0x1f4fc],
  [0x1f4ff, 0x1f53d],
  [0x1f5fb, 0x1f64f],
  [0x1f680, 0x1f6c5],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x2fffd],
  [0x30000, 0x3fffd],
];

/** Columns of a text; escapes of colours take none. A text that is not UTF-8 counts its bytes. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const letter of text.replace(/\x1b\[[0-9;]*m/g, "")) {
    const code = letter.codePointAt(0)!;
    if (code >= 0xdc80 && code <= 0xdcff) return byteCount(text);
    if (code < 0x20 || code === 0x7f || /^\p{Mn}|^\p{Me}|^\p{Cf}/u.test(letter)) continue;
    width += WIDE.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
  }
  return width;
}

/** Fills a text with blanks. */
export function alignText(text: string, width: number, position: "left" | "middle" | "right"): string {
  const missing = Math.max(0, width - displayWidth(text));
  const left = position === "left" ? 0 : position === "right" ? missing : Math.floor(missing / 2);
  return " ".repeat(left) + text + " ".repeat(missing - left);
}

function byteCount(text: string): number {
  let count = 0;
  for (const letter of text) {
    const code = letter.codePointAt(0)!;
    count += code < 0x80 || (code >= 0xdc80 && code <= 0xdcff) ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return count;
}

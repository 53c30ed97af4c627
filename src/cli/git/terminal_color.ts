/**
 * Colours as git's configuration names them (git-config, "color"), turned into terminal escapes.
 *
 * @module
 */

const COLORS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;

const ATTRIBUTES: Readonly<Record<string, readonly [on: number, off: number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  italic: [3, 23],
  ul: [4, 24],
  blink: [5, 25],
  reverse: [7, 27],
  strike: [9, 29],
};

/** The escape that ends all colours. */
export const COLOR_RESET = "\x1b[m";

/**
 * The escape for a colour such as `bold red` or `#ff8000 black ul`.
 *
 * @returns `null` when it is no colour; the empty text for one that changes nothing.
 */
export function colorEscape(text: string): string | null {
  let reset = false;
  const attributes = new Set<number>();
  const colors: string[] = [];
  for (const word of text.split(/[ \t\n\v\f\r]+/).filter((part) => part !== "")) {
    if (word.toLowerCase() === "reset") {
      reset = true;
      continue;
    }
    const color = colors.length < 2 ? colorCode(word.toLowerCase(), colors.length === 1) : null;
    const attribute = attributeCode(word);
    if (color !== null) colors.push(color);
    else if (attribute !== null) attributes.add(attribute);
    else return null;
  }
  const codes = [...attributes].sort((a, b) => a - b).map(String).concat(colors.filter((code) => code !== ""));
  if (codes.length === 0) return reset ? COLOR_RESET : "";
  return `\x1b[${reset ? ";" : ""}${codes.join(";")}m`;
}

function attributeCode(word: string): number | null {
  const negated = word.startsWith("no");
  const name = negated ? word.replace(/^no-?/, "") : word;
  return Object.hasOwn(ATTRIBUTES, name) ? ATTRIBUTES[name]![negated ? 1 : 0] : null;
}

/** Codes of a foreground or background colour; empty for `normal`; `null` when it is none. */
function colorCode(word: string, background: boolean): string | null {
  const base = background ? 40 : 30;
  if (word === "normal" || word === "-1") return "";
  if (word === "default") return String(base + 9);
  const bright = word.startsWith("bright");
  const index = COLORS.indexOf((bright ? word.slice(6) : word) as typeof COLORS[number]);
  if (index >= 0) return String(base + index + (bright ? 60 : 0));
  const rgb = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/.exec(word);
  if (rgb !== null) return `${base + 8};2;${rgb.slice(1).map((digits) => parseInt(digits, 16)).join(";")}`;
  if (!/^[0-9]{1,3}$/.test(word) || Number(word) > 255) return null;
  const number = Number(word);
  if (number < 8) return String(base + number);
  if (number < 16) return String(base + 60 + number - 8);
  return `${base + 8};5;${number}`;
}

/**
 * Values as literals of the languages that `for-each-ref` can write for: `--shell`, `--perl`, `--python`, `--tcl`.
 *
 * @module
 */

/** How values are written. */
export type QuoteStyle = "none" | "shell" | "perl" | "python" | "tcl";

/** Writes a value as a literal. */
export function quoteValue(text: string, style: QuoteStyle): string {
  switch (style) {
    case "none":
      return text;
    case "shell":
      return `'${text.replace(/['!]/g, "'\\$&'")}'`;
    case "perl":
      return `'${text.replace(/['\\]/g, "\\$&")}'`;
    case "python":
      return `'${text.replace(/['\\]/g, "\\$&").replaceAll("\n", "\\n")}'`;
    case "tcl":
      return `"${text.replace(/[[\]{}$\\"]/g, "\\$&").replace(/[\f\r\n\t\v]/g, (letter) => TCL[letter]!)}"`;
  }
}

const TCL: Readonly<Record<string, string>> = { "\f": "\\f", "\r": "\\r", "\n": "\\n", "\t": "\\t", "\v": "\\v" };

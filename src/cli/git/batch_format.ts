/**
 * Formats of `git cat-file --batch`, `--batch-check` and `--batch-command`.
 *
 * @module
 */
import { GitExit } from "./context.ts";
import { unsupportedOption } from "./unsupported_option.ts";

/** What a format can show of an object. */
export type BatchAtom = "objectname" | "objecttype" | "objectsize" | "objectsize:disk" | "deltabase" | "rest";

/** A piece of a format: text as it stands, or what is filled in. */
export type BatchPiece = { readonly kind: "text"; readonly text: string } | {
  readonly kind: "atom";
  readonly atom: BatchAtom;
};

/** The format that counts when none is given. */
export const DEFAULT_BATCH_FORMAT = "%(objectname) %(objecttype) %(objectsize)";

const ATOMS: ReadonlySet<string> = new Set([
  "objectname",
  "objecttype",
  "objectsize",
  "objectsize:disk",
  "deltabase",
  "rest",
]);

/**
 * Takes a format apart.
 *
 * @throws {GitExit} 128: an unknown element, or one without an end; 129: one that is not supported.
 */
export function parseBatchFormat(format: string): BatchPiece[] {
  const pieces: BatchPiece[] = [];
  let text = "";
  for (let i = 0; i < format.length; i++) {
    if (format[i] !== "%" || format[i + 1] !== "(") {
      text += format[i];
      if (format[i] === "%" && format[i + 1] === "%") i++;
      continue;
    }
    const end = format.indexOf(")", i);
    if (end < 0) throw new GitExit(128, `fatal: format element '${format.slice(i + 1)}' does not end in ')'`);
    const name = format.slice(i + 2, end);
    if (name === "objectmode") throw unsupportedOption("%(objectmode)");
    if (!ATOMS.has(name)) throw new GitExit(128, `fatal: unknown format element: ${name}`);
    if (text !== "") pieces.push({ kind: "text", text });
    text = "";
    pieces.push({ kind: "atom", atom: name as BatchAtom });
    i = end;
  }
  if (text !== "") pieces.push({ kind: "text", text });
  return pieces;
}

/** Whether a format asks for an atom. */
export function uses(pieces: readonly BatchPiece[], ...atoms: BatchAtom[]): boolean {
  return pieces.some((piece) => piece.kind === "atom" && atoms.includes(piece.atom));
}

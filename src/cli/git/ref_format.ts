/**
 * Formats of `for-each-ref`: text with fields, `%(align)` and `%(if)`, filled in for one ref after the other.
 *
 * @module
 */
import { GitExit } from "./context.ts";
import { alignText } from "./display_width.ts";
import { type Atom, type Control, type Field, parseAtom } from "./ref_atom.ts";
import { type QuoteStyle, quoteValue } from "./ref_quote.ts";
import { COLOR_RESET } from "./terminal_color.ts";

/** A format, taken apart: literal texts, ready to print, and fields. */
export interface RefFormat {
  readonly parts: readonly (string | Atom)[];
  /** A colour is still on at the end of a line. */
  readonly colorsLast: boolean;
}

/** How a format is filled in. */
export interface RenderOptions {
  readonly quote: QuoteStyle;
  readonly useColor: boolean;
}

/** Gives the value of a field for the ref at hand. */
export type FieldValue = (field: Field, deref: boolean) => string;

/**
 * Takes a format apart.
 *
 * @returns `null` when a field is not closed.
 * @throws {GitExit} As {@link parseAtom}.
 */
export function parseFormat(format: string): RefFormat | null {
  const parts: (string | Atom)[] = [];
  let colorsLast = false;
  let at = 0;
  for (let start = nextField(format, at); start >= 0; start = nextField(format, at)) {
    const end = format.indexOf(")", start);
    if (end < 0) return null;
    if (start > at) parts.push(literal(format.slice(at, start)));
    const atom = parseAtom(format.slice(start + 2, end));
    if (atom.field.kind === "color") colorsLast = !atom.field.resets;
    parts.push(atom);
    at = end + 1;
  }
  if (at < format.length) parts.push(literal(format.slice(at)));
  return { parts, colorsLast };
}

function nextField(format: string, from: number): number {
  for (let at = format.indexOf("%", from); at >= 0; at = format.indexOf("%", at)) {
    if (format[at + 1] === "(") return at;
    at += format[at + 1] === "%" ? 2 : 1;
  }
  return -1;
}

/** `%%` is a per cent sign, `%` and two digits a byte; a byte above 127 is carried as `bytesToName` carries it. */
function literal(text: string): string {
  return text.replace(/%(%|[0-9A-Fa-f]{2})/g, (_, code: string) => {
    if (code === "%") return "%";
    const byte = parseInt(code, 16);
    return String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte);
  });
}

/** What an open `%(align)` or `%(if)` collects. */
interface Frame {
  output: string;
  readonly opener: Control | null;
  /** Of an `%(if)`, shared by its two branches. */
  readonly branch: { holds: boolean; then: boolean; else: boolean };
}

/**
 * Fills in a format for one ref.
 *
 * @returns The line, without newline.
 * @throws {GitExit} 128: `%(then)`, `%(else)`, `%(end)` where they have no place.
 */
export function renderFormat(format: RefFormat, options: RenderOptions, valueOf: FieldValue): string {
  const frames: Frame[] = [newFrame(null)];
  for (const part of format.parts) {
    if (typeof part === "string") top(frames).output += part;
    else if (isControl(part.field)) applyControl(frames, part.field, options);
    else addValue(frames, fieldText(part, options, valueOf), options);
  }
  if (format.colorsLast && options.useColor) addValue(frames, COLOR_RESET, options);
  if (frames.length > 1) throw new GitExit(128, "fatal: format: %(end) atom missing");
  return frames[0]!.output;
}

function fieldText(atom: Atom, options: RenderOptions, valueOf: FieldValue): string {
  const field = atom.field as Field;
  if (field.kind === "color") return options.useColor ? field.escape : "";
  return valueOf(field, atom.deref);
}

function newFrame(opener: Control | null): Frame {
  return { output: "", opener, branch: { holds: false, then: false, else: false } };
}

function top(frames: Frame[]): Frame {
  return frames[frames.length - 1]!;
}

function isControl(field: Field | Control): field is Control {
  return ["align", "if", "then", "else", "end"].includes(field.kind);
}

/** Inside of `%(align)` and `%(if)` nothing is quoted: the outermost of them is, as a whole. */
function addValue(frames: Frame[], text: string, options: RenderOptions): void {
  top(frames).output += frames.length === 1 ? quoteValue(text, options.quote) : text;
}

function applyControl(frames: Frame[], control: Control, options: RenderOptions): void {
  switch (control.kind) {
    case "align":
    case "if":
      frames.push(newFrame(control));
      return;
    case "then":
      return beginThen(top(frames));
    case "else":
      return beginElse(frames);
    case "end":
      return closeFrame(frames, options);
  }
}

function beginThen(frame: Frame): void {
  const { opener, branch } = frame;
  if (opener?.kind !== "if") throw new GitExit(128, "fatal: format: %(then) atom used without a %(if) atom");
  if (branch.then) throw new GitExit(128, "fatal: format: %(then) atom used more than once");
  if (branch.else) throw new GitExit(128, "fatal: format: %(then) atom used after %(else)");
  branch.then = true;
  if (opener.equals !== null) branch.holds = frame.output === opener.equals;
  else if (opener.differs !== null) branch.holds = frame.output !== opener.differs;
  else branch.holds = /[^ \t\n\v\f\r]/.test(frame.output);
  frame.output = "";
}

function beginElse(frames: Frame[]): void {
  const { opener, branch } = top(frames);
  if (opener?.kind !== "if") throw new GitExit(128, "fatal: format: %(else) atom used without a %(if) atom");
  if (!branch.then) throw new GitExit(128, "fatal: format: %(else) atom used without a %(then) atom");
  if (branch.else) throw new GitExit(128, "fatal: format: %(else) atom used more than once");
  branch.else = true;
  frames.push({ output: "", opener, branch });
}

function closeFrame(frames: Frame[], options: RenderOptions): void {
  const { opener } = top(frames);
  if (opener === null) throw new GitExit(128, "fatal: format: %(end) atom used without corresponding atom");
  const text = opener.kind === "align" ? closeAlign(frames, opener) : closeIf(frames);
  addValue(frames, text, options);
}

function closeAlign(frames: Frame[], opener: Control & { kind: "align" }): string {
  return alignText(frames.pop()!.output, opener.width, opener.position);
}

function closeIf(frames: Frame[]): string {
  const last = frames.pop()!;
  if (!last.branch.then) throw new GitExit(128, "fatal: format: %(if) atom used without a %(then) atom");
  const first = last.branch.else ? frames.pop()!.output : last.output;
  if (last.branch.holds) return first;
  return last.branch.else ? last.output : "";
}

/**
 * The fields of a ref that a format may name (git-for-each-ref, "FIELD NAMES"), read from their text.
 *
 * @module
 */
import type { EmailForm } from "../../git/identity_line.ts";
import { GitExit } from "./context.ts";
import { type DateFormat, DEFAULT_DATE, parseDateFormat } from "./date_format.ts";
import { colorEscape } from "./terminal_color.ts";

/** How much of a ref's name is shown. */
export type NameForm =
  | { readonly kind: "full" }
  | { readonly kind: "short" }
  | { readonly kind: "lstrip"; readonly count: number }
  | { readonly kind: "rstrip"; readonly count: number };

/** How an object's name is shown: `null` whole, else shortened to a number of digits or to the usual number. */
export type OidForm = null | { readonly digits: number | null };

/** What is told of the ref that a branch is compared with. */
export interface TrackingForm {
  readonly push: boolean;
  readonly show: "name" | "track" | "trackshort" | "remotename" | "remoteref";
  readonly name: NameForm;
  readonly brackets: boolean;
}

/** Which part of an author, committer or tagger is shown. */
export type PersonPart =
  | { readonly kind: "line" }
  | { readonly kind: "name" }
  | { readonly kind: "email"; readonly form: EmailForm }
  | { readonly kind: "date"; readonly format: DateFormat };

/** Whose line it is; the creator is the tagger of a tag and the committer of a commit. */
export type Person = "author" | "committer" | "tagger" | "creator";

/** Which part of a message is shown. */
export type MessagePart =
  | { readonly kind: "subject" | "sanitized-subject" | "body" | "body-and-signature" | "signature" | "all" | "size" }
  | { readonly kind: "lines"; readonly count: number };

/** A field that stands for a value. */
export type Field =
  | { readonly kind: "refname" | "symref"; readonly form: NameForm }
  | { readonly kind: "objectname" | "tree" | "parent"; readonly form: OidForm }
  | {
    readonly kind: "objecttype" | "deltabase" | "numparent" | "object" | "type" | "tag" | "head" | "worktreepath";
  }
  | { readonly kind: "objectsize"; readonly disk: boolean }
  | { readonly kind: "raw"; readonly size: boolean }
  | { readonly kind: "person"; readonly person: Person; readonly part: PersonPart }
  | { readonly kind: "message"; readonly part: MessagePart }
  | { readonly kind: "tracking"; readonly form: TrackingForm }
  | { readonly kind: "ahead-behind"; readonly commit: string }
  | { readonly kind: "color"; readonly escape: string; readonly resets: boolean };

/** A field that shapes what stands around it. */
export type Control =
  | { readonly kind: "align"; readonly width: number; readonly position: "left" | "middle" | "right" }
  | { readonly kind: "if"; readonly equals: string | null; readonly differs: string | null }
  | { readonly kind: "then" | "else" | "end" };

/** A field as it stands in a format. */
export interface Atom {
  /** Its text without `%(` and `)`. */
  readonly text: string;
  /** Whether it is about the object that a tag points to (`*` before the name). */
  readonly deref: boolean;
  readonly field: Field | Control;
}

/**
 * Reads a field.
 *
 * @param text What stands between `%(` and `)`.
 * @throws {GitExit} 128: unknown to git, or with an argument that git refuses; 129: git knows it and lattice does not.
 */
export function parseAtom(text: string): Atom {
  const deref = text.startsWith("*");
  const bare = deref ? text.slice(1) : text;
  if (bare === "") throw new GitExit(128, `fatal: malformed field name: ${text}`);
  const colon = bare.indexOf(":");
  const name = colon < 0 ? bare : bare.slice(0, colon);
  const argument = colon < 0 || colon === bare.length - 1 ? null : bare.slice(colon + 1);
  const parse = Object.hasOwn(PARSERS, name) ? PARSERS[name] : undefined;
  if (parse === undefined) throw unknownOrUnsupported(name, text);
  return { text, deref, field: parse(argument, name) };
}

const UNSUPPORTED = new Set(["describe", "flag", "is-base", "rest", "signature", "trailers"]);

function unknownOrUnsupported(name: string, text: string): GitExit {
  if (UNSUPPORTED.has(name)) return unsupported(text);
  return new GitExit(128, `fatal: unknown field name: ${text}`);
}

function unsupported(text: string): GitExit {
  return new GitExit(129, `error: the field %(${text}) is not supported`);
}

function unrecognized(name: string, argument: string): GitExit {
  return new GitExit(128, `fatal: unrecognized %(${name}) argument: ${argument}`);
}

type AtomParser = (argument: string | null, name: string) => Field | Control;

const PARSERS: Readonly<Record<string, AtomParser>> = {
  refname: (argument, name) => ({ kind: "refname", form: parseNameForm(argument, name) }),
  symref: (argument, name) => ({ kind: "symref", form: parseNameForm(argument, name) }),
  objecttype: withoutArgument({ kind: "objecttype" }),
  objectsize(argument) {
    if (argument !== null && argument !== "disk") throw unrecognized("objectsize", argument);
    return { kind: "objectsize", disk: argument === "disk" };
  },
  deltabase: withoutArgument({ kind: "deltabase" }),
  objectname: (argument, name) => ({ kind: "objectname", form: parseOidForm(argument, name) }),
  tree: (argument, name) => ({ kind: "tree", form: parseOidForm(argument, name) }),
  parent: (argument, name) => ({ kind: "parent", form: parseOidForm(argument, name) }),
  numparent: withoutArgument({ kind: "numparent" }),
  object: withoutArgument({ kind: "object" }),
  type: withoutArgument({ kind: "type" }),
  tag: withoutArgument({ kind: "tag" }),
  ...personParsers(),
  subject(argument) {
    if (argument === null) return { kind: "message", part: { kind: "subject" } };
    if (argument === "sanitize") return { kind: "message", part: { kind: "sanitized-subject" } };
    throw unrecognized("subject", argument);
  },
  body: withoutArgument({ kind: "message", part: { kind: "body-and-signature" } }),
  contents: parseContents,
  raw(argument) {
    if (argument !== null && argument !== "size") throw unrecognized("raw", argument);
    return { kind: "raw", size: argument === "size" };
  },
  upstream: (argument, name) => ({ kind: "tracking", form: parseTracking(argument, name) }),
  push: (argument, name) => ({ kind: "tracking", form: parseTracking(argument, name) }),
  HEAD: withoutArgument({ kind: "head" }),
  worktreepath: withoutArgument({ kind: "worktreepath" }),
  color: parseColor,
  "ahead-behind"(argument) {
    if (argument === null) throw new GitExit(128, "fatal: expected format: %(ahead-behind:<committish>)");
    return { kind: "ahead-behind", commit: argument };
  },
  align: parseAlign,
  if: parseIf,
  then: withoutArgument({ kind: "then" }),
  else: withoutArgument({ kind: "else" }),
  end: withoutArgument({ kind: "end" }),
};

function withoutArgument(field: Field | Control): AtomParser {
  return (argument, name) => {
    if (argument !== null) throw new GitExit(128, `fatal: %(${name}) does not take arguments`);
    return field;
  };
}

function personParsers(): Record<string, AtomParser> {
  const parsers: Record<string, AtomParser> = {};
  for (const person of ["author", "committer", "tagger", "creator"] as const) {
    const make = (part: PersonPart): Field => ({ kind: "person", person, part });
    parsers[person] = withoutArgument(make({ kind: "line" }));
    parsers[`${person}date`] = (argument) =>
      make({ kind: "date", format: argument === null ? DEFAULT_DATE : parseDateFormat(argument) });
    if (person === "creator") continue;
    parsers[`${person}name`] = (argument) => {
      if (argument === "mailmap") throw unsupported(`${person}name:mailmap`);
      if (argument !== null) throw unrecognized(`${person}name`, argument);
      return make({ kind: "name" });
    };
    parsers[`${person}email`] = (argument) => make({ kind: "email", form: parseEmailForm(argument, `${person}email`) });
  }
  return parsers;
}

function parseEmailForm(argument: string | null, name: string): EmailForm {
  if (argument === null) return "bracketed";
  if (argument === "trim" || argument === "localpart") return argument;
  if (argument.split(",").includes("mailmap")) throw unsupported(`${name}:${argument}`);
  throw unrecognized(name, argument);
}

function parseNameForm(argument: string | null, name: string): NameForm {
  if (argument === null) return { kind: "full" };
  if (argument === "short") return { kind: "short" };
  const match = /^(lstrip|strip|rstrip)=(.*)$/s.exec(argument);
  if (match === null) throw unrecognized(name, argument);
  const [, kind, text] = match;
  const count = strictInteger(text!);
  if (count === null) throw new GitExit(128, `fatal: Integer value expected ${name}:${argument}`);
  return { kind: kind === "rstrip" ? "rstrip" : "lstrip", count };
}

function strictInteger(text: string): number | null {
  const number = /^[+-]?[0-9]+$/.test(text) ? Number(text) : NaN;
  return Math.abs(number) < 2 ** 31 ? number : null;
}

function parseOidForm(argument: string | null, name: string): OidForm {
  if (argument === null) return null;
  if (argument === "short") return { digits: null };
  if (!argument.startsWith("short=")) throw unrecognized(name, argument);
  const digits = strictInteger(argument.slice(6)) ?? 0;
  if (digits <= 0) throw new GitExit(128, `fatal: positive value expected '${argument.slice(6)}' in %(${name})`);
  return { digits: Math.max(4, digits) };
}

function parseTracking(argument: string | null, name: string): TrackingForm {
  const push = name === "push";
  let form: TrackingForm = { push, show: "name", name: { kind: "full" }, brackets: true };
  for (const word of argument === null ? [] : argument.split(",")) {
    if (word === "nobracket") form = { ...form, brackets: false };
    else if (word === "track" || word === "trackshort" || word === "remotename" || word === "remoteref") {
      form = { ...form, show: word };
    } else form = { ...form, show: "name", name: parseNameForm(word, name) };
  }
  return form;
}

function parseContents(argument: string | null): Field {
  const message = (part: MessagePart): Field => ({ kind: "message", part });
  if (argument === null) return message({ kind: "all" });
  if (argument === "subject" || argument === "body" || argument === "signature" || argument === "size") {
    return message({ kind: argument });
  }
  if (argument === "trailers" || argument.startsWith("trailers:")) throw unsupported(`contents:${argument}`);
  if (!argument.startsWith("lines=")) throw unrecognized("contents", argument);
  const count = strictInteger(argument.slice(6));
  if (count === null || count < 0) {
    throw new GitExit(128, `fatal: positive value expected contents:lines=${argument.slice(6)}`);
  }
  return message({ kind: "lines", count });
}

function parseColor(argument: string | null): Field {
  if (argument === null) throw new GitExit(128, "fatal: expected format: %(color:<color>)");
  const escape = colorEscape(argument);
  if (escape === null) {
    throw new GitExit(128, `error: invalid color value: ${argument}\nfatal: unrecognized color: %(color:${argument})`);
  }
  return { kind: "color", escape, resets: argument === "reset" };
}

function parseAlign(argument: string | null): Control {
  if (argument === null) throw new GitExit(128, "fatal: expected format: %(align:<width>,<position>)");
  let width: number | null = null;
  let position: "left" | "middle" | "right" = "left";
  for (const word of argument.split(",")) {
    const [, key, value] = /^(?:(position|width)=)?(.*)$/s.exec(word)!;
    const number = /^[0-9]+$/.test(value!) ? strictInteger(value!) : null;
    if (key !== "width" && (value === "left" || value === "middle" || value === "right")) position = value;
    else if (key !== "position" && number !== null) width = number;
    else if (key !== undefined) throw new GitExit(128, `fatal: unrecognized ${key}:${value}`);
    else throw unrecognized("align", word);
  }
  if (width === null) throw new GitExit(128, "fatal: positive width expected with the %(align) atom");
  return { kind: "align", width, position };
}

function parseIf(argument: string | null): Control {
  if (argument === null) return { kind: "if", equals: null, differs: null };
  if (argument.startsWith("equals=")) return { kind: "if", equals: argument.slice(7), differs: null };
  if (argument.startsWith("notequals=")) return { kind: "if", equals: null, differs: argument.slice(10) };
  throw unrecognized("if", argument);
}

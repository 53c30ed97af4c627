/**
 * The commands that `git update-ref --stdin` reads: their grammar (git-update-ref), by lines or, with `-z`, by NUL.
 *
 * @module
 */
import type { Expectation, RefUpdate } from "../../engine/update.ts";
import type { Oid } from "../../git/object_format.ts";
import { checkRefName } from "../../git/refs/names.ts";
import type { Streams } from "../../platform/streams.ts";
import { bytesToName, concatBytes } from "../../platform/text.ts";
import { GitExit } from "./context.ts";
import { heldInput, LINE_BYTES_MAX, tooLong } from "./input_lines.ts";
import { unquotePath } from "./path_quoting.ts";

/** Words that steer a transaction. */
export type TransactionVerb = "start" | "prepare" | "commit" | "abort";

/** A command, understood. */
export type InputCommand =
  | { readonly kind: TransactionVerb }
  | { readonly kind: "change"; readonly update: RefUpdate }
  /** An option for the command that follows. */
  | { readonly kind: "no-deref" };

/** What commands are read with. */
export interface InputOptions {
  /** What ends a line: a newline, or NUL (`-z`). */
  readonly terminator: "\n" | "\0";
  /** Object names, as the command line knows them; `null`: there is no such object. */
  resolve(name: string): Oid | null;
  /** The name that stands for "no object". */
  readonly zero: Oid;
  /** Tells of something that is allowed, but odd. */
  warn(message: string): void;
}

type ChangeVerb = "update" | "create" | "delete" | "verify";

const ARGUMENT_COUNTS: Readonly<Record<ChangeVerb | TransactionVerb | "option", number>> = {
  update: 3,
  create: 2,
  delete: 2,
  verify: 2,
  option: 1,
  start: 0,
  prepare: 0,
  abort: 0,
  commit: 0,
};

const SPACE = /[ \t\n\v\f\r]/;

/** Splits standard input after each terminator, which stays at the end of each piece. */
export async function* inputPieces(streams: Streams, terminator: "\n" | "\0"): AsyncGenerator<string> {
  const delimiter = terminator.charCodeAt(0);
  let held: Uint8Array[] = [];
  let size = 0;
  for (let chunk = await streams.readLater(); chunk !== null; chunk = await streams.readLater()) {
    let start = 0;
    for (let end = chunk.indexOf(delimiter); end >= 0; end = chunk.indexOf(delimiter, start)) {
      held.push(chunk.subarray(start, end + 1));
      yield bytesToName(concatBytes(held));
      held = [];
      size = 0;
      start = end + 1;
    }
    size += chunk.length - start;
    if (size > LINE_BYTES_MAX) throw tooLong();
    held.push(chunk.slice(start));
  }
  if (size > 0) yield bytesToName(concatBytes(held));
}

/**
 * Understands commands one after the other, as they come in.
 *
 * @param pieces As {@link inputPieces} gives them.
 * @throws {GitExit} 128: malformed, with git's words, or too much for one transaction; 129: a command of newer versions
 *   of git.
 */
export async function* inputCommands(
  pieces: AsyncIterator<string>,
  options: InputOptions,
): AsyncGenerator<InputCommand> {
  const held = heldInput();
  for (let piece = await pieces.next(); piece.done !== true; piece = await pieces.next()) {
    const verb = verbOf(piece.value, options.terminator);
    let text = piece.value;
    for (let more = options.terminator === "\0" ? ARGUMENT_COUNTS[verb] - 1 : 0; more > 0; more--) {
      const next = await pieces.next();
      if (next.done === true) break; // the command itself says what it misses
      text += next.value;
    }
    if (verb === "commit" || verb === "abort") held.start();
    else held.hold(text);
    const from = verb.length + (ARGUMENT_COUNTS[verb] > 0 ? 1 : 0);
    yield parseCommand(verb, new ArgumentReader(text, from, verb, options));
  }
}

function verbOf(piece: string, terminator: string): keyof typeof ARGUMENT_COUNTS {
  const first = piece[0]!;
  if (first === terminator) throw new GitExit(128, "fatal: empty command in input");
  if (SPACE.test(first)) throw new GitExit(128, `fatal: whitespace before command: ${shown(piece)}`);
  for (const [verb, count] of Object.entries(ARGUMENT_COUNTS)) {
    const end = count > 0 ? " " : terminator;
    const next = piece[verb.length] ?? "\0";
    if (piece.startsWith(verb) && next === end) return verb as keyof typeof ARGUMENT_COUNTS;
  }
  const symref = /^symref-(?:update|create|delete|verify)(?= )/.exec(piece);
  if (symref !== null) throw new GitExit(129, `error: command '${symref[0]}' is not supported`);
  throw new GitExit(128, `fatal: unknown command: ${piece.replace(/(?:\n|\0.*)$/s, "")}`);
}

/** What a message shows of the input: to git it is a string of C, which ends at a NUL. */
function shown(text: string): string {
  return text.replace(/\0.*$/s, "").trimEnd();
}

function parseCommand(verb: keyof typeof ARGUMENT_COUNTS, reader: ArgumentReader): InputCommand {
  switch (verb) {
    case "update":
    case "create":
    case "delete":
    case "verify":
      return { kind: "change", update: parseChange(verb, reader) };
    case "option":
      reader.takeWord("no-deref");
      return { kind: "no-deref" };
    default:
      reader.expectEnd(verb);
      return { kind: verb };
  }
}

function parseChange(verb: ChangeVerb, reader: ArgumentReader): RefUpdate {
  const name = reader.refName();
  const label = `${verb} ${name}`;
  const zero = reader.options.zero;
  let value: Oid | null = null;
  if (verb === "update" || verb === "create") {
    value = reader.oid(label, "newvalue", verb === "update");
    if (value === null) throw new GitExit(128, `fatal: ${label}: missing <newvalue>`);
    if (verb === "create" && value === zero) throw new GitExit(128, `fatal: ${label}: zero <newvalue>`);
  }
  const old = verb === "create" ? null : reader.oid(label, "oldvalue", verb === "update");
  if (verb === "delete" && old === zero) throw new GitExit(128, `fatal: ${label}: zero <oldvalue>`);
  reader.expectEnd(label);
  return { name, expect: expectationOf(verb, old, zero), change: changeOf(verb, value, zero), follow: true };
}

function expectationOf(verb: ChangeVerb, old: Oid | null, zero: Oid): Expectation {
  if (verb === "create") return { kind: "absent" };
  if (old === null) return verb === "verify" ? { kind: "absent" } : { kind: "any" };
  return expectOld(old, zero);
}

/** What an old value asks: zeros stand for "must not exist". */
export function expectOld(old: Oid, zero: Oid): Expectation {
  return old === zero ? { kind: "absent" } : { kind: "exactly", oid: old };
}

function changeOf(verb: ChangeVerb, value: Oid | null, zero: Oid): RefUpdate["change"] {
  if (verb === "verify") return { kind: "verify" };
  return value === null || value === zero ? { kind: "delete" } : { kind: "set", oid: value };
}

/** Reads the arguments of one command from left to right. */
class ArgumentReader {
  constructor(
    private readonly text: string,
    private at: number,
    private readonly verb: string,
    readonly options: InputOptions,
  ) {}

  /** The name of a ref, which must be well formed. */
  refName(): string {
    const name = this.options.terminator === "\n" ? this.word() : this.untilNul();
    if (name === "") throw new GitExit(128, `fatal: ${this.verb}: missing <ref>`);
    if (checkRefName(name, { allowOneLevel: true }) !== null) {
      throw new GitExit(128, `fatal: invalid ref format: ${name}`);
    }
    return name;
  }

  /**
   * An object, or zeros.
   *
   * @param emptyIsZero Whether, with `-z`, an empty value stands for zeros; else it stands for none.
   * @returns `null`: there is none.
   */
  oid(label: string, role: "newvalue" | "oldvalue", required: boolean): Oid | null {
    if (this.at >= this.text.length) throw this.endOfInput(label, role);
    return this.options.terminator === "\n" ? this.oidInLine(label, role) : this.oidBetweenNul(label, role, required);
  }

  /** The rest of the command must be this word. */
  takeWord(word: string): void {
    const rest = this.text.slice(this.at);
    if (rest === `${word}${this.options.terminator}`) return;
    if (rest === word && this.options.terminator === "\0") return;
    throw new GitExit(128, `fatal: option unknown: ${shown(rest)}`);
  }

  /** Nothing may follow. */
  expectEnd(label: string): void {
    if ((this.text[this.at] ?? "\0") === this.options.terminator) return;
    throw new GitExit(128, `fatal: ${label}: extra input: ${shown(this.text.slice(this.at))}`);
  }

  private oidInLine(label: string, role: "newvalue" | "oldvalue"): Oid | null {
    const next = this.text[this.at];
    if (next === "\n" || next === "\0") return null;
    if (next !== " ") {
      throw new GitExit(128, `fatal: ${label}: expected SP but got: ${shown(this.text.slice(this.at))}`);
    }
    this.at++;
    const word = this.word();
    return word === "" ? this.options.zero : this.resolve(word, label, role);
  }

  private oidBetweenNul(label: string, role: "newvalue" | "oldvalue", required: boolean): Oid | null {
    if (this.text[this.at] !== "\0") {
      throw new GitExit(128, `fatal: ${label}: expected NUL but got: ${this.text.slice(this.at)}`);
    }
    this.at++;
    if (this.at >= this.text.length) throw this.endOfInput(label, role);
    const word = this.untilNul();
    if (word !== "") return this.resolve(word, label, role);
    if (role === "oldvalue" || !required) return null;
    this.options.warn(`${label}: missing <newvalue>, treating as zero`);
    return this.options.zero;
  }

  private resolve(word: string, label: string, role: string): Oid {
    const oid = this.options.resolve(word);
    if (oid === null) throw new GitExit(128, `fatal: ${label}: invalid <${role}>: ${word}`);
    return oid;
  }

  private endOfInput(label: string, role: string): GitExit {
    return new GitExit(128, `fatal: ${label}: unexpected end of input when reading <${role}>`);
  }

  private untilNul(): string {
    const nul = this.text.indexOf("\0", this.at);
    const end = nul < 0 ? this.text.length : nul;
    const part = this.text.slice(this.at, end);
    this.at = end;
    return part;
  }

  /** A word up to white space, or a quoted one. */
  private word(): string {
    if (this.text[this.at] === '"') return this.quotedWord();
    const pattern = /[^ \t\n\v\f\r\0]*/y;
    pattern.lastIndex = this.at;
    const word = pattern.exec(this.text)![0];
    this.at += word.length;
    return word;
  }

  private quotedWord(): string {
    const pattern = /"(?:[^"\\]|\\.)*"/sy;
    pattern.lastIndex = this.at;
    const quoted = pattern.exec(this.text)?.[0];
    const word = quoted === undefined ? null : unquotePath(quoted);
    const rest = this.text.slice(this.at).trimEnd();
    if (quoted === undefined || word === null) throw new GitExit(128, `fatal: badly quoted argument: ${rest}`);
    this.at += quoted.length;
    const next = this.text[this.at] ?? "\0";
    if (next === "\0" || SPACE.test(next)) return word;
    throw new GitExit(128, `fatal: unexpected character after quoted argument: ${rest}`);
  }
}

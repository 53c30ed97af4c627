/**
 * What `git reflog show` prints of an entry: its selector, its message, and the placeholders of `--format` that have
 * to do with reflogs, names of objects, people and dates (git-log, "PRETTY FORMATS").
 *
 * @module
 */
import type { Oid } from "../../git/object_format.ts";
import type { Repository } from "../../git/repository.ts";
import { identityDate, identityEmail, identityName } from "../../git/identity_line.ts";
import { bytesToName } from "../../platform/text.ts";
import type { Clock } from "../../platform/system.ts";
import { GitExit } from "./context.ts";
import { type DateFormat, DEFAULT_DATE, formatDate, parseDateFormat } from "./date_format.ts";
import { headerLine, oneLine, parseMessage } from "./message_parts.ts";
import { shortenRef } from "./ref_short_name.ts";
import type { WalkedEntry } from "./reflog_walk.ts";

/** What an entry is shown with. */
export interface ReflogView {
  readonly repository: Repository;
  readonly clock: Clock;
  /** What `--date` says: dates then stand in the place of numbers. */
  readonly dates: DateFormat | null;
  /** Abbreviates an object name. */
  readonly short: (oid: Oid) => string;
}

/** A compiled format. */
export interface ReflogFormat {
  /** The text of an entry, with its final newline where each has one. */
  readonly render: (walked: WalkedEntry, view: ReflogView) => string;
  /** Whether a newline stands between entries instead of behind each. */
  readonly separates: boolean;
}

/** `<ref>@{<n>}`, or with a date. @param short Whether the ref's name is shortened. */
export function selectorOf(walked: WalkedEntry, view: ReflogView, short: boolean): string {
  const name = short ? shortenRef(view.repository, walked.name, false) : walked.name;
  if (view.dates === null || walked.numbered) return `${name}@{${walked.number}}`;
  const { seconds, timeZone } = walked.entry;
  return `${name}@{${formatDate(seconds, Number(timeZone), view.dates, view.clock)}}`;
}

/** The message with its newline; as with git, whatever follows a NUL byte is not seen, the newline included. */
export function messageOf({ entry: { message } }: WalkedEntry): string {
  const nul = message.indexOf("\0");
  return nul < 0 ? `${message}\n` : message.slice(0, nul);
}

/** Formats that git knows by name and that show more than reflogs. */
const NAMED = ["short", "medium", "full", "fuller", "reference", "email", "mboxrd", "raw"];

/**
 * Reads the value of `--format` or `--pretty`.
 *
 * @returns `null`: the one line that is shown without it.
 * @throws {GitExit} 129: it uses what is not supported; 128: it is no format.
 */
export function compileReflogFormat(text: string): ReflogFormat | null {
  if (text === "oneline") return null;
  if (NAMED.includes(text)) throw new GitExit(129, `error: the format '${text}' is not supported`);
  const prefixed = /^(t?format):(.*)$/s.exec(text);
  if (prefixed === null && text !== "" && !text.includes("%")) {
    throw new GitExit(128, `fatal: invalid --pretty format: ${text}`);
  }
  const template = prefixed === null ? text : prefixed[2]!;
  const separates = prefixed?.[1] === "format";
  const end = separates || template === "" ? "" : "\n";
  const parts = compileParts(template);
  return {
    separates,
    render(walked, view) {
      const commit = commitReader(view.repository, walked.entry.new);
      return parts.map((part) => typeof part === "string" ? part : part(walked, view, commit)).join("") + end;
    },
  };
}

/** Gives the text of the entry's commit; it is read when it is first needed. */
type ReadCommit = () => string;

type Placeholder = (walked: WalkedEntry, view: ReflogView, commit: ReadCommit) => string;

function commitReader({ objects }: Repository, oid: Oid): ReadCommit {
  let text: string | undefined;
  return () => text ??= bytesToName(objects.readReplaced(oid)?.content ?? new Uint8Array());
}

function compileParts(template: string): (string | Placeholder)[] {
  const parts: (string | Placeholder)[] = [];
  let at = 0;
  for (let percent = template.indexOf("%"); percent >= 0; percent = template.indexOf("%", at)) {
    parts.push(template.slice(at, percent));
    const rest = template.slice(percent + 1);
    const byte = /^x([0-9a-fA-F]{2})/.exec(rest);
    const name = Object.keys(PLACEHOLDERS).find((candidate) => rest.startsWith(candidate));
    if (byte !== null) {
      const code = parseInt(byte[1]!, 16);
      parts.push(code < 0x80 ? String.fromCharCode(code) : bytesToName(Uint8Array.of(code)));
      at = percent + 4;
    } else if (name !== undefined) {
      parts.push(PLACEHOLDERS[name]!);
      at = percent + 1 + name.length;
    } else {
      throw new GitExit(129, `error: the placeholder '%${rest.slice(0, 2)}' of --format is not supported`);
    }
  }
  parts.push(template.slice(at));
  return parts;
}

/** By what follows the `%`; none is the beginning of another. */
const PLACEHOLDERS: Readonly<Record<string, Placeholder>> = {
  "%": () => "%",
  n: () => "\n",
  H: ({ entry }) => entry.new,
  h: ({ entry }, { short }) => short(entry.new),
  gD: (walked, view) => selectorOf(walked, view, false),
  gd: (walked, view) => selectorOf(walked, view, true),
  gs: (walked) => messageOf(walked).slice(0, -1),
  gn: ({ entry }) => identityName(entry.identity),
  ge: ({ entry }) => identityEmail(entry.identity, "trim"),
  T: (_, __, commit) => headerLine(commit(), "tree") ?? "",
  t: (_, { short }, commit) => short(headerLine(commit(), "tree") ?? ""),
  s: (_, __, commit) => oneLine(parseMessage(commit()).subject),
  ...people("a", "author"),
  ...people("c", "committer"),
};

function people(letter: string, header: "author" | "committer"): Record<string, Placeholder> {
  const line = (commit: ReadCommit) => headerLine(commit(), header) ?? "";
  const dated = (format: DateFormat | null): Placeholder => (_, view, commit) => {
    const date = identityDate(line(commit));
    return date === null ? "" : formatDate(date.seconds, date.zone, format ?? view.dates ?? DEFAULT_DATE, view.clock);
  };
  return {
    [`${letter}n`]: (_, __, commit) => identityName(line(commit)),
    [`${letter}e`]: (_, __, commit) => identityEmail(line(commit), "trim"),
    [`${letter}d`]: dated(null),
    [`${letter}D`]: dated(parseDateFormat("rfc")),
    [`${letter}i`]: dated(parseDateFormat("iso")),
    [`${letter}I`]: dated(parseDateFormat("iso-strict")),
    [`${letter}r`]: dated(parseDateFormat("relative")),
    [`${letter}s`]: dated(parseDateFormat("short")),
    [`${letter}t`]: dated(parseDateFormat("unix")),
  };
}

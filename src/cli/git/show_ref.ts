/**
 * `git show-ref`: refs with their objects, tests whether refs exist, and a filter for lists of refs.
 *
 * @module
 */
import { peelTag } from "../../git/objects/peel.ts";
import type { Repository } from "../../git/repository.ts";
import { abbreviate, ABBREVIATION_MIN } from "../../git/revisions/short_oid.ts";
import { checkRefName } from "../../git/refs/names.ts";
import { compareNames } from "../../platform/text.ts";
import { type GitCommand, type GitContext, GitExit } from "./context.ts";
import { inputLines } from "./input_lines.ts";
import { type OutputBuffer, withOutput } from "./output_buffer.ts";
import { flag, type OptionSyntax, parseOptions, usageError } from "./parse_options.ts";
import { isDamagedRef, listRefs, readRefOrNull, type RefItem } from "./ref_item.ts";

interface Settings {
  tags: boolean;
  heads: boolean;
  head: boolean;
  verify: boolean;
  exists: boolean;
  dereference: boolean;
  hashOnly: boolean;
  quiet: boolean;
  /** How many digits are shown; `null`: all. */
  digits: number | "auto" | null;
  /** Beginning of the refs that `--exclude-existing` looks at; `null`: it was not asked for. */
  excludeExisting: string | null;
}

/** Runs the command. */
export const run: GitCommand = (context, args) => {
  const settings: Settings = {
    tags: false,
    heads: false,
    head: false,
    verify: false,
    exists: false,
    dereference: false,
    hashOnly: false,
    quiet: false,
    digits: null,
    excludeExisting: null,
  };
  const syntax = syntaxOf(settings);
  const patterns = parseOptions(context, syntax, args);
  refuseTogether(settings);
  const repository = context.repository();
  return withOutput(context.streams, (output) => {
    if (settings.excludeExisting !== null) {
      return printMissing(context, repository, settings.excludeExisting, output);
    }
    if (settings.verify) return verifyRefs(repository, settings, patterns, output);
    if (settings.exists) return testExistence(context, repository, syntax, patterns);
    return showMatching(repository, settings, patterns, output);
  });
};

function syntaxOf(settings: Settings): OptionSyntax {
  return {
    usage: [
      "git show-ref [-q | --quiet] [--verify] [--head] [-d | --dereference]\n" +
      "             [-s | --hash[=<n>]] [--abbrev[=<n>]] [--tags]\n" +
      "             [--heads] [--] [<pattern>...]",
      "git show-ref --exclude-existing[=<pattern>]",
    ],
    options: [
      flag("tags", (on) => settings.tags = on),
      flag(["heads", "branches"], (on) => settings.heads = on),
      flag("verify", (on) => settings.verify = on),
      flag("exists", (on) => settings.exists = on),
      flag("head", (on) => settings.head = on, "h"),
      flag("dereference", (on) => settings.dereference = on, "d"),
      flag("quiet", (on) => settings.quiet = on, "q"),
      {
        long: ["hash"],
        short: "s",
        value: "optional",
        apply(value, negated) {
          settings.hashOnly = !negated;
          if (negated) settings.digits = null;
          else if (value !== null) settings.digits = digitsOf("hash", value);
        },
      },
      {
        long: ["abbrev"],
        value: "optional",
        apply: (value, negated) =>
          settings.digits = negated ? null : value === null ? "auto" : digitsOf("abbrev", value),
      },
      {
        long: ["exclude-existing"],
        value: "optional",
        apply: (value, negated) => settings.excludeExisting = negated ? null : value ?? "",
      },
    ],
  };
}

/** Digits to show; 0 means all of them. */
function digitsOf(option: string, value: string): number | null {
  if (!/^[+-]?[0-9]+$/.test(value)) throw new GitExit(129, `error: option \`${option}' expects a numerical value`);
  const digits = Number(value);
  return digits === 0 ? null : Math.max(ABBREVIATION_MIN, digits);
}

function refuseTogether(settings: Settings): void {
  const modes = [
    settings.excludeExisting === null ? "" : "--exclude-existing",
    settings.verify ? "--verify" : "",
    settings.exists ? "--exists" : "",
  ].filter((name) => name !== "");
  if (modes.length < 2) return;
  throw new GitExit(128, `fatal: options ${modes.map((name) => `'${name}'`).join(" and ")} cannot be used together`);
}

/** Prints the lines of standard input whose refs do not exist here. */
function printMissing(context: GitContext, repository: Repository, prefix: string, output: OutputBuffer): number {
  const existing = new Set([...repository.refs.list("refs/", () => {})].map(({ name }) => name));
  for (const line of inputLines(context.streams, { delimiter: 10, beforeRead: () => output.flush() })) {
    const text = line.replace(/\^\{\}$/, "");
    const name = /[^ \t\n\v\f\r]*$/.exec(text)![0];
    if (!name.startsWith(prefix)) continue;
    if (checkRefName(name) !== null) context.streams.writeError(`warning: ref '${name}' ignored\n`);
    else if (!existing.has(name)) output.text(`${text}\n`);
  }
  return 0;
}

function verifyRefs(
  repository: Repository,
  settings: Settings,
  names: readonly string[],
  output: OutputBuffer,
): number {
  if (names.length === 0) throw new GitExit(128, "fatal: --verify requires a reference");
  for (const name of names) {
    const oid = name.startsWith("refs/") || name === "HEAD" ? readRefOrNull(repository, name) : null;
    if (oid !== null) show(repository, settings, { name, oid, symref: null }, output);
    else if (settings.quiet) return 1;
    else throw new GitExit(128, `fatal: '${name}' - not a valid ref`);
  }
  return 0;
}

/** `--exists`: 0 when the ref is there, 2 when it is not, 1 when that cannot be told. */
function testExistence(
  context: GitContext,
  repository: Repository,
  syntax: OptionSyntax,
  names: readonly string[],
): number {
  if (names.length === 0) throw new GitExit(128, "fatal: --exists requires a reference");
  if (names.length > 1) throw new GitExit(128, "fatal: --exists requires exactly one reference");
  const name = names[0]!;
  if (name === "") throw usageError(syntax, "");
  try {
    if (repository.refs.read(name) !== null) return 0;
  } catch (error) {
    if (!isDamagedRef(error)) throw error;
    context.streams.writeError(`error: failed to look up reference: ${(error as Error).message}\n`);
    return 1;
  }
  context.streams.writeError("error: reference does not exist\n");
  return 2;
}

function showMatching(
  repository: Repository,
  settings: Settings,
  patterns: readonly string[],
  output: OutputBuffer,
): number {
  const isWanted = (name: string) => patterns.length === 0 || patterns.some((pattern) => endsWithPath(name, pattern));
  let found = false;
  for (const item of wantedRefs(repository, settings, isWanted)) {
    found = true;
    show(repository, settings, item, output);
  }
  return found ? 0 : 1;
}

function* wantedRefs(
  repository: Repository,
  settings: Settings,
  isWanted: (name: string) => boolean,
): Generator<RefItem> {
  if (settings.head) {
    const oid = repository.refs.resolve("HEAD").oid;
    if (oid !== null) yield { name: "HEAD", oid, symref: null };
  }
  const prefixes = [settings.heads ? "refs/heads/" : "", settings.tags ? "refs/tags/" : ""].filter((p) => p !== "");
  for (const prefix of prefixes.length > 0 ? prefixes : ["refs/"]) {
    yield* soundRefs(repository, prefix, isWanted);
  }
}

/** A damaged ref ends the listing when its turn comes, so that what sorts before it is still shown. */
function* soundRefs(
  repository: Repository,
  prefix: string,
  isWanted: (name: string) => boolean,
): Generator<RefItem> {
  const broken: string[] = [];
  const stopBefore = (name: string | null) => {
    const first = broken.sort(compareNames)[0];
    if (first === undefined || (name !== null && compareNames(name, first) < 0)) return;
    throw badRef(first, repository.objectFormat.zero);
  };
  const onBroken = (name: string) => {
    if (isWanted(name)) broken.push(name);
  };
  for (const item of listRefs(repository, prefix, onBroken)) {
    if (broken.length > 0) stopBefore(item.name);
    if (isWanted(item.name)) yield item;
  }
  stopBefore(null);
}

function badRef(name: string, oid: string): GitExit {
  return new GitExit(128, `fatal: git show-ref: bad ref ${name} (${oid})`);
}

/** Whether a pattern is the whole name or its last components. */
function endsWithPath(name: string, pattern: string): boolean {
  return name === pattern || name.endsWith(`/${pattern}`);
}

function show(repository: Repository, settings: Settings, item: RefItem, output: OutputBuffer): void {
  const { name, oid } = item;
  if (!repository.objects.has(oid)) throw badRef(name, oid);
  if (settings.quiet) return;
  const { digits } = settings;
  const shown = (full: string) => digits === null ? full : abbreviate(repository, full, digits);
  output.text(settings.hashOnly ? `${shown(oid)}\n` : `${shown(oid)} ${name}\n`);
  if (!settings.dereference) return;
  const peeled = peelTag(repository.objects, oid);
  if (peeled !== null) output.text(`${shown(peeled)} ${name}^{}\n`);
}

/**
 * `git for-each-ref`: lists refs, sorted, filtered and formatted.
 *
 * @module
 */
import type { Oid } from "../../git/object_format.ts";
import type { Repository } from "../../git/repository.ts";
import { compareNames } from "../../platform/text.ts";
import { type GitCommand, type GitContext, GitExit } from "./context.ts";
import { heldInput, inputLines } from "./input_lines.ts";
import { withOutput } from "./output_buffer.ts";
import { flag, integerValue, type OptionSpec, type OptionSyntax, parseOptions, usageError } from "./parse_options.ts";
import { filterByObjects, listMatching, patternTest, type RefFilter } from "./ref_filter.ts";
import { parseFormat, type RefFormat, renderFormat } from "./ref_format.ts";
import { followRef, type RefItem } from "./ref_item.ts";
import type { QuoteStyle } from "./ref_quote.ts";
import { parseSortKey, type SortKey, sortRefs } from "./ref_sort.ts";
import { openValueSource } from "./ref_source.ts";
import { createEvaluator, type ValueSource } from "./ref_value.ts";
import { refusedOption } from "./unsupported_option.ts";

const DEFAULT_FORMAT = "%(objectname) %(objecttype)\t%(refname)";

interface Settings {
  format: string;
  quotes: Set<QuoteStyle>;
  color: "always" | "never" | "auto";
  /** 0: all of them. */
  count: number;
  sort: SortKey[];
  ignoreCase: boolean;
  omitEmpty: boolean;
  stdin: boolean;
  rootRefs: boolean;
  excluded: string[];
  pointsAt: Oid[];
  contains: Oid[];
  withoutCommits: Oid[];
  merged: Oid[];
  notMerged: Oid[];
}

/** Runs the command. */
export const run: GitCommand = (context, args) => {
  const settings = newSettings();
  let opened: ValueSource | undefined;
  const openSource = () => opened ??= openValueSource(context.repository()); // not yet: `-h` needs no repository
  const syntax = syntaxOf(settings, openSource);
  const positional = parseOptions(context, syntax, args);
  const repository = context.repository();
  const source = openSource();
  if (settings.count < 0) throw usageError(syntax, `error: invalid --count argument: \`${settings.count}'`);
  if (settings.quotes.size > 1) throw usageError(syntax, "error: more than one quoting style?");
  const format = parseFormat(settings.format);
  if (format === null) throw usageError(syntax, `error: malformed format string ${settings.format}`);
  const quote = [...settings.quotes][0] ?? "none";
  refuseRawInQuotes(format, quote);
  const filter: RefFilter = { ...settings, patterns: patternsOf(context, settings, positional) };
  const evaluate = createEvaluator(source);
  const found = filterByObjects(source, filter, collect(context, repository, filter, settings.rootRefs));
  const sorted = sortRefs(repository, found, settings.sort, settings.ignoreCase, evaluate);
  const shown = settings.count === 0 ? sorted : sorted.slice(0, settings.count);
  const options = { quote, useColor: usesColor(context, repository, settings.color) };
  withOutput(context.streams, (output) => {
    for (const item of shown) {
      const line = renderFormat(format, options, (field, deref) => evaluate(item, field, deref).text);
      if (line !== "" || !settings.omitEmpty) output.text(`${line}\n`);
    }
  });
  return 0;
};

function newSettings(): Settings {
  return {
    format: DEFAULT_FORMAT,
    quotes: new Set(),
    color: "auto",
    count: 0,
    sort: [],
    ignoreCase: false,
    omitEmpty: false,
    stdin: false,
    rootRefs: false,
    excluded: [],
    pointsAt: [],
    contains: [],
    withoutCommits: [],
    merged: [],
    notMerged: [],
  };
}

function syntaxOf(settings: Settings, openSource: () => ValueSource): OptionSyntax {
  const quote = (style: QuoteStyle, short?: string): OptionSpec =>
    flag(style, (on) => on ? settings.quotes.add(style) : settings.quotes.delete(style), short);
  return {
    usage: [
      "git for-each-ref [<options>] [<pattern>]",
      "git for-each-ref [--points-at <object>]",
      "git for-each-ref [--merged [<commit>]] [--no-merged [<commit>]]",
      "git for-each-ref [--contains [<commit>]] [--no-contains [<commit>]]",
    ],
    options: [
      quote("shell", "s"),
      quote("perl", "p"),
      quote("python"),
      quote("tcl"),
      flag("omit-empty", (on) => settings.omitEmpty = on),
      flag("ignore-case", (on) => settings.ignoreCase = on),
      flag("stdin", (on) => settings.stdin = on),
      flag("include-root-refs", (on) => settings.rootRefs = on),
      {
        long: ["count"],
        value: "required",
        apply: (value, negated) => settings.count = negated ? 0 : integerValue("count", value),
      },
      {
        long: ["format"],
        value: "required",
        apply: (value) => settings.format = value ?? DEFAULT_FORMAT,
      },
      { long: ["color"], value: "optional", apply: (value, negated) => settings.color = colorWhen(value, negated) },
      collected("exclude", (value) => settings.excluded.push(value), () => settings.excluded = []),
      collected("sort", (value) => settings.sort.unshift(parseSortKey(value)), () => settings.sort = []),
      collected("points-at", (value) => settings.pointsAt.push(objectArgument(openSource(), value)), () => {
        settings.pointsAt = [];
      }),
      ...commitOptions(settings, openSource),
      refusedOption("start-after", "required"),
    ],
  };
}

function collected(name: string, add: (value: string) => void, clear: () => void): OptionSpec {
  return {
    long: [name],
    value: "required",
    apply: (value, negated) => negated ? clear() : add(value!),
  };
}

function commitOptions(settings: Settings, openSource: () => ValueSource): OptionSpec[] {
  const option = (name: string, list: Oid[], failure: number): OptionSpec => ({
    long: [name],
    value: "last-default",
    plain: true,
    apply: (value) => list.push(commitArgument(openSource(), name, value ?? "HEAD", failure)),
  });
  return [
    option("contains", settings.contains, 129),
    option("no-contains", settings.withoutCommits, 129),
    option("merged", settings.merged, 128),
    option("no-merged", settings.notMerged, 128),
  ];
}

function colorWhen(value: string | null, negated: boolean): Settings["color"] {
  if (negated) return "never";
  if (value === null) return "always";
  if (value === "always" || value === "never" || value === "auto") return value;
  throw new GitExit(129, 'error: option `color\' expects "always", "auto", or "never"');
}

function objectArgument(source: ValueSource, value: string): Oid {
  const oid = source.resolve(value);
  if (oid === null) throw new GitExit(129, `error: malformed object name '${value}'`);
  return oid;
}

/** `--merged` and `--contains` refuse a name that does not resolve with different codes, as git does. */
function commitArgument(source: ValueSource, option: string, value: string, failure: number): Oid {
  const oid = source.resolve(value);
  if (oid === null) {
    throw new GitExit(failure, `${failure === 128 ? "fatal" : "error"}: malformed object name ${value}`);
  }
  const commit = source.commitOf(oid);
  if (commit !== null) return commit;
  if (failure === 128) throw new GitExit(129, `error: option \`${option}' must point to a commit`);
  throw new GitExit(129, `error: no such commit ${value}`);
}

function refuseRawInQuotes(format: RefFormat, quote: QuoteStyle): void {
  if (quote === "none" || quote === "perl") return;
  const raw = format.parts.some((part) => typeof part !== "string" && part.field.kind === "raw" && !part.field.size);
  if (raw) throw new GitExit(128, `fatal: --format=%(raw) cannot be used with --python, --shell, --tcl`);
}

function patternsOf(context: GitContext, settings: Settings, positional: readonly string[]): readonly string[] {
  if (!settings.stdin) return positional;
  if (positional.length > 0) throw new GitExit(128, "fatal: unknown arguments supplied with --stdin");
  const { hold } = heldInput();
  const patterns: string[] = [];
  for (const line of inputLines(context.streams, { delimiter: 10, beforeRead() {} })) {
    hold(line);
    patterns.push(line);
  }
  return patterns;
}

/** Refs that pass the patterns; damaged ones are named on standard error and left out. */
function collect(context: GitContext, repository: Repository, filter: RefFilter, rootRefs: boolean): RefItem[] {
  const onBroken = (name: string) => context.streams.writeError(`warning: ignoring broken ref ${name}\n`);
  const items = listMatching(repository, filter, onBroken);
  if (!rootRefs) return items;
  const wanted = patternTest(filter);
  for (const entry of repository.refs.rootRefs()) {
    const item = wanted(entry.name) ? followRef(repository, entry, onBroken) : null;
    if (item !== null) items.push(item);
  }
  return items.sort((a, b) => compareNames(a.name, b.name));
}

function usesColor(context: GitContext, repository: Repository, when: Settings["color"]): boolean {
  if (when !== "auto") return when === "always";
  const configured = repository.config.get("color.ui") ?? "auto";
  if (configured === "always") return true;
  if (configured !== "auto" && repository.config.getBoolean("color.ui") === false) return false;
  const terminal = context.system.env["TERM"];
  return terminal !== undefined && terminal !== "dumb" && context.streams.isTerminal(1);
}

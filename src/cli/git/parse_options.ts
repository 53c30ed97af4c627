/**
 * Reads a command's arguments as git's own option parser does: clusters of short options, long options that may be
 * abbreviated, `--no-` forms, options and arguments in any order up to a `--` or `--end-of-options`.
 *
 * @module
 */
import { utf8 } from "../../platform/text.ts";
import { type GitContext, GitExit } from "./context.ts";

/** One option of a command. */
export interface OptionSpec {
  /** Long names without dashes; further ones are aliases. */
  readonly long?: readonly string[];
  /** The single letter. */
  readonly short?: string;
  /**
   * Whether a value follows: `optional` only when stuck to the name; `last-default` is required unless the option is
   * the last argument.
   */
  readonly value: "none" | "required" | "optional" | "last-default";
  /** There is no `--no-` form. */
  readonly plain?: boolean;
  /**
   * Takes the option.
   *
   * @param value Its value, or `null` when it has none.
   * @param negated Whether it stood as `--no-…`.
   */
  apply(value: string | null, negated: boolean): void;
}

/** What a command tells of itself for {@link parseOptions}. */
export interface OptionSyntax {
  /** The lines after `usage: `. */
  readonly usage: readonly string[];
  readonly options: readonly OptionSpec[];
  /** Options end at the first argument that is none. */
  readonly stopAtArgument?: boolean;
}

/**
 * An option without value: on as it stands, off as `--no-…`.
 *
 * @param long Its long name, or several, without dashes.
 */
export function flag(long: string | readonly string[], set: (on: boolean) => void, short?: string): OptionSpec {
  return {
    long: typeof long === "string" ? [long] : long,
    ...(short === undefined ? {} : { short }),
    value: "none",
    apply: (_, negated) => set(!negated),
  };
}

/**
 * Takes all options and gives the arguments that are left.
 *
 * @throws {GitExit} 129: an unknown, ambiguous or malformed option, named in the message; or `-h`.
 */
export function parseOptions(context: GitContext, syntax: OptionSyntax, args: readonly string[]): string[] {
  if (args.length === 1 && (args[0] === "-h" || args[0] === "--help-all")) {
    context.streams.write(utf8(usageText(syntax)));
    throw new GitExit(129, "");
  }
  const rest: string[] = [];
  for (let at = 0; at < args.length;) {
    const argument = args[at]!;
    at++;
    if (argument === "--" || argument === "--end-of-options") return [...rest, ...args.slice(at)];
    if (argument.startsWith("--")) at = takeLong(syntax, argument.slice(2), args, at);
    else if (argument.startsWith("-") && argument.length > 1) at = takeShort(syntax, argument.slice(1), args, at);
    else if (syntax.stopAtArgument === true) return [argument, ...args.slice(at)];
    else rest.push(argument);
  }
  return rest;
}

/**
 * Ends the command because it is used wrongly.
 *
 * @param message A line before the usage, without newline; empty for none.
 */
export function usageError(syntax: OptionSyntax, message: string): GitExit {
  return new GitExit(129, message === "" ? usageText(syntax).trimEnd() : `${message}\n${usageText(syntax).trimEnd()}`);
}

/** A value that must be a whole number, as `--count` takes it. @throws {GitExit} 129. */
export function integerValue(name: string, value: string | null): number {
  const match = /^([+-]?[0-9]+)([kmg]?)$/i.exec(value ?? "");
  const number = match === null ? NaN : Number(match[1]) * UNIT[match[2]!.toLowerCase()]!;
  if (Number.isInteger(number) && Math.abs(number) < 2 ** 31) return number;
  throw new GitExit(129, `error: option \`${name}' expects an integer value with an optional k/m/g suffix`);
}

const UNIT: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

function usageText(syntax: OptionSyntax): string {
  return syntax.usage.map((line, index) => `${index === 0 ? "usage: " : "   or: "}${line}\n`).join("");
}

interface LongMatch {
  readonly spec: OptionSpec;
  readonly name: string;
  readonly negated: boolean;
}

function takeLong(syntax: OptionSyntax, text: string, args: readonly string[], at: number): number {
  const equals = text.indexOf("=");
  const name = equals < 0 ? text : text.slice(0, equals);
  const stuck = equals < 0 ? null : text.slice(equals + 1);
  const { spec, negated, name: full } = findLong(syntax, name);
  if (negated || spec.value === "none") {
    if (stuck !== null) throw new GitExit(129, `error: option \`${full}' takes no value`);
    spec.apply(null, negated);
    return at;
  }
  return takeValue(spec, stuck, `option \`${full}'`, args, at);
}

function findLong(syntax: OptionSyntax, name: string): LongMatch {
  const partial: LongMatch[] = [];
  for (const spec of syntax.options) {
    for (const long of spec.long ?? []) {
      const candidates: LongMatch[] = [{ spec, name: long, negated: false }];
      if (spec.plain !== true) {
        candidates.push({ spec, name: long.startsWith("no-") ? long.slice(3) : `no-${long}`, negated: true });
      }
      for (const candidate of candidates) {
        if (candidate.name === name) return candidate;
        if (name !== "" && candidate.name.startsWith(name)) partial.push(candidate);
      }
    }
  }
  const first = partial[0];
  if (first === undefined) throw usageError(syntax, `error: unknown option \`${name}'`);
  const other = partial.find(({ spec, negated }) => spec !== first.spec || negated !== first.negated);
  if (other === undefined) return first;
  throw new GitExit(129, `error: ambiguous option: ${name} (could be --${first.name} or --${other.name})`);
}

function takeShort(syntax: OptionSyntax, cluster: string, args: readonly string[], start: number): number {
  let at = start;
  for (let i = 0; i < cluster.length; i++) {
    const letter = cluster[i]!;
    const spec = syntax.options.find(({ short }) => short === letter);
    if (spec === undefined) throw usageError(syntax, `error: unknown switch \`${letter}'`);
    if (spec.value === "none") {
      spec.apply(null, false);
      continue;
    }
    const stuck = i + 1 < cluster.length ? cluster.slice(i + 1) : null;
    at = takeValue(spec, stuck, `switch \`${letter}'`, args, at);
    break;
  }
  return at;
}

function takeValue(spec: OptionSpec, stuck: string | null, label: string, args: readonly string[], at: number): number {
  if (stuck !== null || spec.value === "optional") {
    spec.apply(stuck, false);
    return at;
  }
  const next = args[at];
  if (next === undefined && spec.value === "required") throw new GitExit(129, `error: ${label} requires a value`);
  spec.apply(next ?? null, false);
  return at + 1;
}

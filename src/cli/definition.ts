/**
 * What a command is to its users: its words, options and examples. Parsing, help, completion and the reference are
 * all made from these definitions, so that they cannot disagree.
 *
 * @module
 */
import type { CommandContext } from "./context.ts";
import type { ParsedCommand } from "./parse.ts";

/** What the value of an option or an argument is; completion offers accordingly. */
export type ValueKind = "text" | "path" | "directory" | "branch" | "ref" | "oid" | "duration" | "count";

/** The value that an option takes. */
export interface ValueDefinition {
  /** As it is shown: `dir`, `duration`. */
  readonly name: string;
  readonly kind: ValueKind;
  /** The only values allowed. */
  readonly choices?: readonly string[];
}

/** An option. */
export interface OptionDefinition {
  /** Long name without dashes; the letter alone for one that has no long name. */
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  /** Without it the option is a flag. */
  readonly value?: ValueDefinition;
  /** Whether it may be given more than once. */
  readonly repeatable?: boolean;
  /** Whether the command is refused without it. */
  readonly required?: boolean;
  /** Names of options that cannot stand beside it. */
  readonly excludes?: readonly string[];
  readonly summary: string;
}

/** An argument by position. */
export interface ArgumentDefinition {
  readonly name: string;
  readonly kind: ValueKind;
  readonly optional?: boolean;
  /** Whether it takes all the arguments that are left. */
  readonly variadic?: boolean;
  readonly choices?: readonly string[];
  readonly summary: string;
}

/** A line that a user would type, and what it does. */
export interface ExampleDefinition {
  readonly line: string;
  readonly summary: string;
}

/** What a command's module exports. */
export interface CommandModule {
  /** Does the work. @returns The exit code. */
  run(context: CommandContext, parsed: ParsedCommand): Promise<number> | number;
}

/** A command. */
export interface CommandDefinition {
  /** Its words: `["meta", "get"]`. */
  readonly path: readonly string[];
  /** One line without a full stop. */
  readonly summary: string;
  /** More, in lines of at most 80 characters. */
  readonly description?: readonly string[];
  readonly arguments: readonly ArgumentDefinition[];
  readonly options: readonly OptionDefinition[];
  /** Whether another program's command line follows a `--`. */
  readonly program?: boolean;
  /** Whether words that it does not take are left out of errors: one may be a secret that stands in the wrong place. */
  readonly hidesWords?: boolean;
  /** The shape printed with `--json`, or `null` where nothing is printed in another shape. */
  readonly json: string | null;
  readonly examples: readonly ExampleDefinition[];
  /** Loads the module that does the work, which nothing else loads. */
  readonly load: () => Promise<CommandModule>;
}

/** How an option is typed: `-q, --quiet`, `--lock-timeout <duration>`. */
export function optionUsage(option: OptionDefinition): string {
  const long = option.name.length === 1 ? `-${option.name}` : `--${option.name}`;
  const names = option.short === undefined || option.short === option.name ? long : `-${option.short}, ${long}`;
  return option.value === undefined ? names : `${names} ${valueUsage(option.value)}`;
}

/** What an option does, and whether it must be given. */
export function optionSummary({ summary, required }: OptionDefinition): string {
  return required === true ? `${summary}; required` : summary;
}

/** How a value is shown: `<dir>`, `<auto|always|never>`. */
export function valueUsage(value: ValueDefinition): string {
  return `<${value.choices === undefined ? value.name : value.choices.join("|")}>`;
}

/** The line after `Usage:`. */
export function commandUsage(command: CommandDefinition): string {
  const words = ["lattice", ...command.path];
  for (const option of command.options) {
    const name = option.name.length === 1 ? `-${option.name}` : `--${option.name}`;
    const typed = option.value === undefined ? name : `${name} ${valueUsage(option.value)}`;
    const shown = option.repeatable === true ? `${typed}…` : typed;
    words.push(option.required === true ? shown : `[${shown}]`);
  }
  for (const argument of command.arguments) {
    const name = `<${argument.choices === undefined ? argument.name : argument.choices.join("|")}>`;
    const shown = `${name}${argument.variadic === true ? "…" : ""}`;
    words.push(argument.optional === true ? `[${shown}]` : shown);
  }
  if (command.program === true) words.push("-- <command>");
  return words.join(" ");
}

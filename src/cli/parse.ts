/**
 * From the words of a command line to a command, its options and its arguments.
 *
 * Words are split as `parseArgs` of `node:util` splits them (`--name=value`, `-qv`, `-C<dir>`, `--`); what they mean
 * is decided here, strictly: what is not known is refused by name, never ignored.
 *
 * @module
 */
import { type CommandDefinition, type OptionDefinition, valueUsage } from "./definition.ts";
import { requireDuration } from "./duration.ts";
import { type ColorChoice, GLOBAL_OPTIONS, type GlobalOptions } from "./global_options.ts";
import { nearest } from "./near_miss.ts";
import { LatticeError } from "../platform/errors.ts";
import { type ArgumentToken, tokenizeArguments, type TokenizerOption } from "../platform/arguments.ts";
import { shellWord } from "../platform/text.ts";

/** What a command is given. */
export interface ParsedCommand {
  /** The command's words: `["meta", "get"]`. */
  readonly command: readonly string[];
  /** Arguments by position. */
  readonly arguments: readonly string[];
  /** Another program's command line, after `--`; empty when the command takes none. */
  readonly program: readonly string[];
  /** Whether a flag was given. */
  flag(name: string): boolean;
  /** The value of an option, or `undefined` when it was not given. */
  value(name: string): string | undefined;
  /** All values of an option that may be repeated. */
  values(name: string): readonly string[];
}

/** What a command line asks for. */
export type Invocation =
  | { readonly kind: "command"; readonly command: CommandDefinition; readonly parsed: ParsedCommand }
  | { readonly kind: "git"; readonly args: readonly string[] }
  | { readonly kind: "help"; readonly topic: readonly string[] }
  | { readonly kind: "version" }
  | { readonly kind: "nothing" };

/** A command line that was understood. */
export interface CommandLine {
  readonly global: GlobalOptions;
  readonly invocation: Invocation;
}

/** What a table of commands must offer here. */
export interface CommandTable {
  readonly commands: readonly CommandDefinition[];
}

/**
 * Understands a command line.
 *
 * @throws {LatticeError} `usage`, naming the word that is wrong.
 */
export function parseCommandLine(args: readonly string[], table: CommandTable): CommandLine {
  const words = findCommandWords(args, table);
  if (words.kind === "git") {
    const collected = collect(tokenize(args.slice(0, words.index), GLOBAL_OPTIONS), GLOBAL_OPTIONS);
    const asked = collected.flags("help") ? { kind: "help", topic: ["git"] } as const : undefined;
    return {
      global: globalOptions(collected),
      invocation: asked ?? { kind: "git", args: args.slice(words.index + 1) },
    };
  }
  if (!words.known) throw unknownCommand(words.path, table);
  const own = words.command?.options ?? [];
  const options = [...GLOBAL_OPTIONS, ...own];
  const tokens = tokenize(args, options);
  const collected = collect(tokens, options, words.command?.hidesWords === true);
  const global = globalOptions(collected);
  if (collected.flags("help")) return { global, invocation: { kind: "help", topic: words.path } };
  if (collected.flags("version")) return { global, invocation: { kind: "version" } };
  if (words.path.length === 0) {
    const behind = collected.afterTerminator?.[0];
    if (behind === undefined) return { global, invocation: { kind: "nothing" } };
    throw new LatticeError("usage", `a command cannot stand behind --: ${JSON.stringify(behind)}`, {
      hint: "leave the -- out",
    });
  }
  if (words.command === undefined) throw unknownCommand(words.path, table);
  const positionals = collected.positionals.slice(words.command.path.length);
  return {
    global,
    invocation: { kind: "command", command: words.command, parsed: finish(words.command, collected, positionals) },
  };
}

/** How errors are to be reported, as far as a command line tells that is wrong otherwise. */
export function reportingOptions(args: readonly string[]): Pick<GlobalOptions, "json" | "color"> {
  let json = false;
  let color: ColorChoice = "auto";
  let command: string | undefined;
  for (const token of tokenize(args, GLOBAL_OPTIONS)) {
    if (token.kind === "option-terminator") break;
    if (token.kind === "positional") {
      command ??= token.value;
      if (command === "git") break; // the rest is git's
    } else if (token.rawName === "--json") {
      json = true;
    } else if (token.rawName === "--color" && (token.value === "always" || token.value === "never")) {
      color = token.value;
    }
  }
  return { json, color };
}

type CommandWords =
  | { kind: "git"; index: number }
  | {
    kind: "ours";
    /** The command with just these words. */
    command: CommandDefinition | undefined;
    /** Whether any command begins with these words. */
    known: boolean;
    path: string[];
  };

/** The words that name the command. Only global options may stand before and between them. */
function findCommandWords(args: readonly string[], table: CommandTable): CommandWords {
  const path: string[] = [];
  let candidates = table.commands; // those that begin with the path
  for (const token of tokenize(args, GLOBAL_OPTIONS)) {
    if (token.kind === "option-terminator") break;
    if (token.kind === "option") {
      if (findOption(GLOBAL_OPTIONS, token) === undefined) {
        const command = ofLength(candidates, path.length);
        throwUnlessOwn(token, command);
        if (command !== undefined) return { kind: "ours", command, known: true, path };
      }
      continue;
    }
    if (path.length === 0 && token.value === "git") return { kind: "git", index: token.index };
    const longer = withWord(candidates, path.length, token.value);
    if (longer.length === 0 && ofLength(candidates, path.length) !== undefined) break; // an argument
    path.push(token.value);
    candidates = longer;
    if (longer.length === 0) break;
  }
  return { kind: "ours", command: ofLength(candidates, path.length), known: candidates.length > 0, path };
}

function throwUnlessOwn(token: ArgumentToken & { kind: "option" }, command: CommandDefinition | undefined): void {
  if (command === undefined || findOption(command.options, token) === undefined) {
    if (command?.hidesWords === true) throw hiddenWord(command.path.join(" "));
    throw unknownOption(token.rawName, [...GLOBAL_OPTIONS, ...(command?.options ?? [])]);
  }
}

// Plain loops, here and below: a function that is called for every command is soon taken for one worth compiling, and
// the first call of `find`, `at`, `entries` and their like costs a short command 0.03 ms each.

function withWord(commands: readonly CommandDefinition[], position: number, word: string): CommandDefinition[] {
  const found: CommandDefinition[] = [];
  for (const command of commands) {
    if (command.path[position] === word) found.push(command);
  }
  return found;
}

function ofLength(commands: readonly CommandDefinition[], length: number): CommandDefinition | undefined {
  for (const command of commands) {
    if (command.path.length === length) return command;
  }
  return undefined;
}

function tokenize(args: readonly string[], options: readonly OptionDefinition[]): ArgumentToken[] {
  const config: Record<string, TokenizerOption> = Object.create(null);
  for (const option of options) {
    const type = option.value === undefined ? "boolean" : "string";
    config[option.name] = option.short === undefined ? { type } : { type, short: option.short };
  }
  return tokenizeArguments(args, config);
}

function findOption(
  options: readonly OptionDefinition[],
  token: ArgumentToken & { kind: "option" },
): OptionDefinition | undefined {
  const long = token.rawName.startsWith("--");
  const typed = token.rawName.slice(long ? 2 : 1);
  for (const option of options) {
    if (long ? option.name === typed && typed.length > 1 : option.short === typed || option.name === typed) {
      return option;
    }
  }
  return undefined;
}

interface Collected {
  readonly given: ReadonlyMap<string, readonly (string | true)[]>;
  readonly positionals: readonly string[];
  /** What stands after `--`; `null` without one. */
  readonly afterTerminator: readonly string[] | null;
  readonly last: (names: readonly string[]) => string | undefined;
  flags(name: string): boolean;
}

function collect(
  tokens: readonly ArgumentToken[],
  options: readonly OptionDefinition[],
  hidesWords = false,
): Collected {
  const given = new Map<string, (string | true)[]>();
  const positionals: string[] = [];
  const order: string[] = [];
  let afterTerminator: string[] | null = null;
  for (const token of tokens) {
    if (token.kind === "option-terminator") {
      afterTerminator = [];
    } else if (token.kind === "positional") {
      (afterTerminator ?? positionals).push(token.value);
    } else {
      const option = findOption(options, token);
      if (option === undefined) throw hidesWords ? hiddenWord(null) : unknownOption(token.rawName, options);
      order.push(option.name);
      const values = given.get(option.name) ?? [];
      values.push(optionValue(option, token, hidesWords));
      given.set(option.name, values);
    }
  }
  return {
    given,
    positionals,
    afterTerminator,
    last: (names) => {
      for (let at = order.length - 1; at >= 0; at--) {
        if (names.includes(order[at]!)) return order[at];
      }
      return undefined;
    },
    flags: (name) => given.has(name),
  };
}

function optionValue(
  option: OptionDefinition,
  token: ArgumentToken & { kind: "option" },
  hidesWords: boolean,
): string | true {
  if (option.value === undefined) {
    if (token.value !== undefined) {
      const given = hidesWords ? "" : `, given ${JSON.stringify(token.value)}`;
      throw new LatticeError("usage", `option ${token.rawName} takes no value${given}`, {
        hint: `write ${token.rawName} alone`,
      });
    }
    return true;
  }
  if (token.value === undefined) {
    throw new LatticeError("usage", `option ${token.rawName} needs a value`, {
      hint: `write ${token.rawName} <${option.value.name}>`,
    });
  }
  const { choices, kind } = option.value;
  if (choices !== undefined && !choices.includes(token.value)) {
    throw new LatticeError("usage", `option ${token.rawName} cannot be ${JSON.stringify(token.value)}`, {
      hint: `use one of ${choices.join(", ")}`,
    });
  }
  if (kind === "duration") requireDuration(token.value, `option ${token.rawName}`);
  if (kind === "count" && !/^[0-9]{1,15}$/.test(token.value)) {
    throw new LatticeError("usage", `option ${token.rawName} is no whole number: ${JSON.stringify(token.value)}`, {
      hint: "write at most 15 digits, such as 10",
    });
  }
  return token.value;
}

function lastValue(collected: Collected, name: string): string | undefined {
  const values = collected.given.get(name);
  return values?.[values.length - 1] as string | undefined;
}

function globalOptions(collected: Collected): GlobalOptions {
  const text = (name: string) => lastValue(collected, name);
  const timeout = text("lock-timeout");
  const loudness = collected.last(["quiet", "verbose"]);
  return {
    directories: (collected.given.get("C") ?? []) as readonly string[],
    gitDir: text("git-dir"),
    json: collected.given.has("json"),
    verbosity: loudness === undefined ? 0 : loudness === "quiet" ? -1 : 1,
    color: (text("color") ?? "auto") as ColorChoice,
    lockTimeoutMs: timeout === undefined ? undefined : requireDuration(timeout, "option --lock-timeout"),
  };
}

/** Checks what a command was given against its definition. */
function finish(command: CommandDefinition, collected: Collected, before: readonly string[]): ParsedCommand {
  const name = command.path.join(" ");
  for (const option of command.options) checkOption(option, collected);
  const positionals = command.program === true ? before : [...before, ...(collected.afterTerminator ?? [])];
  checkArguments(command, name, positionals);
  for (const option of command.options) requireOption(option, name, collected);
  const program = command.program === true ? collected.afterTerminator ?? [] : [];
  if (command.program === true && program.length === 0) {
    throw new LatticeError("usage", `"lattice ${name}" needs a command to run`, {
      hint: `write it after --: lattice ${name} -- <command>`,
    });
  }
  return {
    command: command.path,
    arguments: positionals,
    program,
    flag: (option) => collected.given.has(option),
    value: (option) => lastValue(collected, option),
    values: (option) => (collected.given.get(option) ?? []) as readonly string[],
  };
}

function checkOption(option: OptionDefinition, collected: Collected): void {
  const values = collected.given.get(option.name);
  if (values === undefined) return;
  if (values.length > 1 && option.value !== undefined && option.repeatable !== true) {
    throw new LatticeError("usage", `option --${option.name} was given more than once`, {
      hint: "leave all but one of them out",
    });
  }
  const rival = option.excludes?.find((other) => collected.given.has(other));
  if (rival !== undefined) {
    throw new LatticeError("usage", `options --${option.name} and --${rival} exclude each other`, {
      hint: "leave one of them out",
    });
  }
}

function requireOption({ name, value, required }: OptionDefinition, command: string, { given }: Collected): void {
  if (required !== true || given.has(name)) return;
  const option = value === undefined ? `--${name}` : `--${name} ${valueUsage(value)}`;
  throw new LatticeError("usage", `"lattice ${command}" needs ${option}`, { hint: helpHint(command) });
}

function checkArguments(command: CommandDefinition, name: string, positionals: readonly string[]): void {
  for (let at = positionals.length; at < command.arguments.length; at++) {
    const argument = command.arguments[at]!;
    if (argument.optional === true) continue;
    throw new LatticeError("usage", `"lattice ${name}" needs <${argument.name}>`, { hint: helpHint(name) });
  }
  const variadic = command.arguments[command.arguments.length - 1]?.variadic === true;
  const extra = positionals[command.arguments.length];
  if (extra !== undefined && !variadic) {
    if (command.hidesWords === true) throw hiddenWord(name);
    throw new LatticeError("usage", `"lattice ${name}" does not take ${JSON.stringify(extra)}`, {
      hint: command.program === true
        ? `write the command to run after --: lattice ${
          [name, ...positionals.slice(0, command.arguments.length).map(shellWord)].join(" ")
        } -- ${shellWord(extra)}`
        : helpHint(name),
    });
  }
  for (let at = 0; at < positionals.length; at++) {
    const { name: argument, choices } = command.arguments[at] ?? command.arguments[command.arguments.length - 1]!; // variadic
    const given = positionals[at]!;
    if (choices === undefined || choices.includes(given)) continue;
    throw new LatticeError("usage", `<${argument}> cannot be ${JSON.stringify(given)}`, {
      hint: `use one of ${choices.join(", ")}`,
    });
  }
}

/** The error about a word that may be a secret. */
function hiddenWord(name: string | null): LatticeError {
  const command = name === null ? "the command" : JSON.stringify(`lattice ${name}`);
  return new LatticeError("usage", `${command} is given a word that it does not take, which is not shown here`, {
    hint: "a secret comes from standard input or is typed when it is asked for, never from an argument; " +
      "one that stood there is in the shell's history and was seen in the list of processes",
  });
}

function helpHint(name: string): string {
  return `lattice help ${name} shows what it takes`;
}

/** The error about words that are no command; it names those that are meant, perhaps. */
export function unknownCommand(path: readonly string[], table: CommandTable): LatticeError {
  const typed = path.join(" ");
  const names = [...table.commands.map((command) => command.path.join(" ")), "git"];
  const group = names.filter((name) => name.startsWith(`${typed} `));
  if (group.length > 0) {
    return new LatticeError("usage", `"lattice ${typed}" needs one more word`, {
      hint: `use one of ${group.map((name) => name.slice(typed.length + 1)).join(", ")}`,
    });
  }
  const meant = nearest(typed, [...new Set([...names, ...names.map((name) => name.split(" ")[0]!)])]);
  return new LatticeError("usage", `there is no command ${JSON.stringify(typed)}`, {
    hint: meant === undefined ? "lattice help lists the commands" : `did you mean "lattice ${meant}"?`,
  });
}

function unknownOption(typed: string, options: readonly OptionDefinition[]): LatticeError {
  const meant = nearest(typed, options.filter((option) => option.name.length > 1).map((option) => `--${option.name}`));
  return new LatticeError("usage", `unknown option ${typed}`, {
    hint: meant === undefined ? "--help in its place lists those that there are" : `did you mean ${meant}?`,
  });
}

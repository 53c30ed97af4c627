/**
 * Completion scripts for shells, from the definitions of the commands.
 *
 * @module
 */
import type { ArgumentDefinition, CommandDefinition, OptionDefinition, ValueKind } from "./definition.ts";
import { GIT_COMMANDS } from "./git/names.ts";
import { GLOBAL_OPTIONS } from "./global_options.ts";

/** Shells that have a completion script. */
export type Shell = "bash" | "zsh" | "fish";

/** The completion script for a shell. */
export function renderCompletion(shell: Shell, commands: readonly CommandDefinition[]): string {
  switch (shell) {
    case "bash":
      return renderBash(commands);
    case "zsh":
      return renderZsh(commands);
    case "fish":
      return renderFish(commands);
  }
}

/** What may follow some words: the next words of commands, or the command that they name. */
interface Step {
  readonly words: string;
  readonly next: readonly string[];
  readonly command: CommandDefinition | undefined;
}

function steps(commands: readonly CommandDefinition[]): Step[] {
  const prefixes = new Set<string>([""]);
  for (const { path } of commands) path.forEach((_, at) => prefixes.add(path.slice(0, at + 1).join(" ")));
  const listed = [...prefixes].map((words): Step => {
    const depth = words === "" ? 0 : words.split(" ").length;
    const below = commands.filter(({ path }) => path.length > depth && path.slice(0, depth).join(" ") === words);
    const next = [...new Set(below.map(({ path }) => path[depth]!))];
    return {
      words,
      next: depth === 0 ? [...next, "git"] : next,
      command: commands.find(({ path }) => path.join(" ") === words),
    };
  });
  return [...listed, { words: "git", next: GIT_COMMANDS, command: undefined }];
}

/** Words of the commands behind which only arguments follow, as alternatives of a `case`. */
function complete(commands: readonly CommandDefinition[], quote: string): string {
  return commands.map(({ path }) => `${quote}${path.join(" ")}${quote}`).join("|");
}

/**
 * A `case` of both shells on how many arguments were given before: what each next one is, in the shell's own words.
 *
 * @param none What is said where no argument follows any more.
 */
function byPosition(
  { arguments: all }: CommandDefinition,
  say: (argument: ArgumentDefinition) => string,
  none: string,
): string {
  const cases = all.map((argument, at) => `${argument.variadic === true ? "*" : at}) ${say(argument)} ;;`);
  if (all.at(-1)?.variadic !== true) cases.push(`*) ${none} ;;`);
  return `case $given in ${cases.join(" ")} esac`;
}

function spelling(option: OptionDefinition): string {
  return option.name.length === 1 ? `-${option.name}` : `--${option.name}`;
}

function spellings(options: readonly OptionDefinition[]): string[] {
  return options.flatMap((option) =>
    option.short === undefined || option.name.length === 1 ? [spelling(option)] : [spelling(option), `-${option.short}`]
  );
}

/** All options, each once: the scripts know values by the option's name. */
function valueOptions(commands: readonly CommandDefinition[]): OptionDefinition[] {
  const byName = new Map<string, OptionDefinition>();
  for (const option of [...GLOBAL_OPTIONS, ...commands.flatMap((command) => command.options)]) {
    if (option.value !== undefined) byName.set(option.name, option);
  }
  return [...byName.values()];
}

/** Prints the names of the branches, one a line. Anybody may have chosen them, so no shell may read them as code. */
const LIST_BRANCHES = "lattice git for-each-ref --format='%(refname:short)' refs/heads 2>/dev/null";

function bashWords(kind: ValueKind, choices: readonly string[] | undefined): string {
  if (choices !== undefined) return `COMPREPLY=($(compgen -W "${choices.join(" ")}" -- "$current"))`;
  if (kind === "branch") return "_lattice_branches";
  if (kind === "path") return "_lattice_files -f";
  if (kind === "directory") return "_lattice_files -d";
  return "COMPREPLY=()";
}

/**
 * Candidates that are not ours are read line by line: `compgen -W` would expand them, `$(…)` and all. They are compared
 * as they are and as they are typed.
 */
const BASH_FUNCTIONS = [
  "_lattice_branches() {",
  "  local branch quoted",
  "  COMPREPLY=()",
  "  while IFS= read -r branch; do",
  '    printf -v quoted %q "$branch"',
  '    if [[ $branch == "$current"* || $quoted == "$current"* ]]; then COMPREPLY+=("$quoted"); fi',
  `  done < <(${LIST_BRANCHES})`,
  "}",
  "_lattice_files() {",
  "  local file",
  "  COMPREPLY=()",
  "  compopt -o filenames 2>/dev/null",
  '  while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen "$1" -- "$current")',
  "}",
];

function renderBash(commands: readonly CommandDefinition[]): string {
  const values = valueOptions(commands);
  const takers = values.flatMap((option) => spellings([option])).join("|");
  const lines = [
    "# bash completion for lattice",
    ...BASH_FUNCTIONS,
    "_lattice() {",
    '  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"',
    '  local words="" given=0 at word',
    "  # bash takes the = of --option=value for a word of its own",
    '  if [[ $current == = ]]; then current=""; elif [[ $previous == = ]]; then previous="${COMP_WORDS[COMP_CWORD-2]}"; fi',
    '  case "$previous" in',
    ...values.map((option) =>
      `    ${spellings([option]).join("|")}) ${bashWords(option.value!.kind, option.value!.choices)}; return ;;`
    ),
    "  esac",
    "  for ((at = 1; at < COMP_CWORD; at++)); do",
    '    word="${COMP_WORDS[at]}"',
    '    case "$word" in',
    "      --) return ;;",
    `      ${takers}) if [[ \${COMP_WORDS[at+1]} == = ]]; then ((at += 2)); else ((at++)); fi ;;`,
    "      -*) ;;",
    '      *) case "$words" in',
    `        ${complete(commands, '"')}) ((given++)) ;;`,
    '        *) words="${words:+$words }$word" ;;',
    "      esac ;;",
    "    esac",
    "  done",
    '  case "$words" in',
  ];
  for (const { words, next, command } of steps(commands)) {
    const options = words === "git" ? [] : spellings([...(command?.options ?? []), ...GLOBAL_OPTIONS]);
    lines.push(`    "${words}")`);
    lines.push(`      if [[ $current == -* ]]; then COMPREPLY=($(compgen -W "${options.join(" ")}" -- "$current"))`);
    if (next.length > 0) lines.push(`      else COMPREPLY=($(compgen -W "${next.join(" ")}" -- "$current")); fi ;;`);
    else {
      const say = (argument: ArgumentDefinition) => bashWords(argument.kind, argument.choices);
      lines.push(`      else ${byPosition(command!, say, "COMPREPLY=()")}; fi ;;`);
    }
  }
  lines.push("  esac", "}", "complete -F _lattice lattice", "");
  return lines.join("\n");
}

function zshAction(kind: ValueKind, choices: readonly string[] | undefined): string {
  if (choices !== undefined) return `(${choices.join(" ")})`;
  if (kind === "branch") return "_lattice_branches";
  if (kind === "path") return "_files";
  return kind === "directory" ? "_files -/" : " ";
}

function zshOption(option: OptionDefinition): string[] {
  const text = option.summary.replaceAll("'", "'\\''").replaceAll("[", "\\[").replaceAll("]", "\\]").replaceAll(
    ":",
    "\\:",
  );
  const value = option.value === undefined
    ? ""
    : `:${option.value.name}:${zshAction(option.value.kind, option.value.choices)}`;
  return spellings([option]).map((name) => `'${option.repeatable === true ? "*" : ""}${name}[${text}]${value}'`);
}

function renderZsh(commands: readonly CommandDefinition[]): string {
  const takers = valueOptions(commands).flatMap((option) => spellings([option])).join("|");
  const lines = [
    "#compdef lattice",
    `_lattice_branches() { compadd -- \${(f)"$(${LIST_BRANCHES})"} }`,
    "_lattice() {",
    "  local at word key='' given=0",
    "  local -a specs",
    "  for ((at = 2; at < CURRENT; at++)); do",
    '    word="${words[at]}"',
    '    case "$word" in',
    "      --) shift at words; ((CURRENT -= at)); _normal; return ;;",
    `      ${takers}) ((at++)) ;;`,
    "      -*) ;;",
    '      *) case "$key" in',
    `        ${complete(commands, "'")}) ((given++)) ;;`,
    '        *) key="${key:+$key }$word" ;;',
    "      esac ;;",
    "    esac",
    "  done",
    '  case "$key" in',
  ];
  for (const { words, next, command } of steps(commands)) {
    const options = words === "git" ? [] : [...(command?.options ?? []), ...GLOBAL_OPTIONS].flatMap(zshOption);
    lines.push(`    '${words}')`);
    if (next.length > 0) {
      const isOption = `$PREFIX == -* || \${words[CURRENT-1]} == (${takers})`;
      lines.push(`      if [[ ${isOption} ]]; then _arguments ${options.join(" ")} '*: : '`);
      lines.push(`      else compadd -- ${next.join(" ")}; fi ;;`);
    } else {
      const say = ({ name, kind, choices }: ArgumentDefinition) => `specs+=('*:${name}:${zshAction(kind, choices)}')`;
      lines.push(`      specs=(${options.join(" ")})`);
      lines.push(`      ${byPosition(command!, say, "specs+=('*:nothing more: ')")}`);
      lines.push('      _arguments "${specs[@]}" ;;');
    }
  }
  lines.push(
    "    *) _files ;;",
    "  esac",
    "}",
    'if [ "$funcstack[1]" = _lattice ]; then _lattice "$@"; else compdef _lattice lattice; fi',
    "",
  );
  return lines.join("\n");
}

function renderFish(commands: readonly CommandDefinition[]): string {
  const takers = valueOptions(commands).flatMap((option) => spellings([option])).join(" ");
  const lines = [
    "# fish completion for lattice",
    "# Whether these words of a command were typed, and so many arguments (any number, where none is given).",
    "function __lattice_at",
    "  set -l key; set -l given 0; set -l value false",
    "  for word in (commandline -opc)[2..-1]",
    "    if $value",
    "      set value false",
    "    else if contains -- $word --",
    "      return 1",
    `    else if contains -- $word ${takers}`,
    "      set value true",
    "    else if not string match -q -- '-*' $word",
    `      if contains -- "$key" ${commands.map(({ path }) => `'${path.join(" ")}'`).join(" ")}`,
    "        set given (math $given + 1)",
    "      else",
    `        set key (string trim -- "$key $word")`,
    "      end",
    "    end",
    "  end",
    '  test "$key" = "$argv[1]"; and begin; test -z "$argv[2]"; or test $given -eq $argv[2]; end',
    "end",
    "complete -c lattice -f",
  ];
  for (const option of GLOBAL_OPTIONS) lines.push(fishOption(option, ""));
  for (const { words, next, command } of steps(commands)) {
    const at = `-n "__lattice_at '${words}'"`;
    for (const word of next) {
      lines.push(`complete -c lattice ${at} -a ${word}${fishSummary(commands, words, word)}`);
    }
    for (const option of command?.options ?? []) lines.push(fishOption(option, at));
    command?.arguments.forEach(({ kind, choices, variadic }, index) => {
      const offers = fishOffers(kind, choices);
      const here = variadic === true ? at : `-n "__lattice_at '${words}' ${index}"`;
      if (offers !== "") lines.push(`complete -c lattice ${here} ${offers}`);
    });
  }
  return `${lines.join("\n")}\n`;
}

/** What an argument or an option's value may be, as options of `complete`. */
function fishOffers(kind: ValueKind, choices: readonly string[] | undefined): string {
  if (choices !== undefined) return `-a '${choices.join(" ")}'`;
  if (kind === "branch") return `-a "(${LIST_BRANCHES})"`;
  if (kind === "path") return "-a '(__fish_complete_path)'";
  return kind === "directory" ? "-a '(__fish_complete_directories)'" : "";
}

function fishSummary(commands: readonly CommandDefinition[], words: string, word: string): string {
  const path = words === "" ? word : `${words} ${word}`;
  const command = commands.find((candidate) => candidate.path.join(" ") === path);
  return command === undefined ? "" : ` -d ${fishText(command.summary)}`;
}

function fishOption(option: OptionDefinition, condition: string): string {
  const words = ["complete -c lattice"];
  if (condition !== "") words.push(condition);
  if (option.name.length > 1) words.push(`-l ${option.name}`);
  if (option.short !== undefined) words.push(`-s ${option.short}`);
  if (option.value !== undefined) {
    words.push("-x");
    const offers = fishOffers(option.value.kind, option.value.choices);
    if (offers !== "") words.push(offers);
  }
  words.push(`-d ${fishText(option.summary)}`);
  return words.join(" ");
}

function fishText(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

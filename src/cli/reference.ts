/**
 * The reference of all commands and options, as `docs/reference.md` holds it.
 *
 * @module
 */
import {
  type CommandDefinition,
  commandUsage,
  type OptionDefinition,
  optionSummary,
  optionUsage,
} from "./definition.ts";
import { EXIT_CODES } from "./exit_codes.ts";
import { GIT_COMMANDS } from "./git/names.ts";
import { GLOBAL_OPTIONS } from "./global_options.ts";

/** When each exit code is used. Keys are the codes; those of {@link EXIT_CODES} must all be here. */
const EXIT_MEANINGS: Readonly<Record<number, string>> = {
  0: "all went well",
  1: "`not_found`, or the answer is no: no such metadata, secret, operation, …",
  2: "`usage`: bad arguments",
  3: "`cas_failed`: the current value is not the expected one",
  4: "`locked`: another process holds a lock, and the wait ran out",
  5: "`op_in_progress`: an unfinished or paused operation blocks the command",
  6: "`invalid_data`: metadata, journal, config or a git object is malformed or corrupt",
  7: "`io`: permission, disk full, read-only or failing disk",
  8: "`unsupported`: an unknown repository extension, a keychain that is not there, …",
  9: "`not_a_repository`: none was found; `unsafe_repository`: it is owned by somebody else",
  10: "`diverged`: refs were moved by somebody else meanwhile; nothing was changed",
  11: "`store_unavailable`: a database cannot be reached",
  70: "`internal`: a bug; `LATTICE_DEBUG=1` shows where",
  129: "SIGHUP; locks were released, nothing is half done",
  130: "SIGINT; likewise",
  141: "nobody reads standard output any more",
  143: "SIGTERM; likewise",
};

/** The whole reference, in Markdown. */
export function renderReference(commands: readonly CommandDefinition[]): string {
  return [
    "# Reference",
    "",
    "Every command and option. This file is made from the definitions that `--help` shows; a test compares the two.",
    "",
    "`lattice [global options] <command> [options] [arguments]`",
    "",
    "## Global options",
    "",
    "They may stand before or after the command, up to a `--`. After `git` every option is git's.",
    "",
    ...optionTable(GLOBAL_OPTIONS),
    "A duration is a whole number and a unit: `ms`, `s`, `m`, `h`, `d`; only `0` and `inf` stand without one.",
    "",
    ...CONFIGURATION,
    "## Exit codes",
    "",
    ...table(["code", "meaning"], Object.entries(EXIT_MEANINGS).map(([code, meaning]) => [code, meaning])),
    "`lattice git` keeps git's own codes. Commands that run another program end with its code; 127 when it is not",
    "found, 126 when it cannot be executed, 128 + n when signal n ended it.",
    "",
    "With `--json` an error is one object on standard error:",
    '`{"error":{"code":"cas_failed","message":"…","hint":"…","details":{…}}}`. A warning, which changes no exit code, is',
    '`{"warning":{"message":"…"}}`. Each stands on a line of its own; other lines there are for people.',
    "",
    "Some commands say nothing of their own on standard output, with `--json` neither: that of `lock run`, `lock file run`,",
    "`lease exec` and `secret exec` is the program's that they run, and that of `hook pre-push` and",
    "`hook reference-transaction` is git's, which runs them. `completion` and `help` print their text with it as without.",
    "",
    "## Commands",
    "",
    ...commands.flatMap(describeCommand),
    "### lattice git &lt;command&gt;",
    "",
    "git's plumbing with git's own arguments, output and exit codes. An option that is not supported is refused by",
    "name with exit code 129.",
    "",
    `Commands: ${GIT_COMMANDS.map((name) => `\`${name}\``).join(", ")}.`,
    "",
  ].join("\n");
}

const CONFIGURATION = [
  "## Configuration",
  "",
  "Options beat the environment, which beats the repository's config file (`<common dir>/lattice/config.toml`), which",
  "beats the user's (`$LATTICE_CONFIG`, else `$XDG_CONFIG_HOME/lattice/config.toml`, else `~/.lattice/config.toml`).",
  "",
  ...table(["key", "value"], [
    ["`lease.auto_migrate`", "true: tables of lock records are brought to the present version by themselves"],
    ["`lease.store`", "where lock records are kept, as `--store` names it"],
    [
      "`lock.backend`",
      'how the repository is locked: `"flock"`, `"pid"` (a PID lock file) or `"auto"`; in the config file of a repository alone',
    ],
    ["`lock.timeout`", "a duration, as a text: how long to wait for a lock"],
    ["`ops.keep`", "a whole number: how many of the newest operations `op prune` keeps"],
    ["`ops.keep_for`", "a duration, as a text: for how long `op prune` keeps an operation"],
    ["`secrets.provider`", 'where secrets are kept: `"file"` or `"keychain"`'],
    ["`state.store`", "where state documents are kept, as `--store` names it"],
    ["`trunk`", "the branch that stacks are based on"],
  ]),
  "A value of the wrong type ends a command that needs the configuration with exit code 6. Unknown keys are ignored;",
  "`--verbose` names them.",
  "",
];

function describeCommand(command: CommandDefinition): string[] {
  const lines = [
    `### lattice ${command.path.join(" ")}`,
    "",
    `    ${commandUsage(command)}`,
    "",
    `${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.`,
    "",
  ];
  if (command.description !== undefined) lines.push(...command.description, "");
  if (command.arguments.length > 0) {
    lines.push(...table(["argument", ""], command.arguments.map(({ name, summary }) => [`\`<${name}>\``, summary])));
  }
  if (command.options.length > 0) lines.push(...optionTable(command.options));
  if (command.json !== null) lines.push(`With \`--json\`: \`${command.json}\`.`, "");
  for (const { line, summary } of command.examples) lines.push(`- \`${line}\`: ${summary}`);
  return [...lines, ""];
}

function optionTable(options: readonly OptionDefinition[]): string[] {
  return table(["option", ""], options.map((option) => [`\`${optionUsage(option)}\``, optionSummary(option)]));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line), ""];
}

/** Exit codes without a meaning in the reference; a test shows that there are none. */
export function undocumentedExitCodes(): number[] {
  return Object.values(EXIT_CODES).filter((code) => EXIT_MEANINGS[code] === undefined);
}

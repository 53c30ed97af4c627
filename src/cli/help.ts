/**
 * Help, from the definitions of the commands.
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
import { GLOBAL_OPTIONS } from "./global_options.ts";
import { type CommandTable, unknownCommand } from "./parse.ts";
import { GIT_COMMANDS } from "./git/names.ts";

/** One line about `lattice git`, which is not in the table because its arguments are git's own. */
const GIT_SUMMARY = "git's plumbing, for places that have no git";

/**
 * Help on a command, on a group of commands, or on lattice.
 *
 * @param topic The words after `help`; none for lattice itself.
 * @throws {LatticeError} `usage`: there is no such command.
 */
export function renderHelp(topic: readonly string[], table: CommandTable): string {
  if (topic.length === 0) return renderOverview(table);
  if (topic[0] === "git" && isGitTopic(topic.slice(1))) return renderGitHelp();
  const group = table.commands.filter(({ path }) => topic.every((word, at) => path[at] === word));
  if (group.length === 0) throw unknownCommand(topic, table);
  const command = group.find(({ path }) => path.length === topic.length);
  if (command !== undefined) return renderCommand(command);
  return `Usage: lattice ${topic.join(" ")} <command>\n\n${renderCommands(group)}`;
}

/** Whether words after `git` name all of it, or one of its commands, of which git's own help tells more. */
function isGitTopic(words: readonly string[]): boolean {
  const [name] = words;
  return name === undefined || words.length === 1 && GIT_COMMANDS.some((each) => each === name);
}

function renderOverview(table: CommandTable): string {
  return [
    "lattice: state that survives, for git hooks, scripts and command-line tools",
    "",
    "Usage: lattice [global options] <command> [options] [arguments]",
    "",
    "Commands:",
    columns([
      ...table.commands.map((command): [string, string] => [command.path.join(" "), command.summary]),
      ["git <command>", GIT_SUMMARY],
    ]),
    "Global options:",
    renderOptions(GLOBAL_OPTIONS),
    "lattice help <command> tells more about a command.",
    "",
  ].join("\n");
}

function renderCommands(commands: readonly CommandDefinition[]): string {
  return `Commands:\n${columns(commands.map((command) => [command.path.join(" "), command.summary]))}`;
}

function renderCommand(command: CommandDefinition): string {
  const parts = [`Usage: ${commandUsage(command)}`, "", capitalised(command.summary) + ".", ""];
  if (command.description !== undefined) parts.push(...command.description, "");
  if (command.arguments.length > 0) {
    parts.push("Arguments:", columns(command.arguments.map(({ name, summary }) => [`<${name}>`, summary])));
  }
  if (command.options.length > 0) parts.push("Options:", renderOptions(command.options));
  parts.push("Global options:", renderOptions(GLOBAL_OPTIONS));
  if (command.json !== null) parts.push(`With --json: ${command.json}`, "");
  parts.push("Examples:", columns(command.examples.map(({ line, summary }) => [line, summary])));
  return parts.join("\n").replace(/\n+$/, "\n");
}

/** Help on `lattice git` and all its commands, which have no text of their own. */
export function renderGitHelp(): string {
  return [
    "Usage: lattice git [git's global options] <command> [git's arguments]",
    "",
    capitalised(GIT_SUMMARY) + ": git's own arguments, output and exit codes.",
    "An option that is not supported is refused by name with exit code 129.",
    "",
    `Commands: ${GIT_COMMANDS.join(", ")}`,
    "",
  ].join("\n");
}

function renderOptions(options: readonly OptionDefinition[]): string {
  return columns(options.map((option) => [optionUsage(option), optionSummary(option)]));
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Two columns; a first part that is wide stands on a line of its own. Ends with an empty line. */
function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.min(28, Math.max(...rows.map(([left]) => left.length)));
  return rows.map(([left, right]) =>
    left.length > width ? `  ${left}\n${" ".repeat(width + 4)}${right}\n` : `  ${left.padEnd(width)}  ${right}\n`
  ).join("");
}

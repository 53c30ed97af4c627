/**
 * `lattice completion <bash|zsh|fish>`.
 *
 * @module
 */
import { renderCompletion, type Shell } from "../completion.ts";
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import type { ParsedCommand } from "../parse.ts";

/** Prints a completion script. */
export function run({ output, table }: CommandContext, parsed: ParsedCommand): number {
  output.text(renderCompletion(parsed.arguments[0] as Shell, table.commands));
  return EXIT_OK;
}

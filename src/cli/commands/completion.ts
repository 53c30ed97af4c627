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
export async function run({ output, loadTable }: CommandContext, parsed: ParsedCommand): Promise<number> {
  const { commands } = await loadTable();
  output.text(renderCompletion(parsed.arguments[0] as Shell, commands));
  return EXIT_OK;
}

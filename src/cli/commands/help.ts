/**
 * `lattice help [<command>]`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import { renderHelp } from "../help.ts";
import type { ParsedCommand } from "../parse.ts";

/** Prints help. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  context.output.text(renderHelp(parsed.arguments, await context.loadTable()));
  return EXIT_OK;
}

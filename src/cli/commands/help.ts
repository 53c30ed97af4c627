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
export function run(context: CommandContext, parsed: ParsedCommand): number {
  context.output.text(renderHelp(parsed.arguments, context.table));
  return EXIT_OK;
}

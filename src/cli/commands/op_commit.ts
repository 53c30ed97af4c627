/**
 * `lattice op commit`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import type { ParsedCommand } from "../parse.ts";
import { endPaused } from "../end_paused.ts";

/** Ends the operation that was begun. */
export function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  return endPaused(context, parsed, "continue", "begun");
}

/**
 * `lattice continue`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import type { ParsedCommand } from "../parse.ts";
import { endPaused } from "../end_paused.ts";

/** Ends the paused operation. */
export function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  return endPaused(context, parsed, "continue");
}

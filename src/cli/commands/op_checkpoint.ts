/**
 * `lattice op checkpoint <name>`.
 *
 * @module
 */
import { openChange } from "../change.ts";
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import type { ParsedCommand } from "../parse.ts";
import { addCheckpoint } from "../../operations/span.ts";

/** Notes that a step of the operation is done. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  using writer = await openChange(context, parsed);
  addCheckpoint(writer, parsed.arguments[0]!);
  if (context.output.json) context.output.value({});
  return EXIT_OK;
}

/**
 * `lattice state list`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import type { ParsedCommand } from "../parse.ts";
import { openStateToRead } from "../state.ts";

/** Prints the names of all documents. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const names = await (await openStateToRead(context, parsed)).list();
  if (context.output.json) context.output.value(names.map((name) => ({ name })));
  else context.output.lines(names);
  return EXIT_OK;
}

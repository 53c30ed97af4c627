/**
 * `lattice state delete <name>`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import type { ParsedCommand } from "../parse.ts";
import { openStateToWrite } from "../state.ts";
import { checkStateName } from "../../state/name.ts";

/** Removes a document; one that is not there is fine. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const name = parsed.arguments[0]!;
  checkStateName(name);
  await (await openStateToWrite(context, parsed)).delete(name);
  if (context.output.json) context.output.value({});
  return EXIT_OK;
}

/**
 * `lattice state exists <name>`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_NEGATIVE, EXIT_OK } from "../exit_codes.ts";
import type { ParsedCommand } from "../parse.ts";
import { openStateToRead } from "../state.ts";
import { checkStateName } from "../../state/name.ts";

/** Says by its exit code whether a document is there. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const name = parsed.arguments[0]!;
  checkStateName(name);
  const exists = await (await openStateToRead(context, parsed)).exists(name);
  if (context.output.json) context.output.value({ name, exists });
  return exists ? EXIT_OK : EXIT_NEGATIVE;
}

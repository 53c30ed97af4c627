/**
 * `lattice undo [<op id>]`.
 *
 * @module
 */
import { openChange } from "../change.ts";
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import type { ParsedCommand } from "../parse.ts";
import { undo } from "../../operations/undo.ts";

/** Takes an operation back. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  using writer = await openChange(context, parsed);
  const { op, updates, undone } = await writer.patiently(() => undo(writer, parsed.arguments[0]));
  context.log.info(`took back operation ${undone}`);
  if (context.output.json) context.output.value({ op, updates });
  else if (op !== null) context.output.line(op);
  return EXIT_OK;
}

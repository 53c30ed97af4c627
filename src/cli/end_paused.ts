/**
 * Ends a paused operation, for `continue` and `abort`.
 *
 * @module
 */
import { openChange } from "./change.ts";
import type { CommandContext } from "./context.ts";
import { EXIT_OK } from "./exit_codes.ts";
import type { ParsedCommand } from "./parse.ts";
import { resume } from "../operations/resume.ts";

/**
 * Goes on with the paused operation, or takes it back.
 *
 * @param kind Only an operation that was begun with `op begin` will do.
 */
export async function endPaused(
  context: CommandContext,
  parsed: ParsedCommand,
  way: "continue" | "abort",
  kind?: "begun",
): Promise<number> {
  const { output, log } = context;
  using writer = await openChange(context, parsed, { evenIfPaused: true, isOwnOperation: true });
  const { paused, op, updates, kept } = await writer.patiently(() => resume(writer, way, kind));
  for (const { ref, old, new: value } of updates) log.info(`${ref}: ${old ?? "nothing"} -> ${value ?? "nothing"}`);
  for (const ref of kept) log.info(`${ref}: left as others made it`);
  if (op !== paused) log.info(`took back operation ${paused}`);
  if (output.json) output.value({ op, updates });
  else output.line(op);
  return EXIT_OK;
}

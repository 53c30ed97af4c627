/**
 * `lattice op begin <name>`.
 *
 * @module
 */
import { openChange } from "../change.ts";
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import type { ParsedCommand } from "../parse.ts";
import { beginOperation } from "../../operations/span.ts";

/** Begins an operation that several processes are a part of. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  using writer = await openChange(context, parsed);
  const claim = beginOperation(writer, parsed.arguments[0]!);
  if (context.output.json) context.output.value({ op: claim.slice(0, claim.indexOf(":")), claim });
  else context.output.line(claim);
  return EXIT_OK;
}

/**
 * `lattice op begin <name>`.
 *
 * @module
 */
import { openChange } from "../change.ts";
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import type { ParsedCommand } from "../parse.ts";
import { beginOperation, cancelOperation } from "../../operations/span.ts";

/** Begins an operation that several processes are a part of. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  using writer = await openChange(context, parsed);
  const claim = beginOperation(writer, parsed.arguments[0]!);
  const op = claim.slice(0, claim.indexOf(":"));
  try {
    if (context.output.json) context.output.value({ op, claim });
    else context.output.line(claim);
  } catch (error) {
    // Nobody has learned the claim: without it no process could be a part of the operation.
    const { reason } = cancelOperation(writer, op);
    if (reason !== null) context.log.warn(`operation ${op} stays paused, \`lattice abort\` takes it back: ${reason}`);
    throw error;
  }
  return EXIT_OK;
}

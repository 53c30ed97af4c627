/**
 * `lattice lease release <id>`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import { openLeases } from "../lease.ts";
import type { ParsedCommand } from "../parse.ts";

/** Gives a lock back. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  await using store = await openLeases(context, parsed);
  await store.deleteLock(parsed.arguments[0]!);
  if (context.output.json) context.output.value({});
  return EXIT_OK;
}

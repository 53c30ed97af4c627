/**
 * `lattice lease release <id>`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import { idOf, openLeases } from "../lease.ts";
import type { ParsedCommand } from "../parse.ts";

/** Gives a lock back. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const id = idOf(parsed);
  await using store = await openLeases(context, parsed);
  await store.deleteLock(id);
  if (context.output.json) context.output.value({});
  return EXIT_OK;
}

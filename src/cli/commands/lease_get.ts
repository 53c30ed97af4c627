/**
 * `lattice lease get <id>`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import { idOf, leaseJson, openLeases } from "../lease.ts";
import type { ParsedCommand } from "../parse.ts";

/** Prints a lock record, one line a field. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const id = idOf(parsed);
  await using store = await openLeases(context, parsed, { readOnly: true });
  const record = leaseJson(await store.getLock(id));
  if (context.output.json) context.output.value(record);
  else context.output.lines(Object.entries(record).map(([name, value]) => `${name}: ${value ?? "never"}`));
  return EXIT_OK;
}

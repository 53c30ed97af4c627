/**
 * `lattice secret list`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import type { ParsedCommand } from "../parse.ts";
import { openSecretStore } from "../secret_store.ts";

/** Prints the keys. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const keys = await (await openSecretStore(context, parsed, "read")).list();
  if (context.output.json) context.output.value(keys.map((key) => ({ key })));
  else context.output.lines(keys);
  return EXIT_OK;
}

/**
 * `lattice secret delete <key>`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import type { ParsedCommand } from "../parse.ts";
import { openSecretStore } from "../secret_store.ts";

/** Removes a secret. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const store = await openSecretStore(context, parsed, "write");
  await store.delete(parsed.arguments[0]!);
  if (context.output.json) context.output.value({});
  return EXIT_OK;
}

/**
 * `lattice secret get <key>`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import type { ParsedCommand } from "../parse.ts";
import { openSecretStore, requireSecret } from "../secret_store.ts";

/** Prints a secret. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const key = parsed.arguments[0]!;
  const value = await requireSecret(await openSecretStore(context, parsed, "read"), key);
  if (context.output.json) context.output.value({ key, value });
  else context.output.text(parsed.flag("raw") ? value : `${value}\n`);
  return EXIT_OK;
}

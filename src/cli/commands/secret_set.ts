/**
 * `lattice secret set <key>`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_INTERRUPTED, EXIT_OK } from "../exit_codes.ts";
import type { ParsedCommand } from "../parse.ts";
import { readSecretValue } from "../secret_input.ts";
import { openSecretStore } from "../secret_store.ts";
import { checkKey } from "../../secrets/secret_store.ts";

/** Stores a secret. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const key = parsed.arguments[0]!;
  checkKey(key); // before anything is read
  const store = await openSecretStore(context, parsed, "write");
  // Nobody is to type what is refused afterwards: where the secrets cannot be read, they cannot be stored either.
  if (context.streams.isTerminal(0)) await store.get(key);
  const value = await readSecretValue(context, key, parsed.flag("raw"));
  if (value === null) return EXIT_INTERRUPTED;
  await store.set(key, value);
  if (context.output.json) context.output.value({});
  return EXIT_OK;
}

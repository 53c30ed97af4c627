/**
 * `lattice lease drop`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import { nameOf, openLeases } from "../lease.ts";
import type { ParsedCommand } from "../parse.ts";
import { LatticeError } from "../../platform/errors.ts";

/** Deletes all records of a client, or of a file, and prints how many these were. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const [client, file] = [nameOf(parsed, "client"), nameOf(parsed, "file")];
  if (client === undefined && file === undefined) {
    throw new LatticeError("usage", "neither --client nor --file says what is to be dropped", {
      hint: "name one of them: --client <client> or --file <file>",
    });
  }
  await using store = await openLeases(context, parsed);
  const dropped = client === undefined ? await store.deleteLocksByFile(file!) : await store.deleteLocksByClient(client);
  if (context.output.json) context.output.value({ dropped });
  else context.output.line(String(dropped));
  return EXIT_OK;
}

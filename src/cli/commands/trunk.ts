/**
 * `lattice trunk`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import { readToldStack, trunkName } from "../stack.ts";
import { LatticeError } from "../../platform/errors.ts";

/** Prints the name of the trunk. */
export async function run(context: CommandContext): Promise<number> {
  const { output } = context;
  const repository = await context.openRepository();
  const trunk = await trunkName(context, repository);
  if (trunk === null) {
    throw new LatticeError("not_found", "no trunk is known: neither origin/HEAD nor main, master or develop is there", {
      hint: "name it: lattice init --trunk <branch>",
    });
  }
  if (!output.json) {
    output.line(trunk);
    return EXIT_OK;
  }
  const told = readToldStack(context, repository, trunk);
  output.value(told.facts(trunk));
  return told.exitCode();
}

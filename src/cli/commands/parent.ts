/**
 * `lattice parent [<branch>]`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import type { ParsedCommand } from "../parse.ts";
import { branchArgument, notTracked, readToldStack, trunkName } from "../stack.ts";
import { MetadataStore } from "../../metadata/store.ts";
import { LatticeError } from "../../platform/errors.ts";

/** Prints the branch that a branch is based on. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const { output } = context;
  const repository = await context.openRepository();
  const branch = branchArgument(parsed, repository);
  const trunk = await trunkName(context, repository);
  if (branch === trunk) {
    throw new LatticeError("not_found", `branch ${JSON.stringify(branch)} is the trunk, which has no parent`, {
      hint: "lattice children lists what is based on it",
      details: { branch },
    });
  }
  const stored = new MetadataStore(repository).read(branch);
  if (stored === undefined) throw notTracked(branch, trunk);
  const { name } = stored.metadata.parent;
  if (!output.json) {
    output.line(name);
    return EXIT_OK;
  }
  const told = readToldStack(context, repository, trunk);
  output.value(told.facts(name));
  return told.exitCode();
}

/**
 * `lattice children [<branch>]`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import type { ParsedCommand } from "../parse.ts";
import { branchArgument, readToldStack, requirePlaced, trunkName } from "../stack.ts";

/** Prints the branches that are based on a branch. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const { output } = context;
  const repository = await context.openRepository();
  const branch = branchArgument(parsed, repository);
  const trunk = await trunkName(context, repository);
  requirePlaced(repository, trunk, branch);
  const told = readToldStack(context, repository, trunk);
  const children = told.stack.nodes.get(branch)?.children ?? [];
  if (output.json) output.value(children.map(told.facts));
  else output.lines(children);
  return told.exitCode();
}

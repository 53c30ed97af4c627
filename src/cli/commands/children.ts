/**
 * `lattice children [<branch>]`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import type { ParsedCommand } from "../parse.ts";
import { readStackAround } from "../stack.ts";

/** Prints the branches that are based on a branch. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const { output } = context;
  const { branch, told } = await readStackAround(context, parsed);
  const children = told.stack.nodes.get(branch)?.children ?? [];
  if (output.json) output.value(children.map(told.facts));
  else output.lines(children);
  return told.exitCode();
}

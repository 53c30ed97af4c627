/**
 * `lattice info [<branch>]`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import type { ParsedCommand } from "../parse.ts";
import { readStackAround, type ToldStack } from "../stack.ts";
import { describePullRequest } from "../../stack/tree.ts";

/** What is said where there is nothing to say. */
const NOTHING = "-";

/** Prints what is known of a branch. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const { output } = context;
  const { branch, told } = await readStackAround(context, parsed);
  if (output.json) output.value(told.facts(branch));
  else output.lines(describe(told, branch));
  return told.exitCode();
}

function describe(told: ToldStack, branch: string): string[] {
  const { parent, children, base, tip, ahead, behind, pr, current } = told.facts(branch);
  const rows: [label: string, value: string | number | null][] = [
    ["branch", branch],
    ["parent", parent],
    ["children", children.length === 0 ? null : children.join(" ")],
    ["base", base],
    ["tip", tip],
    ["ahead", ahead],
    ["behind", behind],
    ["frozen", describeFreeze(told, branch)],
    ["pr", pr === null ? null : `${describePullRequest(pr)}  ${pr.url}`],
    ["current", current ? "yes" : "no"],
  ];
  return rows.map(([label, value]) => `${label.padEnd(8)}  ${value ?? NOTHING}`);
}

function describeFreeze({ frozen, stack }: ToldStack, branch: string): string {
  const by = frozen.get(branch);
  if (by === undefined) return "no";
  const freeze = stack.nodes.get(by)?.metadata?.freeze;
  if (freeze?.state !== "frozen") return "yes";
  const who = by === branch ? "yes" : `by the freeze of ${by}`;
  const reason = freeze.reason === null ? "" : `: ${freeze.reason}`;
  return `${who}, ${freeze.scope}, since ${freeze.frozen_at}${reason}`;
}

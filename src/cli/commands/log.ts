/**
 * `lattice log [--format <tree|mermaid|dot>]`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { escapeMessage, escapeText } from "../escape.ts";
import { usesColor } from "../output.ts";
import type { ParsedCommand } from "../parse.ts";
import { readToldStack, type ToldStack, trunkName } from "../stack.ts";
import { LatticeError } from "../../platform/errors.ts";
import { renderDot } from "../../stack/dot.ts";
import { renderMermaid } from "../../stack/mermaid.ts";
import { renderTree, type TreePart } from "../../stack/tree.ts";
import { walkStack } from "../../stack/walk.ts";

/** Colours of the tree (ECMA-48, "Select Graphic Rendition"); those of branches are git's. */
const COLORS: Readonly<Record<TreePart, string>> = {
  line: "2",
  trunk: "1",
  current: "1;32",
  ahead: "32",
  behind: "33",
  frozen: "36",
  pr: "35",
  problem: "31",
};

/** Prints the stack. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const { output } = context;
  const format = parsed.value("format");
  if (output.json && format !== undefined) {
    throw new LatticeError("usage", `--json and --format ${format} cannot be had at once`, {
      hint: "leave one of them out",
    });
  }
  const repository = await context.openRepository();
  const told = readToldStack(context, repository, await trunkName(context, repository));
  if (output.json) output.value(Array.from(walkStack(told.stack), ({ node }) => told.facts(node.name)));
  else output.text(draw(context, told, format ?? "tree").map((line) => `${line}\n`).join(""));
  return told.exitCode();
}

function draw({ global, system, streams }: CommandContext, { stack, facts }: ToldStack, format: string): string[] {
  if (format === "mermaid") return renderMermaid(stack, facts, escapeMessage);
  if (format === "dot") return renderDot(stack, facts, escapeMessage);
  const colored = usesColor(global.color, system, streams, 1);
  return renderTree(stack, facts, {
    escape: escapeText,
    paint: (text, part) => colored ? `\x1b[${COLORS[part]}m${text}\x1b[0m` : text,
  });
}

/**
 * Draws the stack as a tree of lines, the trunk first.
 *
 * An only child stands directly below its parent, at the same depth, so that a stack of any height takes no width;
 * several children are indented and joined by lines. `*` marks the branch that is checked out, `?` a parent that is
 * missing, `×` a branch that is gone.
 *
 * @module
 */
import type { BranchFacts, FactsOf, LinkedPullRequest } from "./facts.ts";
import type { Stack, StackNode } from "./model.ts";
import { type StackVisit, walkStack } from "./walk.ts";

/** What a part of the drawing is, for colours. */
export type TreePart = "line" | "trunk" | "current" | "ahead" | "behind" | "frozen" | "pr" | "problem";

/** How the drawing reaches its reader. */
export interface TreeStyle {
  /** Makes text from the repository safe to print, on one line. */
  escape(text: string): string;
  /** Colours a part, or does not. */
  paint(text: string, part: TreePart): string;
}

/**
 * Draws the stack.
 *
 * @returns Lines without newlines, one a branch; none where there is no trunk and no document.
 */
export function renderTree(stack: Stack, facts: FactsOf, style: TreeStyle): string[] {
  const lines: string[] = [];
  const indents: string[] = []; // by level: what stands before the children of the branch drawn last at that level
  for (const visit of walkStack(stack)) {
    const { level, place } = visit;
    const before = level === 0 ? "" : indents[level - 1]!;
    indents.length = level;
    indents.push(before + (place === "more" ? "│ " : place === "last" ? "  " : ""));
    const joint = before + (place === "more" ? "├─" : place === "last" ? "└─" : "");
    lines.push((joint === "" ? "" : style.paint(joint, "line")) + describe(visit, facts, style));
  }
  return lines;
}

/** Short words on a branch beside its name; each with what it is, for colours. */
export function remarks(node: StackNode, facts: FactsOf): { text: string; part: TreePart }[] {
  const own = facts(node.name);
  const found: { text: string; part: TreePart }[] = [];
  if (node.kind === "missing") found.push({ text: "not tracked", part: "problem" });
  if (own.tip === null) found.push({ text: "no such branch", part: "problem" });
  if (own.ahead !== null && own.ahead > 0) found.push({ text: `${own.ahead} ahead`, part: "ahead" });
  if (own.behind !== null && own.behind > 0) found.push({ text: `${own.behind} behind`, part: "behind" });
  if (node.kind === "tracked" && own.tip !== null && own.ahead === null) {
    found.push({ text: "history unknown", part: "problem" });
  }
  if (hasParentMoved(own, facts)) found.push({ text: "parent moved", part: "behind" });
  if (own.frozen) found.push({ text: "frozen", part: "frozen" });
  if (own.pr !== null) found.push({ text: describePullRequest(own.pr), part: "pr" });
  return found;
}

/** How a pull request is named in a line: `PR #42 open`, `MR !7 draft`. */
export function describePullRequest({ forge, number, last_known: known }: LinkedPullRequest): string {
  const name = forge === "gitlab" ? `MR !${number}` : `PR #${number}`;
  if (known === null) return name;
  return `${name} ${known.state === "open" && known.is_draft ? "draft" : known.state}`;
}

/** Whether the parent holds another commit than the one that the branch begins on. */
function hasParentMoved({ parent, base, tip }: BranchFacts, facts: FactsOf): boolean {
  if (parent === null || base === null || tip === null) return false;
  const above = facts(parent).tip;
  return above !== null && above !== base;
}

function describe({ node, closes }: StackVisit, facts: FactsOf, style: TreeStyle): string {
  const { current, tip } = facts(node.name);
  const name = style.escape(node.name);
  const mark = current ? "*" : node.kind === "missing" ? "?" : tip === null ? "×" : node.kind === "trunk" ? "◆" : "○";
  const isSound = node.kind !== "missing" && tip !== null;
  const part = current ? "current" : !isSound ? "problem" : node.kind === "trunk" ? "trunk" : null;
  const words = part === null ? `${mark} ${name}` : style.paint(`${mark} ${name}`, part);
  const notes = remarks(node, facts).map(({ text, part }) => style.paint(text, part));
  if (closes !== null) notes.push(style.paint(`in a cycle: ${style.escape(closes)} is based on it`, "problem"));
  return [words, ...notes].join("  ");
}

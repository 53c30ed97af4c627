/**
 * The stack that the documents describe: cycles, parents that are not there, bases that a branch does not stand on.
 *
 * None of these has a fix that could be made without knowing what was meant; each names the command that does it.
 *
 * @module
 */
import { type Ancestry, openAncestry } from "../../git/objects/ancestry.ts";
import type { BranchMetadata } from "../../metadata/document.ts";
import { MetadataStore } from "../../metadata/store.ts";
import { findTrunk } from "../../metadata/trunk.ts";
import { isDamage, LatticeError } from "../../platform/errors.ts";
import { shellWord } from "../../platform/text.ts";
import { tipOf } from "../../stack/read.ts";
import { buildStack, type StackNode } from "../../stack/model.ts";
import type { Check, Examination } from "../examination.ts";
import { type Finding, findingId, quote } from "../finding.ts";

/** Branches of a cycle that are named; the others are counted. */
const CYCLE_NAMED_MAX = 10;

/** Puts the documents together, and compares each base with the history. */
export const STACK_GRAPH: Check = {
  name: "stack-graph",
  listsRefs: true,
  kinds: {
    "stack.cycle": "branches are each other's parents in a circle",
    "stack.missing-parent": "the parent of a branch is neither tracked nor the trunk",
    "stack.missing-base": "the base of a branch is no commit that is here",
    "stack.base": "the base of a branch is no ancestor of it",
  },
  *examine(examination) {
    const { repository } = examination;
    const documents: BranchMetadata[] = [];
    for (const { metadata } of new MetadataStore(repository).exportAll(() => {})) documents.push(metadata);
    const stack = buildStack(documents, trunkOf(examination));
    for (const cycle of stack.cycles) yield cycleFinding(cycle);
    let ancestry: Ancestry | undefined;
    for (const node of stack.nodes.values()) {
      if (node.kind === "missing") yield* missingParent(examination, node);
      if (node.kind !== "tracked" || node.metadata === null) continue;
      const finding = judgeBase(examination, ancestry ??= openAncestry(repository), node.name, node.metadata.base.oid);
      if (finding !== null) yield finding;
    }
  },
};

/** The trunk by what is there; a damaged ref among those that tell is a finding of its own. */
function trunkOf({ repository, trunk }: Examination): string | null {
  try {
    return findTrunk(repository, trunk);
  } catch (error) {
    if (isDamage(error)) return null;
    throw error;
  }
}

function cycleFinding(cycle: readonly string[]): Finding {
  const [first] = cycle;
  const named = cycle.slice(0, CYCLE_NAMED_MAX).map(quote).join(" on ");
  const more = cycle.length > CYCLE_NAMED_MAX ? `, ${cycle.length - CYCLE_NAMED_MAX} more,` : "";
  return {
    id: findingId("stack.cycle", first!),
    severity: "error",
    subject: first!,
    evidence: `${named}${more} on ${quote(first!)}: each is based on the next; ` +
      `\`lattice track <branch> --parent <branch>\` gives one of them another parent`,
    fix: null,
  };
}

function* missingParent(examination: Examination, { name, children }: StackNode): Generator<Finding> {
  const exists = tipIfSound(examination, name) !== null;
  for (const child of children) {
    yield {
      id: findingId("stack.missing-parent", child),
      severity: "warning",
      subject: child,
      evidence: `the parent of ${quote(child)} is ${quote(name)}, ${
        exists ? "which is not tracked" : "which does not exist"
      }; \`lattice track\` tracks it, or gives ${quote(child)} another parent`,
      fix: null,
    };
  }
}

function judgeBase(examination: Examination, ancestry: Ancestry, branch: string, base: string): Finding | null {
  const tip = tipIfSound(examination, branch);
  if (tip === null) return null; // orphaned, or damaged: a finding of its own
  const advice = `\`lattice meta edit ${shellWord(branch)} --base <rev>\` says where it begins`;
  try {
    const type = examination.repository.objects.info(base)?.type ?? null;
    if (type !== "commit") {
      return {
        id: findingId("stack.missing-base", branch),
        severity: "error",
        subject: branch,
        evidence: `the base of ${quote(branch)}, ${base}, is ${type === null ? "not there" : `a ${type}`}; ${advice}`,
        fix: null,
      };
    }
    if (ancestry.isAncestor(base, tip) !== "no") return null;
  } catch (error) {
    // History that is damaged or was not fetched answers nothing; `git fsck` and the checks of refs tell of it.
    if (error instanceof LatticeError && error.code !== "internal") return null;
    throw error;
  }
  return {
    id: findingId("stack.base", branch),
    severity: "warning",
    subject: branch,
    evidence: `the base of ${quote(branch)}, ${base}, is no ancestor of its tip ${tip}; ${advice}`,
    fix: null,
  };
}

function tipIfSound({ repository }: Examination, branch: string): string | null {
  try {
    return tipOf(repository, branch, false);
  } catch (error) {
    if (error instanceof LatticeError && error.code !== "internal") return null;
    throw error;
  }
}

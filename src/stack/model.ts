/**
 * The stack: which branch is based on which, as the metadata documents say it.
 *
 * Every branch has one parent, so the branches form trees, whose roots are the trunk and whatever else a document
 * calls its parent, and, where documents contradict each other, cycles. Nothing is left out: a branch that cannot be
 * placed is in a cycle or below a missing parent, and both are listed. Nothing here recurses, however deep a stack is.
 *
 * @module
 */
import type { BranchMetadata } from "../metadata/document.ts";
import { compareNames } from "../platform/text.ts";

/** A branch of the stack. */
export interface StackNode {
  /** Short name, as after `refs/heads/`. */
  readonly name: string;
  /**
   * `trunk`: stacks begin there; `tracked`: it has a document; `missing`: a document calls it the parent, and it is
   * neither of the two.
   */
  readonly kind: "trunk" | "tracked" | "missing";
  /** Its document. A trunk may have one as well; its parent does not count. */
  readonly metadata: BranchMetadata | null;
  /** What it is based on; `null` for a trunk and for what is missing. */
  readonly parent: string | null;
  /** Branches that are based on it, sorted by the bytes of their names. */
  readonly children: readonly string[];
}

/** The branches of a repository and how they stand on each other. */
export interface Stack {
  /** Name of the repository's trunk, or `null` where none is known. */
  readonly trunk: string | null;
  /** All branches by name. */
  readonly nodes: ReadonlyMap<string, StackNode>;
  /** Branches without a parent: the trunk first, then the others, sorted. */
  readonly roots: readonly string[];
  /**
   * Circles of parents: each branch is based on the next one, the last on the first. Each begins with its first name by
   * bytes, and they are sorted by that.
   */
  readonly cycles: readonly (readonly string[])[];
}

/** A node while children are still being added. */
type Growing = StackNode & { readonly children: string[] };

/**
 * Puts documents together.
 *
 * A parent is the tracked branch of that name, else the trunk (the repository's, or one that the document calls so),
 * else it is missing.
 *
 * @param documents One a branch.
 * @param trunk Name of the repository's trunk, where one is known. It has no parent, whatever a document of it says.
 */
export function buildStack(documents: Iterable<BranchMetadata>, trunk: string | null): Stack {
  const nodes = new Map<string, Growing>();
  if (trunk !== null) nodes.set(trunk, { name: trunk, kind: "trunk", metadata: null, parent: null, children: [] });
  for (const metadata of documents) {
    const { name } = metadata.branch;
    const placed = name === trunk
      ? { kind: "trunk", parent: null } as const
      : { kind: "tracked", parent: metadata.parent.name } as const;
    nodes.set(name, { name, ...placed, metadata, children: [] });
  }
  for (const { name, parent, metadata } of [...nodes.values()]) {
    if (parent === null) continue;
    const known = nodes.get(parent);
    if (known !== undefined) {
      known.children.push(name);
      continue;
    }
    const kind = metadata?.parent.kind === "trunk" ? "trunk" : "missing";
    nodes.set(parent, { name: parent, kind, metadata: null, parent: null, children: [name] });
  }
  for (const { children } of nodes.values()) children.sort(compareNames);
  return { trunk, nodes, roots: rootsOf(nodes, trunk), cycles: cyclesOf(nodes) };
}

/**
 * The branches below a branch: its parent, the parent's parent, and so on, down to a root. In a cycle it ends before
 * the branch itself, or before what would come twice.
 */
export function* downstack({ nodes }: Stack, branch: string): Generator<StackNode> {
  const seen = new Set([branch]);
  for (let name = nodes.get(branch)?.parent ?? null; name !== null; name = nodes.get(name)!.parent) {
    if (seen.has(name)) return;
    seen.add(name);
    yield nodes.get(name)!;
  }
}

/**
 * Which branches are frozen, and by whose freeze: a branch's own, or that of a branch above it whose freeze reaches all
 * below it (`downstack_inclusive`). The trunk belongs to no stack and is frozen by its own freeze alone.
 *
 * @returns The frozen branches, each with the branch that says so.
 */
export function frozenBranches(stack: Stack): ReadonlyMap<string, string> {
  const frozen = new Map<string, string>();
  const reached = new Set<string>(); // below these, everything is marked already
  for (const { name, metadata } of stack.nodes.values()) {
    if (metadata?.freeze.state !== "frozen") continue;
    frozen.set(name, name);
    if (metadata.freeze.scope !== "downstack_inclusive") continue;
    for (const below of downstack(stack, name)) {
      if (below.kind !== "tracked" || reached.has(below.name)) break;
      reached.add(below.name);
      if (!frozen.has(below.name)) frozen.set(below.name, name); // a freeze of its own still replaces this
    }
  }
  return frozen;
}

function rootsOf(nodes: ReadonlyMap<string, StackNode>, trunk: string | null): string[] {
  const others = [...nodes.values()].filter(({ name, parent }) => parent === null && name !== trunk);
  const names = others.map(({ name }) => name).sort(compareNames);
  return trunk === null ? names : [trunk, ...names];
}

function cyclesOf(nodes: ReadonlyMap<string, StackNode>): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  for (const start of nodes.keys()) {
    const path: string[] = [];
    const places = new Map<string, number>();
    let name: string | null = start;
    while (name !== null && !done.has(name) && !places.has(name)) {
      places.set(name, path.length);
      path.push(name);
      name = nodes.get(name)!.parent;
    }
    const place = name === null ? undefined : places.get(name);
    if (place !== undefined) cycles.push(beginningWithFirst(path.slice(place)));
    for (const passed of path) done.add(passed);
  }
  return cycles.sort(([a], [b]) => compareNames(a!, b!));
}

/** The same circle, beginning with its first name by bytes. */
function beginningWithFirst(circle: readonly string[]): string[] {
  const first = circle.reduce((best, name, index) => compareNames(name, circle[best]!) < 0 ? index : best, 0);
  return [...circle.slice(first), ...circle.slice(0, first)];
}

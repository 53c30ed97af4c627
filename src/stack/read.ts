/**
 * Reads the stack of a repository: the documents at once, tips and distances when they are asked for.
 *
 * @module
 */
import type { Oid } from "../git/object_format.ts";
import { type AheadBehind, type Ancestry, openAncestry } from "../git/objects/ancestry.ts";
import type { Repository } from "../git/repository.ts";
import { currentBranch } from "../git/revisions/upstream.ts";
import type { BranchMetadata } from "../metadata/document.ts";
import { MetadataStore, type OnBroken } from "../metadata/store.ts";
import { LatticeError } from "../platform/errors.ts";
import type { BranchFacts, FactsOf } from "./facts.ts";
import { buildStack, frozenBranches, type Stack } from "./model.ts";

/** The stack of a repository. */
export interface StackReading {
  readonly stack: Stack;
  /** Facts of any branch, tracked or not; asked for twice, they are the same. */
  readonly facts: FactsOf;
  /** Which branches are frozen, each with the branch whose freeze it is. */
  readonly frozen: ReadonlyMap<string, string>;
}

/**
 * Reads the stack.
 *
 * @param trunk Name of the trunk, or `null` where none is known.
 * @param onBroken Told of each document, branch and history that cannot be read, also later, while facts are asked for.
 *   A document that is told of has no place in the stack; a branch has no tip, a history no distances.
 * @throws {LatticeError} `invalid_data`: `HEAD` is damaged; `io`.
 */
export function readStack(repository: Repository, trunk: string | null, onBroken: OnBroken): StackReading {
  const documents: BranchMetadata[] = [];
  for (const { metadata } of new MetadataStore(repository).exportAll(onBroken)) documents.push(metadata);
  const stack = buildStack(documents, trunk);
  const frozen = frozenBranches(stack);
  const current = currentBranch(repository);
  const known = new Map<string, BranchFacts>();
  let ancestry: Ancestry | undefined;

  function distances(branch: string, tip: Oid | null, base: Oid | null): AheadBehind | null {
    if (tip === null || base === null) return null;
    ancestry ??= openAncestry(repository);
    const asked = ancestry;
    return unlessBroken(branch, onBroken, () => asked.countAheadBehind(tip, base));
  }

  function gather(branch: string): BranchFacts {
    const node = stack.nodes.get(branch);
    const metadata = node?.metadata ?? null;
    const base = node?.kind === "tracked" ? metadata!.base.oid : null;
    const tip = unlessBroken(branch, onBroken, () => tipOf(repository, branch, node?.kind === "trunk"));
    const distance = distances(branch, tip, base);
    return {
      branch,
      parent: node?.parent ?? null,
      children: node?.children ?? [],
      base,
      tip,
      ahead: distance?.ahead ?? null,
      behind: distance?.behind ?? null,
      frozen: frozen.has(branch),
      pr: metadata?.pr.state === "linked" ? metadata.pr : null,
      current: branch === current,
    };
  }

  function facts(branch: string): BranchFacts {
    let found = known.get(branch);
    if (found === undefined) known.set(branch, found = gather(branch));
    return found;
  }

  return { stack, facts, frozen };
}

/**
 * The commit that a branch holds.
 *
 * @param isTrunk A trunk that was never checked out here is the one of `origin`.
 * @returns `null`: there is no such branch.
 * @throws {LatticeError} `invalid_data`: the branch is damaged.
 */
export function tipOf({ refs }: Repository, branch: string, isTrunk: boolean): Oid | null {
  const { oid } = refs.resolve(`refs/heads/${branch}`);
  return oid === null && isTrunk ? refs.resolve(`refs/remotes/origin/${branch}`).oid : oid;
}

/** Runs a step for one branch; where that is damaged, says so and goes on without. */
function unlessBroken<T>(branch: string, onBroken: OnBroken, step: () => T): T | null {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof LatticeError) || error.code !== "invalid_data") throw error;
    onBroken(branch, error);
    return null;
  }
}

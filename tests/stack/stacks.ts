/**
 * Stacks for tests: documents from short words, and facts made up for every branch.
 *
 * @module
 */
import fc from "fast-check";
import type { BranchMetadata, FreezeScope } from "../../src/metadata/document.ts";
import type { BranchFacts, FactsOf } from "../../src/stack/facts.ts";
import type { Stack } from "../../src/stack/model.ts";
import { BASE, sample } from "../metadata/documents.ts";

/** Documents of `{ child: parent }`; the parent `main` is named as the trunk. */
export function documents(
  parents: Readonly<Record<string, string>>,
  frozen: Readonly<Record<string, FreezeScope>> = {},
): BranchMetadata[] {
  return Object.entries(parents).map(([name, parent]) =>
    sample({
      branch: { name },
      parent: { kind: parent === "main" ? "trunk" : "branch", name: parent },
      freeze: frozen[name] === undefined
        ? { state: "unfrozen" }
        : { state: "frozen", scope: frozen[name], reason: null, frozen_at: "2026-01-07T00:00:00Z" },
    })
  );
}

/** Facts of branches that all stand on their bases; some can be made different. */
export function factsOf(stack: Stack, different: Readonly<Record<string, Partial<BranchFacts>>> = {}): FactsOf {
  return (branch) => {
    const node = stack.nodes.get(branch);
    const isTracked = node?.kind === "tracked";
    return {
      branch,
      parent: node?.parent ?? null,
      children: node?.children ?? [],
      base: isTracked ? BASE : null,
      tip: BASE,
      ahead: isTracked ? 0 : null,
      behind: isTracked ? 0 : null,
      frozen: false,
      pr: null,
      current: false,
      ...different[branch],
    };
  };
}

/** Any documents of a few branches: trees, cycles and missing parents in any mixture. */
export const anyDocuments: fc.Arbitrary<BranchMetadata[]> = fc.dictionary(
  fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "main"),
  fc.record({
    parent: fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "main", "gone", "lost"),
    freeze: fc.constantFrom<FreezeScope | null>(null, null, "single", "downstack_inclusive"),
  }),
  { noNullPrototype: true },
).map((branches) => {
  const entries = Object.entries(branches);
  const frozen = entries.flatMap(([name, { freeze }]) => freeze === null ? [] : [[name, freeze] as const]);
  return documents(
    Object.fromEntries(entries.map(([name, { parent }]) => [name, parent])),
    Object.fromEntries(frozen),
  );
});

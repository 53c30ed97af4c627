import assert from "node:assert/strict";
import fc from "fast-check";
import type { BranchMetadata } from "../../src/metadata/document.ts";
import { buildStack, downstack, frozenBranches, type Stack } from "../../src/stack/model.ts";
import { walkStack } from "../../src/stack/walk.ts";
import { test } from "../harness.ts";
import { holds } from "../property.ts";
import { sample } from "../metadata/documents.ts";
import { anyDocuments, documents } from "./stacks.ts";

/** The parent of each branch that counts, and nothing clever. */
function parentsOf(given: readonly BranchMetadata[], trunk: string | null): Map<string, string> {
  return new Map(given.filter(({ branch }) => branch.name !== trunk).map((one) => [one.branch.name, one.parent.name]));
}

/** The branches that one comes to by going to the parent again and again. */
function chain(parents: ReadonlyMap<string, string>, from: string): string[] {
  const names: string[] = [];
  for (let at = parents.get(from); at !== undefined && names.length < 20; at = parents.get(at)) names.push(at);
  return names;
}

const walked = (stack: Stack) => Array.from(walkStack(stack), ({ node }) => node.name);

test("buildStack() places tracked branches, trunk and missing parents", () => {
  const stack = buildStack(documents({ b: "a", a: "main", c: "a", x: "gone" }), "main");
  assert.deepEqual(stack.nodes.get("a")?.children, ["b", "c"]);
  assert.deepEqual([...stack.nodes.values()].map(({ name, kind }) => `${name} ${kind}`).sort(), [
    "a tracked",
    "b tracked",
    "c tracked",
    "gone missing",
    "main trunk",
    "x tracked",
  ]);
  assert.deepEqual(stack.roots, ["main", "gone"]);
  assert.deepEqual(stack.cycles, []);
});

test("buildStack() takes a document's word for a second trunk, and the repository's for the first", () => {
  const other = sample({ branch: { name: "fix" }, parent: { kind: "trunk", name: "release" } });
  const own = sample({ branch: { name: "main" }, parent: { kind: "branch", name: "fix" } });
  const stack = buildStack([other, own], "main");
  assert.deepEqual(stack.roots, ["main", "release"]);
  assert.deepEqual([stack.nodes.get("main")?.parent, stack.nodes.get("release")?.kind], [null, "trunk"]);
  assert.deepEqual(stack.nodes.get("fix")?.children, []);
  assert.equal(stack.nodes.get("main")?.metadata, own);
  assert.deepEqual(buildStack([], null).roots, []);
});

test("buildStack() sorts by bytes, not by UTF-16", () => {
  const stack = buildStack(documents({ "\uff5e": "main", "\u{1f680}": "main", a: "main" }), "main");
  assert.deepEqual(stack.nodes.get("main")?.children, ["a", "\uff5e", "\u{1f680}"]);
});

test("buildStack() finds every cycle and no other, and walkStack() visits every branch once", () => {
  holds(
    "stacks",
    fc.property(anyDocuments, fc.constantFrom("main", "trunk", null), (given, trunk) => {
      const stack = buildStack(given, trunk);
      const parents = parentsOf(given, trunk);
      const circling = [...parents.keys()].filter((name) => chain(parents, name).includes(name));
      assert.deepEqual(stack.cycles.flat().sort(), circling.sort());
      for (const cycle of stack.cycles) {
        assert.equal(cycle[0], [...cycle].sort()[0]);
        cycle.forEach((name, index) => assert.equal(parents.get(name), cycle[(index + 1) % cycle.length]));
      }
      const names = walked(stack);
      assert.deepEqual([...names].sort(), [...stack.nodes.keys()].sort());
      const entries = stack.cycles.map(([first]) => first!);
      for (const [place, name] of names.entries()) {
        const parent = parents.get(name);
        if (parent !== undefined && !entries.includes(name)) {
          assert.ok(names.indexOf(parent) < place, `${parent} ${name}`);
        }
      }
      const closing = Array.from(walkStack(stack), ({ closes }) => closes).filter((name) => name !== null);
      assert.deepEqual(closing.sort(), [...entries].sort());
    }),
    { seed: 20261135, numRuns: 100, tortureRuns: 5000 },
  );
});

test("frozenBranches() says which branches a freeze reaches", () => {
  const stack = buildStack(
    documents({ a: "main", b: "a", c: "b", d: "b", e: "d" }, { c: "downstack_inclusive", e: "single" }),
    "main",
  );
  assert.deepEqual([...frozenBranches(stack)].sort(), [["a", "c"], ["b", "c"], ["c", "c"], ["e", "e"]]);
});

test("frozenBranches() agrees with a look from every branch upwards", () => {
  holds(
    "freezes",
    fc.property(anyDocuments, (given) => {
      const stack = buildStack(given, "main");
      const frozen = frozenBranches(stack);
      const parents = parentsOf(given, "main");
      for (const { name, kind, metadata } of stack.nodes.values()) {
        const above = given.filter(({ branch, freeze }) =>
          freeze.state === "frozen" && freeze.scope === "downstack_inclusive" && branch.name !== "main" &&
          chain(parents, branch.name).includes(name)
        ).map(({ branch }) => branch.name);
        const own = metadata?.freeze.state === "frozen";
        const by = frozen.get(name);
        assert.equal(by !== undefined, own || (kind === "tracked" && above.length > 0), name);
        if (by !== undefined) assert.ok(own ? by === name : above.includes(by), `${name} by ${by}`);
      }
    }),
    { seed: 20261136, numRuns: 100, tortureRuns: 5000 },
  );
});

test("downstack() ends at a root, and in a cycle before it comes round", () => {
  const stack = buildStack(documents({ a: "main", b: "a", x: "y", y: "z", z: "y", s: "s" }), "main");
  const names = (branch: string) => Array.from(downstack(stack, branch), ({ name }) => name);
  assert.deepEqual(names("b"), ["a", "main"]);
  assert.deepEqual(names("x"), ["y", "z"]);
  assert.deepEqual(names("y"), ["z"]);
  assert.deepEqual(names("s"), []);
  assert.deepEqual(names("unknown"), []);
});

test("a stack of 50,000 branches on each other is built, walked and frozen without recursion", () => {
  const count = 50_000;
  const parents: Record<string, string> = { b0: "main" };
  for (let i = 1; i < count; i++) parents[`b${i}`] = `b${i - 1}`;
  const stack = buildStack(documents(parents, { [`b${count - 1}`]: "downstack_inclusive" }), "main");
  assert.equal(walked(stack).length, count + 1);
  assert.equal(frozenBranches(stack).size, count);
});

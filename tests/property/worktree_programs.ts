/**
 * Generated programs whose processes run in several worktrees of one repository.
 *
 * Each moves what is its own (`HEAD`, `refs/worktree/`, `refs/bisect/`) and what all share, often in one transaction, and
 * what is another's by the long name of it; each may find, recover and undo what another one did.
 *
 * @module
 */
import fc from "fast-check";
import { placeOf, type Worktree } from "../simulation/worktrees.ts";
import type { Course, GitStep, LatticeStep } from "./programs.ts";
import { stepsOn } from "./steps.ts";
import { type Beginning, FIRST_GIT_VALUE, LINKED, oidOfValue, OWN_REFS, VALUES } from "./world.ts";

const BRANCHES = ["main", "b"] as const;
const WORKTREES: readonly Worktree[] = [null, ...LINKED];

const branch = fc.constantFrom(...BRANCHES);
const worktree = fc.constantFrom(...WORKTREES);
const latticeValue = fc.nat({ max: FIRST_GIT_VALUE - 1 });
const gitValue = fc.integer({ min: FIRST_GIT_VALUE, max: VALUES - 1 });
const expectation = fc.constantFrom({}, {}, { expect: "first" as const }, { expect: null });

/** A worktree's own ref, as any worktree names it. */
const longName = fc.tuple(worktree, fc.constantFrom(...OWN_REFS)).map(([id, ref]) =>
  id === null ? `main-worktree/${ref}` : `worktrees/${id}/${ref}`
);

const headStep: fc.Arbitrary<LatticeStep> = fc.oneof(
  branch.map((branch) => ({ kind: "checkout" as const, branch })),
  latticeValue.map((value) => ({ kind: "detach" as const, value })),
  latticeValue.map((value) => ({ kind: "move" as const, ref: "HEAD", value })),
);

const moveStep: fc.Arbitrary<LatticeStep> = fc.tuple(
  fc.oneof(fc.constantFrom(...OWN_REFS), longName),
  fc.option(latticeValue, { freq: 4 }),
  expectation,
).map(([ref, value, expect]) => ({ kind: "move" as const, ref, value, ...expect }));

const gitStep: fc.Arbitrary<GitStep> = fc.oneof(
  fc.record({ kind: fc.constant("checkout" as const), worktree, branch }),
  fc.tuple(worktree, fc.constantFrom(...OWN_REFS), fc.option(gitValue, { freq: 4 }), expectation).map((
    [worktree, ref, value, expect],
  ) => ({ kind: "update" as const, ref: placeOf(worktree, ref), value, ...expect })),
);

const steps = stepsOn(BRANCHES, {
  ownRefs: OWN_REFS,
  more: fc.oneof(headStep, moveStep),
  moreOfGit: gitStep,
  prunes: false, // what a plumbing command did is known from its journal alone
});

/** What the refs of all worktrees hold, and their `HEAD`s. */
const beginning: fc.Arbitrary<Beginning> = fc.record({
  shared: steps.beginning,
  own: fc.subarray(WORKTREES.flatMap((id) => OWN_REFS.map((ref) => placeOf(id, ref)))),
  value: latticeValue,
  heads: fc.tuple(
    ...WORKTREES.map(() =>
      fc.oneof(branch.map((name) => `ref: refs/heads/${name}`), latticeValue.map((value) => oidOfValue("HEAD", value)))
    ),
  ),
}).map(({ shared, own, value, heads }) => ({
  values: { ...shared.values, ...Object.fromEntries(own.map((place) => [place, value])) },
  packed: shared.packed,
  heads: Object.fromEntries(WORKTREES.map((id, i) => [placeOf(id, "HEAD"), heads[i]!])),
}));

/** Programs of one to three processes, each in one of the worktrees, beside a git; one may be an operation of several steps. */
export const worktreeCourses: fc.Arbitrary<Course> = fc.record({
  beginning,
  lattice: fc.tuple(
    fc.oneof(
      { weight: 2, arbitrary: fc.array(steps.latticeStep, { minLength: 1, maxLength: 3 }) },
      { weight: 1, arbitrary: steps.spanSteps.map((span) => [...span]) },
    ),
    fc.array(fc.array(steps.latticeStep, { minLength: 1, maxLength: 2 }), { maxLength: 2 }),
  ).map(([first, others]) => [first, ...others]),
  worktrees: fc.tuple(worktree, worktree, worktree),
  git: fc.array(steps.gitStep, { maxLength: 2 }),
  kills: fc.array(
    fc.record({ process: fc.nat({ max: 3 }), call: fc.integer({ min: 1, max: 400 }), half: fc.boolean() }),
    { maxLength: 2 },
  ),
  seed: fc.nat({ max: 1_000_000 }),
  callUs: fc.constantFrom(10, 10, 300, 5000),
});

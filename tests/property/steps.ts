/**
 * Generated steps of programs, on refs of some branches.
 *
 * @module
 */
import fc from "fast-check";
import type { Expected, GitStep, LatticeStep, Line } from "./programs.ts";
import { type Beginning, FIRST_GIT_VALUE, refsOf, VALUES } from "./world.ts";

const latticeValue = fc.nat({ max: FIRST_GIT_VALUE - 1 });
const gitValue = fc.integer({ min: FIRST_GIT_VALUE, max: VALUES - 1 });

/** Often nothing is expected, and often what was there at the beginning: else little would ever happen. */
const expectation: fc.Arbitrary<{ expect?: Expected }> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({}) },
  { weight: 4, arbitrary: fc.constant({ expect: "first" as const }) },
  { weight: 1, arbitrary: fc.constant({ expect: null }) },
  { weight: 1, arbitrary: fc.nat({ max: VALUES - 1 }).map((expect) => ({ expect })) },
);

const line = (ref: string): fc.Arbitrary<Line> =>
  fc.tuple(fc.option(latticeValue, { freq: 4 }), expectation).map(([value, expect]) => ({ ref, value, ...expect }));

/** What else there is beside the refs of branches. */
export interface StepOptions {
  /** Which of its steps git may do. */
  readonly mayGit?: (step: GitStep) => boolean;
  /** Refs that `apply` changes as well. */
  readonly ownRefs?: readonly string[];
  /** More steps of lattice's, as many as of the others. */
  readonly more?: fc.Arbitrary<LatticeStep>;
  /** More steps of git's, likewise. */
  readonly moreOfGit?: fc.Arbitrary<GitStep>;
  /** Whether operations are pruned (default `true`). */
  readonly prunes?: boolean;
}

/** What steps there are, and what refs may hold at the beginning. */
export interface Steps {
  /** Of lattice, alone. */
  readonly plainStep: fc.Arbitrary<LatticeStep>;
  /** Of lattice, the beginnings and ends of operations among them. */
  readonly latticeStep: fc.Arbitrary<LatticeStep>;
  /** Whole operations of several steps: below a program, or between `op begin` and an end. */
  readonly spanSteps: fc.Arbitrary<readonly LatticeStep[]>;
  readonly gitStep: fc.Arbitrary<GitStep>;
  readonly beginning: fc.Arbitrary<Beginning>;
}

/** Steps on the refs of some branches. */
export function stepsOn(branches: readonly string[], options: StepOptions = {}): Steps {
  const { mayGit = () => true, ownRefs = [], more, moreOfGit, prunes = true } = options;
  const refs = refsOf(branches);
  const branch = fc.constantFrom(...branches);
  const anyRef = fc.constantFrom(...refs);

  const lines = fc.subarray([...refs, ...ownRefs], { minLength: 1, maxLength: 4 }).chain((refs) =>
    fc.tuple(...refs.map(line))
  );

  const plainStep: fc.Arbitrary<LatticeStep> = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.tuple(branch, latticeValue, expectation).map(([branch, value, expect]) => ({
        kind: "set" as const,
        branch,
        value,
        ...expect,
      })),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(branch, expectation).map(([branch, expect]) => ({
        kind: "delete" as const,
        branch,
        ...expect,
      })),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("edit" as const), branch, number: fc.integer({ min: 1, max: 9 }) }),
    },
    { weight: 5, arbitrary: lines.map((lines) => ({ kind: "apply" as const, lines })) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("get" as const), branch }) },
    { weight: 4, arbitrary: fc.constant({ kind: "undo" as const }) },
    {
      weight: prunes ? 1 : 0,
      arbitrary: fc.record({ kind: fc.constant("prune" as const), keep: fc.nat({ max: 2 }) }),
    },
    { weight: 2, arbitrary: fc.constant({ kind: "pack" as const }) },
    ...(more === undefined ? [] : [{ weight: 20, arbitrary: more }]),
  );

  const gitStep: fc.Arbitrary<GitStep> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.tuple(anyRef, fc.option(gitValue, { freq: 4 }), expectation).map(([ref, value, expect]) => ({
        kind: "update" as const,
        ref,
        value,
        ...expect,
      })),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("read" as const), ref: anyRef }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("pack" as const), looksFirst: fc.boolean() }) },
    ...(moreOfGit === undefined ? [] : [{ weight: 9, arbitrary: moreOfGit }]),
  ).filter(mayGit);

  const latticeStep: fc.Arbitrary<LatticeStep> = fc.oneof(
    { weight: 12, arbitrary: plainStep },
    {
      weight: 3,
      arbitrary: fc.constantFrom<LatticeStep>({ kind: "begin" }, { kind: "begin" }, { kind: "commit" }, {
        kind: "abort",
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("run" as const),
        git: fc.array(gitStep, { maxLength: 2 }),
        lattice: fc.array(plainStep, { maxLength: 1 }),
        exitCode: fc.constantFrom(0, 1),
      }),
    },
  );

  const beginning: fc.Arbitrary<Beginning> = fc.subarray([...refs]).map(withoutConflicts).chain((refs) =>
    fc.record({
      values: fc.tuple(...refs.map(() => latticeValue)).map((values) =>
        Object.fromEntries(refs.map((ref, i) => [ref, values[i]!]))
      ),
      packed: fc.subarray(refs),
    })
  );

  /** What is done in an operation of several steps: often several refs at once, whatever they hold. */
  const spanStep: fc.Arbitrary<LatticeStep> = fc.oneof(
    {
      weight: 3,
      arbitrary: lines.map((lines) => ({
        kind: "apply" as const,
        lines: lines.map(({ expect: _, ...line }) => line),
      })),
    },
    { weight: 2, arbitrary: plainStep },
  );

  /** Operations of several steps: below a program, or between `op begin` and an end. */
  const spanSteps: fc.Arbitrary<readonly LatticeStep[]> = fc.oneof(
    fc.record({
      kind: fc.constant("run" as const),
      git: fc.array(gitStep, { maxLength: 3 }),
      lattice: fc.array(spanStep, { minLength: 1, maxLength: 2 }),
      exitCode: fc.constantFrom(0, 1),
    }).map((step) => [step]),
    fc.tuple(
      fc.array(fc.oneof({ weight: 4, arbitrary: spanStep }, fc.constant({ kind: "checkpoint" as const })), {
        minLength: 1,
        maxLength: 3,
      }),
      fc.constantFrom<LatticeStep>({ kind: "commit" }, { kind: "commit" }, { kind: "abort" }),
    ).map(([steps, end]) => [{ kind: "begin" as const }, ...steps, end]),
  );

  return { plainStep, latticeStep, spanSteps, gitStep, beginning };
}

/** Refs that can be there together: of two that exclude each other, the first. */
function withoutConflicts(refs: readonly string[]): string[] {
  return refs.filter((ref, at) => !refs.slice(0, at).some((other) => ref.startsWith(`${other}/`)));
}

/**
 * Generated programs: what one to three processes of lattice and a git beside them are to do, and when they are killed.
 *
 * @module
 */
import fc from "fast-check";
import type { GitCommand } from "../simulation/git_process.ts";
import type { Kill, Program } from "../simulation/together.ts";
import { folderOf, placeOf, type Worktree } from "../simulation/worktrees.ts";
import type { ChildInput, Command } from "./lattice_commands.ts";
import {
  BATCH_BRANCHES,
  type Beginning,
  BRANCHES,
  CONFLICTING_BRANCHES,
  documentText,
  FIRST_GIT_VALUE,
  metadataRef,
  oidOfValue,
} from "./world.ts";
import { stepsOn } from "./steps.ts";

/** The number of a value; `null`: it does not exist; `first`: what the ref held at the beginning. */
export type Expected = number | null | "first";

/** A command of lattice, as it is generated; values are numbers. */
export type LatticeStep =
  | { readonly kind: "set"; readonly branch: string; readonly value: number; readonly expect?: Expected }
  | { readonly kind: "delete"; readonly branch: string; readonly expect?: Expected }
  | { readonly kind: "edit"; readonly branch: string; readonly number: number }
  | { readonly kind: "apply"; readonly lines: readonly Line[] }
  /** `apply` of a document for each of {@link BATCH_BRANCHES}. */
  | { readonly kind: "batch"; readonly value: number }
  | { readonly kind: "get"; readonly branch: string }
  | { readonly kind: "undo" }
  | { readonly kind: "prune"; readonly keep: number }
  | { readonly kind: "pack" }
  | { readonly kind: "begin" }
  | { readonly kind: "checkpoint" }
  | { readonly kind: "commit" }
  | { readonly kind: "abort" }
  /** `update-ref` of any ref, by a name that the worktree knows. */
  | { readonly kind: "move"; readonly ref: string; readonly value: number | null; readonly expect?: Expected }
  /** `symbolic-ref` of the worktree's `HEAD`, to a branch. */
  | { readonly kind: "checkout"; readonly branch: string }
  /** `update-ref --no-deref` of the worktree's `HEAD`. */
  | { readonly kind: "detach"; readonly value: number }
  | {
    readonly kind: "run";
    readonly git: readonly GitStep[];
    readonly lattice: readonly LatticeStep[];
    readonly exitCode: number;
  };

/** A line of `apply`. */
export interface Line {
  readonly ref: string;
  readonly value: number | null;
  readonly expect?: Expected;
}

/** A git command, as it is generated; refs by their places. */
export type GitStep =
  | { readonly kind: "update"; readonly ref: string; readonly value: number | null; readonly expect?: Expected }
  /** `symbolic-ref` of a worktree's `HEAD`. */
  | { readonly kind: "checkout"; readonly worktree: Worktree; readonly branch: string }
  | { readonly kind: "read"; readonly ref: string }
  | { readonly kind: "pack"; readonly looksFirst: boolean };

/** A whole program. */
export interface Course {
  readonly beginning: Beginning;
  readonly lattice: readonly (readonly LatticeStep[])[];
  /** In which worktree each of them runs; without it, all in the main one. */
  readonly worktrees?: readonly Worktree[];
  readonly git: readonly GitStep[];
  readonly kills: readonly Kill[];
  /** Seed of the schedule, of random bytes and of what is sampled. */
  readonly seed: number;
  /** How long a call takes, in microseconds: on a slow machine, waiting ends in vain. */
  readonly callUs: number;
}

const { latticeStep, gitStep, beginning, spanSteps } = stepsOn(BRANCHES);

/**
 * Programs.
 *
 * @param most How many processes of lattice, how many commands each of them has at most, and how many git has.
 */
export function courses(most: { processes: number; steps: number; git: number; kills: number }): fc.Arbitrary<Course> {
  const steps = fc.array(latticeStep, { minLength: 1, maxLength: most.steps });
  return fc.record({
    beginning,
    lattice: fc.array(steps, { minLength: 1, maxLength: most.processes }),
    git: fc.array(gitStep, { maxLength: most.git }),
    kills: fc.array(
      fc.record({
        process: fc.nat({ max: most.processes }),
        call: fc.integer({ min: 1, max: 250 }),
        half: fc.boolean(),
      }),
      { maxLength: most.kills },
    ),
    seed: fc.nat({ max: 1_000_000 }),
    callUs: fc.constantFrom(10, 10, 300, 5000),
  });
}

/**
 * Programs in which operations of several steps are made, beside others and a git, and any process is killed, those
 * below `op run` too.
 */
export const spanCourses: fc.Arbitrary<Course> = fc.record({
  beginning,
  lattice: fc.tuple(spanSteps, fc.array(latticeStep, { minLength: 1, maxLength: 2 })).chain(([span, other]) =>
    fc.constantFrom([span], [span, other], [[...other, ...span]])
  ),
  git: fc.oneof(fc.constant([]), fc.array(gitStep, { maxLength: 2 })),
  kills: fc.array(
    fc.record({ process: fc.nat({ max: 3 }), call: fc.integer({ min: 1, max: 400 }), half: fc.boolean() }),
    { maxLength: 2 },
  ),
  seed: fc.nat({ max: 1_000_000 }),
  callUs: fc.constantFrom(10, 10, 300, 5000),
});

const conflicting = stepsOn(
  CONFLICTING_BRANCHES,
  {
    // Git's `pack-refs --auto` may bring back a value of a ref where another name stands now, its own deletions do, too.
    mayGit: (step) =>
      step.kind === "pack" ? !step.looksFirst : step.kind === "read" || ("ref" in step && /\/main$/.test(step.ref)),
  },
);

/** Programs on refs of which one would be a folder of the other. */
export const conflictCourses: fc.Arbitrary<Course> = fc.record({
  beginning: conflicting.beginning,
  lattice: fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.array(conflicting.latticeStep, { minLength: 1, maxLength: 3 }) },
      { weight: 2, arbitrary: conflicting.spanSteps.map((steps) => [...steps]) },
    ),
    { minLength: 1, maxLength: 2 },
  ),
  git: fc.array(conflicting.gitStep, { maxLength: 2 }),
  kills: fc.array(
    fc.record({ process: fc.nat({ max: 3 }), call: fc.integer({ min: 1, max: 400 }), half: fc.boolean() }),
    { maxLength: 2 },
  ),
  seed: fc.nat({ max: 1_000_000 }),
  callUs: fc.constantFrom(10, 10, 300),
});

const beside = stepsOn(["main", ...BATCH_BRANCHES.slice(0, 2)]);
const batch = fc.nat({ max: FIRST_GIT_VALUE - 1 }).map((value): LatticeStep => ({ kind: "batch", value }));

/** Programs in which many refs change at once, beside others that change some of them. */
export const batchCourses: fc.Arbitrary<Course> = fc.record({
  // A ref that is loose would keep the others from being a batch.
  beginning: beside.beginning.map(({ values }) => ({ values, packed: Object.keys(values) })),
  lattice: fc.tuple(
    fc.oneof(
      fc.tuple(batch, beside.plainStep).map((steps) => [...steps]),
      fc.tuple(batch, fc.constantFrom<LatticeStep>({ kind: "commit" }, { kind: "abort" })).map((
        [step, end],
      ) => [{ kind: "begin" as const }, step, end]),
      fc.tuple(batch, fc.constantFrom(0, 1)).map(([step, exitCode]): LatticeStep[] => [
        { kind: "run", git: [], lattice: [step], exitCode },
      ]),
    ),
    fc.array(fc.oneof(beside.plainStep, batch), { minLength: 1, maxLength: 2 }),
  ).chain(([first, second]) => fc.constantFrom([first], [first, second])),
  git: fc.array(beside.gitStep, { maxLength: 2 }),
  kills: fc.array(
    fc.record({ process: fc.nat({ max: 2 }), call: fc.integer({ min: 1, max: 1200 }), half: fc.boolean() }),
    { maxLength: 2 },
  ),
  seed: fc.nat({ max: 1_000_000 }),
  callUs: fc.constantFrom(10, 10, 100),
});

const LATTICE = new URL("./lattice_commands.ts", import.meta.url);
const GIT = new URL("../simulation/git_process.ts", import.meta.url);

/** The programs of a course, those of lattice first. */
export function programsOf({ beginning, lattice, worktrees, git }: Course): Program[] {
  const programs: Program[] = lattice.map((steps, i) => ({
    module: LATTICE,
    program: "runCommands",
    input: commandsOf(steps, beginning, worktrees?.[i] ?? null),
    workingDirectory: folderOf(worktrees?.[i] ?? null),
  }));
  if (git.length > 0) {
    const oid = oidIn(beginning);
    programs.push({ module: GIT, program: "runGit", input: git.map((step) => gitCommandOf(step, oid)) });
  }
  return programs;
}

/** The name of the program that `op run` runs. */
const CHILD = "program";

/** How many children live at once, of each process: a program, and the hook of a command below it. */
export const CHILDREN_MAX = 2;

/** The program that a command of `System.run` means. */
export function childOf([name, input]: readonly string[]): Program | null {
  // Lattice's own transactions below `op run` are in its journal; of them, the hook that takes notes takes none.
  if (name?.endsWith("/hooks/reference-transaction") === true) {
    return { module: LATTICE, program: "runHook", input: null };
  }
  return name === CHILD ? { module: LATTICE, program: "runChild", input: JSON.parse(input!) } : null;
}

/** The command lines of some steps, for a process in a worktree. */
export function commandsOf(
  steps: readonly LatticeStep[],
  beginning: Beginning,
  worktree: Worktree = null,
): Command[] {
  const oid = oidIn(beginning);
  return steps.map((step) => commandOf(step, oid, worktree));
}

function oidIn({ values }: Beginning): OidOf {
  return (ref, expect) => {
    const value = expect === "first" ? values[ref] ?? null : expect;
    return value === null ? null : oidOfValue(ref, value);
  };
}

/** The object name of an expectation of a ref, by its place. */
type OidOf = (place: string, expect: Expected) => string | null;

function commandOf(step: LatticeStep, oid: OidOf, worktree: Worktree): Command {
  switch (step.kind) {
    case "set": {
      const stdin = documentText(step.branch, step.value);
      return { args: ["meta", "set", ...expectArgs(step, oid), step.branch], stdin };
    }
    case "delete": {
      const expect = expectArgs(step, oid).filter((arg) => arg !== "--expect-absent"); // to delete it, it must be there
      return { args: ["meta", "delete", ...expect, step.branch] };
    }
    case "edit":
      return {
        args: ["meta", "edit", "--pr", `github:${step.number}:https://example.com/${step.number}`, step.branch],
      };
    case "apply":
      return {
        args: ["apply"],
        stdin: step.lines.map((line) => `${JSON.stringify(applyLine(line, oid, worktree))}\n`).join(""),
      };
    case "batch": {
      const lines = BATCH_BRANCHES.map((branch) => ({ ref: metadataRef(branch), value: step.value }));
      return commandOf({ kind: "apply", lines }, oid, worktree);
    }
    case "get":
      return { args: ["meta", "get", step.branch] };
    case "undo":
      return { args: ["undo"] };
    case "prune":
      return { args: ["op", "prune", "--keep", String(step.keep)] };
    case "pack":
      return { args: ["git", "pack-refs", "--all"] };
    case "begin":
      return { args: ["op", "begin", "steps"] };
    case "checkpoint":
      return { args: ["op", "checkpoint", "so far"] };
    case "commit":
      return { args: ["op", "commit"] };
    case "abort":
      return { args: ["abort"] };
    case "move":
      return moveOf(step, oid, worktree);
    case "checkout": {
      const target = `refs/heads/${step.branch}`;
      const moves = { ref: placeOf(worktree, "HEAD"), new: `ref: ${target}` };
      return { args: ["git", "symbolic-ref", "HEAD", target], moves };
    }
    case "detach": {
      const value = oidOfValue("HEAD", step.value);
      return {
        args: ["git", "update-ref", "--no-deref", "HEAD", value],
        moves: { ref: placeOf(worktree, "HEAD"), new: value },
      };
    }
    case "run": {
      const input: ChildInput = {
        git: step.git.map((one) => gitCommandOf(one, oid)),
        lattice: step.lattice.map((one) => commandOf(one, oid, worktree)),
        exitCode: step.exitCode,
      };
      return { args: ["op", "run", "--", CHILD, JSON.stringify(input)] };
    }
  }
}

function moveOf({ ref, value, expect }: LatticeStep & { kind: "move" }, oid: OidOf, worktree: Worktree): Command {
  const place = ref === "HEAD" ? null : placeOf(worktree, ref); // it leads to its branch
  const next = value === null ? null : oidOfValue(ref, value);
  const old = expect === undefined || place === null ? undefined : oid(place, expect);
  const args = [...(next === null ? ["-d", ref] : [ref, next]), ...(old === undefined ? [] : [old ?? "0".repeat(40)])];
  const moves = { ref: place, new: next, ...(old === undefined ? {} : { old }) };
  return { args: ["git", "update-ref", ...args], moves };
}

function expectArgs({ branch, expect }: { branch: string; expect?: Expected }, oid: OidOf): string[] {
  if (expect === undefined) return [];
  const value = oid(metadataRef(branch), expect);
  return value === null ? ["--expect-absent"] : ["--expect", value];
}

function applyLine({ ref, value, expect }: Line, oid: OidOf, worktree: Worktree): Record<string, unknown> {
  const prefix = metadataRef("");
  const expected = (key: string) => expect === undefined ? {} : { [key]: oid(placeOf(worktree, ref), expect) };
  if (ref.startsWith(prefix)) {
    const branch = ref.slice(prefix.length);
    const metadata = value === null ? null : JSON.parse(documentText(branch, value)) as unknown;
    return { branch, ...expected("expect"), metadata };
  }
  return { ref, ...expected("old"), new: value === null ? null : oidOfValue(ref, value) };
}

function gitCommandOf(step: GitStep, oid: OidOf): GitCommand {
  if (step.kind === "checkout") {
    return { kind: "update", ref: placeOf(step.worktree, "HEAD"), to: `ref: refs/heads/${step.branch}` };
  }
  if (step.kind !== "update") return step;
  const { ref, value, expect } = step;
  return {
    kind: "update",
    ref,
    to: value === null ? null : oidOfValue(ref, value),
    ...(expect === undefined ? {} : { expect: oid(ref, expect) }),
  };
}

/**
 * Whether the generated programs in several worktrees can find bugs: deliberately broken variants of lattice, each of which
 * must be caught by what it breaks, in a program in which lattice as it is passes.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { complaintOf } from "../crash/mutants/mutant.ts";
import { worktreeMutants } from "../crash/mutants/worktrees.ts";
import { test } from "../harness.ts";
import { seedOr, tried } from "../thoroughness.ts";
import { tryCourse } from "./try_course.ts";
import { worktreeCourses } from "./worktree_programs.ts";

const SEED = seedOr(20_261_127);

/** So many programs must suffice. */
const PROGRAMS_MAX = 200;

/** How many recoveries of each are checked. */
const RECOVERIES = 6;

for (const mutant of worktreeMutants) {
  test(`a mutant is caught by programs in several worktrees: ${mutant.name}`, async () => {
    const details = await fc.check(
      fc.asyncProperty(worktreeCourses, async (course) => {
        await tryCourse(course, RECOVERIES, { mutant, cutRecovery: false });
      }),
      { seed: SEED, numRuns: PROGRAMS_MAX, endOnFailure: true },
    );
    assert.ok(details.failed, `nothing was found wrong in ${PROGRAMS_MAX} programs. ${mutant.breaks}`);
    const error = details.errorInstance as Error;
    assert.match(complaintOf(error) ?? error.message, mutant.caughtBy);
    await tryCourse(details.counterexample![0], RECOVERIES, { cutRecovery: false });
    tried(`${mutant.name}, caught in program ${details.numRuns}`, { mutants: 1, schedules: details.numRuns }, SEED);
  });
}

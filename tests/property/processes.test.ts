import { test } from "../harness.ts";
import { runs, seedOr, torture } from "../thoroughness.ts";
import type { JudgedSpans } from "./as_one.ts";
import { batchCourses, conflictCourses, courses, spanCourses } from "./programs.ts";
import { checkGenerated } from "./replay.ts";
import { add, say, tryCourse } from "./try_course.ts";
import { worktreeCourses } from "./worktree_programs.ts";

const SEED = seedOr(20_261_122);
const FILE = "tests/property/processes";

test("commands of several processes and a git are all or nothing, in order, and durable, wherever they are cut", async () => {
  const total = { schedules: 0, cutPoints: 0, outcomes: 0 };
  await checkGenerated(FILE, courses({ processes: 3, steps: 3, git: 3, kills: 2 }), async (course) => {
    add(total, await tryCourse(course, runs(12)));
  }, { seed: SEED, runs: runs(25, 200) });
  say("generated programs of several processes", total, SEED);
});

test("an operation of several steps, beside other processes and a git, is all or nothing as a whole, wherever it is cut", async () => {
  const total = { schedules: 0, cutPoints: 0, outcomes: 0 };
  const judged: JudgedSpans = { all: 0, none: 0, shared: 0 };
  await checkGenerated(FILE, spanCourses, async (course) => {
    add(total, await tryCourse(course, runs(6), { judged }));
  }, { seed: SEED, runs: runs(20, 300) });
  say(`operations of several steps, ${judged.all} that stood and ${judged.none} that were taken back`, total, SEED);
});

test("commands on refs of which one excludes the other are all or nothing, and never leave both, wherever they are cut", async () => {
  const total = { schedules: 0, cutPoints: 0, outcomes: 0 };
  const judged: JudgedSpans = { all: 0, none: 0, shared: 0 };
  await checkGenerated(FILE, conflictCourses, async (course) => {
    add(total, await tryCourse(course, runs(6), { judged }));
  }, { seed: SEED, runs: runs(18, 300) });
  say("generated programs on refs that exclude each other", total, SEED);
});

test("batches of refs beside other commands and a git are all or nothing, in order, and durable, wherever they are cut", async () => {
  const total = { schedules: 0, cutPoints: 0, outcomes: 0 };
  await checkGenerated(FILE, batchCourses, async (course) => {
    add(total, await tryCourse(course, runs(6), { cutRecovery: torture }));
  }, { seed: SEED, runs: runs(5, 100) });
  say("generated programs with batches", total, SEED);
});

test("commands in several worktrees and a git are all or nothing, in order, and durable, wherever they are cut", async () => {
  const total = { schedules: 0, cutPoints: 0, outcomes: 0 };
  const judged: JudgedSpans = { all: 0, none: 0, shared: 0 };
  await checkGenerated(FILE, worktreeCourses, async (course) => {
    add(total, await tryCourse(course, runs(6), { judged }));
  }, { seed: SEED, runs: runs(18, 400) });
  say("generated programs in several worktrees", total, SEED);
});

import { test } from "../harness.ts";
import { runs, seedOr } from "../thoroughness.ts";
import { courses } from "./programs.ts";
import { checkGenerated } from "./replay.ts";
import { add, say, tryCourse } from "./try_course.ts";

const SEED = seedOr(20_261_122);
const FILE = "tests/property/processes";

test("commands of several processes and a git are all or nothing, in order, and durable, wherever they are cut", async () => {
  const total = { schedules: 0, cutPoints: 0, outcomes: 0 };
  await checkGenerated(FILE, courses({ processes: 3, steps: 3, git: 3, kills: 2 }), async (course) => {
    add(total, await tryCourse(course, runs(12)));
  }, { seed: SEED, runs: runs(25, 200) });
  say("generated programs of several processes", total, SEED);
});

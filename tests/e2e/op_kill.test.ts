import assert from "node:assert/strict";
import { test } from "../harness.ts";
import { seededRandom } from "../simulation/random.ts";
import { runs, seedOr, tried } from "../thoroughness.ts";
import { binary } from "./binary.ts";
import { failAtCalls, killAtCalls } from "./disturbing.ts";
import { expectIdle, opRun } from "./op_stage.ts";
import { sampleOf } from "./sample.ts";
import {
  APPLY,
  joinedThenAbort,
  joinedThenCommit,
  opAbort,
  opBegin,
  opCommit,
  opRunProgram,
  refsAfter,
  withLines,
} from "./span_subjects.ts";
import { copyOf, refsIn } from "./subject.ts";
import { callsOf, type SystemCall } from "./system_calls.ts";

const seed = seedOr(20261121);

for (const make of [opBegin, joinedThenCommit, joinedThenAbort, opCommit, opAbort, opRunProgram]) {
  test(`operation of several steps, killed at each call of a command, is all or nothing once ended: ${make.name}`, () => {
    killAtCalls(make(), { seed, count: 14 });
  });

  test(`operation of several steps, at each failing call of a command, is all or nothing: ${make.name}`, () => {
    failAtCalls(make(), { seed, count: 10 });
  });
}

/** Kills lattice at one of its calls. */
function strace({ name, when }: SystemCall): string[] {
  return ["strace", "-e", `trace=${name}`, "-e", `inject=${name}:signal=KILL:when=${when}`, "-o", "/dev/null"];
}

test("a lattice command that is killed below op run leaves its changes all or nothing", () => {
  const template = withLines();
  const [before, applied] = [refsIn(template), refsAfter(template, APPLY)];
  const { calls } = callsOf(APPLY, { cwd: copyOf(template) });
  const changing = calls.filter(({ changes }) => changes);
  const points = sampleOf(changing, runs(14), seededRandom(seed));
  for (const call of points) {
    const command = `${strace(call).join(" ")} "$LATTICE" ${APPLY.join(" ")}`;
    const cwd = copyOf(template);
    const failing = copyOf(template);
    assert.equal(opRun(`${command} || :`, cwd, { LATTICE: binary }).exit, 0);
    assert.ok([before, applied].includes(refsIn(cwd)), refsIn(cwd));
    expectIdle(cwd);
    assert.equal(opRun(`${command} || :; exit 1`, failing, { LATTICE: binary }).exit, 1);
    assert.equal(refsIn(failing), before);
    expectIdle(failing);
  }
  tried("apply below op run", { "kill points": [points.length, changing.length] }, seed);
});

/** The binary asked to end, by SIGINT and SIGTERM, at its system calls. */
import { test } from "../harness.ts";
import { seedOr } from "../thoroughness.ts";
import { signalAtCalls } from "./disturbing.ts";
import { opRunProgram } from "./span_subjects.ts";
import { applyFive, applyHundred, recoverFive, refusedPushes, setFirstDocument, undoFive } from "./subjects.ts";

const seed = seedOr(20261122);

for (const make of [setFirstDocument, applyFive, applyHundred, undoFive, recoverFive, opRunProgram]) {
  test(`binary asked to end at each of its calls does all or nothing, and leaves nothing to recover: ${make.name}`, () => {
    signalAtCalls(make(), { seed, count: 10 });
  });
}

test("hook pre-push asked to end at each of its calls does not say that the push may pass", () => {
  for (const subject of refusedPushes()) signalAtCalls(subject, { seed, count: 6 });
});

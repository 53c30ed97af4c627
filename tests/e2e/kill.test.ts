import { test } from "../harness.ts";
import { seedOr, torture } from "../thoroughness.ts";
import { killAtCalls } from "./disturbing.ts";
import {
  applyFive,
  applyFiveHundred,
  applyHundred,
  pushDuringOperation,
  recoverFive,
  recoverFiveHundred,
  refusedPushes,
  replaceDocument,
  setFirstDocument,
  soundPush,
  undoFive,
  undoFiveHundred,
} from "./subjects.ts";

const seed = seedOr(20260107);

for (const make of [setFirstDocument, replaceDocument, applyFive, applyHundred, undoFive, recoverFive]) {
  test(`binary killed at each of its calls leaves all or nothing: ${make.name}`, () => {
    killAtCalls(make(), { seed, count: 18 });
  });
}

test("binary killed at each of its calls leaves all or nothing: applyFiveHundred", () => {
  killAtCalls(applyFiveHundred(), { seed, count: 6 });
});

// What these do to five refs is tried in every run; to hundreds, where there is time.
for (const make of torture ? [undoFiveHundred, recoverFiveHundred] : []) {
  test(`binary killed at each of its calls leaves all or nothing: ${make.name}`, () => {
    killAtCalls(make(), { seed, count: 8 });
  });
}

test("hook pre-push killed at each of its calls changes nothing, and has not said that the push may pass", () => {
  for (const subject of [...refusedPushes(), pushDuringOperation(), soundPush()]) {
    killAtCalls(subject, { seed, count: 6 });
  }
});

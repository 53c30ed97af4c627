/** The binary's state commands killed, asked to end, and refused by the system, at their system calls. */
import assert from "node:assert/strict";
import { test } from "../harness.ts";
import { seedOr, type Tried } from "../thoroughness.ts";
import { expectSettled, loaded, namesIn, stateSubjects } from "./state_subjects.ts";
import { disturbAtCalls, ERRORS, type Judge } from "./store_subjects.ts";

const SEED = seedOr(20_261_121);
const SUBJECTS = stateSubjects();

const atCalls = (kind: Tried, count: number, effects: readonly string[], judge: Judge): void =>
  disturbAtCalls(SUBJECTS, { kind, count, seed: SEED, effects }, judge, expectSettled);

test("binary killed at each of its calls leaves a state old or new, and no lock that stops the next", () => {
  atCalls("kill points", 14, ["signal=KILL"], (subject, cwd, ended) => {
    if (ended.end === "killed by SIGKILL") {
      if (ended.stdout !== "") assert.equal(loaded(cwd), subject.after, "an answer was given for what did not happen");
      return true;
    }
    assert.deepEqual([ended.exit, loaded(cwd)], [0, subject.after], ended.stderr);
    return false;
  });
});

test("binary asked to end at each of its calls leaves a state old or new, and tidies up", () => {
  atCalls("signal points", 8, ["signal=INT", "signal=TERM", "signal=HUP"], (subject, cwd, ended) => {
    if (ended.exit === 0) {
      assert.equal(loaded(cwd), subject.after);
      return false;
    }
    const isHeard = [129, 130, 143].includes(ended.exit) && !ended.end.startsWith("killed");
    if (isHeard) assert.deepEqual(namesIn(cwd).filter((name) => name !== "state.json"), []);
    return true;
  });
});

test("binary whose calls fail leaves a state old or new, says what failed, and leaves no temporary file", () => {
  atCalls("failing calls", 20, ERRORS, (subject, cwd, ended, call) => {
    assert.ok(ended.exit === 0 || ended.exit === 7, `exit code ${ended.exit}: ${ended.stderr}`);
    if (ended.exit === 0) {
      assert.equal(loaded(cwd), subject.after);
      return false;
    }
    const isSilenced = call.text.startsWith("write(2,"); // it was the message that could not be written
    if (!isSilenced) assert.match(ended.stderr, /^error: .*\n(?:hint: .*\n)?$/);
    const canTidyUp = !["unlink", "rmdir"].includes(call.name);
    if (canTidyUp) assert.deepEqual(namesIn(cwd).filter((name) => name.includes(".tmp-")), [], ended.stderr);
    return true;
  });
});

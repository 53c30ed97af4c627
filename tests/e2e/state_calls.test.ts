/** The binary's state commands killed, asked to end, and refused by the system, at their system calls. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "../harness.ts";
import { seededRandom } from "../simulation/random.ts";
import { runs, seedOr, type Tried, tried } from "../thoroughness.ts";
import { sampleOf } from "./sample.ts";
import { expectSettled, loaded, namesIn, type StateSubject, stateSubjects } from "./state_subjects.ts";
import { type Disturbed, disturbed, type SystemCall } from "./system_calls.ts";

const SEED = seedOr(20_261_121);
const SUBJECTS = stateSubjects();

type Judge = (subject: StateSubject, cwd: string, ended: Disturbed, call: SystemCall) => boolean;

/** Disturbs each command at calls of a sample, in one way each in turn; where all are tried, in every way. */
function atCalls(kind: Tried, count: number, effects: readonly string[], judge: Judge): void {
  for (const subject of SUBJECTS) {
    const random = seededRandom(SEED);
    const points = sampleOf(subject.calls, runs(count), random);
    const isWhole = points.length === subject.calls.length;
    const wrong: string[] = [];
    let [all, stopped] = [0, 0];
    for (const [index, call] of points.entries()) {
      for (const effect of isWhole ? effects : [effects[index % effects.length]!]) {
        const cwd = subject.fresh();
        all++;
        try {
          const ended = disturbed(call, effect, subject.args, { cwd, stdin: subject.stdin });
          if (judge(subject, cwd, ended, call)) stopped++;
          expectSettled(subject, cwd);
        } catch (error) {
          wrong.push(`${effect} at ${call.name} number ${call.when}, ${call.text}: ${String(error)}`);
        }
        rmSync(cwd, { recursive: true });
      }
    }
    tried(
      `${subject.name}, of which ${stopped} stopped it`,
      { [kind]: [all, subject.calls.length * effects.length] },
      SEED,
    );
    assert.deepEqual(wrong, [], `${subject.name}: ${wrong.length} went wrong (seed ${SEED})`);
    assert.ok(stopped > 0, `${subject.name}: nothing stopped it`);
  }
}

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
  const effects = ["ENOSPC", "EIO", "EACCES", "EDQUOT", "EROFS", "EINTR", "EMFILE"].map((errno) => `error=${errno}`);
  atCalls("failing calls", 20, effects, (subject, cwd, ended, call) => {
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

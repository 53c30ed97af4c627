/** The binary's secret commands killed, asked to end, and refused by the system, at their system calls. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "../harness.ts";
import { seededRandom } from "../simulation/random.ts";
import { runs, seedOr, type Tried, tried } from "../thoroughness.ts";
import { sampleOf } from "./sample.ts";
import {
  ENV,
  expectPrivate,
  expectSettled,
  namesIn,
  secretIn,
  type SecretSubject,
  secretSubjects,
} from "./secret_subjects.ts";
import { type Disturbed, disturbed, type SystemCall } from "./system_calls.ts";

const SEED = seedOr(20_261_121);
const SUBJECTS = secretSubjects();

type Judge = (subject: SecretSubject, cwd: string, ended: Disturbed, call: SystemCall) => boolean;

/** Disturbs each command at calls of a sample, in one way each in turn; where all are tried, in every way. */
function atCalls(kind: Tried, count: number, effects: readonly string[], judge: Judge): void {
  for (const subject of SUBJECTS) {
    const points = sampleOf(subject.calls, runs(count), seededRandom(SEED));
    const isWhole = points.length === subject.calls.length;
    const wrong: string[] = [];
    let [all, stopped] = [0, 0];
    for (const [index, call] of points.entries()) {
      for (const effect of isWhole ? effects : [effects[index % effects.length]!]) {
        const cwd = subject.fresh();
        all++;
        try {
          const ended = disturbed(call, effect, subject.args, { cwd, stdin: subject.stdin, env: ENV });
          expectPrivate(cwd);
          assert.ok(!`${ended.stdout}${ended.stderr}`.includes("hunter"), "an output holds a value");
          if (judge(subject, cwd, ended, call)) stopped++;
          expectSettled(subject, cwd);
        } catch (error) {
          wrong.push(`${effect} at ${call.name} number ${call.when}, ${call.text}: ${String(error)}`);
        }
        rmSync(cwd, { recursive: true });
      }
    }
    const whole = subject.calls.length * effects.length;
    tried(`${subject.name}, of which ${stopped} stopped it`, { [kind]: [all, whole] }, SEED);
    assert.deepEqual(wrong, [], `${subject.name}: ${wrong.length} went wrong (seed ${SEED})`);
    assert.ok(stopped > 0, `${subject.name}: nothing stopped it`);
  }
}

test("binary killed while it changes a secret leaves it old or new, files that are its owner's alone, and no lock", () => {
  atCalls("kill points", 10, ["signal=KILL"], (subject, cwd, ended) => {
    if (ended.end === "killed by SIGKILL") return true;
    assert.deepEqual([ended.exit, secretIn(cwd)], [0, subject.after], ended.stderr);
    return false;
  });
});

test("binary asked to end while it changes a secret leaves it old or new, and tidies up", () => {
  atCalls("signal points", 4, ["signal=INT", "signal=TERM", "signal=HUP"], (subject, cwd, ended) => {
    if (ended.exit === 0) {
      assert.equal(secretIn(cwd), subject.after);
      return false;
    }
    if (!ended.end.startsWith("killed")) {
      assert.ok([129, 130, 143].includes(ended.exit), ended.stderr);
      assert.deepEqual(namesIn(cwd).filter((name) => name.includes(".tmp-")), []);
    }
    return true;
  });
});

test("binary whose calls fail while it changes a secret keeps the old one, says what failed, and leaves nothing", () => {
  const effects = ["ENOSPC", "EIO", "EACCES", "EDQUOT", "EROFS", "EINTR", "EMFILE"].map((errno) => `error=${errno}`);
  atCalls("failing calls", 12, effects, (subject, cwd, ended, call) => {
    assert.ok(ended.exit === 0 || ended.exit === 7, `exit code ${ended.exit}: ${ended.stderr}`);
    if (ended.exit === 0) {
      assert.equal(secretIn(cwd), subject.after);
      return false;
    }
    assert.equal(secretIn(cwd), subject.before, "it failed, and the secret is another one");
    const isSilenced = call.text.startsWith("write(2,"); // it was the message that could not be written
    if (!isSilenced) assert.match(ended.stderr, /^error: .*\n(?:hint: .*\n)?$/);
    if (call.name !== "unlink") assert.deepEqual(namesIn(cwd).filter((name) => name.includes(".tmp-")), []);
    return true;
  });
});

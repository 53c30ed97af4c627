/** The binary's secret commands killed, asked to end, and refused by the system, at their system calls. */
import assert from "node:assert/strict";
import { test } from "../harness.ts";
import { seedOr, type Tried } from "../thoroughness.ts";
import { expectPrivate, expectSettled, namesIn, secretIn, secretSubjects } from "./secret_subjects.ts";
import { disturbAtCalls, ERRORS, type Judge } from "./store_subjects.ts";

const SEED = seedOr(20_261_121);
const SUBJECTS = secretSubjects();

/** Disturbs each command; whatever becomes of it, nobody else can read a file, and no output holds a value. */
function atCalls(kind: Tried, count: number, effects: readonly string[], judge: Judge): void {
  const isPrivate: Judge = (subject, cwd, ended, call) => {
    expectPrivate(cwd);
    assert.ok(!`${ended.stdout}${ended.stderr}`.includes("hunter"), "an output holds a value");
    return judge(subject, cwd, ended, call);
  };
  disturbAtCalls(SUBJECTS, { kind, count, seed: SEED, effects }, isPrivate, expectSettled);
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
  atCalls("failing calls", 12, ERRORS, (subject, cwd, ended, call) => {
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

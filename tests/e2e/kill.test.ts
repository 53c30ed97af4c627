import assert from "node:assert/strict";
import { test } from "../harness.ts";
import { seededRandom } from "../simulation/random.ts";
import { runs, seedOr, tried } from "../thoroughness.ts";
import { expectSound, recovered, sideOf } from "./aftermath.ts";
import { sampleOf } from "./sample.ts";
import {
  applyFive,
  applyHundred,
  recoverFive,
  replaceDocument,
  setFirstDocument,
  type Subject,
  undoFive,
} from "./subjects.ts";
import { disturbed, type SystemCall } from "./system_calls.ts";

const SEED = seedOr(20260107);

/** How a run ends whose process was killed, told by strace's own end. */
const KILLED = 128;

/** Subjects whose refs are shown by one rename: they are never seen half changed. */
const ATOMIC = new Set(["meta set, the first document", "meta set, another document", "apply of 100"]);

function killAt(subject: Subject, call: SystemCall): "killed" | "not reached" {
  const cwd = subject.fresh();
  const ended = disturbed(call, "signal=KILL", subject.args, { cwd, stdin: subject.stdin });
  expectSound(subject, cwd);
  if (ATOMIC.has(subject.name)) sideOf(subject, cwd);
  const side = recovered(subject, cwd, call.when % 2 === 0 ? "recover" : "any");
  if (ended.exit !== KILLED) {
    assert.equal(ended.exit, 0, ended.stderr);
    assert.equal(side, "new");
    return "not reached";
  }
  if (ended.stdout !== "") assert.equal(side, "new", "an answer was given for what did not happen");
  return "killed";
}

for (const make of [setFirstDocument, replaceDocument, applyFive, applyHundred, undoFive, recoverFive]) {
  test(`binary killed at each of its calls leaves all or nothing: ${make.name}`, () => {
    const subject = make();
    const points = sampleOf(subject.calls, runs(30), seededRandom(SEED));
    let killed = 0;
    for (const call of points) {
      try {
        if (killAt(subject, call) === "killed") killed++;
      } catch (error) {
        const where = `${subject.name}, killed at ${call.name} number ${call.when}, ${call.text} (seed ${SEED})`;
        throw new Error(`${where}: ${String(error)}`, { cause: error });
      }
    }
    assert.ok(killed > points.length * 0.9, `only ${killed} of ${points.length} points were reached`);
    tried(subject.name, { "kill points": [killed, subject.calls.length] }, SEED);
  });
}

/** The binary killed, or with a failing call, while it packs refs or shortens reflogs: every ref keeps its value. */
import assert from "node:assert/strict";
import { test } from "../harness.ts";
import { seededRandom } from "../simulation/random.ts";
import { runs, seedOr, tried } from "../thoroughness.ts";
import { expectSound, recovered } from "./aftermath.ts";
import { sampleOf } from "./sample.ts";
import { expireAll, packAll, type Subject } from "./subjects.ts";
import { disturbed, type SystemCall } from "./system_calls.ts";

const SEED = seedOr(20260109);

/** How a disturbed run may end: killed (told by strace), refused, or undisturbed. */
const ENDS = [0, 128, 255];

function disturb(subject: Subject, call: SystemCall, effect: string): number {
  const cwd = subject.fresh();
  const ended = disturbed(call, effect, subject.args, { cwd, stdin: "" });
  assert.ok(ENDS.includes(ended.exit), `exit code ${ended.exit}: ${ended.stderr}`);
  expectSound(subject, cwd);
  recovered(subject, cwd, call.when % 2 === 0 ? "recover" : "any");
  return ended.exit;
}

for (const make of [packAll, expireAll]) {
  test(`binary killed, or with a failing call, changes no ref: ${make.name}`, () => {
    const subject = make();
    assert.equal(subject.after, subject.before);
    const random = seededRandom(SEED);
    const points = sampleOf(subject.calls, runs(24), random);
    let [stopped, kills, failures] = [0, 0, 0];
    for (const [index, call] of points.entries()) {
      const effect = ["signal=KILL", "error=EIO", "signal=KILL", "error=ENOSPC"][index % 4]!;
      try {
        if (disturb(subject, call, effect) !== 0) stopped++;
        if (effect === "signal=KILL") kills++;
        else failures++;
      } catch (error) {
        const where = `${subject.name}, ${effect} at ${call.name} number ${call.when}, ${call.text} (seed ${SEED})`;
        throw new Error(`${where}: ${String(error)}`, { cause: error });
      }
    }
    assert.ok(stopped > points.length / 2, `only ${stopped} of ${points.length} runs were stopped`);
    tried(`${subject.name}, ${subject.calls.length} calls`, { "kill points": kills, "failing calls": failures }, SEED);
  });
}

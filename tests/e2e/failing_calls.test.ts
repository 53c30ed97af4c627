import assert from "node:assert/strict";
import { test } from "../harness.ts";
import { runProgram } from "../git_oracle.ts";
import { seededRandom } from "../simulation/random.ts";
import { runs, seedOr, tried } from "../thoroughness.ts";
import { expectSound, recovered, sideOf } from "./aftermath.ts";
import { binary, documentOf, type Ended, lattice, textOf } from "./binary.ts";
import { sampleOf } from "./sample.ts";
import {
  applyFive,
  applyHundred,
  replaceDocument,
  repository,
  setFirstDocument,
  type Subject,
  undoFive,
} from "./subjects.ts";
import { disturbed, type SystemCall } from "./system_calls.ts";

const SEED = seedOr(20260108);

/** What a call is made to fail with. */
const ERRORS = ["ENOSPC", "EIO", "EACCES", "EINTR", "EMFILE"] as const;

const EXIT_IO = 7;

/** Calls that make durable what was written. */
const FLUSHES = new Set(["fsync", "fdatasync", "syncfs"]);

function failAt(subject: Subject, call: SystemCall, error: string): "went on" | "refused" {
  const cwd = subject.fresh();
  const ended = disturbed(call, `error=${error}`, subject.args, { cwd, stdin: subject.stdin });
  expectRightAnswer(ended);
  if (ended.exit === 0 && FLUSHES.has(call.name)) expectFlushedAgain(ended.trace);
  expectSound(subject, cwd);
  if (ended.exit === 0) assert.equal(sideOf(subject, cwd), "new", "exit code 0, but the refs are not new");
  const side = recovered(subject, cwd, call.when % 2 === 0 ? "recover" : "any");
  if (ended.exit === 0) assert.equal(side, "new", "exit code 0, but it was taken back");
  return ended.exit === 0 ? "went on" : "refused";
}

function expectRightAnswer({ exit, stderr }: Ended): void {
  assert.ok(exit === 0 || exit === EXIT_IO, `exit code ${exit}: ${stderr}`);
  if (exit === EXIT_IO) assert.match(stderr, /^error: .+/m, "a failure says what failed");
}

/**
 * What could not be flushed at first was flushed later, or replaced by a file that was; `0` must not be said of anything else. The journal's last record
 * and the marker's removal need no flush: without them recovery finds by the refs that all was done.
 */
function expectFlushedAgain(trace: readonly string[]): void {
  const failed = trace.findIndex((line) => line.includes("(INJECTED)"));
  const path = /<(.*)>\)/.exec(trace[failed] ?? "")?.[1];
  assert.ok(path !== undefined, "strace names what was to be flushed");
  if (/\/\.git\/lattice(?:\/ops\/[^/]+)?$/.test(path)) return;
  const later = trace.slice(failed + 1).filter((line) => line.endsWith("= 0"));
  const isFlushed = (file: string) => later.some((line) => line.includes("sync(") && line.includes(`<${file}>`));
  const replacement = later.map((line) => /rename\("(.*)", "(.*)"\)/.exec(line)).find((match) => match?.[2] === path);
  const again = isFlushed(path) || (replacement !== undefined && isFlushed(replacement![1]!));
  assert.ok(again, `exit code 0, though ${path} was never flushed`);
}

for (const make of [setFirstDocument, replaceDocument, applyFive, applyHundred, undoFive]) {
  test(`binary whose calls fail in turn leaves all or nothing and says so: ${make.name}`, () => {
    const subject = make();
    const random = seededRandom(SEED);
    const points = sampleOf(subject.calls, runs(30), random);
    const first = random.below(ERRORS.length);
    const tally = { "went on": 0, refused: 0 };
    const wrong: string[] = [];
    for (const [index, call] of points.entries()) {
      // In the sample each call fails in one way, otherwise in every way.
      const errors = points.length < subject.calls.length ? [ERRORS[(first + index) % ERRORS.length] ?? "EIO"] : ERRORS;
      for (const error of errors) {
        try {
          tally[failAt(subject, call, error)]++;
        } catch (cause) {
          wrong.push(`${error} at ${call.name} number ${call.when}, ${call.text}: ${String(cause)}`);
        }
      }
    }
    tried(`${subject.name}, which went on ${tally["went on"]} times`, {
      "failing calls": [tally.refused + tally["went on"], subject.calls.length * ERRORS.length],
    }, SEED);
    assert.deepEqual(wrong, [], `${wrong.length} went wrong (seed ${SEED})`);
    assert.ok(tally.refused > 0, "no failure was seen");
  });
}

test("standard input that cannot be read is exit code 7, and nothing is stored", () => {
  const { cwd } = repository();
  const ended = textOf(runProgram("sh", ["-c", '"$0" meta set topic </', binary], cwd));
  assert.equal(ended.exit, EXIT_IO);
  assert.match(ended.stderr, /^error: cannot read standard input: EISDIR\n/);
  assert.equal(lattice(["meta", "get", "topic"], { cwd }).exit, 1);
});

test("standard error on a full disk changes nothing about what was done", () => {
  const { cwd, first } = repository();
  const set = lattice(["meta", "set", "topic"], { cwd, stdin: documentOf("topic", first) });
  assert.equal(set.exit, 0, set.stderr);
  const ended = textOf(runProgram("sh", ["-c", '"$0" -v undo 2>/dev/full', binary], cwd));
  assert.equal(ended.exit, 0);
  assert.notEqual(ended.stdout, "");
  assert.equal(lattice(["meta", "get", "topic"], { cwd }).exit, 1);
});

test("lock file that cannot be looked at or read is exit code 7", () => {
  const subject = replaceDocument();
  const onLock = (name: string) =>
    subject.calls.filter((call) => call.name === name && /^\w+\(\d+, "(?:"|\{)/.test(call.text));
  const calls = [...onLock("statx"), ...onLock("pread64")];
  assert.ok(calls.some(({ name }) => name === "pread64"), "the lock file is read");
  for (const call of calls) failAt(subject, call, "EIO");
});

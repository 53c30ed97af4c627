import assert from "node:assert/strict";
import { test } from "../harness.ts";
import { runProgram } from "../git_oracle.ts";
import { seedOr, torture } from "../thoroughness.ts";
import { binary, documentOf, lattice, textOf } from "./binary.ts";
import { failAt, failAtCalls } from "./disturbing.ts";
import {
  applyFive,
  applyFiveHundred,
  applyHundred,
  pushDuringOperation,
  recoverFive,
  recoverFiveHundred,
  refusedPushes,
  replaceDocument,
  repository,
  setFirstDocument,
  soundPush,
  undoFive,
  undoFiveHundred,
} from "./subjects.ts";

const seed = seedOr(20260108);

for (const make of [setFirstDocument, replaceDocument, applyFive, applyHundred, undoFive, recoverFive]) {
  test(`binary whose calls fail in turn leaves all or nothing and says so: ${make.name}`, () => {
    failAtCalls(make(), { seed, count: 18 });
  });
}

test("binary whose calls fail in turn leaves all or nothing and says so: applyFiveHundred", () => {
  failAtCalls(applyFiveHundred(), { seed, count: 6 });
});

// What these do to five refs is tried in every run; to hundreds, where there is time.
for (const make of torture ? [undoFiveHundred, recoverFiveHundred] : []) {
  test(`binary whose calls fail in turn leaves all or nothing and says so: ${make.name}`, () => {
    failAtCalls(make(), { seed, count: 8 });
  });
}

test("hook pre-push whose calls fail in turn never says that a push may pass which must be refused", () => {
  for (const subject of [...refusedPushes(), pushDuringOperation()]) failAtCalls(subject, { seed, count: 10 });
});

test("hook pre-push whose calls fail in turn refuses a sound push, or lets it pass, and changes nothing", () => {
  failAtCalls(soundPush(), { seed, count: 10 });
});

test("standard input that cannot be read is exit code 7, and nothing is stored", () => {
  const { cwd } = repository();
  const ended = textOf(runProgram("sh", ["-c", '"$0" meta set topic </', binary], cwd));
  assert.equal(ended.exit, 7);
  assert.match(ended.stderr, /^error: cannot read standard input: it is a folder \(EISDIR\)\nhint: /);
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

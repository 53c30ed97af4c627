import assert from "node:assert/strict";
import { ClosedOutputError } from "../../../src/platform/streams.ts";
import { temporaryFolder } from "../../fixtures.ts";
import { gitText, runProgram } from "../../git_oracle.ts";
import { test } from "../../harness.ts";
import { latticeGit } from "./against_git.ts";

function repository(): string {
  const folder = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], folder);
  gitText(["commit", "-q", "--allow-empty", "-m", "x"], folder);
  return folder;
}

test("lattice git tells a full disk as git does", async () => {
  const folder = repository();
  const writeFailure = Object.assign(new Error("full"), { code: "ENOSPC" });
  for (
    const args of [["for-each-ref"], ["rev-parse", "HEAD"], ["show-ref"], [
      "cat-file",
      "--batch-all-objects",
      "--batch-check",
    ]]
  ) {
    const expected = runProgram("sh", ["-c", 'exec git "$@" >/dev/full', "sh", ...args], folder);
    const actual = await latticeGit(args, folder, { writeFailure });
    assert.deepEqual([actual.exit, actual.stderr], [expected.exit, expected.stderr], args.join(" "));
  }
  assert.equal((await latticeGit(["--version"], folder, { writeFailure })).exit, 128);
});

test("lattice git ends quietly with 141 when nobody reads its output", async () => {
  const ended = await latticeGit(["for-each-ref"], repository(), { writeFailure: new ClosedOutputError() });
  assert.deepEqual([ended.exit, ended.stderr], [141, ""]);
});

test("lattice git knows what is no command", async () => {
  const unknown = await latticeGit(["frobnicate"], temporaryFolder());
  assert.equal(unknown.exit, 1);
  assert.match(unknown.stderr, /^git: 'frobnicate' is not a git command/);
});

import assert from "node:assert/strict";
import { GIT_COMMANDS } from "../../../src/cli/git/names.ts";
import { ClosedOutputError } from "../../../src/platform/streams.ts";
import { temporaryFolder } from "../../fixtures.ts";
import { gitText, runProgram } from "../../git_oracle.ts";
import { test } from "../../harness.ts";
import { lattice } from "../command_line.ts";
import { latticeGit, sameAsGit } from "./against_git.ts";

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

test("lattice git refuses a namespace that is no name, as git does", async () => {
  const folder = repository();
  for (const namespace of ["", "/", "a", "a/b", "a//b", "/a", "/a/", "a/", "a..b", "a b", ".a", "refs/x", "a.lock"]) {
    const env = { GIT_NAMESPACE: namespace };
    for (const args of [["for-each-ref"], ["rev-parse", "HEAD"], ["update-ref", "refs/heads/main", "HEAD"]]) {
      const { stderr } = await sameAsGit(args, folder, { env });
      const said = runProgram("git", args, folder, { env }).stderr;
      assert.equal(stderr, said, namespace);
    }
  }
});

test("lattice git update-ref ends with 128 where the configuration cannot be read, as git does", async () => {
  const folder = repository();
  for (const args of [["-d", "refs/heads/main"], ["refs/heads/new", "HEAD"]]) {
    await sameAsGit(["update-ref", ...args], folder, { env: { GIT_CONFIG_COUNT: "x" } });
  }
  assert.equal(gitText(["for-each-ref", "--format=%(refname)"], folder), "refs/heads/main");
});

test("lattice git takes nothing for an option behind --end-of-options, as git does", async () => {
  const folder = repository();
  for (
    const args of [
      ["cat-file", "-t", "--end-of-options", "HEAD"],
      ["cat-file", "--end-of-options", "commit", "HEAD"],
      ["cat-file", "--end-of-options", "-t", "HEAD"],
      ["cat-file", "--batch-check", "--end-of-options"],
      ["cat-file", "-t", "--end-of-option", "HEAD"],
      ["for-each-ref", "--end-of-options", "refs/heads/main"],
      ["for-each-ref", "--end-of-options", "--count=1"],
      ["for-each-ref", "--end-of-options=1"],
      ["for-each-ref", "--no-end-of-options"],
      ["hash-object", "--end-of-options", ".git/HEAD"],
      ["hash-object", "--end-of-options", "--stdin"],
      ["hash-object", "--end-of-options", "--", ".git/HEAD"],
      ["update-ref", "--end-of-options", "refs/heads/a", "HEAD"],
      ["update-ref", "-d", "--end-of-options", "refs/heads/a"],
      ["update-ref", "--end-of-options", "--", "refs/heads/a", "HEAD"],
      ["symbolic-ref", "--end-of-options", "HEAD"],
      ["symbolic-ref", "--end-of-options", "HEAD", "refs/heads/main"],
      ["show-ref", "--end-of-options", "main"],
      ["show-ref", "--verify", "--end-of-options", "refs/heads/main"],
      ["reflog", "--end-of-options", "main"],
      ["reflog", "show", "--end-of-options", "main", "--"],
      ["reflog", "show", "--end-of-options", "--all"],
      ["reflog", "show", "-n", "--"],
      ["reflog", "show", "--skip"],
      ["reflog", "exists", "--end-of-options", "refs/heads/main"],
      ["pack-refs", "--end-of-options"],
      ["check-ref-format", "--end-of-options", "refs/heads/a"],
    ]
  ) await sameAsGit(args, folder);
});

test("lattice git looks for the repository before it reads arguments, where git does", async () => {
  const folder = temporaryFolder();
  const commands = ["cat-file", "for-each-ref", "hash-object", "pack-refs", "reflog", "rev-parse", "show-ref"];
  for (const command of [...commands, "symbolic-ref", "update-ref", "check-ref-format"]) {
    for (const args of [[], ["--nonsense"], ["one"], ["one", "two", "three", "four"]]) {
      await sameAsGit([command, ...args], folder);
    }
    const asked = await latticeGit([command, "-h"], folder);
    const expected = runProgram("git", [command, "-h"], folder);
    assert.equal(asked.exit, expected.exit, asked.stderr);
    assert.match(asked.stdout, new RegExp(`^usage: git ${command}`));
  }
  for (const args of [["reflog", "exists"], ["reflog", "delete"], ["reflog", "expire", "-h"], ["update-ref", "-z"]]) {
    await sameAsGit(args, folder);
  }
});

test("lattice git <command> --help prints what lattice help git prints, outside of a repository too", async () => {
  const cwd = temporaryFolder();
  for (const command of GIT_COMMANDS) {
    const { stdout: expected } = await lattice(["help", "git", command], { cwd });
    assert.match(expected, /^Usage: lattice git /);
    const { exit, stdout, stderr } = await lattice(["git", command, "--help"], { cwd });
    assert.deepEqual({ exit, stdout, stderr }, { exit: 0, stdout: expected, stderr: "" });
  }
  assert.equal((await latticeGit(["frobnicate", "--help"], cwd)).exit, 1);
  assert.equal((await latticeGit(["cat-file", "--help", "HEAD"], repository())).exit, 129);
});

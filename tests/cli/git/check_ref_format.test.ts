import fc from "fast-check";
import { test } from "../../harness.ts";
import { holdsAsync } from "../../property.ts";
import { temporaryFolder } from "../../fixtures.ts";
import { gitText, runProgram } from "../../git_oracle.ts";
import { latticeGit, sameAsGit } from "./against_git.ts";
import assert from "node:assert/strict";

const OPTIONS = ["--allow-onelevel", "--no-allow-onelevel", "--refspec-pattern", "--normalize", "--print"];

test("git check-ref-format judges generated names as git does", async () => {
  const folder = temporaryFolder();
  const part = fc.constantFrom(
    "a",
    "b",
    "/",
    "//",
    ".",
    "..",
    ".lock",
    "@",
    "{",
    "*",
    "~",
    "^",
    ":",
    "?",
    "[",
    "\\",
    " ",
  );
  const name = fc.array(fc.oneof(part, fc.constantFrom("refs/", "heads/", "é", "\x7f", "\x01")), { maxLength: 7 });
  await holdsAsync(
    "git check-ref-format judges generated names as git does",
    fc.asyncProperty(fc.subarray(OPTIONS), name, async (options, parts) => {
      await sameAsGit(["check-ref-format", ...options, parts.join("")], folder);
    }),
    { seed: 20261, numRuns: 250 },
  );
});

test("git check-ref-format takes the last of two opposite options and refuses others", async () => {
  const folder = temporaryFolder();
  for (
    const args of [
      ["--allow-onelevel", "--no-allow-onelevel", "main"],
      ["--no-allow-onelevel", "--allow-onelevel", "main"],
      ["--nonsense", "refs/heads/a"],
      ["refs/heads/a", "refs/heads/b"],
      [],
      ["--normalize"],
      ["--branch"],
      ["--branch", "a", "b"],
    ]
  ) await sameAsGit(["check-ref-format", ...args], folder);
});

test("git check-ref-format --branch names branches and the one before", async () => {
  const folder = temporaryFolder();
  for (const name of ["main", "a/b", "-x", "HEAD", "a..b", "@", "@{-1}", "", "refs/heads/x", "*"]) {
    await sameAsGit(["check-ref-format", "--branch", name], folder);
  }
  gitText(["init", "-q", "-b", "main"], folder);
  gitText(["commit", "-q", "--allow-empty", "-m", "one"], folder);
  gitText(["checkout", "-q", "-b", "topic/a"], folder);
  gitText(["checkout", "-q", "--detach"], folder);
  gitText(["checkout", "-q", "main"], folder);
  const numbers = ["@{-01}", "@{- 2}", "@{-+2}", "@{-\t03}", "@{--1}", "@{-00}", "@{-1 }", "@{-0x1}", "@{-}"];
  for (const name of ["@{-1}", "@{-2}", "@{-3}", "@{-4}", "@{-0}", "@{-2}/x", "@{-1", "main@{1}", ...numbers]) {
    await sameAsGit(["check-ref-format", "--branch", name], folder);
  }
});

test("git check-ref-format --branch names the upstream of a branch, or says as git does why there is none", async () => {
  const folder = temporaryFolder();
  await sameAsGit(["check-ref-format", "--branch", "@{u}"], folder);
  gitText(["init", "-q", "-b", "main"], folder);
  gitText(["commit", "-q", "--allow-empty", "-m", "one"], folder);
  const settings = {
    "remote.origin.url": "x",
    "remote.origin.fetch": "+refs/heads/*:refs/remotes/origin/*",
  };
  for (const [key, value] of Object.entries(settings)) gitText(["config", key, value], folder);
  const upstreams = [
    ["topic", ".", "refs/heads/main"],
    ["gone", ".", "refs/heads/none"],
    ["tagged", ".", "refs/tags/one"],
    ["far", "origin", "refs/heads/far"],
    ["unfetched", "elsewhere", "refs/heads/far"],
    ["@", ".", "refs/heads/gone"],
    ["half", ".", null],
  ] as const;
  for (const [branch, remote, merge] of upstreams) {
    if (branch !== "@") gitText(["branch", branch], folder);
    gitText(["config", `branch.${branch}.remote`, remote], folder);
    if (merge !== null) gitText(["config", `branch.${branch}.merge`, merge], folder);
  }
  gitText(["checkout", "-q", "topic"], folder);
  const agree = async (names: readonly string[]) => {
    for (const name of names) {
      const { stderr } = await sameAsGit(["check-ref-format", "--branch", name], folder);
      const said = runProgram("git", ["check-ref-format", "--branch", name], folder).stderr;
      assert.equal(stderr, said, name);
    }
  };
  await agree(["topic@{u}", "topic@{UPSTREAM}", "@{u}", "HEAD@{u}", "@@{u}", "gone@{u}", "tagged@{u}", "far@{u}"]);
  await agree(["unfetched@{u}", "half@{u}", "main@{u}", "none@{u}", "refs/heads/topic@{u}", "-x@{u}", "a..b@{u}"]);
  await agree(["topic@{u}/x", "topic@{u}x", "topic@{u}@{u}", "topic@{u}@{1}", "topic@{u", "topic:@{u}", "topic@{u}.."]);
  await agree(["@{-1}@{u}", "@{-2}@{u}", "@{-1}x", "x@{-1}"]);
  gitText(["tag", "main"], folder);
  gitText(["checkout", "-q", "--detach"], folder);
  await agree(["topic@{u}", "@{u}", "HEAD@{u}", "@{-1}@{u}"]);
});

test("git check-ref-format -h says how it is called and ends with 129", async () => {
  const ended = await latticeGit(["check-ref-format", "-h"], temporaryFolder());
  assert.equal(ended.exit, 129);
  assert.match(ended.stdout, /^usage: git check-ref-format/);
});

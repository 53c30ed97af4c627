import fc from "fast-check";
import { test } from "../../harness.ts";
import { holdsAsync } from "../../property.ts";
import { temporaryFolder } from "../../fixtures.ts";
import { gitText } from "../../git_oracle.ts";
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
  for (const name of ["@{-1}", "@{-2}", "@{-3}", "@{-4}", "@{-0}", "@{-2}/x", "@{-1", "main@{1}"]) {
    await sameAsGit(["check-ref-format", "--branch", name], folder);
  }
});

test("git check-ref-format -h says how it is called and ends with 129", async () => {
  const ended = await latticeGit(["check-ref-format", "-h"], temporaryFolder());
  assert.equal(ended.exit, 129);
  assert.match(ended.stdout, /^usage: git check-ref-format/);
});

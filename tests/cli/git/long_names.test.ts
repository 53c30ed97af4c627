/** Names that no file can have, on a command line or in a line of input: for git there is no such ref. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "../../harness.ts";
import { freshFixtureFolder } from "../../fixtures.ts";
import { gitText } from "../../git_oracle.ts";
import { sameAsGit } from "./against_git.ts";

const LONG_NAMES = ["a".repeat(300), "a".repeat(5000), `${"a".repeat(200)}/`.repeat(30) + "x"];

test("a name too long for a file is one that is not there, as with git", async () => {
  const folder = join(freshFixtureFolder("files-refs"), "repo");
  for (const name of LONG_NAMES) {
    const ref = `refs/heads/${name}`;
    const stdin = `${name}\nHEAD\n${ref}\nHEAD\n`;
    await sameAsGit(["cat-file", "--batch-check"], folder, { stdin });
    await sameAsGit(["cat-file", "--batch-command"], folder, { stdin: stdin.replaceAll(/^/gm, "info ").slice(0, -5) });
    await sameAsGit(["cat-file", "-t", name], folder);
    await sameAsGit(["cat-file", "-e", ref], folder);
    await sameAsGit(["rev-parse", "-q", "--verify", name], folder);
    await sameAsGit(["rev-parse", "--verify", `${name}^{commit}`], folder);
    await sameAsGit(["rev-parse", name], folder);
    await sameAsGit(["rev-parse", `${name}@{u}`], folder);
    await sameAsGit(["rev-parse", "--resolve-git-dir", name], folder);
    await sameAsGit(["rev-parse", `--glob=${ref}/`], folder);
    await sameAsGit(["show-ref", "--verify", "-q", ref], folder);
    await sameAsGit(["show-ref", "--verify", ref], folder);
    await sameAsGit(["for-each-ref", ref, `${ref}/`], folder);
    await sameAsGit(["for-each-ref", "--contains", name], folder);
    await sameAsGit(["symbolic-ref", ref], folder);
    await sameAsGit(["symbolic-ref", "-d", ref], folder);
    await sameAsGit(["reflog", "exists", ref], folder);
    await sameAsGit(["reflog", name], folder);
    await sameAsGit(["reflog", "delete", `${name}@{0}`], folder);
    await sameAsGit(["reflog", "expire", name], folder);
  }
});

test("a ref with a name too long for a file is not written, as with git", async () => {
  const folder = join(freshFixtureFolder("files-refs"), "repo");
  const before = gitText(["for-each-ref"], folder);
  for (const name of LONG_NAMES) {
    const ref = `refs/heads/${name}`;
    await sameAsGit(["update-ref", ref, "HEAD"], folder);
    await sameAsGit(["update-ref", "-d", ref], folder);
    await sameAsGit(["symbolic-ref", ref, "refs/heads/main"], folder);
    for (const command of [`create ${ref} HEAD`, `update ${ref} HEAD`, `delete ${ref}`, `verify ${ref} HEAD`]) {
      await sameAsGit(["update-ref", "--stdin"], folder, { stdin: `create refs/heads/beside HEAD\n${command}\n` });
    }
  }
  assert.equal(gitText(["for-each-ref"], folder), before);
});

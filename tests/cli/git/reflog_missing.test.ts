/** Reflogs of refs whose objects are missing. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../fixtures.ts";
import { git, gitText } from "../../git_oracle.ts";
import { test } from "../../harness.ts";
import { sameAsGit } from "./against_git.ts";

const MISSING = "12345678".repeat(5);

test("reflog show ends where a name leads to an object that is missing, as git does", async () => {
  const folder = temporaryFolder();
  const linked = join(folder, "linked");
  gitText(["init", "-q", "-b", "main"], folder);
  gitText(["commit", "-q", "--allow-empty", "-m", "one"], folder);
  gitText(["worktree", "add", "-q", "-b", "apart", linked], folder);
  for (const place of ["refs/heads/apart", "worktrees/linked/HEAD", "HEAD", "refs/tags/missing"]) {
    const path = join(folder, ".git", place);
    const before = existsSync(path) ? readFileSync(path) : null;
    writeFileSync(path, `${MISSING}\n`);
    for (const where of [folder, linked]) {
      for (const args of [[], ["--all"], ["apart"], ["HEAD"], ["main", "apart"], ["missing"], [MISSING]]) {
        const { exit, stderr } = await sameAsGit(["reflog", ...args], where);
        if (exit === 128) assert.equal(stderr, git(["reflog", ...args], where).stderr);
      }
    }
    if (before === null) rmSync(path);
    else writeFileSync(path, before);
  }
});

/** Operations whose worktree goes before they end, and what `continue` and `abort` say while git is not done. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { git, gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { lattice } from "./command_line.ts";
import { answer, failure, oidOf, repository, succeed } from "./stack_repository.ts";

interface Changed {
  updates: { ref: string }[];
}

function refs(cwd: string): string {
  return gitText(["for-each-ref", "refs/heads", "refs/branch-metadata"], cwd);
}

test("abort takes an operation back whose worktree is gone, and undo one that ended so", async () => {
  const cwd = repository();
  const before = refs(cwd);
  for (const end of ["abort", "commit"]) {
    const worktree = join(cwd, `of-${end}`);
    gitText(["worktree", "add", "-q", worktree, "a"], cwd);
    await succeed(["op", "begin", "deploy"], worktree);
    gitText(["branch", "made"], worktree);
    gitText(["worktree", "remove", worktree], cwd);
    if (end === "abort") {
      const { updates } = await answer<Changed>(["abort"], cwd);
      assert.deepEqual(updates.map(({ ref }) => ref), ["refs/heads/made"]);
    } else {
      await succeed(["op", "commit"], cwd);
      assert.notEqual(refs(cwd), before);
      await succeed(["undo"], cwd);
    }
    assert.equal(refs(cwd), before);
    assert.equal((await succeed(["op", "status"], cwd)).stdout, "idle\n");
  }
});

test("continue and abort name git's own command for what is not done yet", async () => {
  const cwd = repository();
  const main = oidOf(cwd, "main");
  for (
    const [marker, command] of [["MERGE_HEAD", "merge"], ["CHERRY_PICK_HEAD", "cherry-pick"], ["REVERT_HEAD", "revert"]]
  ) {
    await lattice(["op", "run", "--", "sh", "-c", `echo ${main} > .git/${marker}`], { cwd });
    for (const way of ["continue", "abort"]) {
      const { stderr, exit } = await lattice([way], { cwd });
      assert.equal(exit, 5);
      assert.ok(stderr.includes(`\`git ${command} --${way}\``), stderr);
    }
    git(["update-ref", "-d", marker!], cwd);
    await succeed(["continue"], cwd);
  }
  await lattice(["op", "run", "--", "git", "bisect", "start"], { cwd });
  assert.match((await lattice(["continue"], { cwd })).stderr, /`git bisect reset`/);
  gitText(["bisect", "reset"], cwd);
  await succeed(["continue"], cwd);
  assert.equal((await failure(["continue"], cwd)).exit, 1);
});

import assert from "node:assert/strict";
import { git, gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { lattice } from "./binary.ts";
import { refsIn } from "./subject.ts";
import { repository } from "./subjects.ts";

function keepRefs(cwd: string): string {
  return gitText(["for-each-ref", "--format=%(refname)", "refs/lattice/"], cwd);
}

function isThere(cwd: string, oid: string): boolean {
  gitText(["reflog", "expire", "--expire=all", "--all"], cwd);
  gitText(["gc", "-q", "--prune=now"], cwd);
  return git(["cat-file", "-e", oid], cwd).exit === 0;
}

test("op prune lets git gc take what only pruned operations kept, and nothing else", () => {
  const { cwd, first } = repository();
  const tree = gitText(["write-tree"], cwd);
  const commits = ["a", "b", "c"].map((text) => gitText(["commit-tree", tree, "-p", first, "-m", text], cwd));
  const [a, b, c] = commits as [string, string, string];
  for (const [old, value] of [[null, a], [a, b], [b, c]]) {
    const line = JSON.stringify({ ref: "refs/heads/topic", old, new: value });
    assert.equal(lattice(["apply"], { cwd, stdin: line }).exit, 0);
  }
  assert.ok(isThere(cwd, a) && isThere(cwd, b), "keep refs hold what was replaced");
  const before = refsIn(cwd);
  const ended = lattice(["--json", "op", "prune", "--keep", "1"], { cwd });
  assert.equal(ended.exit, 0, ended.stderr);
  const { updates, pruned } = JSON.parse(ended.stdout) as { updates: { ref: string; new: null }[]; pruned: string[] };
  assert.equal(pruned.length, 2);
  assert.deepEqual(updates.map(({ ref }) => ref), [`refs/lattice/keep/${pruned[0]}/0`]);
  assert.ok(!isThere(cwd, a), "nothing keeps it any more");
  assert.ok(isThere(cwd, b), "the operation that replaced it is there");
  assert.equal(refsIn(cwd), before);
  assert.equal(keepRefs(cwd).split("\n").length, 1);

  assert.equal(lattice(["undo"], { cwd }).exit, 0);
  assert.equal(gitText(["rev-parse", "topic"], cwd), b);
  assert.equal(lattice(["op", "prune", "--keep", "0"], { cwd }).exit, 0);
  assert.equal(keepRefs(cwd), "");
  assert.equal(lattice(["op", "list"], { cwd }).stdout, "");
  assert.equal(lattice(["op", "status"], { cwd }).stdout, "idle\n");
  assert.equal(git(["fsck", "--strict", "--no-dangling", "--no-progress"], cwd).stderr, "");
});

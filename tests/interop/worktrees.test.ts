/**
 * Linked worktrees: shared refs, refs of one worktree, and the names by which one worktree reaches another's.
 *
 * @module
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../harness.ts";
import { gitText } from "../git_oracle.ts";
import { lattice } from "../cli/command_line.ts";
import { sample } from "../metadata/documents.ts";
import { leftOvers, makeTemplate, makeTwins, runOnTwins, type Step, type Twins } from "./twin_repositories.ts";

const template = makeTemplate("git", "sha1");

/** Two copies, each with a linked worktree on a branch of its own. */
async function twinsWithWorktree(): Promise<Twins> {
  const twins = makeTwins(template);
  await runOnTwins(twins, { by: "git", args: ["worktree", "add", "-q", "-b", "apart", "../linked", "<C2>"] });
  return twins;
}

async function sameFor(twins: Twins, commands: readonly (readonly [linked: boolean, ...args: string[]])[]) {
  for (const [linked, ...args] of commands) await runOnTwins(twins, { by: "both", linked, args });
}

test("refs of one worktree, their values and reflogs stay in the worktree that they are written from", async () => {
  const twins = await twinsWithWorktree();
  await sameFor(twins, [
    [true, "update-ref", "refs/bisect/bad", "<C1>"],
    [false, "update-ref", "refs/bisect/bad", "<C3>"],
    [true, "update-ref", "--create-reflog", "-m", "own", "refs/worktree/own", "<C2>"],
    [true, "update-ref", "ORIG_HEAD", "<C3>"],
    [true, "update-ref", "-m", "on", "HEAD", "<C3>"],
    [false, "update-ref", "-m", "on", "HEAD", "<C2>"],
    [false, "rev-parse", "refs/worktree/own"],
    [true, "for-each-ref"],
    [false, "for-each-ref"],
    [true, "symbolic-ref", "HEAD", "refs/heads/packed"],
    [true, "update-ref", "-m", "by its name", "refs/heads/packed", "<C1>"],
    [true, "update-ref", "--no-deref", "-m", "apart", "HEAD", "<C3>"],
    [true, "update-ref", "-d", "refs/bisect/bad"],
  ]);
  const own = join(twins.ours, "repo/.git/worktrees/linked");
  assert.match(readFileSync(join(own, "logs/HEAD"), "utf8"), /\tby its name\n.*\tapart\n$/);
  assert.match(readFileSync(join(own, "logs/refs/worktree/own"), "utf8"), /\town\n$/);
  assert.equal(existsSync(join(twins.ours, "repo/.git/refs/worktree")), false);
});

test("one worktree reaches another's refs by main-worktree/ and worktrees/<id>/", async () => {
  const twins = await twinsWithWorktree();
  await sameFor(twins, [
    [true, "rev-parse", "main-worktree/HEAD"],
    [false, "rev-parse", "worktrees/linked/HEAD"],
    [true, "symbolic-ref", "main-worktree/HEAD"],
    [false, "symbolic-ref", "worktrees/linked/HEAD"],
    [false, "update-ref", "worktrees/linked/refs/bisect/bad", "<C1>"],
    [true, "rev-parse", "refs/bisect/bad"],
    [true, "update-ref", "main-worktree/refs/bisect/good", "<C3>"],
    [false, "rev-parse", "refs/bisect/good"],
    [false, "update-ref", "-d", "worktrees/linked/refs/bisect/bad", "<C1>"],
    [true, "rev-parse", "--verify", "-q", "refs/bisect/bad"],
    [true, "rev-parse", "main-worktree/refs/bisect/good"],
  ]);
});

test("a transaction from a linked worktree changes shared refs and its own together", async () => {
  const twins = await twinsWithWorktree();
  const transaction = (stdin: string, linked: boolean): Step => ({
    by: "both",
    linked,
    args: ["update-ref", "-m", "together", "--stdin"],
    stdin,
  });
  await runOnTwins(
    twins,
    transaction("update refs/heads/main <C1>\nupdate refs/heads/apart <C3>\ncreate refs/worktree/own <C2>\n", true),
  );
  await runOnTwins(twins, transaction("update HEAD <SIDE>\ncreate refs/bisect/bad <C1>\ndelete refs/tags/v1\n", true));
  await runOnTwins(twins, transaction("update HEAD <C2> <C3>\ncreate refs/heads/not <C1>\n", true));
  await runOnTwins(twins, { by: "git", args: ["pack-refs", "--all"] });
  await runOnTwins(twins, transaction("delete refs/heads/packed\nupdate refs/heads/dir/x <C1>\n", true));
  await runOnTwins(twins, transaction("start\nupdate refs/heads/apart <C1>\nprepare\nabort\n", false));
  const files = (place: string) => existsSync(join(twins.ours, "repo/.git", place));
  assert.deepEqual(["refs/worktree/own", "worktrees/linked/refs/worktree/own"].map(files), [false, true]);
});

test("metadata set in a linked worktree is shared, and undone from another worktree", async () => {
  const { ours } = await twinsWithWorktree();
  const [repo, linked] = [join(ours, "repo"), join(ours, "linked")];
  const stdin = JSON.stringify(sample());
  const set = await lattice(["meta", "set", "topic"], { cwd: linked, stdin });
  assert.equal(set.exit, 0, set.stderr);
  assert.equal(gitText(["cat-file", "blob", "refs/branch-metadata/topic"], repo), stdin);
  assert.equal(existsSync(join(repo, ".git/refs/branch-metadata/topic")), true);
  assert.equal(existsSync(join(repo, ".git/lattice/ops")), true);
  assert.equal(existsSync(join(repo, ".git/worktrees/linked/lattice")), false);
  const line = JSON.stringify({ ref: "refs/heads/apart", new: template.oids["C1"] });
  const applied = await lattice(["apply"], { cwd: linked, stdin: line });
  assert.equal(applied.exit, 0, applied.stderr);
  assert.match(readFileSync(join(repo, ".git/worktrees/linked/logs/HEAD"), "utf8"), /\tlattice: apply\n$/);
  const before = readFileSync(join(repo, ".git/logs/HEAD"), "utf8");

  const moved = await lattice(["undo"], { cwd: repo });
  assert.equal(moved.exit, 0, moved.stderr);
  assert.equal(gitText(["rev-parse", "apart"], repo), template.oids["C2"]);
  const undone = await lattice(["undo"], { cwd: repo });
  assert.equal(undone.exit, 0, undone.stderr);
  assert.equal(gitText(["for-each-ref", "refs/branch-metadata"], linked), "");
  const redone = await lattice(["undo", undone.stdout.trim()], { cwd: linked });
  assert.equal(redone.exit, 0, redone.stderr);
  assert.equal((await lattice(["meta", "get", "topic"], { cwd: repo })).stdout, `${stdin}\n`);
  assert.equal(readFileSync(join(repo, ".git/logs/HEAD"), "utf8"), before);
  assert.deepEqual(leftOvers(ours), []);
  assert.equal(gitText(["fsck", "--no-dangling"], repo), "");
});

test("a change of a worktree's own ref is undone in that worktree, and the others' refs stay", async () => {
  const { ours } = await twinsWithWorktree();
  const [repo, linked] = [join(ours, "repo"), join(ours, "linked")];
  const { C1, C2, C3 } = template.oids;
  gitText(["update-ref", "refs/bisect/bad", C1!], linked);
  gitText(["update-ref", "refs/bisect/bad", C2!], repo);
  const stdin = JSON.stringify({ ref: "refs/bisect/bad", old: C1, new: C3 });
  const applied = await lattice(["apply"], { cwd: linked, stdin });
  assert.equal(applied.exit, 0, applied.stderr);
  assert.equal(gitText(["rev-parse", "refs/bisect/bad"], linked), C3);
  const undone = await lattice(["undo"], { cwd: linked });
  assert.equal(undone.exit, 0, undone.stderr);
  assert.equal(gitText(["rev-parse", "refs/bisect/bad"], linked), C1);
  assert.equal(gitText(["rev-parse", "refs/bisect/bad"], repo), C2);
});

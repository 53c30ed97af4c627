import assert from "node:assert/strict";
import { join } from "node:path";
import { temporaryFolder } from "../fixtures.ts";
import { git, gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { lattice } from "./command_line.ts";
import {
  answer,
  commit,
  type Facts,
  failure,
  metadataOf,
  oidOf,
  repository,
  stack,
  succeed,
} from "./stack_repository.ts";

test("track stores parent and merge base, prints the operation, and undo takes it back", async () => {
  const cwd = repository();
  const { op, updates } = await answer<{ op: string; updates: { ref: string; old: string | null; new: string }[] }>(
    ["track", "a", "--parent", "main"],
    cwd,
  );
  assert.deepEqual(updates, [{
    ref: "refs/branch-metadata/a",
    old: null,
    new: oidOf(cwd, "refs/branch-metadata/a"),
  }]);
  const metadata = await metadataOf(cwd, "a");
  assert.deepEqual([metadata.parent, metadata.base.oid], [{ kind: "trunk", name: "main" }, oidOf(cwd, "main")]);
  const told = await succeed(["track", "b", "--parent", "a"], cwd);
  assert.match(told.stdout, /^[0-9a-f-]{36}\n$/);
  assert.equal(told.stderr, `branch "b" is tracked on "a", from ${oidOf(cwd, "a")} on\n`);
  assert.deepEqual((await metadataOf(cwd, "b")).parent, { kind: "branch", name: "a" });
  await succeed(["undo"], cwd);
  await succeed(["undo", op], cwd);
  assert.equal(gitText(["for-each-ref", "refs/branch-metadata"], cwd), "");
});

test("track takes the merge base where the parent has moved on, and --base where it is given", async () => {
  const cwd = repository();
  const before = oidOf(cwd, "a");
  gitText(["checkout", "-q", "a"], cwd);
  commit(cwd, "later");
  await succeed(["track", "a", "--parent", "main"], cwd);
  await succeed(["track", "b", "--parent", "a"], cwd);
  assert.equal((await metadataOf(cwd, "b")).base.oid, before);
  await succeed(["track", "b", "--parent", "a", "--base", "b~1^{commit}~1"], cwd);
  assert.equal((await metadataOf(cwd, "b")).base.oid, oidOf(cwd, "b~2"));
  const { exit, message } = await failure(["track", "b", "--parent", "a", "--base", "a"], cwd);
  assert.equal(exit, 2);
  assert.ok(message.includes(oidOf(cwd, "a")), message);
  assert.equal((await failure(["track", "b", "--parent", "a", "--base", "nope"], cwd)).exit, 1);
  const tree = await failure(["track", "b", "--parent", "a", "--base", "a^{tree}"], cwd);
  assert.equal(tree.exit, 2);
  assert.equal(tree.message, 'revision "a^{tree}" does not lead to a commit');
  assert.equal(tree.hint, "name a commit, or a branch or tag that leads to one, such as main, v1.0 or HEAD~2");
});

test("track moves a tracked branch and keeps freeze and pull request; the same again changes nothing", async () => {
  const cwd = await stack();
  await succeed(["freeze", "d", "--reason", "why"], cwd);
  await succeed(["meta", "edit", "d", "--pr", "github:7:https://x/7"], cwd);
  const old = await metadataOf(cwd, "d");
  await succeed(["track", "d", "--parent", "a"], cwd);
  const moved = await metadataOf(cwd, "d");
  assert.deepEqual([moved.parent, moved.base.oid], [{ kind: "branch", name: "a" }, oidOf(cwd, "a")]);
  assert.deepEqual([moved.freeze, moved.pr], [old.freeze, old.pr]);
  assert.equal(moved.timestamps["created_at"], old.timestamps["created_at"]);
  const again = await lattice(["track", "d", "--parent", "a"], { cwd });
  assert.deepEqual([again.exit, again.stdout], [0, ""]);
  assert.deepEqual(await answer(["track", "d", "--parent", "a"], cwd), { op: null, updates: [] });
  assert.deepEqual(await metadataOf(cwd, "d"), moved);
});

test("track refuses cycles, by name and at any length", async () => {
  const cwd = await stack();
  const self = await failure(["track", "a", "--parent", "a"], cwd);
  assert.deepEqual([self.exit, self.code, self.details["cycle"]], [2, "usage", ["a"]]);
  const child = await failure(["track", "a", "--parent", "b"], cwd);
  assert.deepEqual([child.exit, child.details["cycle"]], [2, ["a", "b"]]);
  const grandchild = await failure(["track", "a", "--parent", "c"], cwd);
  assert.deepEqual([grandchild.exit, grandchild.details["cycle"]], [2, ["a", "c", "b"]]);
  assert.match(grandchild.hint ?? "", /lattice track b --parent/);
});

test("track refuses a parent that stands on a cycle, and takes a branch out of one", async () => {
  const cwd = await stack();
  await succeed(["meta", "edit", "a", "--parent", "b"], cwd); // which checks nothing of the kind
  const above = await failure(["track", "c", "--parent", "b"], cwd);
  assert.deepEqual([above.exit, above.code, above.details["cycle"]], [6, "invalid_data", ["b", "a"]]);
  const untracked = await failure(["untrack", "a"], cwd);
  assert.deepEqual([untracked.exit, untracked.details["cycle"]], [6, ["a", "b"]]);
  await succeed(["track", "a", "--parent", "main"], cwd);
  await succeed(["track", "c", "--parent", "b"], cwd);
});

test("track refuses branches and parents that are missing, and the trunk", async () => {
  const cwd = repository();
  const gone = await failure(["track", "nope", "--parent", "main"], cwd);
  assert.deepEqual([gone.exit, gone.details["ref"]], [1, "refs/heads/nope"]);
  assert.deepEqual((await failure(["track", "a", "--parent", "nope"], cwd)).details["ref"], "refs/heads/nope");
  const untracked = await failure(["track", "b", "--parent", "a"], cwd);
  assert.deepEqual([untracked.exit, untracked.code], [1, "not_found"]);
  assert.equal(untracked.hint, "track it first: lattice track a --parent main");
  assert.equal((await failure(["track", "main", "--parent", "a"], cwd)).exit, 2);
  assert.equal((await failure(["track", "a"], cwd)).exit, 2);
  assert.equal((await failure(["track", "a", "--parent", "-x"], cwd)).exit, 2);
  assert.equal((await failure(["track", "a..b", "--parent", "main"], cwd)).exit, 2);
  await succeed(["track", "a", "--parent", "main"], cwd);
  gitText(["branch", "-D", "a"], cwd);
  assert.equal((await failure(["track", "b", "--parent", "a"], cwd)).exit, 1, "tracked, and gone");
});

test("track refuses unrelated branches unless told where one begins, and another tool's document", async () => {
  const cwd = repository();
  gitText(["checkout", "-q", "--orphan", "island"], cwd);
  commit(cwd, "alone");
  const { exit, code, hint } = await failure(["track", "island", "--parent", "main"], cwd);
  assert.deepEqual([exit, code], [1, "not_found"]);
  assert.match(hint ?? "", /--base/);
  await succeed(["track", "island", "--parent", "main", "--base", "island"], cwd);
  const blob = gitText(["hash-object", "-w", "--stdin"], cwd, '{"parentBranchName":"main"}');
  gitText(["update-ref", "refs/branch-metadata/a", blob], cwd);
  for (const args of [["track", "a", "--parent", "main"], ["untrack", "a"], ["freeze", "a"], ["unfreeze", "a"]]) {
    assert.equal((await failure(args, cwd)).exit, 6, args.join(" "));
  }
});

test("track and log know a trunk that only origin has", async () => {
  const origin = repository();
  const cwd = join(temporaryFolder(), "clone");
  gitText(["clone", "-q", "-b", "a", origin, cwd], origin);
  gitText(["remote", "set-head", "origin", "main"], cwd);
  assert.equal(git(["rev-parse", "--verify", "-q", "refs/heads/main"], cwd).exit, 1);
  await succeed(["track", "a", "--parent", "main"], cwd);
  assert.equal((await metadataOf(cwd, "a")).base.oid, oidOf(cwd, "origin/main"));
  assert.equal((await succeed(["log"], cwd)).stdout, "◆ main\n* a  2 ahead\n");
});

test("untrack moves the children to the parent, in one operation that undo takes back", async () => {
  const cwd = await stack();
  const before = gitText(["for-each-ref"], cwd);
  await succeed(["freeze", "c", "--reason", "kept"], cwd);
  const frozen = gitText(["for-each-ref"], cwd);
  const ended = await succeed(["untrack", "b"], cwd);
  assert.match(ended.stdout, /^[0-9a-f-]{36}\n$/);
  assert.equal(ended.stderr, `branch "c" is based on "a" now\nbranch "d" is based on "a" now\n`);
  assert.equal(git(["rev-parse", "-q", "--verify", "refs/branch-metadata/b"], cwd).exit, 1);
  assert.equal(oidOf(cwd, "b").length, 40); // the branch stays
  const child = await metadataOf(cwd, "c");
  assert.deepEqual([child.parent, child.base.oid], [{ kind: "branch", name: "a" }, oidOf(cwd, "a")]);
  assert.equal(child.freeze["reason"], "kept");
  await succeed(["undo"], cwd);
  assert.equal(gitText(["for-each-ref"], cwd), frozen);
  await succeed(["undo"], cwd);
  assert.equal(gitText(["for-each-ref"], cwd), before);
});

test("untrack gives children the base that they share with the new parent, or the old one's where that is gone", async () => {
  const cwd = await stack();
  gitText(["checkout", "-q", "main"], cwd);
  gitText(["merge", "-q", "--no-ff", "--no-edit", "a"], cwd);
  gitText(["branch", "-D", "a"], cwd);
  const merged = oidOf(cwd, "b~1"); // the commit of `a` that the trunk has by now
  await succeed(["untrack", "a"], cwd);
  const child = await metadataOf(cwd, "b");
  assert.deepEqual([child.parent, child.base.oid], [{ kind: "trunk", name: "main" }, merged]);
  gitText(["branch", "-D", "c"], cwd);
  await succeed(["untrack", "b"], cwd);
  assert.equal((await metadataOf(cwd, "c")).base.oid, merged);
  const { exit, code } = await failure(["untrack", "b"], cwd);
  assert.deepEqual([exit, code], [1, "not_found"]);
});

test("freeze and unfreeze change what is asked and keep the rest", async () => {
  const cwd = await stack();
  await succeed(["freeze", "c"], cwd);
  const first = (await metadataOf(cwd, "c")).freeze;
  assert.deepEqual([first["state"], first["scope"], first["reason"]], ["frozen", "single", null]);
  await succeed(["freeze", "c", "--scope", "downstack_inclusive", "--reason", "review"], cwd);
  assert.deepEqual(await answer(["freeze", "c"], cwd), { op: null, updates: [] });
  const second = (await metadataOf(cwd, "c")).freeze;
  assert.deepEqual([second["scope"], second["reason"]], ["downstack_inclusive", "review"]);
  assert.equal(second["frozen_at"], first["frozen_at"]);
  assert.equal((await failure(["freeze", "c", "--scope", "all"], cwd)).exit, 2);
  const below = await succeed(["unfreeze", "a"], cwd);
  assert.deepEqual([below.stdout, below.stderr], [
    "",
    'warning: branch "a" stays frozen: the freeze of "c" reaches it\n',
  ]);
  assert.equal((await succeed(["-q", "unfreeze", "a"], cwd)).stderr, "");
  assert.deepEqual(JSON.parse((await succeed(["unfreeze", "a", "--json"], cwd)).stderr), {
    warning: { message: 'branch "a" stays frozen: the freeze of "c" reaches it' },
  });
  assert.deepEqual((await answer<Facts[]>(["log"], cwd)).filter(({ frozen }) => frozen).map(({ branch }) => branch), [
    "a",
    "b",
    "c",
  ]);
  await succeed(["unfreeze", "c"], cwd);
  assert.deepEqual((await metadataOf(cwd, "c")).freeze, { state: "unfrozen" });
  for (const command of ["freeze", "unfreeze", "untrack"]) {
    const { exit, message } = await failure([command, "main"], cwd);
    assert.deepEqual([exit, message], [1, 'branch "main" is the trunk, which is not tracked']);
  }
});

test("a left-over document blocks a longer name, and the error says so", async () => {
  const cwd = await stack();
  gitText(["branch", "-D", "c"], cwd);
  gitText(["branch", "c/x", "b"], cwd);
  const { exit, message } = await failure(["track", "c/x", "--parent", "b"], cwd);
  assert.equal(exit, 3);
  assert.match(message, /refs\/branch-metadata\/c/);
});

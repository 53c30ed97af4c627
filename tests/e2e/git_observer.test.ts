/** With the `reference-transaction` hook installed, what plain git does is journaled, and undo takes it back. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../harness.ts";
import { git, gitText } from "../git_oracle.ts";
import { documentOf, lattice } from "./binary.ts";
import { refsIn, repository } from "./subjects.ts";

interface Listed {
  op_id: string;
  command: string;
  phase: string;
}

function succeed(args: readonly string[], cwd: string): string {
  const ended = lattice(args, { cwd });
  assert.equal(ended.exit, 0, `lattice ${args.join(" ")}: ${ended.stderr}`);
  return ended.stdout;
}

function operations(cwd: string): Listed[] {
  return JSON.parse(succeed(["op", "list", "--json"], cwd)) as Listed[];
}

function observed(): { cwd: string; first: string } {
  const { cwd, first } = repository();
  succeed(["hook", "install", "reference-transaction"], cwd);
  return { cwd, first };
}

test("what git did is undone step by step, back to the beginning, after git gc without reflogs", () => {
  const { cwd } = observed();
  const steps = [
    ["commit", "-q", "--allow-empty", "-m", "second"],
    ["commit", "-q", "--amend", "--allow-empty", "-m", "amended"],
    ["branch", "spare", "HEAD~1"],
    ["branch", "-f", "spare", "HEAD"],
    ["branch", "-D", "-q", "spare"],
    ["tag", "-a", "-m", "tagged", "v1"],
    [
      "update-ref",
      "refs/branch-metadata/spare",
      gitText(["hash-object", "-w", "--stdin"], cwd, documentOf("spare", "ab".repeat(20))),
    ],
    ["update-ref", "-d", "refs/branch-metadata/spare"],
  ];
  const states: string[] = [];
  for (const step of steps) {
    states.push(refsIn(cwd));
    gitText(step, cwd);
  }
  assert.deepEqual(
    operations(cwd).map(({ command, phase }) => `${command} ${phase}`),
    steps.map(([command]) => `git ${command} committed`).reverse(),
  );
  gitText(["reflog", "expire", "--expire=all", "--all"], cwd);
  gitText(["gc", "-q", "--prune=now"], cwd);
  for (const state of states.reverse()) {
    succeed(["undo"], cwd);
    assert.equal(refsIn(cwd), state);
  }
  assert.equal(lattice(["undo"], { cwd }).exit, 1);
  assert.equal(git(["fsck", "--strict", "--no-dangling"], cwd).exit, 0);
});

test("several refs of one git command are one operation; a detached HEAD is a part of it", () => {
  const { cwd, first } = observed();
  gitText(["update-ref", "--stdin"], cwd, `create refs/heads/a ${first}\ncreate refs/heads/b/c ${first}\n`);
  assert.equal(operations(cwd).length, 1);
  gitText(["checkout", "-q", "--detach"], cwd);
  const before = gitText(["rev-parse", "HEAD"], cwd);
  gitText(["commit", "-q", "--allow-empty", "-m", "detached"], cwd);
  succeed(["undo"], cwd);
  assert.equal(gitText(["rev-parse", "HEAD"], cwd), before);
  succeed(["undo"], cwd); // the detaching
  assert.equal(gitText(["symbolic-ref", "HEAD"], cwd), "refs/heads/main");
  succeed(["undo"], cwd);
  assert.equal(git(["rev-parse", "--verify", "-q", "refs/heads/a"], cwd).exit, 1);
});

test("what git gave up, lattice's own transactions and those of op run are not journaled a second time", () => {
  const { cwd, first } = observed();
  assert.notEqual(git(["update-ref", "refs/heads/x", first, "ab".repeat(20)], cwd).exit, 0);
  assert.equal(operations(cwd).length, 0);
  const applied = lattice(["apply"], { cwd, stdin: `{"ref":"refs/heads/x","old":null,"new":"${first}"}\n` });
  assert.equal(applied.exit, 0, applied.stderr);
  succeed(["op", "run", "--", "git", "branch", "y"], cwd);
  const claim = succeed(["op", "begin", "steps"], cwd).trim();
  gitText(["branch", "z"], cwd);
  assert.equal(lattice(["op", "commit"], { cwd, env: { LATTICE_OP: claim } }).exit, 0);
  assert.deepEqual(operations(cwd).map(({ command }) => command), ["op begin steps", "op run git branch y", "apply"]);
  assert.ok(!existsSync(join(cwd, ".git", "lattice", "hook")), "nothing was noted");
});

test("git goes on where nothing can be journaled, and is told so", () => {
  const { cwd } = observed();
  gitText(["branch", "before"], cwd);
  const notes = join(cwd, ".git", "lattice", "hook");
  assert.deepEqual(readdirSync(notes), [], "a note is gone when it is journaled");
  rmdirSync(notes);
  writeFileSync(notes, "");
  const ended = git(["branch", "after"], cwd);
  assert.equal(ended.exit, 0, ended.stderr);
  assert.match(ended.stderr, /warning: what git does here is not in lattice's journal/);
  assert.equal(gitText(["rev-parse", "after"], cwd), gitText(["rev-parse", "before"], cwd));
});

test("passwords in a URL do not get into the journal", () => {
  const { cwd } = observed();
  const { cwd: other } = repository();
  git(
    ["-c", "protocol.file.allow=always", "fetch", "-q", `file://user:hunter2@${other}`, "main:refs/heads/fetched"],
    cwd,
  );
  gitText(["fetch", "-q", other, "main:refs/heads/fetched2"], cwd);
  assert.ok(operations(cwd).some(({ command }) => command === "git fetch"));
  assert.ok(!JSON.stringify(operations(cwd)).includes("hunter2"));
});

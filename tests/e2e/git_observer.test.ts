/** With the `reference-transaction` hook installed, what plain git does is journaled, and undo takes it back. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../harness.ts";
import { git, gitText, runProgram } from "../git_oracle.ts";
import { documentOf, lattice } from "./binary.ts";
import { refsIn } from "./subject.ts";
import { repository } from "./subjects.ts";
import { disturbed } from "./system_calls.ts";

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

test("a variable of an operation that is over, or of another repository, hides nothing", () => {
  const { cwd } = observed();
  const claim = succeed(["op", "begin", "steps"], cwd).trim();
  assert.equal(lattice(["op", "commit"], { cwd, env: { LATTICE_OP: claim } }).exit, 0);
  assert.equal(runProgram("git", ["branch", "later"], cwd, { env: { LATTICE_OP: claim } }).exit, 0);
  assert.deepEqual(operations(cwd).map(({ command }) => command), ["git branch", "op begin steps"]);
});

test("two worktrees that change their own HEAD alike at once have a journal each", () => {
  const { cwd, first } = observed();
  const other = `${cwd}-linked`;
  gitText(["worktree", "add", "-q", "-b", "linked", other], cwd);
  const before = operations(cwd).length;
  const input = `${"0".repeat(40)} ${first} HEAD\n`;
  const hook = (state: string, folder: string) => {
    const ended = lattice(["hook", "reference-transaction", state], { cwd: folder, stdin: input });
    assert.equal(ended.exit + ended.stderr, "0");
  };
  hook("prepared", cwd);
  hook("prepared", other);
  hook("committed", cwd);
  hook("committed", other);
  const listed = operations(cwd);
  assert.equal(listed.length, before + 2);
  const journals = listed.slice(0, 2).map(({ op_id }) =>
    readFileSync(join(cwd, ".git", "lattice", "ops", `${op_id}.jsonl`), "utf8")
  );
  assert.match(journals[1]!, /"old":"ref: refs\/heads\/main"/);
  assert.match(journals[0]!, /"old":"ref: refs\/heads\/linked"/);
});

test("the note of a git that was killed is not taken for that of a later one that changes nothing", () => {
  const { cwd, first } = observed();
  const input = `${"0".repeat(40)} ${first} refs/heads/x\n`;
  const hook = (state: string) => lattice(["hook", "reference-transaction", state], { cwd, stdin: input });
  hook("prepared");
  gitText(["-c", "core.hooksPath=/dev/null", "branch", "x", first], cwd);
  hook("prepared");
  hook("committed");
  assert.deepEqual(operations(cwd), []);
});

test("lines that git does not write never get into a journal, and a damaged note neither", () => {
  const { cwd, first } = observed();
  const zero = "0".repeat(40);
  for (
    const line of [
      `${zero} garbage refs/heads/x`,
      `${zero} ref:bad..name HEAD`,
      `${zero} ref: refs/heads/x`,
      `${zero} ${first} refs/heads/../../../x`,
      `${zero} ${first} refs/heads/a\0b`,
    ]
  ) {
    const stdin = `${line}\n`;
    const noted = lattice(["hook", "reference-transaction", "prepared"], { cwd, stdin });
    assert.equal(noted.exit, 0);
    assert.match(noted.stderr, /is not in lattice's journal/, line);
    assert.equal(lattice(["hook", "reference-transaction", "committed"], { cwd, stdin }).exit, 0);
    assert.deepEqual(operations(cwd), [], line);
  }
  const stdin = `${zero} ${first} refs/heads/x\n`;
  assert.equal(lattice(["hook", "reference-transaction", "prepared"], { cwd, stdin }).stderr, "");
  const notes = join(cwd, ".git", "lattice", "hook");
  writeFileSync(join(notes, readdirSync(notes)[0]!), '[{"ref":"refs/heads/x","old":"garbage","new":null}]');
  const ended = lattice(["hook", "reference-transaction", "committed"], { cwd, stdin });
  assert.equal(ended.exit, 0);
  assert.match(ended.stderr, /the note ".*" is damaged/);
  assert.deepEqual(operations(cwd), []);
  assert.deepEqual(readdirSync(notes), []);
});

test("packing refs is nothing to journal, even where another git moves the ref in the middle of it", () => {
  const { cwd } = repository();
  const hook = join(cwd, ".git", "hooks", "reference-transaction");
  // Runs before lattice's own is asked what became of the ref whose file has just gone.
  const move = "GIT_DIR=$PWD/.git git -c core.hooksPath=/dev/null update-ref refs/heads/packed moved";
  gitText(["commit", "-q", "--allow-empty", "-m", "second"], cwd);
  gitText(["tag", "moved"], cwd);
  gitText(["branch", "packed", "HEAD~1"], cwd);
  succeed(["hook", "install", "reference-transaction"], cwd);
  renameSync(hook, `${hook}.inner`);
  writeFileSync(
    hook,
    `#!/bin/sh
lines=$(cat)
case "$1 $lines" in committed*" ${"0".repeat(40)} refs/heads/packed"*) ${move} ;; esac
printf '%s\\n' "$lines" | "$0.inner" "$@"
`,
    { mode: 0o755 },
  );
  gitText(["pack-refs", "--all"], cwd);
  assert.equal(gitText(["rev-parse", "packed"], cwd), gitText(["rev-parse", "moved"], cwd));
  assert.deepEqual(operations(cwd), []);
});

test("no lock and nothing half written stays where the disk is full or fails while git's change is journaled", () => {
  const { cwd, first } = observed();
  gitText(["commit", "-q", "--allow-empty", "-m", "second"], cwd);
  const zero = "0".repeat(40);
  const surroundings = { cwd, stdin: `${zero} ${first} refs/heads/x\n` };
  const unobserved = ["-c", "core.hooksPath=/dev/null", "update-ref", "refs/heads/x"];
  let failed = 0;
  for (const [name, error] of [["write", "ENOSPC"], ["fsync", "EIO"], ["rename", "EACCES"]] as const) {
    for (let when = 1; when <= 8; when++) {
      gitText([...unobserved, "HEAD"], cwd);
      lattice(["hook", "reference-transaction", "prepared"], surroundings);
      gitText([...unobserved, first], cwd);
      const args = ["hook", "reference-transaction", "committed"];
      const ended = disturbed({ name, when }, `error=${error}`, args, surroundings);
      assert.equal(ended.exit, 0, ended.stderr);
      if (/not in lattice's journal/.test(ended.stderr)) failed++;
      const left = readdirSync(join(cwd, ".git"), { recursive: true, encoding: "utf8" })
        .filter((path) => path.endsWith(".lock") || path.startsWith("lattice/hook/"));
      assert.deepEqual(left, [], `${error} at ${name} number ${when}`);
    }
  }
  assert.ok(failed >= 6, `${failed} times it was told`);
  assert.equal(lattice(["doctor"], { cwd }).stdout, "nothing is wrong\n");
});

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "../harness.ts";
import { git, gitText } from "../git_oracle.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { type Ended, lattice } from "./binary.ts";
import { refsIn } from "./subject.ts";
import { documentLine, repository } from "./subjects.ts";

/** Removes everything that no ref leads to. */
function collect(cwd: string): void {
  gitText(["reflog", "expire", "--expire=all", "--all"], cwd);
  gitText(["gc", "-q", "--prune=now"], cwd);
}

function succeed(args: readonly string[], cwd: string, stdin?: string): Ended {
  const ended = lattice(args, stdin === undefined ? { cwd } : { cwd, stdin });
  assert.equal(ended.exit, 0, `lattice ${args.join(" ")}: ${ended.stderr}`);
  return ended;
}

function apply(cwd: string, ...lines: readonly (string | Record<string, unknown>)[]): string {
  const input = lines.map((line) => typeof line === "string" ? line : JSON.stringify(line)).join("\n");
  return succeed(["apply"], cwd, input).stdout.trim();
}

/** A commit that no ref leads to, with a file of its own. */
function commitOf(cwd: string, parent: string, text: string): string {
  const blob = gitText(["hash-object", "-w", "--stdin"], cwd, text);
  const tree = gitText(["mktree"], cwd, `100644 blob ${blob}\tfile\n`);
  return gitText(["commit-tree", tree, "-p", parent, "-m", text], cwd);
}

function expectWhole(cwd: string): void {
  const fsck = git(["fsck", "--strict", "--no-dangling", "--no-progress"], cwd);
  assert.deepEqual({ exit: fsck.exit, stderr: fsck.stderr }, { exit: 0, stderr: "" });
}

/** Five operations over branches, tags and documents; the state before each, and after the last. */
function history(cwd: string, first: string): { states: string[]; ops: string[] } {
  const second = commitOf(cwd, first, "only on one");
  const third = commitOf(cwd, first, "only on two");
  gitText(["tag", "-a", "-m", "tagged", "tag", third], cwd);
  const tag = gitText(["rev-parse", "refs/tags/tag"], cwd);
  const steps = [
    [{ ref: "refs/heads/one", old: null, new: second }, documentLine("one", first)],
    [{ ref: "refs/heads/one", old: second, new: third }, documentLine("one", second), documentLine("two", second)],
    [{ ref: "refs/heads/one", old: third, new: null }, { ref: "refs/tags/tag", old: tag, new: null }],
    [{ branch: "one", metadata: null }, { branch: "two", metadata: null }, { ref: "refs/heads/side", new: first }],
    [documentLine("one", third), { ref: "refs/heads/two", old: null, new: third }],
  ];
  const states: string[] = [];
  const ops: string[] = [];
  for (const step of steps) {
    states.push(refsIn(cwd));
    ops.push(apply(cwd, ...step));
  }
  states.push(refsIn(cwd));
  return { states, ops };
}

test("undo repeated walks back over every state, each time after git gc --prune=now without reflogs", () => {
  const { cwd, first } = repository();
  const { states, ops } = history(cwd, first);
  for (let step = ops.length - 1; step >= 0; step--) {
    collect(cwd);
    const ended = JSON.parse(succeed(["--json", "undo"], cwd).stdout) as { op: string; updates: unknown[] };
    assert.notEqual(ended.op, ops[step]);
    assert.equal(refsIn(cwd), states[step], `undo of operation ${step}`);
    expectWhole(cwd);
  }
  collect(cwd);
  expectWhole(cwd);
  assert.equal(lattice(["undo"], { cwd }).exit, 1, "nothing is left to undo");
  assert.equal(refsIn(cwd), states[0]);
});

test("undo of an undo is redo, back and forth, each time after git gc --prune=now without reflogs", () => {
  const { cwd, first } = repository();
  const { states, ops } = history(cwd, first);
  const newest = ops[ops.length - 1] ?? "";
  const [before, after] = states.slice(-2);
  let target = newest;
  for (let turn = 0; turn < 4; turn++) {
    collect(cwd);
    target = succeed(["undo", target], cwd).stdout.trim();
    assert.equal(refsIn(cwd), turn % 2 === 0 ? before : after, `turn ${turn}`);
    expectWhole(cwd);
  }
  const listed = JSON.parse(succeed(["--json", "op", "list"], cwd).stdout) as { op_id: string; undone_by: unknown }[];
  assert.equal(listed.find(({ op_id }) => op_id === newest)?.undone_by, null, "after redo it counts as not undone");
  assert.equal(lattice(["undo", ops[0] ?? ""], { cwd }).exit, 10, "the first is covered by later ones");
  assert.equal(refsIn(cwd), after);
});

test("undo after all undone can be redone from the first operation to the last", () => {
  const { cwd, first } = repository();
  const { states, ops } = history(cwd, first);
  const undos = ops.map(() => succeed(["undo"], cwd).stdout.trim());
  collect(cwd);
  for (const [step, undo] of undos.reverse().entries()) {
    succeed(["undo", undo], cwd);
    assert.equal(refsIn(cwd), states[step + 1], `redo of operation ${step}`);
    collect(cwd);
  }
  expectWhole(cwd);
});

test("undo of what others moved since changes nothing, exit code 10, both sides in --json", () => {
  const { cwd, first, second } = repository();
  const mine = commitOf(cwd, first, "mine");
  const op = apply(cwd, { ref: "refs/heads/side", old: second, new: mine }, documentLine("side", first));
  gitText(["update-ref", "refs/heads/side", first], cwd);
  const moved = refsIn(cwd);
  const ended = lattice(["--json", "undo"], { cwd });
  assert.equal(ended.exit, 10);
  assert.equal(ended.stdout, "");
  const { error } = JSON.parse(ended.stderr) as { error: { code: string; details: unknown } };
  assert.equal(error.code, "diverged");
  assert.deepEqual(error.details, { op, refs: [{ ref: "refs/heads/side", expected: mine, actual: first }] });
  assert.equal(refsIn(cwd), moved);
  assert.equal(lattice(["op", "status"], { cwd }).exit, 0);

  gitText(["update-ref", "-d", "refs/heads/side"], cwd);
  gitText(["update-ref", "refs/heads/mine", mine], cwd); // a keep ref keeps what was replaced, not what replaced it
  collect(cwd);
  const gone = JSON.parse(lattice(["--json", "undo"], { cwd }).stderr) as { error: { details: unknown } };
  assert.deepEqual(gone.error.details, { op, refs: [{ ref: "refs/heads/side", expected: mine, actual: null }] });

  gitText(["update-ref", "refs/heads/side", mine], cwd);
  succeed(["undo"], cwd);
  assert.equal(gitText(["rev-parse", "side"], cwd), second);
  expectWhole(cwd);
});

test("undo in one worktree takes back what another one did, after git gc in a third", () => {
  const { cwd, first, second } = repository();
  const one = join(temporaryFolder(), "one");
  const two = join(temporaryFolder(), "two");
  gitText(["worktree", "add", "-q", "-b", "one", one, first], cwd);
  gitText(["worktree", "add", "-q", "--detach", two, first], cwd);
  const mine = commitOf(one, first, "made in one");
  const before = refsIn(cwd);
  apply(one, { ref: "refs/heads/one", old: first, new: mine }, documentLine("one", first));
  apply(two, { ref: "refs/heads/side", old: second, new: null }, documentLine("side", second));
  const after = refsIn(cwd);
  assert.equal(gitText(["rev-parse", "HEAD"], one), mine);

  collect(cwd);
  const undoOfTwo = succeed(["undo"], one).stdout.trim();
  collect(two);
  const undoOfOne = succeed(["undo"], two).stdout.trim();
  assert.equal(refsIn(cwd), before);
  assert.equal(gitText(["rev-parse", "HEAD"], one), first);
  assert.equal(gitText(["rev-parse", "HEAD"], two), first);
  collect(one);
  succeed(["undo", undoOfOne], cwd);
  succeed(["undo", undoOfTwo], cwd);
  assert.equal(refsIn(cwd), after);
  expectWhole(cwd);
  expectWhole(two);
});

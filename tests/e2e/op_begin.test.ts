import assert from "node:assert/strict";
import { test } from "../harness.ts";
import { gitText, runProgram } from "../git_oracle.ts";
import { binary, lattice, textOf } from "./binary.ts";
import { expectIdle, expectPaused, must, operationsIn, refsOf, stage } from "./op_stage.ts";

/** Steps of several processes, some of them plain git's. */
function steps(cwd: string): { claim: string; before: string[]; after: string[] } {
  const before = refsOf(cwd);
  const claim = must(["op", "begin", "deploy"], cwd);
  assert.match(claim, /^[0-9a-f-]{36}:[0-9a-f]{48}$/);
  const env = { LATTICE_OP: claim };
  gitText(["branch", "by-git"], cwd);
  must(["op", "checkpoint", "half"], cwd, env);
  gitText(["branch", "-m", "feat", "feat/sub"], cwd);
  must(["git", "update-ref", "refs/heads/joined", "main"], cwd, env);
  gitText(["commit", "-q", "--allow-empty", "-m", "more"], cwd);
  return { claim, before, after: refsOf(cwd) };
}

test("op begin, checkpoint and commit make one operation of what several processes and plain git do", () => {
  const cwd = stage();
  const { claim, before, after } = steps(cwd);
  const op = claim.split(":")[0]!;
  assert.equal(expectPaused(cwd, /^begun$/), op);
  assert.equal(must(["op", "commit"], cwd), op);
  expectIdle(cwd);
  assert.deepEqual(refsOf(cwd), after);
  assert.equal(operationsIn(cwd).length, 1);
  const shown = JSON.parse(must(["--json", "op", "show", op], cwd)) as { phase: string; steps: { kind: string }[] };
  assert.equal(shown.phase, "committed");
  assert.ok(shown.steps.some(({ kind }) => kind === "checkpoint"));
  gitText(["reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all"], cwd);
  gitText(["gc", "-q", "--prune=now"], cwd);
  must(["undo"], cwd);
  assert.deepEqual(refsOf(cwd), before);
  must(["undo", operationsIn(cwd)[0]!.op_id], cwd);
  assert.deepEqual(refsOf(cwd), after);
  expectIdle(cwd);
});

test("op begin takes the operation back when its claim cannot be written, or nobody reads it", () => {
  const cwd = stage();
  const before = refsOf(cwd);
  for (
    const [script, exit, told] of [
      ['"$0" op begin deploy >/dev/full', 7, /^error: .*ENOSPC/],
      ['{ sleep 0.2; "$0" op begin deploy; echo $? >&2; } | :', 0, /^141\n$/],
    ] as const
  ) {
    const ended = textOf(runProgram("sh", ["-c", script, binary], cwd));
    assert.equal(ended.exit, exit, ended.stderr);
    assert.match(ended.stderr, told);
    expectIdle(cwd);
    assert.equal(operationsIn(cwd)[0]!.phase, "rolled_back");
    assert.deepEqual(refsOf(cwd), before);
  }
});

test("abort of a begun operation takes back everything since, lists it, and can be undone itself", () => {
  const cwd = stage();
  const { claim, before, after } = steps(cwd);
  const aborted = lattice(["abort"], { cwd });
  assert.equal(aborted.exit, 0, aborted.stderr);
  for (const ref of ["refs/heads/by-git", "refs/heads/joined", "refs/heads/main", "refs/heads/feat/sub"]) {
    assert.ok(aborted.stderr.includes(`${ref}: `), `${ref} is listed: ${aborted.stderr}`);
  }
  assert.deepEqual(refsOf(cwd), before);
  expectIdle(cwd);
  const [own] = operationsIn(cwd);
  assert.equal(aborted.stdout, `${own!.op_id}\n`, "what undo needs");
  assert.match(aborted.stderr, new RegExp(`^took back operation ${claim.split(":")[0]}$`, "m"));
  must(["undo", own!.op_id], cwd);
  assert.deepEqual(refsOf(cwd), after);
  assert.equal(lattice(["abort"], { cwd }).exit, 1);
  expectIdle(cwd);
});

test("abort of a begun operation refuses, and changes nothing, where git gc has removed what it would put back", () => {
  const cwd = stage();
  gitText(["commit", "-q", "--allow-empty", "-m", "of feat"], cwd);
  gitText(["update-ref", "refs/heads/feat", "HEAD"], cwd);
  gitText(["update-ref", "refs/heads/main", "HEAD~1"], cwd);
  const before = refsOf(cwd);
  const lost = gitText(["rev-parse", "feat"], cwd);
  const commit = gitText(["cat-file", "commit", lost], cwd);
  const claim = must(["op", "begin", "deploy"], cwd);
  gitText(["branch", "by-git"], cwd);
  gitText(["branch", "-q", "-D", "feat"], cwd);
  must(["git", "update-ref", "refs/heads/joined", "main"], cwd, { LATTICE_OP: claim });
  gitText(["reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all"], cwd);
  gitText(["gc", "-q", "--prune=now"], cwd);
  const after = refsOf(cwd);
  const aborted = lattice(["abort"], { cwd });
  assert.equal(aborted.exit, 6, aborted.stderr);
  assert.ok(aborted.stderr.includes(`cannot set "refs/heads/feat": there is no object ${lost}`), aborted.stderr);
  assert.deepEqual(refsOf(cwd), after);
  expectPaused(cwd, /^begun$/);
  // Once the object is back, such as by a fetch, the same command does it.
  assert.equal(gitText(["hash-object", "-t", "commit", "-w", "--stdin"], cwd, `${commit}\n`), lost);
  must(["abort"], cwd);
  assert.deepEqual(refsOf(cwd), before);
  expectIdle(cwd);
});

test("while an operation is begun, a changing command outside of it is exit code 5 and is told what to type", () => {
  const cwd = stage();
  const { claim } = steps(cwd);
  const op = claim.split(":")[0]!;
  for (const args of [["meta", "delete", "x"], ["undo"], ["op", "begin", "again"], ["op", "run", "--", "true"]]) {
    const ended = lattice(args, { cwd });
    assert.equal(ended.exit, 5, args.join(" "));
    assert.ok(ended.stderr.includes(op) && ended.stderr.includes("lattice op commit"), ended.stderr);
    assert.ok(!ended.stderr.includes(claim.split(":")[1]!), "the token is a secret");
  }
  assert.equal(lattice(["undo"], { cwd, env: { LATTICE_OP: claim } }).exit, 5);
  assert.equal(lattice(["op", "begin", "x"], { cwd, env: { LATTICE_OP: claim } }).exit, 5);
  assert.equal(lattice(["meta", "list"], { cwd }).exit, 0);
  must(["recover"], cwd);
  expectPaused(cwd, /^begun$/);
  must(["op", "commit"], cwd, { LATTICE_OP: claim });
  assert.equal(lattice(["op", "commit"], { cwd }).exit, 1);
  assert.equal(lattice(["op", "checkpoint", "x"], { cwd }).exit, 1);
  expectIdle(cwd);
});

test("op commit and abort wait for a rebase that is in progress", () => {
  const cwd = stage();
  const before = refsOf(cwd);
  const claim = must(["op", "begin", "steps"], cwd);
  gitText(["-c", "sequence.editor=sed -i s/pick/edit/", "rebase", "-q", "-i", "main~1"], cwd);
  assert.equal(lattice(["op", "commit"], { cwd, env: { LATTICE_OP: claim } }).exit, 5);
  assert.equal(lattice(["abort"], { cwd }).exit, 5);
  expectPaused(cwd, /^begun$/);
  gitText(["rebase", "--abort"], cwd);
  must(["abort"], cwd);
  assert.deepEqual(refsOf(cwd), before);
  expectIdle(cwd);
});

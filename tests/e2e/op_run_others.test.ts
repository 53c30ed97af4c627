import assert from "node:assert/strict";
import process from "node:process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "../harness.ts";
import { gitText, runProgram } from "../git_oracle.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { binary, documentOf, lattice } from "./binary.ts";
import {
  addFile,
  ANOTHER_TERMINAL,
  expectIdle,
  expectPaused,
  must,
  operationsIn,
  opRun,
  pipe,
  refsOf,
  stage,
  startRun,
} from "./op_stage.ts";

test("op run: what another terminal changes beside a program that succeeds is named and left out", () => {
  const cwd = stage();
  const before = refsOf(cwd);
  const ended = opRun(`git branch mine; ${ANOTHER_TERMINAL} git branch theirs`, cwd);
  assert.equal(ended.exit, 0);
  assert.match(ended.stderr, /refs\/heads\/theirs changed meanwhile, not by this operation/);
  assert.doesNotMatch(ended.stderr, /refs\/heads\/mine changed meanwhile/);
  must(["undo"], cwd);
  const theirs = refsOf(cwd).filter((line) => !before.includes(line));
  assert.deepEqual(theirs.map((line) => line.split(" ")[0]), ["refs/heads/theirs"]);
  expectIdle(cwd);
});

for (const way of ["continue", "abort"] as const) {
  test(`op run: what another terminal changes beside a program that fails pauses it: ${way}`, () => {
    const cwd = stage();
    const before = refsOf(cwd);
    const ended = opRun(`git branch mine; ${ANOTHER_TERMINAL} git branch -f feat main~1; exit 4`, cwd);
    assert.equal(ended.exit, 4);
    assert.match(ended.stderr, /refs\/heads\/feat: was [0-9a-f]{40}, is [0-9a-f]{40}/);
    const op = expectPaused(cwd, /not its own/);
    const found = refsOf(cwd);
    assert.ok(!found.some((line) => line.includes("heads/mine ")), "its own is taken back");
    assert.notDeepEqual(found, before);

    const refused = lattice(["meta", "set", "feat"], {
      cwd,
      stdin: documentOf("feat", gitText(["rev-parse", "main"], cwd)),
    });
    assert.equal(refused.exit, 5);
    assert.ok(refused.stderr.includes(op) && refused.stderr.includes("lattice continue"), refused.stderr);
    must(["recover"], cwd);
    expectPaused(cwd, /not its own/);
    gitText(["branch", "by-git"], cwd);
    gitText(["branch", "-D", "by-git"], cwd);

    must([way], cwd);
    assert.deepEqual(refsOf(cwd), way === "continue" ? found : before);
    expectIdle(cwd);
    assert.equal(lattice([way], { cwd }).exit, 1);
    if (way === "continue") return;
    must(["undo", operationsIn(cwd)[0]!.op_id], cwd);
    assert.deepEqual(refsOf(cwd), found, "even the abort is undone");
  });
}

test("abort refused because of a rebase leaves what is to be decided: continue leaves others' refs as they are", () => {
  const cwd = stage();
  addFile(cwd, "feature", "another");
  assert.equal(opRun(`git branch mine; ${ANOTHER_TERMINAL} git branch theirs; exit 4`, cwd).exit, 4);
  const op = expectPaused(cwd, /not its own/);
  const found = refsOf(cwd);
  assert.notEqual(runProgram("git", ["rebase", "-q", "feat"], cwd).exit, 0);
  assert.equal(lattice(["abort"], { cwd }).exit, 5);
  expectPaused(cwd, /not its own/);
  gitText(["rebase", "--abort"], cwd);
  must(["continue"], cwd);
  assert.deepEqual(refsOf(cwd), found);
  assert.deepEqual(operationsIn(cwd).map(({ op_id, phase }) => [op_id, phase]), [[op, "rolled_back"]]);
  expectIdle(cwd);
});

test("op run: a ref that its program and another terminal both moved is left for a person", () => {
  const cwd = stage();
  const [first, second] = [gitText(["rev-parse", "main~1"], cwd), gitText(["rev-parse", "main~2"], cwd)];
  const script =
    `git update-ref refs/heads/feat ${first}; ${ANOTHER_TERMINAL} git update-ref refs/heads/feat ${second}; exit 1`;
  assert.equal(opRun(script, cwd).exit, 1);
  expectPaused(cwd, /not its own/);
  assert.equal(gitText(["rev-parse", "feat"], cwd), second);
  must(["continue"], cwd);
  assert.equal(gitText(["rev-parse", "feat"], cwd), second);
  expectIdle(cwd);
});

test("op run: a ref that breaks meanwhile pauses it, and the rest is taken back", () => {
  const cwd = stage();
  assert.equal(opRun("git branch mine; : >.git/refs/heads/feat; exit 1", cwd).exit, 1);
  expectPaused(cwd, /not its own/);
  assert.equal(existsSync(join(cwd, ".git/refs/heads/mine")), false);
  rmSync(join(cwd, ".git/refs/heads/feat"));
  must(["continue"], cwd);
  expectIdle(cwd);
});

test("op run that cannot put back what its program had pruned is paused and says what is missing", () => {
  const cwd = stage();
  const script = `git branch mine; git branch -D feat; git reflog expire --expire=now --expire-unreachable=now --all
    git -c gc.pruneExpire=now gc -q; exit 1`;
  const ended = opRun(script, cwd);
  assert.equal(ended.exit, 1);
  expectPaused(cwd, /there is no object/);
  must(["continue"], cwd);
  expectIdle(cwd);
});

test("op run killed beside its program: recovery waits while the program lives, then takes back", async () => {
  const cwd = stage();
  const before = refsOf(cwd);
  const [ready, go] = [pipe(), pipe()];
  const running = startRun(`git branch early; echo >'${ready.path}'; read x <'${go.path}'; git branch late`, cwd);
  ready.read();
  process.kill(running.pid, "SIGKILL");
  assert.equal((await running.ended).signal, "SIGKILL");
  const waiting = lattice(["--lock-timeout", "0", "recover"], { cwd });
  assert.equal(waiting.exit, 4, waiting.stderr);
  assert.match(waiting.stderr, /locked by "op run/);
  assert.match(lattice(["op", "status"], { cwd }).stdout, /^unfinished: /);
  go.write();
  await running.silent;
  const recovered = must(["recover"], cwd);
  assert.match(recovered, / rolled_back$/);
  assert.deepEqual(refsOf(cwd), before);
  expectIdle(cwd);
});

test("op run whose program is killed with SIGKILL takes back what it did", async () => {
  const cwd = stage();
  const before = refsOf(cwd);
  const [ready, never] = [pipe(), pipe()];
  const running = startRun(`git branch early; echo $$ >'${ready.path}'; read x <'${never.path}'`, cwd);
  process.kill(Number(ready.read()), "SIGKILL");
  assert.equal((await running.ended).code, 137);
  assert.deepEqual(refsOf(cwd), before);
  expectIdle(cwd);
});

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
  test(`op run that gets ${signal} while its program runs lets it end, records it, and ends with ${code}`, async () => {
    const cwd = stage();
    const [ready, go] = [pipe(), pipe()];
    const running = startRun(`git branch early; echo >'${ready.path}'; read x <'${go.path}'; git branch late`, cwd);
    ready.read();
    process.kill(running.pid, signal);
    go.write();
    assert.equal((await running.ended).code, code);
    assert.equal(operationsIn(cwd)[0]!.phase, "committed");
    expectIdle(cwd);
    must(["undo"], cwd);
    assert.ok(!refsOf(cwd).some((line) => /early|late/.test(line)));
  });
}

test("op run gives the lock back when it ends, though its program left a child behind", async () => {
  const cwd = stage();
  const go = pipe();
  const running = startRun(`git branch x; (read x <'${go.path}') &`, cwd);
  assert.equal((await running.ended).code, 0);
  must(["--lock-timeout", "0", "undo"], cwd);
  go.write();
  await running.silent;
  expectIdle(cwd);
});

test("op run whose program deletes lattice's journals says so and leaves a way on", () => {
  const cwd = stage();
  const ended = opRun("git branch x; rm -r .git/lattice/ops; exit 1", cwd);
  assert.equal(ended.exit, 6);
  assert.match(ended.stderr, /lattice recover/);
  must(["recover"], cwd);
  expectIdle(cwd);
});

test("op run in a linked worktree: its HEAD is put back, and no other worktree joins or ends it", () => {
  const cwd = stage();
  const linked = join(temporaryFolder(), "linked");
  gitText(["worktree", "add", "-q", linked, "feat"], cwd);
  const before = [refsOf(cwd), refsOf(linked)];
  const script = "git checkout -q --detach; git commit -q --allow-empty -m x; git branch y; exit 1";
  assert.equal(opRun(script, linked).exit, 1);
  assert.deepEqual([refsOf(cwd), refsOf(linked)], before);
  const join_ = opRun(`cd '${cwd}'; "$LATTICE" git update-ref refs/heads/x main || exit 9`, linked, {
    LATTICE: binary,
  });
  assert.equal(join_.exit, 9);
  assert.match(join_.stderr, /began in another worktree/);
  expectIdle(cwd);

  gitText(["branch", "z"], cwd);
  assert.equal(opRun(`${ANOTHER_TERMINAL} git branch -f z main~1; exit 1`, linked).exit, 1);
  const elsewhere = lattice(["abort"], { cwd });
  assert.equal(elsewhere.exit, 5);
  assert.ok(elsewhere.stderr.includes(linked), elsewhere.stderr);
  must(["abort"], linked);
  expectIdle(cwd);
});

test("op run: HEADs of other worktrees that the program moves are put back, of new worktrees left alone", () => {
  const cwd = stage();
  const linked = join(temporaryFolder(), "linked");
  gitText(["worktree", "add", "-q", "--detach", linked, "feat"], cwd);
  const before = [refsOf(cwd), refsOf(linked)];
  const renamed = `git -C '${linked}' commit -q --allow-empty -m x; git branch -m main other; exit 1`;
  assert.equal(opRun(renamed, cwd).exit, 1);
  assert.deepEqual([refsOf(cwd), refsOf(linked)], before);
  expectIdle(cwd);
  const added = join(temporaryFolder(), "added");
  assert.equal(opRun(`git worktree add -q '${added}' -b fresh 2>&1; exit 1`, cwd).exit, 1);
  assert.deepEqual(refsOf(cwd), before[0]);
  gitText(["worktree", "remove", "--force", added], cwd); // git fsck has a notice of its unborn branch
  expectIdle(cwd);
});

test("op run: what was killed in a worktree that is gone is taken back from another one, but for what went with it", () => {
  const cwd = stage();
  const linked = join(temporaryFolder(), "linked");
  gitText(["worktree", "add", "-q", linked, "feat"], cwd);
  gitText(["update-ref", "refs/worktree/own", "main~1"], linked);
  const before = refsOf(cwd);
  opRun("git update-ref refs/worktree/own main; git branch mine; git checkout -q --detach; kill -9 $PPID", linked);
  gitText(["worktree", "remove", "--force", linked], cwd);
  must(["recover"], cwd);
  assert.deepEqual(refsOf(cwd), before);
  expectIdle(cwd);
});

test("undo tells what HEAD held as the operation told it: a branch's name, or an object's", () => {
  const cwd = stage();
  const told = (args: readonly string[]) =>
    (JSON.parse(must(["--json", ...args], cwd)) as { updates: { ref: string; old: string; new: string }[] }).updates;
  const detached = told(["op", "run", "--", "git", "checkout", "-q", "--detach"]);
  assert.deepEqual(detached.map(({ ref, old }) => [ref, old]), [["HEAD", "ref: refs/heads/main"]]);
  assert.deepEqual(told(["undo"]), detached.map(({ ref, old, new: next }) => ({ ref, old: next, new: old })));
});

test("op run: other worktrees' own refs that the program moves are put back, in whichever worktree it ran", () => {
  const cwd = stage();
  const linked = join(temporaryFolder(), "linked");
  gitText(["worktree", "add", "-q", "--detach", linked, "feat"], cwd);
  for (const folder of [cwd, linked]) gitText(["update-ref", "refs/worktree/own", "main~1"], folder);
  const own = (folder: string) => gitText(["rev-parse", "refs/worktree/own", "refs/bisect/bad"], folder);
  for (const folder of [cwd, linked]) gitText(["update-ref", "refs/bisect/bad", "main~1"], folder);
  const before = [own(cwd), own(linked)];
  for (const [here, there] of [[cwd, linked], [linked, cwd]] as const) {
    const name = here === cwd ? "worktrees/linked/refs/bisect/bad" : "main-worktree/refs/bisect/bad";
    const moves = `git -C '${there}' update-ref refs/worktree/own main; "$LATTICE" git update-ref '${name}' main`;
    assert.equal(opRun(`${moves}; exit 1`, here, { LATTICE: binary }).exit, 1);
    assert.deepEqual([own(cwd), own(linked)], before);
    expectIdle(cwd);
    assert.equal(opRun(moves, here, { LATTICE: binary }).exit, 0);
    assert.notEqual(own(there), before[here === cwd ? 1 : 0]);
    must(["undo"], there);
    assert.deepEqual([own(cwd), own(linked)], before);
    expectIdle(cwd);
  }
});

test("undo of op run brings back a replaced blob that is too large for the journal, after git gc without reflogs", () => {
  const cwd = stage();
  const large = gitText(["hash-object", "-w", "--stdin"], cwd, "x".repeat(2 * 1024 * 1024));
  gitText(["update-ref", "refs/data/large", large], cwd);
  const before = refsOf(cwd);
  assert.equal(opRun("git update-ref -d refs/data/large", cwd).exit, 0);
  gitText(["reflog", "expire", "--expire=all", "--all"], cwd);
  gitText(["gc", "-q", "--prune=now"], cwd);
  must(["undo"], cwd);
  assert.deepEqual(refsOf(cwd), before);
  assert.equal(gitText(["cat-file", "-s", "refs/data/large"], cwd), String(2 * 1024 * 1024));
});

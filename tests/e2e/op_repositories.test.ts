import assert from "node:assert/strict";
import { chmodSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../harness.ts";
import { gitText } from "../git_oracle.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { binary, lattice } from "./binary.ts";
import { expectIdle, must, opRun, refsOf, stage } from "./op_stage.ts";

test("LATTICE_OP of an operation counts for nothing in another repository, whose own commands work as ever", () => {
  const [cwd, other] = [stage(), stage()];
  const bare = join(temporaryFolder(), "bare.git");
  gitText(["clone", "-q", "--bare", other, bare], "/");
  const hook = join(bare, "hooks/post-receive");
  writeFileSync(hook, `#!/bin/sh\nexec "$LATTICE" git update-ref refs/heads/by-hook main\n`);
  chmodSync(hook, 0o755);
  const env = { LATTICE: binary };
  const inOther = `"$LATTICE" -C '${other}'`;
  const before = refsOf(cwd);

  const script = `${inOther} track feat --parent main; git push -q '${bare}' main:pushed; git branch x; exit 3`;
  const ended = opRun(script, cwd, env);
  assert.equal(ended.exit, 3, ended.stderr);
  assert.deepEqual(refsOf(cwd), before);
  must(["meta", "get", "feat"], other);
  assert.match(gitText(["for-each-ref", "refs/heads/by-hook", "refs/heads/pushed"], bare), /by-hook\n.*pushed$/);

  const nested = `${inOther} op run -- sh -c 'git -C ${other} branch y; "$LATTICE" -C ${other} untrack feat; exit 4'`;
  const both = opRun(
    `git branch x; ${nested} || [ $? = 4 ]; ${inOther} op run -- git -C '${other}' branch z`,
    cwd,
    env,
  );
  assert.equal(both.exit, 0, both.stderr);
  assert.ok(refsOf(cwd).some((line) => line.startsWith("refs/heads/x ")));
  assert.deepEqual(refsOf(other).filter((line) => /heads\/[yz] /.test(line)).map((line) => line.slice(0, 13)), [
    "refs/heads/z ",
  ]);
  must(["meta", "get", "feat"], other);
  for (const folder of [cwd, other]) expectIdle(folder);

  const claim = { LATTICE_OP: must(["op", "begin", "steps"], cwd) };
  must(["untrack", "feat"], other, claim);
  const theirs = { LATTICE_OP: must(["op", "begin", "theirs"], other, claim) };
  const elsewhere = lattice(["meta", "delete", "x"], { cwd: other, env: claim });
  assert.equal(elsewhere.exit, 5, "it is not a part of the operation that is paused there");
  assert.ok(elsewhere.stderr.includes("theirs"), elsewhere.stderr);
  assert.equal(lattice(["meta", "delete", "x"], { cwd, env: theirs }).exit, 5);
  must(["op", "commit"], cwd, claim);
  must(["op", "commit"], other, claim);
  for (const folder of [cwd, other]) expectIdle(folder);
});

test("an operation is known in its repository by any path, and where that has moved to", () => {
  const moved = join(temporaryFolder(), "moved");
  const cwd = stage();
  const link = join(temporaryFolder(), "link");
  symlinkSync(cwd, link);
  const claim = { LATTICE_OP: must(["op", "begin", "steps"], link) };
  must(["op", "checkpoint", "one"], cwd, claim);
  renameSync(cwd, moved);
  must(["op", "checkpoint", "two"], moved, claim);
  must(["op", "commit"], moved, claim);
  assert.equal(lattice(["meta", "delete", "x"], { cwd: moved, env: claim }).exit, 1);
  assert.match(lattice(["meta", "delete", "x"], { cwd: moved, env: claim }).stderr, /names no operation/);
});

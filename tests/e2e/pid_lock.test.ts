/** A repository that is locked by a PID lock file, as on a network file system. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { gitEnvironment, gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { binary, documentOf, lattice, underProgram } from "./binary.ts";
import { repository } from "./subjects.ts";

/** A repository whose config file asks for a PID lock file. */
function pidRepository(): { at: string; base: string } {
  const { cwd: at, first: base } = repository();
  mkdirSync(`${at}/.git/lattice`, { recursive: true });
  writeFileSync(`${at}/.git/lattice/config.toml`, '[lock]\nbackend = "pid"\n');
  return { at, base };
}

test("binary with a PID lock file says so, waits for who lives and names it", async () => {
  const { at, base } = pidRepository();
  const holder = spawn(binary, ["lock", "run", "--", "cat"], {
    cwd: at,
    env: gitEnvironment,
    stdio: ["pipe", "pipe", "inherit"],
  });
  holder.stdin.write("held");
  await once(holder.stdout, "data");
  const status = lattice(["lock", "status", "--json"], { cwd: at });
  const { held, backend, holder: { pid } } = JSON.parse(status.stdout) as {
    held: boolean;
    backend: string;
    holder: { pid: number };
  };
  assert.deepEqual([status.exit, held, backend, pid], [4, true, "pid", holder.pid]);
  const refused = lattice(["meta", "set", "a", "--lock-timeout", "0"], { cwd: at, stdin: documentOf("a", base) });
  assert.equal(refused.exit, 4);
  assert.match(refused.stderr, /lock run -- cat/);
  const gone = once(holder, "close");
  holder.stdin.end();
  await gone;
  const done = lattice(["-v", "meta", "set", "a"], { cwd: at, stdin: documentOf("a", base) });
  assert.equal(done.exit, 0, done.stderr);
  assert.match(done.stderr, /repository lock taken \(pid\)/);
  assert.equal(existsSync(`${at}/.git/lattice/lock.lock`), false);
  assert.deepEqual(lattice(["lock", "status"], { cwd: at }), { exit: 0, stdout: "free\n", stderr: "" });
});

test("binary with a PID lock file that is broken leaves the next one's alone, and says so", () => {
  const { at } = pidRepository();
  const lock = `${at}/.git/lattice/lock.lock`;
  for (const write of ["rm .git/lattice/lock.lock; echo 1 >.git/lattice/lock.lock", "echo 1 >.git/lattice/lock.lock"]) {
    const { exit, stderr } = lattice(["lock", "run", "--", "sh", "-c", write], { cwd: at });
    assert.equal(exit, 4, write);
    assert.match(stderr, /^error: cannot give back the lock ".*lock.lock": .*somebody broke the lock\n/);
    assert.equal(readFileSync(lock, "utf8"), "1\n", write);
    rmSync(lock);
  }
});

test("binary with a PID lock file that is broken tells why it ends, where that is something else", () => {
  const { at, base } = pidRepository();
  const hook = `${at}/.git/hooks/reference-transaction`;
  const lock = ".git/lattice/lock.lock";
  writeFileSync(hook, `#!/bin/sh\n[ "$1" = prepared ] || exit 0\nrm ${lock}; echo 1 >${lock}; exit 1\n`, {
    mode: 0o755,
  });
  const vetoed = lattice(["meta", "set", "a"], { cwd: at, stdin: documentOf("a", base) });
  assert.match(vetoed.stderr, /^error: .*hook/);
  assert.equal(vetoed.exit, 5);
  assert.equal(readFileSync(`${at}/${lock}`, "utf8"), "1\n");
});

test("binary that is killed under a PID lock file is recovered by the next, and commands inside lock run get in", () => {
  const { at, base } = pidRepository();
  const lines = ["a", "b", "c"].map((branch) =>
    JSON.stringify({ branch, metadata: JSON.parse(documentOf(branch, base)) as unknown })
  ).join("\n");
  // The marker and three objects are renamed first, then each ref: behind the commit point.
  const killed = underProgram(
    ["strace", "-f", "-qq", "-e", "trace=rename", "-e", "inject=rename:signal=KILL:when=6", "-o", "/dev/null"],
    ["apply"],
    { cwd: at, stdin: lines },
  );
  assert.equal(killed.exit, 128, "it ended by a signal");
  assert.equal(existsSync(`${at}/.git/lattice/lock.lock`), true);
  const next = lattice(["recover", "--json"], { cwd: at });
  assert.equal(next.exit, 0, next.stderr);
  assert.equal((JSON.parse(next.stdout) as { recovered: unknown[] }).recovered.length, 1);
  assert.equal(existsSync(`${at}/.git/lattice/lock.lock`), false);
  assert.equal(lattice(["op", "status"], { cwd: at }).exit, 0);
  const inside = lattice(["lock", "run", "--", binary, "meta", "set", "d"], {
    cwd: at,
    stdin: documentOf("d", base),
  });
  assert.equal(inside.exit, 0, inside.stderr);
  assert.deepEqual(gitText(["fsck", "--strict"], at), "");
});

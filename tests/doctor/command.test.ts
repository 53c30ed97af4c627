import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { keptStreams, lattice, systemIn } from "../cli/command_line.ts";
import { runCommandLine } from "../../src/cli/run.ts";
import { gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";

/** A repository with an empty ref that nothing tells about. */
function broken(): { cwd: string; path: string } {
  const cwd = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], cwd);
  gitText(["commit", "-q", "--allow-empty", "-m", "first"], cwd);
  const path = join(cwd, ".git/refs/tags/v1");
  writeFileSync(path, "");
  return { cwd, path };
}

test("doctor shows each finding in three lines, and what to type on standard error", async () => {
  const { cwd } = broken();
  const { exit, stdout, stderr } = await lattice(["doctor"], { cwd });
  assert.equal(exit, 1);
  assert.equal(
    stdout,
    'error: ref.empty:refs/tags/v1\n  "refs/tags/v1": the file is empty\n' +
      '  fix: remove "refs/tags/v1", of which nothing tells what it held\n',
  );
  assert.equal(stderr, "hint: 1 finding; to mend one: lattice doctor --fix ref.empty:refs/tags/v1\n");
});

test("doctor --fix on a terminal shows what it would do, asks once, and does it after a yes alone", async () => {
  for (const [answer, mended] of [["n\n", false], ["\n", false], ["", false], ["y\n", true]] as const) {
    const { cwd, path } = broken();
    const { exit, stdout, stderr } = await lattice(["doctor", "--fix"], { cwd, stdin: answer, terminals: [0] });
    assert.match(stderr, /ref\.empty:refs\/tags\/v1: remove "refs\/tags\/v1".*\nDo this\? \[y\/N\] /);
    assert.deepEqual({ answer, exit, there: existsSync(path) }, { answer, exit: mended ? 0 : 1, there: !mended });
    if (mended) assert.match(stdout, /^fixed: ref\.empty:refs\/tags\/v1\n.*\n {2}done: remove/);
  }
});

test("doctor --fix without ids asks nothing and mends nothing where standard input is no terminal", async () => {
  const { cwd, path } = broken();
  const { exit, stderr } = await lattice(["doctor", "--fix"], { cwd, stdin: "y\n" });
  assert.equal(exit, 1);
  assert.match(stderr, /standard input is no terminal to ask on; name the ids behind --fix/);
  assert.ok(existsSync(path));
});

test("doctor refuses ids without --fix, and ids that are none, before it mends anything", async () => {
  const { cwd, path } = broken();
  const without = await lattice(["doctor", "ref.empty:refs/tags/v1"], { cwd });
  assert.equal(without.exit, 2);
  assert.match(without.stderr, /hint: to mend it: lattice doctor --fix ref\.empty:refs\/tags\/v1/);
  const unknown = await lattice(["doctor", "--json", "--fix", "ref.empty:refs/tags/v1", "ref.empty:x"], { cwd });
  assert.equal(unknown.exit, 1);
  assert.equal((JSON.parse(unknown.stderr) as { error: { code: string } }).error.code, "not_found");
  assert.ok(existsSync(path));
});

test("doctor says who holds the repository lock when it cannot mend", async () => {
  const { cwd, path } = broken();
  const { tryAcquireRepoLock } = await import("../../src/locks/repo_lock.ts");
  const commonDir = join(cwd, ".git");
  using held = tryAcquireRepoLock(systemIn({ cwd }), { commonDir, command: "somebody else", backend: "flock" });
  assert.ok(held !== undefined);
  const args = ["doctor", "--lock-timeout", "0", "--fix", "ref.empty:refs/tags/v1"];
  const { exit, stderr } = await lattice(args, { cwd });
  assert.equal(exit, 1);
  assert.match(stderr, /is not mended: the repository is locked by "somebody else"/);
  assert.ok(existsSync(path));
});

test("doctor waits for no lock of git's that stands on the ref, and says so", async () => {
  const { cwd, path } = broken();
  writeFileSync(`${path}.lock`, "");
  const { exit, stderr } = await lattice(["doctor", "--fix", "ref.empty:refs/tags/v1"], { cwd });
  assert.equal(exit, 1);
  assert.match(stderr, /is not mended: cannot lock "refs\/tags\/v1"/);
  assert.deepEqual([existsSync(path), existsSync(`${path}.lock`)], [true, true]);
  assert.equal((await lattice(["op", "status"], { cwd })).stdout, "idle\n");
});

test("doctor is found from below, by --git-dir and by -C, and ends with 9 where there is nothing", async () => {
  const { cwd } = broken();
  mkdirSync(join(cwd, "below"));
  const nowhere = temporaryFolder();
  for (const args of [["-C", join(cwd, "below")], ["--git-dir", join(cwd, ".git")], ["-C", cwd, "-C", "below"]]) {
    const { stdout } = await lattice([...args, "doctor"], { cwd: nowhere });
    assert.match(stdout, /^error: ref\.empty:refs\/tags\/v1\n/);
  }
  assert.equal((await lattice(["doctor"], { cwd: nowhere })).exit, 9);
});

test("doctor ends with 9, as every command, where the git directory that is named is none", async () => {
  const { cwd } = broken();
  for (const named of ["", "no/such", join(cwd, ".git/hooks")]) {
    for (const [args, env] of [[["--git-dir", named], {}], [[], { GIT_DIR: named }]] as const) {
      const asked = await Promise.all(["doctor", "trunk"].map((command) => lattice([...args, command], { cwd, env })));
      assert.deepEqual(asked.map(({ exit }) => exit), [9, 9], JSON.stringify(named));
      assert.equal(asked[0]!.stderr, asked[1]!.stderr);
      assert.match(asked[0]!.stderr, /\nhint: GIT_DIR or --git-dir must name a git directory/);
    }
  }
});

test("doctor looks for a repository only as far up as git does", async () => {
  const { cwd } = broken();
  const below = join(cwd, "below");
  mkdirSync(below);
  writeFileSync(join(cwd, ".git/HEAD"), "damaged\n");
  for (const ceiling of [cwd, join(cwd, ".."), below, `${join(cwd, "..")}:${cwd}`]) {
    const env = { GIT_CEILING_DIRECTORIES: ceiling };
    for (const head of ["damaged\n", "ref: refs/heads/main\n"]) {
      writeFileSync(join(cwd, ".git/HEAD"), head);
      const stops = ceiling.endsWith(cwd);
      const { exit, stdout } = await lattice(["doctor"], { cwd: below, env });
      assert.equal(exit, stops ? 9 : 1, `${ceiling}: ${stdout}`);
      assert.equal(stdout.includes("HEAD"), !stops && head === "damaged\n", stdout);
    }
  }
});

test("doctor finds a configuration of lattice's that is not sound", async () => {
  const { cwd } = broken();
  mkdirSync(join(cwd, ".git/lattice"));
  writeFileSync(join(cwd, ".git/lattice/config.toml"), "trunk = [\n");
  const { stdout } = await lattice(["doctor"], { cwd });
  assert.match(stdout, /^error: config\.invalid:repository\n/);
});

test("doctor escapes what a ref's name could do to a terminal", async () => {
  const { cwd } = broken();
  writeFileSync(join(cwd, ".git/refs/tags/\x1b[31mred"), "");
  const { stdout } = await lattice(["doctor"], { cwd });
  assert.ok(!stdout.includes("\x1b"));
  assert.match(stdout, /ref\.name:refs\/tags\/%1b%5b31mred/);
});

test("doctor takes a repository of somebody else for a finding, and reads nothing of it", async () => {
  const { cwd } = broken();
  const kept = keptStreams({ cwd });
  const system = systemIn({ cwd, env: { GIT_TEST_ASSUME_DIFFERENT_OWNER: "1" } });
  const { exit, stdout } = kept.ended(await runCommandLine(["doctor"], system, kept.streams));
  assert.equal(exit, 1);
  assert.match(stdout, /^error: repository\.unsafe\n {2}.*git config --global --add safe\.directory/);
  assert.equal(readFileSync(join(cwd, ".git/refs/tags/v1"), "utf8"), "");
});

test("doctor does not trust somebody else's folder because its HEAD is broken", async () => {
  const { cwd } = broken();
  writeFileSync(join(cwd, ".git/HEAD"), "");
  const env = { GIT_TEST_ASSUME_DIFFERENT_OWNER: "1" };
  const { stdout } = await lattice(["doctor"], { cwd, env });
  assert.match(stdout, /^error: repository\.unsafe\n/);
});

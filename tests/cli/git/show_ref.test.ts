import { writeFileSync } from "node:fs";
import { join } from "node:path";
import assert from "node:assert/strict";
import { test } from "../../harness.ts";
import { temporaryFolder } from "../../fixtures.ts";
import { gitText, modernGit, runProgram } from "../../git_oracle.ts";
import { latticeGit, sameAsGit } from "./against_git.ts";
import { repositoryOfRefs } from "./ref_repository.ts";

const shared = repositoryOfRefs();

test("show-ref lists and selects refs as git does", async () => {
  for (
    const args of [
      [],
      ["--head"],
      ["--head", "main"],
      ["-h", "main"],
      ["--heads"],
      ["--tags"],
      ["--heads", "--tags"],
      ["--tags", "--heads", "main"],
      ["-d"],
      ["--dereference", "v1.0", "v1.0-nested"],
      ["-s"],
      ["--hash", "main"],
      ["--hash=7"],
      ["--hash=2"],
      ["--hash=99"],
      ["--hash=x"],
      ["--abbrev"],
      ["--abbrev=10", "-d"],
      ["--abbrev=0"],
      ["--abbrev", "-s", "main"],
      ["-s7", "-d"],
      ["main"],
      ["heads/main"],
      ["refs/heads/main"],
      ["ain"],
      ["a"],
      ["side/a", "v2.0"],
      ["nothing"],
      ["-q", "main"],
      ["-q", "nothing"],
      ["--verify", "refs/heads/main"],
      ["--verify", "refs/heads/main", "refs/tags/v1.0", "-d"],
      ["--verify", "-s", "HEAD"],
      ["--verify", "main"],
      ["--verify", "-q", "main"],
      ["--verify", "refs/heads/dangling"],
      ["--verify", "refs/heads/a..b"],
      ["--verify"],
      ["--unknown"],
      ["-x"],
    ]
  ) await sameAsGit(["show-ref", ...args], shared);
});

test("show-ref --exclude-existing filters lines as git does", async () => {
  const stdin = [
    "0123 refs/heads/main",
    "0123 refs/heads/new",
    "x y z\trefs/tags/new^{}",
    "refs/tags/v1.0^{}",
    "refs/bad..name",
    "",
    "word",
    "refs/heads/last",
  ].join("\n");
  for (const option of ["--exclude-existing", "--exclude-existing=refs/heads/", "--exclude-existing=x"]) {
    await sameAsGit(["show-ref", option], shared, { stdin });
    await sameAsGit(["show-ref", option], shared, { stdin: `${stdin}\n` });
  }
});

test("show-ref stops at a damaged ref as git does", async () => {
  const folder = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], folder);
  await sameAsGit(["show-ref"], folder);
  gitText(["commit", "-q", "--allow-empty", "-m", "x"], folder);
  writeFileSync(join(folder, ".git/refs/heads/missing"), `${"1".repeat(40)}\n`);
  for (const args of [[], ["main"], ["missing"], ["-q", "missing"], ["--verify", "refs/heads/missing"]]) {
    await sameAsGit(["show-ref", ...args], folder);
  }
  writeFileSync(join(folder, ".git/refs/heads/broken"), "");
  for (const args of [[], ["--head"], ["main"], ["--tags"]]) await sameAsGit(["show-ref", ...args], folder);
  writeFileSync(join(folder, ".git/refs/heads/zz"), "");
  writeFileSync(join(folder, ".git/refs/heads/missing"), gitText(["rev-parse", "main"], folder));
  await sameAsGit(["show-ref"], folder);
  writeFileSync(join(folder, ".git/refs/heads/missing"), `${"1".repeat(40)}\n`);
  assert.equal((await latticeGit(["for-each-ref"], folder)).exit, 128);
});

test("show-ref --head says what is wrong with a HEAD that git passes over without a word", async () => {
  const folder = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], folder);
  gitText(["commit", "-q", "--allow-empty", "-m", "x"], folder);
  for (const target of ["refs/heads/bad..name", "refs/heads/x.lock", "refs/../config"]) {
    writeFileSync(join(folder, ".git/HEAD"), `ref: ${target}\n`);
    const { exit, stdout, stderr } = await latticeGit(["show-ref", "--head"], folder);
    assert.deepEqual({ exit, stdout }, { exit: 128, stdout: "" });
    assert.ok(stderr.startsWith(`fatal: ref "HEAD" is broken: it points to "${target}"`), stderr);
  }
});

test("show-ref --exists and --branches do what a current git does", async () => {
  for (
    const args of [
      ["--exists", "refs/heads/main"],
      ["--exists", "refs/heads/dangling"],
      ["--exists", "refs/heads/nothing"],
      ["--exists", "HEAD"],
      ["--exists"],
      ["--exists", "HEAD", "HEAD"],
      ["--exists", "--verify", "HEAD"],
      ["--branches"],
    ]
  ) {
    const expected = runProgram(modernGit(), ["show-ref", ...args], shared);
    const actual = await latticeGit(["show-ref", ...args], shared);
    assert.equal(actual.exit, expected.exit, `${args.join(" ")}: ${actual.stderr}${expected.stderr}`);
    assert.deepEqual(actual.stdoutBytes, new Uint8Array(expected.stdout), args.join(" "));
  }
});

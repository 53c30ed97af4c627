import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../fixtures.ts";
import { gitText, modernGit, runProgram } from "../../git_oracle.ts";
import { test } from "../../harness.ts";
import { filesBelow } from "../../interop/twin_repositories.ts";
import { latticeGit } from "./against_git.ts";

/** Branches at several depths, tags of both kinds, symbolic, broken, per-worktree and dangling refs. */
function template(objectFormat: "sha1" | "sha256", git: string): string {
  const folder = temporaryFolder();
  const run = (...args: string[]) => {
    const outcome = runProgram(git, args, folder);
    assert.equal(outcome.exit, 0, outcome.stderr);
    return new TextDecoder().decode(outcome.stdout).trim();
  };
  run("init", "-q", "-b", "main", `--object-format=${objectFormat}`, ...git === "git" ? [] : ["--ref-format=files"]);
  run("commit", "-q", "--allow-empty", "-m", "one");
  run("tag", "-a", "-m", "packed", "old");
  run("branch", "was-packed");
  run("branch", "packed-and-moved");
  run("pack-refs", "--all");
  run("commit", "-q", "--allow-empty", "-m", "two");
  run("branch", "-f", "packed-and-moved", "HEAD");
  run("branch", "deep/er/and/deeper");
  run("branch", "né");
  run("tag", "light");
  run("tag", "-a", "-m", "first", "v1");
  run("tag", "-a", "-m", "tag of a tag", "v2", "v1");
  run("update-ref", "refs/other/blob", run("hash-object", "-w", "--stdin"));
  run("symbolic-ref", "refs/heads/link", "refs/heads/main");
  run("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/nothing");
  run("update-ref", "refs/bisect/bad", "HEAD");
  run("update-ref", "refs/worktree/own", "HEAD");
  writeFileSync(join(folder, ".git/refs/heads/broken"), "rubbish\n");
  writeFileSync(join(folder, ".git/refs/heads/lost"), `${"1".repeat(objectFormat === "sha1" ? 40 : 64)}\n`);
  writeFileSync(join(folder, ".git/refs/heads/back-up~"), "rubbish\n");
  return folder;
}

function copyOf(folder: string): string {
  const copy = temporaryFolder();
  cpSync(folder, copy, { recursive: true, preserveTimestamps: true });
  return copy;
}

/** Bytes of `packed-refs`, and every loose file with its content. */
function state(folder: string): unknown {
  const packed = join(folder, ".git/packed-refs");
  const loose = filesBelow(join(folder, ".git/refs")).map((path) =>
    `${path}: ${readFileSync(join(folder, ".git/refs", path), "latin1")}`
  );
  return { packed: existsSync(packed) ? readFileSync(packed, "latin1") : null, loose, folders: emptyFolders(folder) };
}

function emptyFolders(folder: string): string[] {
  const found: string[] = [];
  const visit = (path: string) => {
    const entries = readdirSync(join(folder, path), { withFileTypes: true });
    if (entries.length === 0) found.push(path);
    for (const entry of entries) if (entry.isDirectory()) visit(`${path}/${entry.name}`);
  };
  visit(".git/refs");
  return found.sort();
}

/** Runs a command with both on a copy each; exit status, output, `packed-refs` and loose files must be the same. */
async function sameEffect(start: string, args: readonly string[], git = "git"): Promise<string> {
  const [theirs, ours] = [copyOf(start), copyOf(start)];
  const wanted = runProgram(git, ["pack-refs", ...args], theirs);
  const got = await latticeGit(["pack-refs", ...args], ours);
  const what = `git pack-refs ${args.join(" ")}\ngit: ${wanted.stderr}\nours: ${got.stderr}`;
  assert.deepEqual([got.exit, got.stdout], [wanted.exit, new TextDecoder().decode(wanted.stdout)], what);
  assert.deepEqual(state(ours), state(theirs), what);
  return ours;
}

test("pack-refs leaves byte for byte what git leaves", async () => {
  const start = template("sha1", "git");
  for (
    const args of [
      [],
      ["--all"],
      ["--all", "--no-prune"],
      ["--no-prune"],
      ["--all", "--no-all"],
      ["--all", "--no-prune", "--prune"],
      ["extra"],
      ["--frobnicate"],
    ]
  ) {
    const once = await sameEffect(start, args);
    await sameEffect(once, ["--all"]);
  }
});

test("pack-refs leaves what a current git leaves, with patterns and --auto, in a SHA-256 repository", async () => {
  const start = template("sha256", modernGit());
  const many = copyOf(start);
  for (let i = 0; i < 20; i++) runProgram(modernGit(), ["update-ref", `refs/heads/many/${i}`, "HEAD"], many);
  for (
    const args of [
      ["--all"],
      ["--auto"],
      ["--all", "--auto"],
      ["--include", "refs/heads/*"],
      ["--include=refs/heads/n*", "--include", "refs/tags/v?"],
      ["--all", "--exclude=refs/heads/*"],
      ["--exclude", "refs/tags/v*"],
      ["--all", "--exclude=refs/tags/*", "--no-exclude"],
      ["--include", "refs/heads/*", "--no-include"],
      ["--include"],
    ]
  ) {
    await sameEffect(start, args, modernGit());
    await sameEffect(many, args, modernGit());
  }
});

test("pack-refs in an empty repository, and from a linked worktree, does what git does", async () => {
  const empty = temporaryFolder();
  gitText(["init", "-q"], empty);
  await sameEffect(empty, []);
  const start = template("sha1", "git");
  const [theirs, ours] = [copyOf(start), copyOf(start)];
  for (const copy of [theirs, ours]) {
    gitText(["worktree", "add", "-q", "-b", "apart", "linked", "main"], copy);
    gitText(["update-ref", "refs/worktree/own", "HEAD"], join(copy, "linked"));
  }
  gitText(["pack-refs", "--all"], join(theirs, "linked"));
  assert.equal((await latticeGit(["pack-refs", "--all"], join(ours, "linked"))).exit, 0);
  assert.deepEqual(state(ours), state(theirs));
  assert.ok(existsSync(join(ours, ".git/worktrees/linked/refs/worktree/own")));
});

test("pack-refs mends the header of an unsorted packed-refs without peeled tags", async () => {
  const start = template("sha1", "git");
  const path = join(start, ".git/packed-refs");
  const records = readFileSync(path, "utf8").split("\n").filter((line) => /^[0-9a-f]/.test(line));
  writeFileSync(path, `${records.reverse().join("\n")}\n`);
  await sameEffect(start, ["--all"]);
});

test("pack-refs leaves a ref that somebody has locked as it is, and says so", async () => {
  const start = template("sha1", "git");
  writeFileSync(join(start, ".git/refs/heads/main.lock"), "");
  const ours = await sameEffect(start, ["--all"]);
  assert.ok(existsSync(join(ours, ".git/refs/heads/main")));
  assert.ok(existsSync(join(ours, ".git/refs/heads/main.lock")));
});

test("pack-refs fails as git does while packed-refs is locked, and changes nothing", async () => {
  const start = template("sha1", "git");
  gitText(["config", "core.packedRefsTimeout", "0"], start);
  writeFileSync(join(start, ".git/packed-refs.lock"), "");
  const ours = await sameEffect(start, ["--all"]);
  assert.deepEqual(state(ours), state(start));
});

test("pack-refs does not take refs away through a linked folder", async () => {
  const start = template("sha1", "git");
  const outside = temporaryFolder();
  writeFileSync(join(outside, "x"), `${gitText(["rev-parse", "HEAD"], start)}\n`);
  symlinkSync(outside, join(start, ".git/refs/heads/linked"));
  const ended = await latticeGit(["pack-refs", "--all"], start);
  assert.equal(ended.exit, 0);
  assert.match(ended.stderr, /refs\/heads\/linked\/x stays loose/);
  assert.deepEqual(readdirSync(outside), ["x"]);
});

test("pack-refs refuses a damaged packed-refs, and a symbolic link in its place, and changes nothing", async () => {
  for (const damage of ["this is no record\n", `${"1".repeat(40)} refs/heads/../../outside\n`]) {
    const start = template("sha1", "git");
    const path = join(start, ".git/packed-refs");
    writeFileSync(path, readFileSync(path, "utf8") + damage);
    const before = state(start);
    const ended = await latticeGit(["pack-refs", "--all"], start);
    assert.equal(ended.exit, 128, ended.stderr);
    assert.deepEqual(state(start), before);
    assert.ok(!existsSync(join(start, ".git/packed-refs.lock")));
  }
  const start = template("sha1", "git");
  const path = join(start, ".git/packed-refs");
  mkdirSync(join(start, "elsewhere"));
  cpSync(path, join(start, "elsewhere/packed-refs"));
  runProgram("rm", [path], start);
  symlinkSync(join(start, "elsewhere/packed-refs"), path);
  const ended = await latticeGit(["pack-refs", "--all"], start);
  assert.deepEqual([ended.exit, /is a symbolic link/.test(ended.stderr)], [128, true]);
});

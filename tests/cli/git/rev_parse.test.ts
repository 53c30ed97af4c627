import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { test } from "../../harness.ts";
import { holdsAsync } from "../../property.ts";
import { temporaryFolder } from "../../fixtures.ts";
import { gitText } from "../../git_oracle.ts";
import { latticeGit, sameAsGit } from "./against_git.ts";

/** A history with merges, tags of tags, remotes, and names that could be read in two ways. */
function repository(): string {
  const folder = temporaryFolder();
  const run = (...args: string[]) => gitText(args, folder);
  run("init", "-q", "-b", "main");
  mkdirSync(join(folder, "sub/deep"), { recursive: true });
  for (let i = 0; i < 5; i++) {
    writeFileSync(join(folder, `sub/f${i}`), `${i}`);
    run("add", ".");
    run("-c", `user.name=n${i}`, "commit", "-q", "-m", `c${i}`, "--date", `${1700000000 + i} +0000`);
  }
  run("checkout", "-q", "-b", "topic", "HEAD~2");
  run("commit", "-q", "--allow-empty", "-m", "t1");
  run("merge", "-q", "-m", "merge", "main");
  run("branch", "side/a", "HEAD~1");
  run("tag", "-a", "-m", "x", "v1", "main");
  run("tag", "-a", "-m", "x", "v1-nested", "v1");
  run("tag", "light", "main~1");
  run("tag", "topic", "main~3");
  run("update-ref", "refs/remotes/origin/main", "main");
  run("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main");
  run("checkout", "-q", "main");
  return folder;
}

const shared = repository();

const REVISIONS = [
  "HEAD",
  "@",
  "main",
  "topic",
  "heads/topic",
  "refs/heads/topic",
  "origin",
  "origin/main",
  "v1",
  "v1^{}",
  "v1^{commit}",
  "v1-nested^{tag}",
  "main^{tree}",
  "main~1",
  "main~9",
  "heads/topic^2",
  "heads/topic^3",
  "HEAD^0",
  "nonsense",
  "main..heads/topic",
  "heads/topic...main",
  "..main",
  "main..",
  "...main",
  "..",
  "...",
  "main..nonsense",
  "^main",
  "heads/topic^!",
  "heads/topic^@",
  "heads/topic^-",
  "heads/topic^-2",
  "heads/topic^-3",
  "sub",
  "sub/f1",
  "*.c",
  "-x",
  "--flag",
  "-n5",
  "--max-count=3",
  "--topo-order",
  "--not",
  "--",
];

const STYLES = [
  "--verify",
  "-q",
  "--short",
  "--short=6",
  "--short=1",
  "--short=99",
  "--abbrev-ref",
  "--abbrev-ref=loose",
  "--abbrev-ref=strict",
  "--symbolic",
  "--symbolic-full-name",
  "--revs-only",
  "--no-revs",
  "--flags",
  "--no-flags",
  "--sq",
  "--not",
  "--all",
  "--branches",
  "--branches=t*",
  "--branches=side",
  "--tags",
  "--tags=v*",
  "--remotes",
  "--remotes=origin",
  "--glob=heads/*",
  "--glob=refs/tags",
  "--exclude=*topic",
  "--default",
  "--end-of-options",
];

test("git rev-parse agrees with git on each revision in each style", async () => {
  for (const revision of REVISIONS) {
    await sameAsGit(["rev-parse", revision], shared);
    await sameAsGit(["rev-parse", "--verify", "-q", revision], shared);
  }
  for (const style of STYLES) await sameAsGit(["rev-parse", style, "heads/topic"], shared);
});

test("git rev-parse agrees with git on generated command lines", async () => {
  const word = fc.oneof(fc.constantFrom(...REVISIONS), fc.constantFrom(...STYLES));
  await holdsAsync(
    "git rev-parse agrees with git on generated command lines",
    fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 5 }), async (words) => {
      await sameAsGit(["rev-parse", ...words], shared);
    }),
    { seed: 20263, numRuns: 400 },
  );
});

const QUESTIONS = [
  "--git-dir",
  "--absolute-git-dir",
  "--git-common-dir",
  "--show-toplevel",
  "--show-prefix",
  "--show-cdup",
  "--is-bare-repository",
  "--is-inside-work-tree",
  "--is-inside-git-dir",
  "--is-shallow-repository",
  "--show-object-format",
  "--show-object-format=input",
  "--show-superproject-working-tree",
  "--shared-index-path",
];

const PATHS = [
  "HEAD",
  "objects/pack",
  "refs/heads/x",
  "refs/bisect/x",
  "logs/HEAD",
  "logs/refs/heads/x",
  "index",
  "hooks/pre-push",
  "info/exclude",
  "info/sparse-checkout",
  "config",
  "packed-refs",
  "unknown/thing",
  "ORIG_HEAD",
];

/** Asks every question in a folder, alone and together, in both path formats. */
async function askAll(cwd: string, env: Record<string, string> = {}): Promise<void> {
  for (const question of QUESTIONS) {
    await sameAsGit(["rev-parse", question], cwd, { env });
    for (const format of ["absolute", "relative"]) {
      await sameAsGit(["rev-parse", `--path-format=${format}`, question], cwd, { env });
    }
  }
  for (const path of PATHS) {
    await sameAsGit(["rev-parse", "--git-path", path], cwd, { env });
    await sameAsGit(["rev-parse", "--path-format=absolute", "--git-path", path], cwd, { env });
  }
}

test("git rev-parse tells where a repository is, from every place in it", async () => {
  for (const place of [".", "sub", "sub/deep", ".git", ".git/refs/heads"]) await askAll(join(shared, place));
});

test("git rev-parse tells where a bare repository, a linked work tree and a gitfile are", async () => {
  const folder = repository();
  gitText(["clone", "-q", "--bare", ".", "bare.git"], folder);
  gitText(["worktree", "add", "-q", "--detach", "linked"], folder);
  gitText(["init", "-q", "--separate-git-dir", "elsewhere", "apart"], folder);
  mkdirSync(join(folder, "apart/inner"));
  for (const place of ["bare.git", "bare.git/refs", "linked", "linked/sub", "apart", "apart/inner"]) {
    for (const question of QUESTIONS.filter((question) => question !== "--show-superproject-working-tree")) {
      await sameAsGit(["rev-parse", question], join(folder, place));
    }
    for (const path of PATHS) await sameAsGit(["rev-parse", "--git-path", path], join(folder, place));
  }
});

test("git rev-parse honours GIT_DIR and GIT_WORK_TREE", async () => {
  await askAll(shared, { GIT_DIR: ".git" });
  await askAll(shared, { GIT_DIR: join(shared, ".git") });
  await askAll(join(shared, "sub"), { GIT_DIR: join(shared, ".git"), GIT_WORK_TREE: shared });
});

test("git rev-parse sees a git directory that is a symbolic link", async () => {
  const folder = temporaryFolder();
  symlinkSync(join(shared, ".git"), join(folder, ".git"));
  mkdirSync(join(folder, "inner"));
  for (const question of ["--git-dir", "--absolute-git-dir", "--show-toplevel"]) {
    await sameAsGit(["rev-parse", question], folder);
    await sameAsGit(["rev-parse", question], join(folder, "inner"));
  }
});

test("git rev-parse answers without a repository what needs none", async () => {
  const folder = temporaryFolder();
  await sameAsGit(["rev-parse", "--sq-quote", "a b", "it's", "x!y", ""], folder);
  await sameAsGit(["rev-parse", "--resolve-git-dir", join(shared, ".git")], folder);
  await sameAsGit(["rev-parse", "--resolve-git-dir", shared], folder);
  await sameAsGit(["rev-parse", "--resolve-git-dir"], folder);
  const { stdout } = await latticeGit(["rev-parse", "--local-env-vars"], folder);
  const expected = gitText(["rev-parse", "--local-env-vars"], folder).split("\n").filter((name) =>
    name !== "GIT_INTERNAL_SUPER_PREFIX"
  );
  assert.deepEqual(stdout.trim().split("\n").sort(), expected.sort());
  await sameAsGit(["rev-parse"], folder);
  await sameAsGit(["rev-parse", "HEAD"], folder);
  await sameAsGit(["rev-parse", "--git-dir"], folder);
});

test("git rev-parse --disambiguate lists what an abbreviation may stand for", async () => {
  const head = gitText(["rev-parse", "HEAD"], shared);
  for (const digits of [head.slice(0, 4), head.slice(0, 3), head, "ffff", "xyz1"]) {
    await sameAsGit(["rev-parse", `--disambiguate=${digits}`], shared);
    await sameAsGit(["rev-parse", digits], shared);
  }
});

test("git rev-parse refuses wrong values as git does", async () => {
  for (
    const args of [
      ["--abbrev-ref=nonsense", "HEAD"],
      ["--path-format=nonsense", "--git-dir"],
      ["--path-format"],
      ["--default"],
      ["--default", "nonsense"],
      ["--default", "main", "--verify"],
      ["--verify"],
      ["--verify", "HEAD", "main"],
      ["--verify", "--default", "topic"],
      ["--show-object-format=nonsense"],
      ["--git-path"],
      ["--glob"],
      ["--exclude"],
      ["--exclude=heads/*", "--branches"],
      ["--exclude=refs/heads/*", "--all"],
      ["--symbolic-full-name", "--all"],
      ["--symbolic", "--branches"],
      ["--abbrev-ref", "--all"],
    ]
  ) await sameAsGit(["rev-parse", ...args], shared);
});

test("git rev-parse refuses by name what it does not support", async () => {
  for (
    const args of [["--since=yesterday"], ["--parseopt"], ["--prefix", "x"], ["--until=now"], [
      "--exclude-hidden=fetch",
    ]]
  ) {
    const ended = await latticeGit(["rev-parse", ...args], shared);
    assert.equal(ended.exit, 129, args.join(" "));
    assert.match(ended.stderr, new RegExp(`${args[0]!.split("=")[0]}' is not supported`));
  }
});

test("rev-parse ends as git does on names that lack a reflog entry, an upstream, a checkout, or everything", async () => {
  const folder = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], folder);
  gitText(["commit", "-q", "--allow-empty", "-m", "x"], folder);
  const names = [
    "",
    "HEAD@{99}",
    "@{99}",
    "^HEAD@{99}",
    "nope@{99}",
    "@{u}",
    "nope@{u}",
    "HEAD..@{u}",
    "@{-1}",
    "@{-0}",
  ];
  const senseless = ["HEAD~1 x", "HEAD~x", "HEAD^{what}", "HEAD~99999999999", "nope:x", "nope-gdeadbee", "main@{-1}"];
  for (const name of [...names, ...senseless]) {
    for (const options of [[], ["--verify"], ["--verify", "-q"], ["--abbrev-ref"], ["--symbolic-full-name"], ["-q"]]) {
      await sameAsGit(["rev-parse", ...options, name], folder);
    }
  }
  const quiet = await latticeGit(["rev-parse", "--verify", "-q", "HEAD@{99}"], folder);
  assert.equal(quiet.stderr, "");
});

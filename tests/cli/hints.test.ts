/** What a hint says to type can be pasted into a shell, whatever the names of the repository hold. */
import assert from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { git, gitText, runProgram } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { shellWord } from "../../src/platform/text.ts";
import { repository, succeed } from "./stack_repository.ts";
import { lattice } from "./command_line.ts";

/** Git takes this for the name of a branch; a shell would run what is in it, between double quotes as well. */
const HOSTILE = "a$(echo`id`)'b;c&\"d!";

/** The arguments that a shell gives to the command that a hint begins with. */
function pasted(command: string): string[] {
  const shell = runProgram("sh", ["-c", `lattice() { printf '%s\\n' "$@"; }; ${command}`], "/");
  assert.equal(shell.exit, 0, shell.stderr);
  return new TextDecoder().decode(shell.stdout).split("\n").slice(0, -1);
}

/** A repository with a branch of that name, tracked on the trunk. */
async function hostileRepository(): Promise<string> {
  const cwd = repository();
  gitText(["branch", HOSTILE, "a"], cwd);
  await succeed(["track", HOSTILE, "--parent", "main"], cwd);
  return cwd;
}

test("shellWord() leaves plain names alone, and a shell reads the others as they are", () => {
  assert.equal(shellWord("team/feature-1.2"), "team/feature-1.2");
  for (const name of [HOSTILE, "", "two words", "'", "*", "~", "#x", "ü"]) {
    assert.deepEqual(pasted(`lattice ${shellWord(name)}`), [name]);
  }
});

test("what a person can do something about comes with a hint: revisions", async () => {
  const cwd = repository();
  await succeed(["track", "a", "--parent", "main"], cwd);
  const told: readonly (readonly [string, RegExp])[] = [
    ["main~99", /has no parent 1: .*\nhint: .*git log --oneline --graph/],
    ["main^3", /has no parent 3: it has \d parents?\nhint: .*git log --oneline --graph/],
    ["main@{99}", /has only .*\nhint: `git reflog show refs\/heads\/main` shows them/],
    ["main^{blob}", /does not lead to a blob\nhint: .*git cat-file -t [0-9a-f]{40}/],
  ];
  for (const [base, error] of told) {
    const { exit, stderr } = await lattice(["meta", "edit", "a", "--base", base], { cwd });
    assert.ok(exit === 1 || exit === 2, stderr);
    assert.match(stderr, error);
  }
  const document = (await succeed(["meta", "get", "a"], cwd)).stdout;
  const stdin = document.replace(/[0-9a-f]{40}/, gitText(["rev-parse", "main^{tree}"], cwd));
  assert.equal((await lattice(["meta", "set", "a"], { cwd, stdin })).exit, 0);
  const { stderr } = await lattice(["info", "a"], { cwd });
  assert.match(stderr, /is a tree, not a commit\nhint: .*lattice meta edit <branch> --base <rev>/);
});

test("what a person can do something about comes with a hint: files, folders, links and pipes in the way", async () => {
  const cwd = repository();
  await succeed(["track", "a", "--parent", "main"], cwd);
  writeFileSync(join(cwd, "file"), "x");
  const env = { LATTICE_HOME: join(cwd, "file") };
  for (const args of [["secret", "list"], ["secret", "get", "k"], ["secret", "set", "k"]]) {
    const { exit, stderr } = await lattice(args, { cwd, env, stdin: "v" });
    assert.equal(exit, 7, stderr);
    assert.match(stderr, /\(ENOTDIR\)\nhint: .*move it away/);
  }
  const store = await lattice(["lease", "list", "--store", "sqlite:."], { cwd });
  assert.deepEqual(store.exit, 7);
  assert.match(store.stderr, /it is a folder \(EISDIR\)\nhint: .*another path/);

  const log = join(cwd, ".git/logs/refs/heads/b");
  mkdirSync(dirname(log), { recursive: true });
  rmSync(log, { force: true });
  symlinkSync("elsewhere", log);
  const stdin = JSON.stringify({ ref: "refs/heads/b", new: gitText(["rev-parse", "main~0"], cwd) });
  const changed = await lattice(["apply"], { cwd, stdin });
  assert.equal(changed.exit, 7, changed.stderr);
  assert.match(
    changed.stderr,
    /\(ELOOP\)\nhint: put what the link leads to in its place.* ls -ld .*logs\/refs\/heads\/b /,
  );

  const lock = join(cwd, ".git/lattice/lock");
  for (
    const [make, error] of [
      [() => runProgram("mkfifo", [lock], cwd), /neither a file nor a folder \(EFTYPE\)\nhint: .*move it away/],
      [() => mkdirSync(lock), /it is a folder \(EISDIR\)\nhint: .*move it away/],
      [() => symlinkSync("elsewhere", lock), /a symbolic link is in the way \(ELOOP\)\nhint: put what/],
    ] as const
  ) {
    rmSync(lock, { recursive: true, force: true });
    make();
    const { exit, stderr } = await lattice(["track", "b", "--parent", "main"], { cwd });
    assert.equal(exit, 7, stderr);
    assert.match(stderr, error);
  }
});

test("the hint about a damaged document names its ref for a shell", async () => {
  const cwd = await hostileRepository();
  const ref = `refs/branch-metadata/${HOSTILE}`;
  git(["update-ref", ref, gitText(["hash-object", "-w", "--stdin"], cwd, "damaged")], cwd);
  const { exit, stderr } = await lattice(["meta", "get", HOSTILE], { cwd });
  assert.equal(exit, 6);
  const command = /^hint: (.*) shows it, /m.exec(stderr)?.[1] ?? "";
  assert.deepEqual(pasted(command), ["git", "cat-file", "-p", ref]);
});

test("doctor says what to type about a branch that left its base, and untrack about one in a cycle", async () => {
  const cwd = await hostileRepository();
  await succeed(["track", "b", "--parent", HOSTILE], cwd);
  await succeed(["meta", "edit", HOSTILE, "--base", "b"], cwd);
  const { stdout } = await lattice(["doctor", "--json"], { cwd });
  const [finding] = JSON.parse(stdout) as { id: string; evidence: string }[];
  assert.match(finding!.id, /^stack\.base:/);
  const command = /; `(lattice meta edit .*) --base <rev>` says/.exec(finding!.evidence)?.[1] ?? "";
  assert.deepEqual(pasted(command), ["meta", "edit", HOSTILE]);

  await succeed(["meta", "edit", HOSTILE, "--parent", "b"], cwd);
  const { exit, stderr } = await lattice(["untrack", HOSTILE], { cwd });
  assert.equal(exit, 6);
  const hint = /^hint: put it on another branch first: (.*)$/m.exec(stderr)?.[1] ?? "";
  assert.deepEqual(pasted(hint), ["meta", "edit", HOSTILE, "--parent", "main"]);
});

test("what is typed wrongly is refused with a hint, whichever part it is", async () => {
  const cwd = repository();
  for (
    const args of [
      ["-C", "nowhere", "log"],
      ["apply", "--file", "nothing"],
      ["init", "--trunk", "a..b"],
      ["meta", "edit", "a", "--parent", "a..b"],
      ["meta", "edit", "a", "--pr", "github:1:u", "--no-pr"],
      ["op", "list", "--limit", "x"],
      ["op", "list", "--limit", "1", "--limit", "1"],
      ["secret", "get", "k", "--raw=x"],
      ["meta", "set", "a", "--file", ""],
      ["cache", "clean", "--dir", ""],
      ["log", "--all"],
    ]
  ) {
    const { exit, stderr } = await lattice(args, { cwd });
    assert.equal(exit, 2, stderr);
    assert.match(stderr, /^error: .*\nhint: .*\n$/);
  }
});

test("the hint about a command that stands before -- keeps the arguments that belong there", async () => {
  const { stderr } = await lattice(["cache", "refresh", "an entry", "my tool"], { cwd: repository() });
  assert.match(stderr, /\nhint: .*: lattice cache refresh 'an entry' -- 'my tool'\n$/);
});

test("undo of an operation that was taken back says where to look", async () => {
  const cwd = repository();
  await lattice(["op", "run", "--", "sh", "-c", "git branch new && exit 1"], { cwd });
  const [id] = (await lattice(["op", "list"], { cwd })).stdout.split(" ");
  const { exit, stderr } = await lattice(["undo", id!], { cwd });
  assert.equal(exit, 1);
  assert.match(stderr, /^error: operation .* changed nothing: it is rolled_back\nhint: `lattice op list` /);
});

test("a folder in the place of a file that is read, and an output that is full, are told with a hint", async () => {
  const cwd = repository();
  const folder = await lattice(["apply", "--file", "."], { cwd });
  assert.equal(folder.exit, 7);
  assert.match(
    folder.stderr,
    /^error: cannot read .*: it is a folder \(EISDIR\)\nhint: name a file; - is standard input\n$/,
  );
  const full = await lattice(["trunk"], { cwd, writeFailure: Object.assign(new Error(), { code: "ENOSPC" }) });
  assert.equal(full.exit, 7);
  assert.match(full.stderr, /^error: cannot write to standard output: no space left .*\nhint: .* stays changed\n$/);
});

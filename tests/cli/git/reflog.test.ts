import assert from "node:assert/strict";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../fixtures.ts";
import { gitText, modernGit, runProgram } from "../../git_oracle.ts";
import { test } from "../../harness.ts";
import { filesBelow } from "../../interop/twin_repositories.ts";
import { latticeGit, sameAsGit } from "./against_git.ts";

const DAY = 86_400;
const NOW = Math.floor(Date.now() / 1000);

/** Branches with reflogs of several ages, amended and merged commits, a symbolic ref, an upstream, a linked worktree. */
function repository(): string {
  const root = temporaryFolder();
  const folder = join(root, "repo");
  mkdirSync(folder);
  const run = (daysAgo: number, ...args: string[]) => {
    const date = `${NOW - daysAgo * DAY - DAY / 2} +0530`; // never on the edge of a number of days
    const outcome = runProgram("git", args, folder, { env: { GIT_COMMITTER_DATE: date, GIT_AUTHOR_DATE: date } });
    assert.equal(outcome.exit, 0, `git ${args.join(" ")}: ${outcome.stderr}`);
    return new TextDecoder().decode(outcome.stdout).trim();
  };
  run(200, "init", "-q", "-b", "main");
  run(200, "commit", "-q", "--allow-empty", "-m", "one");
  run(150, "commit", "-q", "--allow-empty", "-m", "two");
  run(100, "commit", "-q", "--allow-empty", "--amend", "-m", "two, better");
  run(99, "checkout", "-q", "-b", "side", "HEAD~1");
  run(60, "commit", "-q", "--allow-empty", "-m", "on the side");
  run(59, "reset", "-q", "--hard", "HEAD~1");
  run(40, "commit", "-q", "--allow-empty", "-m", "again");
  run(39, "checkout", "-q", "main");
  run(10, "merge", "-q", "--no-ff", "-m", "merged", "side");
  run(5, "commit", "-q", "--allow-empty", "--amend", "-m", "merged, better");
  run(4, "tag", "light", "HEAD~1");
  run(4, "tag", "-a", "-m", "annotated", "v1");
  run(4, "update-ref", "--create-reflog", "-m", "by hand", "refs/tags/logged", "HEAD");
  run(3, "update-ref", "-m", "a tag", "refs/tags/logged", "v1");
  run(3, "update-ref", "refs/tags/logged", "HEAD~1");
  run(2, "symbolic-ref", "refs/heads/link", "refs/heads/side");
  run(2, "update-ref", "-m", "tracked", "refs/remotes/origin/main", "main~1");
  run(1, "update-ref", "-m", "tracked again", "refs/remotes/origin/main", "main");
  run(1, "config", "branch.main.remote", "origin");
  run(1, "config", "branch.main.merge", "refs/heads/main");
  run(1, "config", "remote.origin.url", "nowhere");
  run(1, "config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*");
  run(1, "update-ref", "-m", "stashed", "--create-reflog", "refs/stash", "side");
  return folder;
}

function copyOf(folder: string): string {
  const copy = temporaryFolder();
  cpSync(folder, join(copy, "repo"), { recursive: true, preserveTimestamps: true });
  return join(copy, "repo");
}

function state(folder: string): unknown {
  const logs = Object.fromEntries(
    filesBelow(join(folder, ".git")).filter((path) => path.includes("logs/")).map((path) => [
      path,
      readFileSync(join(folder, ".git", path), "latin1"),
    ]),
  );
  return { logs, refs: gitText(["for-each-ref", "--format=%(refname) %(objectname) %(symref)"], folder) };
}

/** Runs a command with both on a copy each; exit status, output, reflogs and refs must be the same. */
async function sameEffect(start: string, args: readonly string[], git = "git"): Promise<string> {
  const [theirs, ours] = [copyOf(start), copyOf(start)];
  const wanted = runProgram(git, ["reflog", ...args], theirs);
  const got = await latticeGit(["reflog", ...args], ours);
  const what = `git reflog ${args.join(" ")}\ngit: ${wanted.stderr}\nours: ${got.stderr}`;
  assert.deepEqual([got.exit, got.stdout], [wanted.exit, new TextDecoder().decode(wanted.stdout)], what);
  assert.deepEqual(state(ours), state(theirs), what);
  assert.deepEqual(filesBelow(join(ours, ".git")).filter((path) => path.endsWith(".lock")), [], what);
  return ours;
}

test("reflog show prints what git prints", async () => {
  const folder = repository();
  for (
    const args of [
      [],
      ["show"],
      ["main"],
      ["show", "main"],
      ["show", "refs/heads/main"],
      ["heads/side"],
      ["origin/main"],
      ["link"],
      ["refs/heads/link"],
      ["main@{2}"],
      ["@{1}"],
      ["@"],
      ["@{u}"],
      ["main@{upstream}"],
      ["@{-1}"],
      ["light"],
      ["v1"],
      ["logged"],
      ["stash"],
      ["main~1"],
      ["HEAD^{tree}"],
      ["main", "side"],
      ["side", "main"],
      ["main", "main"],
      ["--all"],
      ["--all", "main"],
      ["-n", "2"],
      ["-n2", "side"],
      ["-2"],
      ["--max-count=1"],
      ["-n", "0"],
      ["-n", "-1"],
      ["--skip=2"],
      ["--skip", "1", "-1", "main"],
      ["main", "--"],
      ["--abbrev=12"],
      ["--abbrev=2"],
      ["--no-abbrev"],
      ["--no-abbrev-commit"],
      ["--oneline"],
      ["-g"],
      ["--no-decorate", "--no-color"],
      ["nothing"],
      ["nothing", "--"],
      ["main@{99}"],
    ]
  ) {
    await sameAsGit(["reflog", ...args], folder);
    if (args[0] !== "show") await sameAsGit(["reflog", "show", ...args], folder);
  }
});

test("reflog show with dates and formats prints what git prints", async () => {
  const folder = repository();
  for (const date of ["iso", "iso-strict", "raw", "unix", "short", "rfc", "default", "local", "format:%Y/%m"]) {
    for (const name of ["HEAD", "main", "main@{1}"]) await sameAsGit(["reflog", `--date=${date}`, name], folder);
  }
  for (
    const format of [
      "%H",
      "%h %gd %gD %gs",
      "%gn <%ge>",
      "%T %t",
      "%s|%an|%ae|%at|%ai|%aI|%aD|%as|%ad",
      "%cn %ce %ct %ci",
      "%%%n%x00%x41",
      "plain %gs",
      "format:%h %gs",
      "tformat:%h",
      "format:",
      "oneline",
      "",
      "nonsense",
    ]
  ) {
    for (const name of ["HEAD", "refs/heads/side", "side"]) {
      await sameAsGit(["reflog", `--format=${format}`, name], folder);
      await sameAsGit(["reflog", `--pretty=${format}`, "--date=iso", "-2", name], folder);
    }
  }
});

test("reflog show is like git's where there is no history, no reflog, and outside of a repository", async () => {
  const empty = temporaryFolder();
  gitText(["init", "-q", "-b", "trunk"], empty);
  await sameAsGit(["reflog"], empty);
  await sameAsGit(["reflog"], temporaryFolder());
  const folder = repository();
  rmSync(join(folder, ".git/logs/HEAD"));
  await sameAsGit(["reflog"], folder);
  rmSync(join(folder, ".git/logs"), { recursive: true });
  await sameAsGit(["reflog"], folder);
  await sameAsGit(["reflog", "--all"], folder);
});

test("reflog refuses by name what it does not know", async () => {
  const folder = repository();
  for (
    const [args, what] of [
      [["main@{yesterday}"], "yesterday"],
      [["main..side"], "main..side"],
      [["^main"], "^main"],
      [["main", "--", "file"], "file"],
      [["--format=%d"], "%d"],
      [["--format=%gN"], "%gN"],
      [["--pretty"], "medium"],
      [["--format=fuller"], "fuller"],
      [["--since=yesterday"], "since"],
      [["--grep-reflog=x"], "grep-reflog"],
      [["drop", "main"], "drop"],
      [["write", "main"], "write"],
      [["expire", "--stale-fix"], "stale-fix"],
      [["expire", "--expire=next tuesday"], "next tuesday"],
      [["delete", "main@{yesterday}"], "yesterday"],
    ] as const
  ) {
    const ended = await latticeGit(["reflog", ...args], folder);
    assert.ok(ended.exit === 129 && ended.stderr.includes(what), `${args.join(" ")}: ${ended.stderr}`);
    assert.equal(ended.stdout, "");
  }
});

test("reflog show ends as git does where the value of an option is left out", async () => {
  const folder = repository();
  for (const args of [["--max-count"], ["-n"], ["--skip"], ["--date"], ["--format"], ["--format", "main"]]) {
    const { stderr } = await sameAsGit(["reflog", ...args], folder);
    assert.equal(stderr, runProgram("git", ["reflog", ...args], folder).stderr);
  }
});

test("reflog exists and list answer as git does", async () => {
  const folder = repository();
  mkdirSync(join(folder, ".git/logs/refs/heads/gone/below"), { recursive: true });
  writeFileSync(join(folder, ".git/logs/refs/heads/left-over"), "");
  symlinkSync("main", join(folder, ".git/logs/refs/heads/linked"));
  const names = ["HEAD", "refs/heads/main", "main", "refs/heads/gone", "refs/heads/left-over", "refs/heads/linked"];
  for (const name of [...names, "refs/tags/light", "ORIG_HEAD", "refs/heads/..", "", "main-worktree/HEAD"]) {
    await sameAsGit(["reflog", "exists", name], folder);
  }
  await sameAsGit(["reflog", "exists"], folder);
  await sameAsGit(["reflog", "exists", "--", "HEAD"], folder);
  rmSync(join(folder, ".git/logs/refs/heads/linked"));
  for (const args of [["list"], ["list", "main"]]) {
    const wanted = runProgram(modernGit(), ["reflog", ...args], folder);
    const got = await latticeGit(["reflog", ...args], folder);
    assert.deepEqual([got.exit, got.stdout], [wanted.exit, new TextDecoder().decode(wanted.stdout)]);
  }
});

test("reflog delete leaves what git leaves", async () => {
  const start = repository();
  for (
    const args of [
      ["main@{0}"],
      ["main@{1}"],
      ["main@{2}"],
      ["main@{99}"],
      ["main@{}"],
      ["HEAD@{3}"],
      ["--rewrite", "main@{1}"],
      ["--rewrite", "HEAD@{0}"],
      ["--updateref", "main@{0}"],
      ["--updateref", "--rewrite", "side@{0}"],
      ["--updateref", "HEAD@{0}"],
      ["--updateref", "refs/tags/logged@{0}"],
      ["--updateref", "link@{0}"],
      ["--dry-run", "--verbose", "main@{0}"],
      ["-n", "main@{0}"],
      ["--verbose", "main@{1}"],
      ["main@{0}", "main@{0}", "side@{1}", "main@{0}"],
      ["main"],
      ["nothing@{0}"],
      ["main@{0}", "nothing@{0}", "side"],
      [],
      ["--frobnicate"],
    ]
  ) {
    if (args[0] !== "-n") await sameEffect(start, ["delete", ...args]); // the system's git does not know it here
    await sameEffect(start, ["delete", ...args], modernGit());
  }
});

/**
 * Whether a command does not depend on how long lines are kept by default: 90 days, and 30 for what is unreachable, as
 * git's manual has it. Git 2.55 takes the one for the other.
 */
function leavesNothingOpen(args: readonly string[]): boolean {
  const says = (option: string) => args.some((arg) => arg === option || arg.startsWith(`${option}=`));
  return args.includes("--expire=now") || args.includes("--expire=all") ||
    (says("--expire") && says("--expire-unreachable"));
}

test("reflog expire leaves what git leaves", async () => {
  const start = repository();
  for (
    const args of [
      ["--all"],
      ["main"],
      ["side", "HEAD"],
      ["--expire=now", "--all"],
      ["--expire=all", "main"],
      ["--expire=never", "--all"],
      ["--expire=never", "--expire-unreachable=now", "--all"],
      ["--expire-unreachable=now", "main"],
      ["--expire-unreachable=all", "--expire=120.days.ago", "HEAD"],
      ["--expire=3.weeks.ago", "--all"],
      ["--expire", "2 months ago", "main"],
      ["--expire=1.year.ago", "--expire-unreachable=50.days.ago", "--all"],
      [`--expire=@${NOW - 50 * DAY} +0000`, "--all"],
      ["--expire=2019-01-01 00:00:00", "--expire-unreachable=never", "--all"],
      ["--rewrite", "--expire-unreachable=now", "--expire=never", "--all"],
      ["--updateref", "--expire-unreachable=now", "--expire=never", "main", "side"],
      ["--updateref", "--expire=now", "side"],
      ["--dry-run", "--expire=now", "--all"],
      ["--verbose", "--expire=50.days.ago", "main"],
      ["--dry-run", "--verbose", "--expire=50.days.ago", "main", "--all", "--single-worktree"],
      ["--expire=now", "nothing", "main"],
      ["--expire=now", "link"],
      ["--expire=now", "refs/stash"],
      ["--all", "--single-worktree", "--expire=now"],
      [],
    ]
  ) {
    if (!args.includes("--single-worktree")) await sameEffect(start, ["expire", ...args]);
    if (leavesNothingOpen(args)) await sameEffect(start, ["expire", ...args], modernGit());
  }
});

test("reflog expire goes by gc.reflogExpire and gc.<pattern>.reflogExpire", async () => {
  const start = repository();
  for (
    const settings of [
      [["gc.reflogExpire", "50.days.ago"]],
      [["gc.reflogExpire", "never"], ["gc.reflogExpireUnreachable", "now"]],
      [["gc.refs/heads/*.reflogExpire", "now"]],
      [["gc.refs/heads/*.reflogExpireUnreachable", "now"], ["gc.refs/heads/main.reflogExpire", "now"]],
      [["gc.refs/heads/m*.reflogExpire", "never"], ["gc.*.reflogExpire", "now"]],
      [["gc.refs/stash.reflogExpire", "now"]],
    ]
  ) {
    const configured = copyOf(start);
    for (const [key, value] of settings) gitText(["config", key!, value!], configured);
    await sameEffect(configured, ["expire", "--all"]);
    await sameEffect(configured, ["expire", "--all", "--expire=70.days.ago"]);
  }
});

test("reflog show --all has the HEAD of every worktree that has a commit, as git has it", async () => {
  const folder = repository();
  const linked = join(folder, "../linked");
  const unborn = join(folder, "../unborn");
  gitText(["worktree", "add", "-q", "-b", "apart", linked, "side"], folder);
  gitText(["commit", "-q", "--allow-empty", "-m", "apart"], linked);
  gitText(["update-ref", "--create-reflog", "-m", "own", "refs/worktree/own", "HEAD"], linked);
  gitText(["worktree", "add", "-q", "--detach", unborn, "side"], folder);
  gitText(["checkout", "-q", "--orphan", "new"], unborn);
  for (const where of [folder, linked, unborn]) {
    await sameAsGit(["reflog", "--all"], where);
    await sameAsGit(["reflog", "show", "--all", "--date=unix", "main"], where);
  }
  writeFileSync(join(folder, ".git/worktrees/linked/HEAD"), "damaged\n");
  await sameAsGit(["reflog", "--all"], folder);
});

test("reflog expire --all reaches the reflogs of all worktrees, and --single-worktree those of one", async () => {
  const start = repository();
  const effects = async (args: string[], where: string, git = "git") => {
    const [theirs, ours] = [copyOf(start), copyOf(start)];
    for (const copy of [theirs, ours]) {
      gitText(["worktree", "add", "-q", "-b", "apart", "../linked", "side"], copy);
      gitText(["update-ref", "--create-reflog", "-m", "own", "refs/worktree/own", "HEAD"], join(copy, "../linked"));
    }
    assert.equal(runProgram(git, ["reflog", ...args], join(theirs, where)).exit, 0);
    const ended = await latticeGit(["reflog", ...args], join(ours, where));
    assert.equal(ended.exit, 0, ended.stderr);
    assert.deepEqual(state(ours), state(theirs), `${args.join(" ")} in ${where}`);
  };
  for (const where of [".", "../linked"]) {
    await effects(["expire", "--all", "--expire=now"], where);
    // The system's git does not heed this option.
    await effects(["expire", "--all", "--single-worktree", "--expire=now"], where, modernGit());
    await effects(["delete", "HEAD@{0}"], where);
    await effects(["delete", "main-worktree/HEAD@{0}"], where);
    await effects(["delete", "worktrees/linked/HEAD@{0}"], where);
  }
});

test("reflog delete drops lines that cannot be read, as git does, and says so", async () => {
  const start = repository();
  const path = join(start, ".git/logs/refs/heads/main");
  const [first, ...rest] = readFileSync(path, "utf8").split("\n");
  writeFileSync(path, [first, "rubbish", first!.replace("\t", ""), ...rest].join("\n"));
  appendFileSync(path, first!.replace(/\t.*/, "\ttorn"));
  const theirs = copyOf(start);
  const ended = await latticeGit(["reflog", "delete", "main@{1}"], start);
  gitText(["reflog", "delete", "main@{1}"], theirs);
  assert.equal(ended.exit, 0);
  assert.match(ended.stderr, /^warning: the reflog .* is damaged: line 2/);
  assert.deepEqual(state(start), state(theirs));
});

test("reflog delete waits for the lock of its ref, ends as git does, and leaves the lock alone", async () => {
  const start = repository();
  writeFileSync(join(start, ".git/refs/heads/main.lock"), "");
  const [theirs, ours] = [copyOf(start), copyOf(start)];
  const wanted = runProgram("git", ["reflog", "delete", "main@{0}", "side@{0}"], theirs);
  const got = await latticeGit(["reflog", "delete", "main@{0}", "side@{0}"], ours);
  assert.equal(got.exit, wanted.exit, wanted.stderr);
  assert.match(got.stderr, /cannot lock "refs\/heads\/main"/);
  assert.deepEqual(state(ours), state(theirs));
  assert.ok(existsSync(join(ours, ".git/refs/heads/main.lock")));
});

test("reflog --updateref gives a ref no value whose object is gone, and no reflog is replaced through a link", async () => {
  const start = repository();
  const path = join(start, ".git/logs/refs/heads/main");
  const gone = "1".repeat(40);
  const last = readFileSync(path, "utf8").trimEnd().split("\n").at(-1)!;
  appendFileSync(path, `${last.slice(41, 81)} ${gone}${last.slice(81)}\n${gone} ${last.slice(41)}\n`);
  const before = state(start);
  const ended = await latticeGit(["reflog", "delete", "--updateref", "main@{0}"], start);
  assert.equal(ended.exit, 255);
  assert.match(ended.stderr, /which is not here/);
  assert.deepEqual(state(start), before);
  const aside = join(start, "aside");
  cpSync(path, aside);
  rmSync(path);
  symlinkSync(aside, path);
  const linked = await latticeGit(["reflog", "delete", "main@{0}"], start);
  assert.equal(linked.exit, 255);
  assert.match(linked.stderr, /is a symbolic link/);
});

test("reflog reads times before 1970 and beyond 64 bits as git reads them, and writes them as git does", async () => {
  for (
    const time of ["-5", "-1", "+7", "007", "9007199254740993", `${2n ** 64n - 1n}`, `${2n ** 64n}`, "9".repeat(30)]
  ) {
    const start = repository();
    const path = join(start, ".git/logs/refs/heads/main");
    const [first = ""] = readFileSync(path, "utf8").split("\n");
    appendFileSync(path, `${first.replace(/> \d+ /, `> ${time} `)}\n${first}\n`);
    for (const date of ["raw", "unix", "relative"]) {
      await sameAsGit([
        "reflog",
        "show",
        `--date=${date}`,
        "main",
      ], start);
    }
    await sameAsGit(["rev-parse", "main@{1}", "main@{2}"], start);
    await sameEffect(start, ["delete", "main@{0}"]);
    await sameEffect(start, ["expire", "--expire=now", "main"]);
    await sameEffect(start, ["expire", "--expire=never", "--expire-unreachable=now", "main"]);
  }
});

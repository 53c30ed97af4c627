import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../harness.ts";
import { gitText, runProgram } from "../git_oracle.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { binary, documentOf, lattice } from "./binary.ts";
import { addFile, expectIdle, expectPaused, must, operationsIn, opRun, refsOf, stage } from "./op_stage.ts";
import { copyOf } from "./subject.ts";

/** What git can do to refs, in the repository of {@link stage}. */
const PROGRAMS: Readonly<Record<string, string>> = {
  "a rebase": "git checkout -q feat; git rebase -q main",
  "an amended commit": "git commit -q --amend -m changed",
  "a renamed branch": "git branch -m feat other",
  "a branch renamed below itself": "git branch -m feat feat/sub",
  "the current branch renamed below itself": "git branch -m main/sub",
  "a branch renamed above itself": "git branch x/y; git branch -m x/y x; git branch -m x x/y/z",
  "a packed branch that is moved": "git branch -f feat main~1",
  "a packed branch that goes and comes back": "git branch -D feat; git branch feat main~1",
  "new branches, tags and notes": "git branch a; git tag v1; git tag -a -m v2 v2; git notes add -m note",
  "names of odd bytes":
    `git update-ref "$(printf 'refs/heads/\\303\\251\\377')" HEAD; git update-ref 'refs/heads/"$x' HEAD`,
  "a detached HEAD": "git checkout -q --detach; git commit -q --allow-empty -m detached",
  "an unborn branch": "git checkout -q --orphan new; git commit -q -m new",
  "a merge": "git merge -q --no-edit feat",
  "a stash": "echo more >>one; git stash -q",
  "git gc and git pack-refs":
    "git branch a; git commit -q --amend -m changed; git gc -q; git branch b; git pack-refs --all",
  "what only a garbage collection is spared":
    "git branch -D feat; git reflog expire --expire=now --expire-unreachable=now --all; find .git/objects -type f -exec touch -d 2001-01-01 {} +; git gc -q",
  "several at the same time":
    "for i in 1 2 3 4 5 6; do (git update-ref refs/heads/p$i main; git update-ref refs/heads/p$i main~1) & done; wait",
  "many refs in one transaction": "seq 500 | sed 's#.*#create refs/heads/n& main#' | git update-ref --stdin",
};

for (const [name, script] of Object.entries(PROGRAMS)) {
  test(`op run is undone, redone and taken back: ${name}`, () => {
    const cwd = stage();
    const before = refsOf(cwd);
    const plain = copyOf(cwd);
    const alone = runProgram("sh", ["-ec", script], plain);
    assert.equal(alone.exit, 0, alone.stderr);
    const failing = copyOf(cwd);

    const ended = opRun(script, cwd);
    assert.equal(ended.exit, 0, ended.stderr);
    const after = refsOf(cwd);
    assert.deepEqual(after, refsOf(plain), "the program does what it does alone");
    assert.notDeepEqual(after, before);
    expectIdle(cwd);
    must(["undo"], cwd);
    assert.deepEqual(refsOf(cwd), before, "undone");
    must(["undo", operationsIn(cwd)[0]!.op_id], cwd);
    assert.deepEqual(refsOf(cwd), after, "redone");
    expectIdle(cwd);

    const failed = opRun(`${script}; exit 7`, failing);
    assert.equal(failed.exit, 7, failed.stderr);
    assert.deepEqual(refsOf(failing), before, "taken back");
    assert.equal(operationsIn(failing)[0]!.phase, "rolled_back");
    expectIdle(failing);
  });
}

test("op run: a fetch of new, moved and vanished branches is undone and taken back", () => {
  const remote = stage();
  gitText(["branch", "gone"], remote);
  const cwd = join(temporaryFolder(), "clone");
  gitText(["clone", "-q", remote, cwd], remote);
  gitText(["branch", "-D", "gone"], remote);
  gitText(["branch", "-f", "feat", "main~1"], remote);
  gitText(
    ["update-ref", "--stdin"],
    remote,
    Array.from({ length: 50 }, (_, i) => `create refs/heads/b${i} main\n`).join(""),
  );
  const before = refsOf(cwd);
  assert.equal(opRun("git fetch -q --prune; exit 1", cwd).exit, 1);
  assert.deepEqual(refsOf(cwd), before);
  assert.equal(opRun("git fetch -q --prune", cwd).exit, 0);
  assert.ok(refsOf(cwd).some((line) => line.startsWith("refs/remotes/origin/b49 ")));
  must(["undo"], cwd);
  assert.deepEqual(refsOf(cwd), before);
  expectIdle(cwd);
});

test("op run of a program that a signal ends takes back what it did, exit code 128 + n", () => {
  const cwd = stage();
  const before = refsOf(cwd);
  assert.equal(opRun("git branch new; kill -9 $$", cwd).exit, 137);
  assert.deepEqual(refsOf(cwd), before);
  expectIdle(cwd);
});

test("op run warns that refs went back, as JSON with --json, and not with --quiet", () => {
  const cwd = stage();
  const run = (option: string) => {
    const ended = lattice([option, "op", "run", "--", "sh", "-c", "git branch new; exit 3"], { cwd });
    assert.equal(ended.exit, 3);
    return ended.stderr;
  };
  assert.equal(run("--quiet"), "");
  const [first, second] = run("--json").trimEnd().split("\n").map((line) => JSON.parse(line) as unknown);
  assert.deepEqual(first, {
    warning: { message: "the program ended with 3: 1 ref (refs/heads/new) put back to what it was" },
  });
  assert.ok(second !== undefined);
});

test("op run of a program that is not there is exit code 127 and changes nothing", () => {
  const cwd = stage();
  const before = refsOf(cwd);
  assert.equal(lattice(["op", "run", "--", "no-such-program"], { cwd }).exit, 127);
  assert.deepEqual(refsOf(cwd), before);
  expectIdle(cwd);
});

test("undo of op run works after git gc --prune=now with all reflogs expired", () => {
  const cwd = stage();
  const before = refsOf(cwd);
  assert.equal(
    opRun("git branch -D feat; git tag -a -m v v; git tag -d v; git commit -q --amend -m changed", cwd).exit,
    0,
  );
  gitText(["reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all"], cwd);
  gitText(["gc", "-q", "--prune=now"], cwd);
  must(["undo"], cwd);
  assert.deepEqual(refsOf(cwd), before);
  expectIdle(cwd);
});

test("a rebase that op run leaves in progress pauses it until git is done; continue keeps, abort takes back", () => {
  for (const way of ["continue", "abort"] as const) {
    const cwd = stage();
    gitText(["checkout", "-q", "feat"], cwd);
    addFile(cwd, "three", "another");
    const before = refsOf(cwd);
    const ended = lattice(["--quiet", "op", "run", "--", "git", "rebase", "main"], { cwd });
    assert.notEqual(ended.exit, 0);
    assert.match(ended.stderr, /^error: operation \S+ is paused: a rebase is in progress\nhint: when git is done, /m);
    const op = expectPaused(cwd, /^a rebase is in progress$/);
    const status = lattice(["--json", "op", "status"], { cwd });
    for (const refused of ["continue", "abort"]) {
      const early = lattice([refused], { cwd });
      assert.equal(early.exit, 5, early.stderr);
      assert.match(early.stderr, /finish or abort that with git first/);
      assert.deepEqual(lattice(["--json", "op", "status"], { cwd }), status, "paused since then, still");
    }
    writeFileSync(join(cwd, "three"), "both\n");
    gitText(["add", "three"], cwd);
    gitText(["-c", "core.editor=true", "rebase", "--continue"], cwd);
    const after = refsOf(cwd);
    assert.notDeepEqual(after, before);
    must([way], cwd);
    assert.deepEqual(refsOf(cwd), way === "continue" ? after : before);
    expectIdle(cwd);
    if (way === "continue") must(["undo", op], cwd);
    assert.deepEqual(refsOf(cwd), before);
  }
});

test("lattice commands below op run are a part of it: one operation, one undo", () => {
  const cwd = stage();
  const base = gitText(["rev-parse", "main"], cwd);
  writeFileSync(join(cwd, "document"), documentOf("feat", base));
  const lines = Array.from(
    { length: 70 },
    (_, i) => JSON.stringify({ branch: `b${i}`, metadata: JSON.parse(documentOf(`b${i}`, base)) }),
  );
  writeFileSync(join(cwd, "lines"), lines.join("\n"));
  must(["meta", "set", "feat", "--file", "document"], cwd);
  const before = refsOf(cwd);
  const script = `"$LATTICE" meta edit feat --freeze single
    git branch new
    "$LATTICE" apply --file lines
    "$LATTICE" git update-ref refs/heads/new main~1
    "$LATTICE" git update-ref -d refs/heads/feat
    ("$LATTICE" git update-ref refs/heads/x main) & ("$LATTICE" git update-ref refs/heads/y main) & wait
    "$LATTICE" op checkpoint half`;
  const env = { LATTICE: binary };
  assert.equal(opRun(`${script}; exit 3`, cwd, env).exit, 3);
  assert.deepEqual(refsOf(cwd), before);
  assert.equal(operationsIn(cwd).length, 2);
  const ended = opRun(script, cwd, env);
  assert.equal(ended.exit, 0, ended.stderr);
  const after = refsOf(cwd);
  assert.equal(after.length, before.length + 70 + 3 - 1);
  const [newest] = operationsIn(cwd);
  assert.equal(operationsIn(cwd).length, 3);
  gitText(["gc", "-q", "--prune=now"], cwd);
  must(["undo"], cwd);
  assert.deepEqual(refsOf(cwd), before);
  assert.match(lattice(["op", "show", newest!.op_id], { cwd }).stdout, /checkpoint half/);
  must(["undo", operationsIn(cwd)[0]!.op_id], cwd);
  assert.deepEqual(refsOf(cwd), after);
  expectIdle(cwd);
});

test("op run: nested operations, undo inside, and commands without LATTICE_OP are refused", () => {
  const cwd = stage();
  must(["git", "update-ref", "refs/heads/spare", "main"], cwd);
  assert.equal(opRun("git branch earlier", cwd).exit, 0);
  const before = refsOf(cwd);
  const attempts = {
    "op run -- git branch x": 5,
    "op begin x": 5,
    undo: 5,
    continue: 1,
    abort: 1,
  };
  for (const [command, exit] of Object.entries(attempts)) {
    const ended = opRun(`"$LATTICE" ${command}`, cwd, { LATTICE: binary });
    assert.equal(ended.exit, exit, `${command}: ${ended.stderr}`);
    assert.deepEqual(refsOf(cwd), before, command);
    expectIdle(cwd);
  }
  const without = opRun(`env -u LATTICE_OP "$LATTICE" meta delete feat`, cwd, { LATTICE: binary });
  assert.equal(without.exit, 5);
  assert.match(without.stderr, /without being a part of it/);
  const inLock = lattice(["lock", "run", "--", binary, "op", "run", "--", "true"], { cwd });
  assert.equal(inLock.exit, 5, inLock.stderr);
  expectIdle(cwd);
});

test("LATTICE_OP that names nothing, something else's token or an ended operation is refused", () => {
  const cwd = stage();
  const claim = must(["op", "begin", "steps"], cwd);
  const [op] = claim.split(":");
  const refused = (value: string, exit: number) => {
    const ended = lattice(["git", "update-ref", "refs/heads/x", "main"], { cwd, env: { LATTICE_OP: value } });
    assert.equal(ended.exit, 128, ended.stderr);
    const set = lattice(["meta", "delete", "x"], { cwd, env: { LATTICE_OP: value } });
    assert.equal(set.exit, exit, `${value}: ${set.stderr}`);
  };
  refused(`${op}:${"0".repeat(32)}`, 2);
  refused("nonsense", 1);
  refused(`019b76da-a801-7b40-87ed-a0caa7e9ba10:${"0".repeat(32)}`, 1);
  refused(`../../x:${"0".repeat(32)}`, 1);
  refused(`../../x:${"0".repeat(48)}`, 1);
  const token = claim.slice(op!.length + 1);
  refused(`${op}:${token.slice(0, 32)}${"0".repeat(16)}`, 2);
  refused(`019b76da-a801-7b40-87ed-a0caa7e9ba10:${token}`, 1);
  refused(`${claim}:`, 2);
  must(["op", "commit"], cwd, { LATTICE_OP: claim });
  refused(claim, 1);
  must(["op", "prune", "--keep", "0"], cwd);
  assert.deepEqual(operationsIn(cwd), []);
  refused(claim, 1);
  must(["git", "update-ref", "refs/heads/x", "main"], cwd, { LATTICE_OP: "" });
});

/** Makes a hook that writes its name and standard input to a file. */
function addHook(folder: string, name: string, more = ""): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, name),
    `#!/bin/sh\n{ echo "${name} $*"; [ ${name} != reference-transaction ] || cat; } >>"$LOG"\n${more}\n`,
  );
  chmodSync(join(folder, name), 0o755);
}

test("op run: the repository's own hooks run as they do without it, wherever core.hooksPath names them", () => {
  for (const configured of [null, "relative/hooks", "absolute"]) {
    const cwd = stage();
    const folder = configured === null
      ? join(cwd, ".git/hooks")
      : configured === "absolute"
      ? temporaryFolder()
      : join(cwd, configured);
    for (const name of ["pre-commit", "commit-msg", "post-commit", "reference-transaction", "post-index-change"]) {
      addHook(folder, name);
    }
    if (configured !== null) {
      gitText(["config", "core.hooksPath", configured === "absolute" ? folder : configured], cwd);
    }
    const plain = copyOf(cwd);
    if (configured === null || configured === "absolute") assert.ok(existsSync(folder));
    const logs = [join(temporaryFolder(), "log"), join(temporaryFolder(), "log")];
    const script = "echo x >x; git add x; git commit -q -m x; git branch y";
    assert.equal(runProgram("sh", ["-ec", script], plain, { env: { LOG: logs[0]! } }).exit, 0);
    const ended = opRun(script, cwd, { LOG: logs[1]! });
    assert.equal(ended.exit, 0, ended.stderr);
    const [alone, below] = logs.map((path) => readFileSync(path, "utf8").split("\n"));
    const own = below!.filter((line) => !line.includes("refs/lattice/"));
    assert.deepEqual(own.slice(0, alone!.length - 1), alone!.slice(0, -1), String(configured));
    must(["undo"], cwd, { LOG: logs[1]! });
  }
});

test("op run: a hook of the repository can still refuse, and so does ours when it cannot take notes", () => {
  const cwd = stage();
  const before = refsOf(cwd);
  const log = join(temporaryFolder(), "log");
  addHook(join(cwd, ".git/hooks"), "reference-transaction", `! grep -q refs/heads/forbidden "$LOG"`);
  assert.notEqual(opRun("git branch forbidden", cwd, { LOG: log }).exit, 0);
  writeFileSync(join(cwd, ".git/hooks/reference-transaction"), "#!/bin/sh\nexit 0\n");
  const full = `notes=$(echo .git/lattice/ops/*.d/notes); rm -r "$notes"; ln -s /dev/full "$notes"; git branch new`;
  const ended = opRun(full, cwd);
  assert.notEqual(ended.exit, 0);
  assert.deepEqual(refsOf(cwd), before);
  expectIdle(cwd);
});

test("op run: other repositories that the program works in run their own hooks, submodules too", () => {
  const cwd = stage();
  const other = stage();
  gitText(["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", other, "sub"], cwd);
  gitText(["commit", "-q", "-m", "sub"], cwd);
  const modules = join(cwd, ".git/modules/sub/hooks");
  addHook(modules, "pre-commit");
  addHook(join(other, ".git/hooks"), "pre-commit");
  addHook(join(cwd, ".git/hooks"), "pre-commit", 'echo own >>"$LOG"');
  const before = refsOf(cwd);
  const log = join(temporaryFolder(), "log");
  const script =
    `git -C sub commit -q --allow-empty -m x; git -C '${other}' commit -q --allow-empty -m x; git branch y; exit 1`;
  assert.equal(opRun(script, cwd, { LOG: log }).exit, 1);
  assert.deepEqual(refsOf(cwd), before);
  assert.deepEqual(readFileSync(log, "utf8").split("\n"), ["pre-commit ", "pre-commit ", ""]);
  expectIdle(cwd);
});

test("hook install below op run goes where git looks for hooks afterwards, and the notes of op run go on", () => {
  for (const configured of [null, "tools/hooks"]) {
    const cwd = stage();
    const folder = join(cwd, configured ?? ".git/hooks");
    if (configured !== null) gitText(["config", "core.hooksPath", configured], cwd);
    addHook(folder, "reference-transaction");
    const env = { LATTICE: binary, LOG: join(temporaryFolder(), "log") };
    const install = '"$LATTICE" hook install pre-push reference-transaction; git branch x';
    const before = refsOf(cwd);
    assert.equal(opRun(`${install}; exit 3`, cwd, env).exit, 3);
    assert.deepEqual(refsOf(cwd), before, "what git did below it was the program's own");
    expectIdle(cwd);
    const installed = `${must(["hook", "status"], cwd)}\n`;
    assert.equal(installed.match(new RegExp(`  installed  ${folder}/`, "g"))?.length, 2, installed);

    const ended = opRun('"$LATTICE" hook status; "$LATTICE" hook uninstall', cwd, env);
    assert.deepEqual([ended.exit, ended.stdout], [0, installed]);
    assert.deepEqual(readdirSync(folder).filter((name) => !name.endsWith(".sample")), ["reference-transaction"]);
    expectIdle(cwd);
  }
});

test("hook install below op run in another repository installs it there", () => {
  const [cwd, other] = [stage(), stage()];
  assert.equal(opRun(`"$LATTICE" -C '${other}' hook install`, cwd, { LATTICE: binary }).exit, 0);
  assert.match(must(["hook", "status"], other), new RegExp(`^pre-push  installed  ${other}/.git/hooks/pre-push\n`));
  assert.match(must(["hook", "status"], cwd), /^pre-push {2}none /);
  expectIdle(cwd);
});

test("op run keeps the configuration that the caller gives git by its environment", () => {
  const cwd = stage();
  const env = { GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "user.nickname", GIT_CONFIG_VALUE_0: "zoe" };
  const ended = opRun("git config user.nickname; git branch x; exit 1", cwd, env);
  assert.deepEqual([ended.exit, ended.stdout], [1, "zoe\n"]);
  assert.ok(!refsOf(cwd).some((line) => line.includes("heads/x ")));
});

test("op run works in a bare repository, in an unborn one, through a link and in folders of odd names", () => {
  const bare = join(temporaryFolder(), "bare.git");
  gitText(["clone", "-q", "--bare", stage(), bare], "/");
  assert.equal(opRun("git branch x; exit 1", bare).exit, 1);
  assert.ok(!refsOf(bare).some((line) => line.includes("heads/x ")));
  const odd = join(temporaryFolder(), `we ird'"$x`);
  gitText(["init", "-q", "-b", "main", odd], "/");
  assert.equal(opRun("git commit -q --allow-empty -m x; exit 1", odd).exit, 1);
  assert.equal(gitText(["for-each-ref"], odd), "");
  assert.equal(opRun("git commit -q --allow-empty -m x", odd).exit, 0);
  must(["undo"], odd);
  assert.equal(gitText(["for-each-ref", "refs/heads"], odd), "");
  const link = join(temporaryFolder(), "link");
  runProgram("ln", ["-s", stage(), link], "/");
  const before = refsOf(link);
  const ended = lattice(["-C", link, "--git-dir", join(link, ".git"), "op", "run", "--", "git", "-C", link, "branch"], {
    cwd: "/",
  });
  assert.equal(ended.exit, 0, ended.stderr);
  const failing = lattice(["-C", link, "op", "run", "--", "sh", "-c", "git branch x; exit 1"], { cwd: "/" });
  assert.equal(failing.exit, 1, failing.stderr);
  assert.deepEqual(refsOf(link), before);
  expectIdle(link);
});

import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../harness.ts";
import { temporaryFolder } from "../fixtures.ts";
import { git, gitText } from "../git_oracle.ts";
import { type Ended, lattice } from "./command_line.ts";

/** main ← a (2 commits) ← b (1 commit) ← c, d (1 commit each); `b` is checked out. */
function repository(): string {
  const cwd = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], cwd);
  commit(cwd, "first");
  for (const [branch, from, count] of [["a", "main", 2], ["b", "a", 1], ["c", "b", 1], ["d", "b", 1]] as const) {
    gitText(["checkout", "-q", "-b", branch, from], cwd);
    for (let i = 0; i < count; i++) commit(cwd, `${branch}${i}`);
  }
  gitText(["checkout", "-q", "b"], cwd);
  return cwd;
}

function commit(cwd: string, message: string): void {
  gitText(["commit", "-q", "--allow-empty", "-m", message], cwd);
}

/** All of it tracked. */
async function stack(): Promise<string> {
  const cwd = repository();
  for (const [branch, parent] of [["a", "main"], ["b", "a"], ["c", "b"], ["d", "b"]] as const) {
    await succeed(["track", branch, "--parent", parent], cwd);
  }
  return cwd;
}

const oidOf = (cwd: string, revision: string) => gitText(["rev-parse", revision], cwd);

async function succeed(args: string[], cwd: string): Promise<Ended> {
  const ended = await lattice(args, { cwd });
  assert.equal(ended.exit, 0, `${args.join(" ")}: ${ended.stderr}`);
  return ended;
}

async function answer<T>(args: string[], cwd: string): Promise<T> {
  return JSON.parse((await succeed([...args, "--json"], cwd)).stdout) as T;
}

interface Failure {
  exit: number;
  code: string;
  message: string;
  hint: string | null;
  details: Record<string, unknown>;
}

/** Runs what must fail, print no answer, and leave every ref as it was. */
async function failure(args: string[], cwd: string): Promise<Failure> {
  const before = gitText(["for-each-ref"], cwd);
  const ended = await lattice([...args, "--json"], { cwd });
  assert.equal(ended.stdout, "");
  assert.equal(gitText(["for-each-ref"], cwd), before);
  return { exit: ended.exit, ...(JSON.parse(ended.stderr) as { error: Omit<Failure, "exit"> }).error };
}

interface Facts {
  branch: string;
  parent: string | null;
  children: string[];
  base: string | null;
  tip: string | null;
  ahead: number | null;
  behind: number | null;
  frozen: boolean;
  pr: unknown;
  current: boolean;
}

interface Metadata {
  parent: unknown;
  base: { oid: string };
  freeze: Record<string, unknown>;
  pr: unknown;
  timestamps: Record<string, string>;
}

async function metadataOf(cwd: string, branch: string): Promise<Metadata> {
  return (await answer<{ metadata: Metadata }>(["meta", "get", branch], cwd)).metadata;
}

test("track stores parent and merge base, prints the operation, and undo takes it back", async () => {
  const cwd = repository();
  const { op, updates } = await answer<{ op: string; updates: { ref: string; old: string | null; new: string }[] }>(
    ["track", "a", "--parent", "main"],
    cwd,
  );
  assert.deepEqual(updates, [{
    ref: "refs/branch-metadata/a",
    old: null,
    new: oidOf(cwd, "refs/branch-metadata/a"),
  }]);
  const metadata = await metadataOf(cwd, "a");
  assert.deepEqual([metadata.parent, metadata.base.oid], [{ kind: "trunk", name: "main" }, oidOf(cwd, "main")]);
  const told = await succeed(["track", "b", "--parent", "a"], cwd);
  assert.match(told.stdout, /^[0-9a-f-]{36}\n$/);
  assert.equal(told.stderr, `branch "b" is tracked on "a", from ${oidOf(cwd, "a")} on\n`);
  assert.deepEqual((await metadataOf(cwd, "b")).parent, { kind: "branch", name: "a" });
  await succeed(["undo"], cwd);
  await succeed(["undo", op], cwd);
  assert.equal(gitText(["for-each-ref", "refs/branch-metadata"], cwd), "");
});

test("track takes the merge base where the parent has moved on, and --base where it is given", async () => {
  const cwd = repository();
  const before = oidOf(cwd, "a");
  gitText(["checkout", "-q", "a"], cwd);
  commit(cwd, "later");
  await succeed(["track", "a", "--parent", "main"], cwd);
  await succeed(["track", "b", "--parent", "a"], cwd);
  assert.equal((await metadataOf(cwd, "b")).base.oid, before);
  await succeed(["track", "b", "--parent", "a", "--base", "b~1^{commit}~1"], cwd);
  assert.equal((await metadataOf(cwd, "b")).base.oid, oidOf(cwd, "b~2"));
  const { exit, message } = await failure(["track", "b", "--parent", "a", "--base", "a"], cwd);
  assert.equal(exit, 2);
  assert.ok(message.includes(oidOf(cwd, "a")), message);
  assert.equal((await failure(["track", "b", "--parent", "a", "--base", "nope"], cwd)).exit, 1);
  assert.equal((await failure(["track", "b", "--parent", "a", "--base", "a^{tree}"], cwd)).exit, 2);
});

test("track moves a tracked branch and keeps freeze and pull request; the same again changes nothing", async () => {
  const cwd = await stack();
  await succeed(["freeze", "d", "--reason", "why"], cwd);
  await succeed(["meta", "edit", "d", "--pr", "github:7:https://x/7"], cwd);
  const old = await metadataOf(cwd, "d");
  await succeed(["track", "d", "--parent", "a"], cwd);
  const moved = await metadataOf(cwd, "d");
  assert.deepEqual([moved.parent, moved.base.oid], [{ kind: "branch", name: "a" }, oidOf(cwd, "a")]);
  assert.deepEqual([moved.freeze, moved.pr], [old.freeze, old.pr]);
  assert.equal(moved.timestamps["created_at"], old.timestamps["created_at"]);
  const again = await lattice(["track", "d", "--parent", "a"], { cwd });
  assert.deepEqual([again.exit, again.stdout], [0, ""]);
  assert.deepEqual(await answer(["track", "d", "--parent", "a"], cwd), { op: null, updates: [] });
  assert.deepEqual(await metadataOf(cwd, "d"), moved);
});

test("track refuses cycles, by name and at any length", async () => {
  const cwd = await stack();
  const self = await failure(["track", "a", "--parent", "a"], cwd);
  assert.deepEqual([self.exit, self.code, self.details["cycle"]], [2, "usage", ["a"]]);
  const child = await failure(["track", "a", "--parent", "b"], cwd);
  assert.deepEqual([child.exit, child.details["cycle"]], [2, ["a", "b"]]);
  const grandchild = await failure(["track", "a", "--parent", "c"], cwd);
  assert.deepEqual([grandchild.exit, grandchild.details["cycle"]], [2, ["a", "c", "b"]]);
  assert.match(grandchild.hint ?? "", /lattice track b --parent/);
});

test("track refuses a parent that stands on a cycle, and takes a branch out of one", async () => {
  const cwd = await stack();
  await succeed(["meta", "edit", "a", "--parent", "b"], cwd); // which checks nothing of the kind
  const above = await failure(["track", "c", "--parent", "b"], cwd);
  assert.deepEqual([above.exit, above.code, above.details["cycle"]], [6, "invalid_data", ["b", "a"]]);
  const untracked = await failure(["untrack", "a"], cwd);
  assert.deepEqual([untracked.exit, untracked.details["cycle"]], [6, ["a", "b"]]);
  await succeed(["track", "a", "--parent", "main"], cwd);
  await succeed(["track", "c", "--parent", "b"], cwd);
});

test("track refuses branches and parents that are missing, and the trunk", async () => {
  const cwd = repository();
  const gone = await failure(["track", "nope", "--parent", "main"], cwd);
  assert.deepEqual([gone.exit, gone.details["ref"]], [1, "refs/heads/nope"]);
  assert.deepEqual((await failure(["track", "a", "--parent", "nope"], cwd)).details["ref"], "refs/heads/nope");
  const untracked = await failure(["track", "b", "--parent", "a"], cwd);
  assert.deepEqual([untracked.exit, untracked.code], [1, "not_found"]);
  assert.equal(untracked.hint, "track it first: lattice track a --parent main");
  assert.equal((await failure(["track", "main", "--parent", "a"], cwd)).exit, 2);
  assert.equal((await failure(["track", "a"], cwd)).exit, 2);
  assert.equal((await failure(["track", "a", "--parent", "-x"], cwd)).exit, 2);
  assert.equal((await failure(["track", "a..b", "--parent", "main"], cwd)).exit, 2);
  await succeed(["track", "a", "--parent", "main"], cwd);
  gitText(["branch", "-D", "a"], cwd);
  assert.equal((await failure(["track", "b", "--parent", "a"], cwd)).exit, 1, "tracked, and gone");
});

test("track refuses unrelated branches unless told where one begins, and another tool's document", async () => {
  const cwd = repository();
  gitText(["checkout", "-q", "--orphan", "island"], cwd);
  commit(cwd, "alone");
  const { exit, code, hint } = await failure(["track", "island", "--parent", "main"], cwd);
  assert.deepEqual([exit, code], [1, "not_found"]);
  assert.match(hint ?? "", /--base/);
  await succeed(["track", "island", "--parent", "main", "--base", "island"], cwd);
  const blob = gitText(["hash-object", "-w", "--stdin"], cwd, '{"parentBranchName":"main"}');
  gitText(["update-ref", "refs/branch-metadata/a", blob], cwd);
  for (const args of [["track", "a", "--parent", "main"], ["untrack", "a"], ["freeze", "a"], ["unfreeze", "a"]]) {
    assert.equal((await failure(args, cwd)).exit, 6, args.join(" "));
  }
});

test("track and log know a trunk that only origin has", async () => {
  const origin = repository();
  const cwd = join(temporaryFolder(), "clone");
  gitText(["clone", "-q", "-b", "a", origin, cwd], origin);
  gitText(["remote", "set-head", "origin", "main"], cwd);
  assert.equal(git(["rev-parse", "--verify", "-q", "refs/heads/main"], cwd).exit, 1);
  await succeed(["track", "a", "--parent", "main"], cwd);
  assert.equal((await metadataOf(cwd, "a")).base.oid, oidOf(cwd, "origin/main"));
  assert.equal((await succeed(["log"], cwd)).stdout, "◆ main\n* a  2 ahead\n");
});

test("untrack moves the children to the parent, in one operation that undo takes back", async () => {
  const cwd = await stack();
  const before = gitText(["for-each-ref"], cwd);
  await succeed(["freeze", "c", "--reason", "kept"], cwd);
  const frozen = gitText(["for-each-ref"], cwd);
  const ended = await succeed(["untrack", "b"], cwd);
  assert.match(ended.stdout, /^[0-9a-f-]{36}\n$/);
  assert.equal(ended.stderr, `branch "c" is based on "a" now\nbranch "d" is based on "a" now\n`);
  assert.equal(git(["rev-parse", "-q", "--verify", "refs/branch-metadata/b"], cwd).exit, 1);
  assert.equal(oidOf(cwd, "b").length, 40); // the branch stays
  const child = await metadataOf(cwd, "c");
  assert.deepEqual([child.parent, child.base.oid], [{ kind: "branch", name: "a" }, oidOf(cwd, "a")]);
  assert.equal(child.freeze["reason"], "kept");
  await succeed(["undo"], cwd);
  assert.equal(gitText(["for-each-ref"], cwd), frozen);
  await succeed(["undo"], cwd);
  assert.equal(gitText(["for-each-ref"], cwd), before);
});

test("untrack gives children the base that they share with the new parent, or the old one's where that is gone", async () => {
  const cwd = await stack();
  gitText(["checkout", "-q", "main"], cwd);
  gitText(["merge", "-q", "--no-ff", "--no-edit", "a"], cwd);
  gitText(["branch", "-D", "a"], cwd);
  const merged = oidOf(cwd, "b~1"); // the commit of `a` that the trunk has by now
  await succeed(["untrack", "a"], cwd);
  const child = await metadataOf(cwd, "b");
  assert.deepEqual([child.parent, child.base.oid], [{ kind: "trunk", name: "main" }, merged]);
  gitText(["branch", "-D", "c"], cwd);
  await succeed(["untrack", "b"], cwd);
  assert.equal((await metadataOf(cwd, "c")).base.oid, merged);
  const { exit, code } = await failure(["untrack", "b"], cwd);
  assert.deepEqual([exit, code], [1, "not_found"]);
});

test("freeze and unfreeze change what is asked and keep the rest", async () => {
  const cwd = await stack();
  await succeed(["freeze", "c"], cwd);
  const first = (await metadataOf(cwd, "c")).freeze;
  assert.deepEqual([first["state"], first["scope"], first["reason"]], ["frozen", "single", null]);
  await succeed(["freeze", "c", "--scope", "downstack_inclusive", "--reason", "review"], cwd);
  assert.deepEqual(await answer(["freeze", "c"], cwd), { op: null, updates: [] });
  const second = (await metadataOf(cwd, "c")).freeze;
  assert.deepEqual([second["scope"], second["reason"]], ["downstack_inclusive", "review"]);
  assert.equal(second["frozen_at"], first["frozen_at"]);
  assert.equal((await failure(["freeze", "c", "--scope", "all"], cwd)).exit, 2);
  const below = await succeed(["unfreeze", "a"], cwd);
  assert.deepEqual([below.stdout, below.stderr], [
    "",
    'warning: branch "a" stays frozen: the freeze of "c" reaches it\n',
  ]);
  assert.deepEqual((await answer<Facts[]>(["log"], cwd)).filter(({ frozen }) => frozen).map(({ branch }) => branch), [
    "a",
    "b",
    "c",
  ]);
  await succeed(["unfreeze", "c"], cwd);
  assert.deepEqual((await metadataOf(cwd, "c")).freeze, { state: "unfrozen" });
  for (const command of ["freeze", "unfreeze"]) assert.equal((await failure([command, "main"], cwd)).exit, 1);
});

test("info, parent, children and trunk answer about the current branch or the named one", async () => {
  const cwd = await stack();
  await succeed(["meta", "edit", "b", "--pr", "github:7:https://x/7"], cwd);
  const facts = await answer<Facts>(["info"], cwd);
  assert.deepEqual(facts, {
    branch: "b",
    parent: "a",
    children: ["c", "d"],
    base: oidOf(cwd, "a"),
    tip: oidOf(cwd, "b"),
    ahead: 1,
    behind: 0,
    frozen: false,
    pr: { state: "linked", forge: "github", number: 7, url: "https://x/7", last_known: null },
    current: true,
  });
  assert.deepEqual(Object.keys(facts).join(" "), "branch parent children base tip ahead behind frozen pr current");
  assert.match((await succeed(["info", "c"], cwd)).stdout, /^branch {4}c\nparent {4}b\nchildren {2}-\n/);
  assert.equal((await succeed(["parent"], cwd)).stdout, "a\n");
  assert.deepEqual((await answer<Facts>(["parent"], cwd)).branch, "a");
  assert.equal((await succeed(["children"], cwd)).stdout, "c\nd\n");
  assert.equal((await succeed(["children", "c"], cwd)).stdout, "");
  assert.deepEqual((await answer<Facts[]>(["children", "main"], cwd)).map(({ branch }) => branch), ["a"]);
  assert.equal((await succeed(["trunk"], cwd)).stdout, "main\n");
  assert.deepEqual(await answer(["trunk"], cwd), {
    branch: "main",
    parent: null,
    children: ["a"],
    base: null,
    tip: oidOf(cwd, "main"),
    ahead: null,
    behind: null,
    frozen: false,
    pr: null,
    current: false,
  });
  assert.equal((await failure(["parent", "main"], cwd)).exit, 1);
  for (const command of ["info", "parent", "children"]) {
    assert.equal((await failure([command, "nope"], cwd)).exit, 1, command);
    assert.equal((await failure([command, "a b"], cwd)).exit, 2, command);
  }
});

test("without a branch, a detached HEAD is refused by name; a repository without a trunk is told", async () => {
  const cwd = await stack();
  gitText(["checkout", "-q", "--detach"], cwd);
  for (const command of ["info", "parent", "children"]) {
    const { exit, message, hint } = await failure([command], cwd);
    assert.equal(exit, 2);
    assert.equal(message, `no branch is checked out: HEAD is detached at ${oidOf(cwd, "HEAD")}`);
    assert.equal(hint, `name the branch: lattice ${command} <branch>`);
  }
  assert.ok((await answer<Facts[]>(["log"], cwd)).every(({ current }) => !current));
  const empty = temporaryFolder();
  gitText(["init", "-q", "-b", "other"], empty);
  assert.equal((await failure(["trunk"], empty)).exit, 1);
  assert.equal((await succeed(["log"], empty)).stdout, "");
  assert.deepEqual(await answer(["log"], empty), []);
  await succeed(["init", "--trunk", "other"], empty);
  assert.equal((await succeed(["trunk"], empty)).stdout, "other\n");
});

test("log draws the stack; colours are for terminals, --color and the environment decide", async () => {
  const cwd = await stack();
  gitText(["checkout", "-q", "a"], cwd);
  commit(cwd, "later");
  const lines = ["◆ main", "* a  3 ahead", "○ b  1 ahead  parent moved", "├─○ c  1 ahead", "└─○ d  1 ahead", ""];
  assert.equal((await succeed(["log"], cwd)).stdout, lines.join("\n"));
  assert.equal((await succeed(["log", "--format", "tree"], cwd)).stdout, lines.join("\n"));
  const colored = await lattice(["log"], { cwd, terminals: [1] });
  assert.match(colored.stdout, /\x1b\[1;32m\* a\x1b\[0m {2}\x1b\[32m3 ahead\x1b\[0m/);
  assert.equal(colored.stdout.replace(/\x1b\[[\d;]*m/g, ""), lines.join("\n"));
  assert.equal((await succeed(["log", "--color", "always"], cwd)).stdout, colored.stdout);
  for (const [args, env] of [[["--color", "never"], {}], [[], { NO_COLOR: "1" }], [[], { TERM: "dumb" }]] as const) {
    const plain = await lattice(["log", ...args], { cwd, env, terminals: [1] });
    assert.equal(plain.stdout, lines.join("\n"));
  }
  assert.match((await succeed(["log", "--format", "dot"], cwd)).stdout, /^digraph stack \{\n[^]*\n\}\n$/);
  assert.match((await succeed(["log", "--format", "mermaid"], cwd)).stdout, /^flowchart TD\n {2}n0\["main"\]\n/);
  assert.equal((await failure(["log", "--format", "dot"], cwd)).exit, 2);
  assert.equal((await failure(["log", "--format", "svg"], cwd)).exit, 2);
});

test("log --json lists every branch, parents first", async () => {
  const cwd = await stack();
  const all = await answer<Facts[]>(["log"], cwd);
  assert.deepEqual(all.map(({ branch, parent }) => [branch, parent]), [
    ["main", null],
    ["a", "main"],
    ["b", "a"],
    ["c", "b"],
    ["d", "b"],
  ]);
  for (const facts of all) {
    if (facts.branch !== "main") assert.deepEqual(facts, await answer(["info", facts.branch], cwd));
  }
});

test("ahead and behind are those of git between tip and base", async () => {
  const cwd = await stack();
  await succeed(["meta", "edit", "b", "--base", "d"], cwd); // as after a rebase that nobody told of
  await succeed(["meta", "edit", "c", "--base", "main"], cwd);
  for (const { branch, base, tip, ahead, behind } of await answer<Facts[]>(["log"], cwd)) {
    if (base === null) continue;
    const counted = gitText(["rev-list", "--left-right", "--count", `${tip}...${base}`], cwd);
    assert.equal(`${ahead}\t${behind}`, counted, branch);
  }
  assert.match((await succeed(["log"], cwd)).stdout, /\* b {2}1 behind {2}parent moved\n/);
});

test("what is damaged is named, the rest is shown, and the exit code is 6", async () => {
  const cwd = await stack();
  const blob = gitText(["hash-object", "-w", "--stdin"], cwd, "{nonsense");
  gitText(["update-ref", "refs/branch-metadata/x", blob], cwd);
  writeFileSync(join(cwd, ".git/refs/heads/d"), "nonsense\n");
  const ended = await lattice(["log"], { cwd });
  assert.equal(ended.exit, 6);
  assert.match(ended.stdout, /├─○ c {2}1 ahead\n└─× d {2}no such branch\n$/);
  assert.equal(ended.stderr.match(/^warning: /gm)?.length, 2);
  assert.match(ended.stderr, /refs\/heads\/d/);
  for (const command of ["info", "children"]) assert.equal((await lattice([command], { cwd })).exit, 6, command);
  assert.equal((await succeed(["parent"], cwd)).stdout, "a\n"); // needs its own document alone
  const own = await lattice(["info", "x"], { cwd });
  assert.deepEqual([own.exit, own.stdout], [6, ""]);
  assert.match(own.stderr, /^error: metadata of branch "x" /);
});

test("a shallow clone and a missing commit leave distances unknown, and the log stands", async () => {
  const origin = await stack();
  gitText(["checkout", "-q", "main"], origin); // so that origin/HEAD names the trunk
  const cwd = join(temporaryFolder(), "shallow");
  gitText(["clone", "-q", "--depth", "1", "--no-single-branch", `file://${origin}`, cwd], origin);
  gitText(["checkout", "-q", "--detach"], cwd);
  for (const branch of ["main", "a", "b", "c", "d"]) gitText(["branch", "-f", branch, `origin/${branch}`], cwd);
  gitText(["fetch", "-q", "origin", "refs/branch-metadata/*:refs/branch-metadata/*"], cwd);
  const all = await answer<Facts[]>(["log"], cwd);
  assert.deepEqual(all.map(({ branch, ahead, behind }) => [branch, ahead, behind]).slice(1, 3), [
    ["a", null, null],
    ["b", null, null],
  ]);
  assert.match((await succeed(["log"], cwd)).stdout, /a {2}history unknown/);
  const { exit, hint } = await failure(["track", "a", "--parent", "main"], cwd);
  assert.equal(exit, 1);
  assert.match(hint ?? "", /fetch more of the history/);

  const full = await stack();
  const lost = oidOf(full, "a~1");
  rmSync(join(full, ".git/objects", lost.slice(0, 2), lost.slice(2)));
  const rest = await answer<Facts[]>(["log"], full);
  assert.deepEqual(rest.map(({ branch }) => branch), ["main", "a", "b", "c", "d"]);
  assert.deepEqual([rest[1]?.ahead, rest[1]?.behind], [null, null]);
});

test("a left-over document blocks a longer name, and the error says so", async () => {
  const cwd = await stack();
  gitText(["branch", "-D", "c"], cwd);
  gitText(["branch", "c/x", "b"], cwd);
  const { exit, message } = await failure(["track", "c/x", "--parent", "b"], cwd);
  assert.equal(exit, 3);
  assert.match(message, /refs\/branch-metadata\/c/);
});

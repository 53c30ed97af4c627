import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../fixtures.ts";
import { gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { lattice } from "./command_line.ts";
import { answer, commit, type Facts, failure, oidOf, stack, succeed } from "./stack_repository.ts";

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
  assert.equal(ended.stderr.match(/^error: /gm)?.length, 2);
  assert.equal((await lattice(["-q", "log"], { cwd })).stderr, ended.stderr);
  for (const command of [["log"], ["children", "main"], ["trunk"]]) {
    const { exit, stderr } = await lattice([...command, "--json"], { cwd });
    assert.equal(exit, 6, command.join(" "));
    for (const line of stderr.trimEnd().split("\n")) {
      assert.equal((JSON.parse(line) as { error: { code: string } }).error.code, "invalid_data", line);
    }
  }
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

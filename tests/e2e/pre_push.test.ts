/** The pre-push hook under a real `git push`. */
import assert from "node:assert/strict";
import { chmodSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../fixtures.ts";
import { gitEnvironment, gitText, runProgram } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { binary, lattice, textOf } from "./binary.ts";
import { commit, push, pushedRepository, refsOf, run } from "./pushed_repository.ts";

/** A push must be refused, by exactly these messages of the hook's. */
function assertRefused({ exit, stderr }: { exit: number; stderr: string }, ...messages: RegExp[]): void {
  assert.equal(exit, 1, stderr);
  const errors = stderr.split("\n").filter((line) => line.startsWith("error: ") && !line.includes("failed to push"));
  assert.equal(errors.length, messages.length, stderr);
  messages.forEach((message, i) => assert.match(errors[i]!, message));
}

test("git push is refused while a parent is not at the remote, and goes through once it is, or comes along", () => {
  const repository = pushedRepository();
  const { folder } = repository;
  assertRefused(push(folder, "origin", "b"), /branch "b" is based on "a", which is neither on "origin" nor in this/);
  assert.deepEqual(Object.keys(refsOf(repository)), ["main"]);
  assert.equal(push(folder, "origin", "a").exit, 0);
  assert.equal(push(folder, "origin", "b").exit, 0);
  assert.deepEqual(Object.keys(refsOf(repository)), ["a", "b", "main"]);

  const both = pushedRepository();
  assert.equal(push(both.folder, "origin", "b", "a").exit, 0);
  assert.deepEqual(Object.keys(refsOf(both)), ["a", "b", "main"]);
});

test("git push of a deletion, a tag, a branch without metadata, and with --no-verify is let pass", () => {
  const repository = pushedRepository();
  const { folder } = repository;
  gitText(["tag", "v1", "b"], folder);
  gitText(["branch", "free", "b"], folder);
  assert.equal(push(folder, "origin", "v1").exit, 0);
  assert.equal(push(folder, "origin", "free").exit, 0);
  assert.equal(push(folder, "--no-verify", "origin", "b").exit, 0);
  run(folder, "freeze", "b");
  assert.equal(push(folder, "origin", ":b", ":free").exit, 0);
  assert.deepEqual(Object.keys(refsOf(repository)), ["main", "v1"]);
});

test("git push that takes the parent away in the same push is refused", () => {
  const { folder } = pushedRepository();
  assert.equal(push(folder, "origin", "a").exit, 0);
  assertRefused(push(folder, "origin", ":a", "b"), /branch "b" is based on "a"/);
});

test("git push of a renamed refspec is judged by the branch that is pushed, and by the name that moves", () => {
  const repository = pushedRepository();
  const { folder } = repository;
  assertRefused(push(folder, "origin", "b:theirs/b"), /branch "b" is based on "a"/);
  assert.equal(push(folder, "origin", "a:theirs/a", "b:theirs/b").exit, 0);
  gitText(["branch", "-q", "--set-upstream-to=origin/theirs/a", "a"], folder);
  commit(folder, "more of b");
  assert.equal(push(folder, "origin", "b:theirs/b").exit, 0); // the parent is there by the name of its upstream
  assert.equal(push(folder, "origin", "a").exit, 0);
  run(folder, "freeze", "a", "--reason", "under review");
  assertRefused(push(folder, "-f", "origin", "HEAD:a"), /branch "a" is frozen, and .* move "a" on .*: under review/);
  assertRefused(push(folder, "origin", "b~0:a"), /branch "a" is frozen/);
  assert.deepEqual(Object.keys(refsOf(repository)), ["a", "main", "theirs/a", "theirs/b"]);
});

test("git push of a frozen branch is refused where it would move, with --force-with-lease too", () => {
  const repository = pushedRepository();
  const { folder } = repository;
  run(folder, "freeze", "a");
  assert.equal(push(folder, "origin", "a", "b").exit, 0); // new ones move nothing
  const before = refsOf(repository);
  gitText(["switch", "-q", "a"], folder);
  gitText(["commit", "-q", "--amend", "--allow-empty", "-m", "a, amended"], folder);
  assertRefused(
    push(folder, "--force-with-lease", "origin", "a"),
    /branch "a" is frozen, and this push would move "a"/,
  );
  assert.deepEqual(refsOf(repository), before);
  run(folder, "unfreeze", "a");
  assert.equal(push(folder, "--force-with-lease", "origin", "a").exit, 0);
});

test("git push is refused where a freeze above reaches the branch", () => {
  const { folder } = pushedRepository();
  assert.equal(push(folder, "origin", "a", "b").exit, 0);
  run(folder, "freeze", "b", "--scope", "downstack_inclusive");
  gitText(["switch", "-q", "a"], folder);
  commit(folder, "more of a");
  assertRefused(push(folder, "origin", "a"), /branch "a" is frozen by the freeze of "b"/);
});

test("git push of a branch that does not contain its base is refused; where history ends, that is said", () => {
  const repository = pushedRepository();
  const { folder, hub } = repository;
  gitText(["switch", "-q", "-C", "a", "main"], folder);
  commit(folder, "another a");
  run(folder, "meta", "edit", "a", "--base", "b");
  const refused = push(folder, "origin", "a");
  assertRefused(refused, /branch "a" is said to begin on [0-9a-f]{40}, and does not contain that/);
  assert.match(refused.stderr, /`lattice meta edit a --base <rev>`/);

  const { folder: whole, hub: source } = pushedRepository();
  assert.equal(push(whole, "origin", "a", "b").exit, 0);
  const shallow = join(temporaryFolder(), "shallow");
  gitText(["clone", "-q", "--depth=1", "--no-single-branch", `file://${source}`, shallow], whole);
  gitText(["switch", "-q", "b"], shallow);
  gitText(["switch", "-q", "-c", "c"], shallow);
  commit(shallow, "c");
  run(shallow, "hook", "install");
  const base = gitText(["rev-parse", "main"], whole);
  const document = {
    ...JSON.parse(run(whole, "meta", "get", "b")) as Record<string, unknown>,
    branch: { name: "c" },
    base: { oid: base },
    parent: { kind: "branch", name: "b" },
  };
  const set = lattice(["meta", "set", "c"], { cwd: shallow, stdin: JSON.stringify(document) });
  assert.equal(set.exit, 0, set.stderr);
  const pushed = push(shallow, "origin", "c");
  assert.equal(pushed.exit, 0, pushed.stderr);
  assert.match(pushed.stderr, /warning: cannot tell whether branch "c" contains its base/);
  assert.ok(hub !== source);
});

test("git push is refused for metadata that does not parse, and for an unfinished operation", () => {
  const { folder } = pushedRepository();
  const blob = gitText(["hash-object", "-w", "--stdin"], folder, "no JSON");
  gitText(["update-ref", "refs/branch-metadata/a", blob], folder);
  assertRefused(push(folder, "origin", "a"), /metadata of branch "a" is invalid/);
  const line = `refs/heads/a ${gitText(["rev-parse", "a"], folder)} refs/heads/a ${"0".repeat(40)}\n`;
  assert.equal(lattice(["hook", "pre-push", "origin", "x"], { cwd: folder, stdin: line }).exit, 6);

  const token = run(folder, "op", "begin", "restack").trim();
  assertRefused(push(folder, "origin", "a"), /operation .* is paused/, /metadata of branch "a" is invalid/);
  assert.equal(lattice(["hook", "pre-push", "origin", "x"], { cwd: folder, stdin: line }).exit, 5);
  const joined = lattice(["hook", "pre-push", "origin", "x"], {
    cwd: folder,
    stdin: line,
    env: { LATTICE_OP: token },
  });
  assert.equal(joined.exit, 6, joined.stderr); // a push that belongs to the operation is not kept from it
});

test("git push within an operation that is going on is a part of it", () => {
  const { folder } = pushedRepository();
  const { exit, stderr } = lattice(["op", "run", "--", "git", "push", "origin", "a"], { cwd: folder });
  assert.equal(exit, 0, stderr);
  assertRefused(push(folder, "-f", "origin", "b", ":a"), /branch "b" is based on "a"/);
});

test("git push from a linked worktree runs the hook that all worktrees share", () => {
  const repository = pushedRepository();
  const linked = join(temporaryFolder(), "linked");
  gitText(["worktree", "add", "-q", linked, "main"], repository.folder);
  gitText(["switch", "-q", "-c", "d"], linked);
  commit(linked, "d");
  run(linked, "track", "d", "--parent", "a");
  assertRefused(push(linked, "origin", "d"), /branch "d" is based on "a"/);
  assertRefused(push(linked, "origin", "HEAD"), /branch "d" is based on "a"/);
  assert.match(
    run(linked, "hook", "status"),
    new RegExp(`^pre-push {2}installed {2}${repository.folder}/\\.git/hooks/`),
  );
});

test("git push by a URL knows the remote by that URL", () => {
  const { folder, hub } = pushedRepository();
  assertRefused(push(folder, hub, "b"), /branch "b" is based on "a"/);
  assert.equal(push(folder, "origin", "a").exit, 0);
  assert.equal(push(folder, hub, "b").exit, 0);
});

test("a hook that was there before gets the same arguments and input, and its failure counts", () => {
  const { folder, hub } = pushedRepository();
  run(folder, "hook", "uninstall");
  const path = join(folder, ".git/hooks/pre-push");
  writeFileSync(path, `#!/bin/sh\nprintf '%s\\n' "$@" >args\ncat >input\nexit "$(cat code)"\n`, { mode: 0o755 });
  run(folder, "hook", "install");
  writeFileSync(join(folder, "code"), "3");
  const refused = push(folder, "origin", "a");
  assert.equal(refused.exit, 1, refused.stderr);
  const [oid, zeros] = [gitText(["rev-parse", "a"], folder), "0".repeat(40)];
  assert.equal(readFileSync(join(folder, "args"), "utf8"), `origin\n${hub}\n`);
  assert.equal(readFileSync(join(folder, "input"), "utf8"), `refs/heads/a ${oid} refs/heads/a ${zeros}\n`);
  writeFileSync(join(folder, "code"), "0");
  writeFileSync(join(folder, "input"), "");
  assertRefused(push(folder, "origin", "b"), /branch "b" is based on "a"/);
  assert.equal(readFileSync(join(folder, "input"), "utf8"), "", "what lattice refuses is not handed on");
  assert.equal(push(folder, "origin", "a").exit, 0);
  chmodSync(`${path}.before-lattice`, 0o644);
  writeFileSync(join(folder, "code"), "3");
  assert.equal(push(folder, "origin", "b").exit, 0, "a hook that may not be executed is passed over, as git has it");
  renameSync(`${path}.before-lattice`, `${path}.elsewhere`);
  commit(folder, "more of b");
  assert.notEqual(push(folder, "origin", "b").exit, 0, "one that is gone is not");
});

test("a hook whose binary is gone refuses the push and says why, and finds another on PATH", () => {
  const { folder } = pushedRepository();
  const path = join(folder, ".git/hooks/pre-push");
  const text = readFileSync(path, "utf8").replaceAll(binary, "/gone/lattice");
  writeFileSync(path, text);
  assertRefused(
    push(folder, "origin", "a"),
    /the pre-push hook cannot run lattice: neither \/gone\/lattice nor one on PATH is there/,
  );
  const bin = temporaryFolder();
  writeFileSync(join(bin, "lattice"), `#!/bin/sh\nexec ${binary} "$@"\n`, { mode: 0o755 });
  const env = { PATH: `${gitEnvironment["PATH"]}:${bin}` };
  const found = textOf(runProgram("git", ["push", "origin", "b"], folder, { env }));
  assertRefused(found, /branch "b" is based on "a"/);
});

test("git push --all of 500 branches stays quick", () => {
  const { folder, hub } = pushedRepository();
  const names = Array.from({ length: 500 }, (_, i) => `s${String(i).padStart(3, "0")}`);
  const base = gitText(["rev-parse", "main"], folder);
  const commits = names.map((name, i) =>
    `commit refs/heads/${name}\nmark :${i + 1}\ncommitter A <a@example.com> ${1700000000 + i} +0000\n` +
    `data 1\nx\nfrom ${i === 0 ? base : `:${i}`}\n\n`
  );
  gitText(["fast-import", "--quiet"], folder, commits.join(""));
  const oids = gitText(["rev-parse", ...names], folder).split("\n");
  const document = JSON.parse(run(folder, "meta", "get", "b")) as Record<string, unknown>;
  const lines = names.map((name, i) =>
    JSON.stringify({
      branch: name,
      expect: null,
      metadata: {
        ...document,
        branch: { name },
        parent: i === 0 ? { kind: "trunk", name: "main" } : { kind: "branch", name: names[i - 1] },
        base: { oid: i === 0 ? base : oids[i - 1] },
      },
    })
  );
  const applied = lattice(["apply"], { cwd: folder, stdin: lines.join("\n") });
  assert.equal(applied.exit, 0, applied.stderr);
  const zeros = "0".repeat(40);
  const input = names.map((name, i) => `refs/heads/${name} ${oids[i]} refs/heads/${name} ${zeros}\n`).join("");
  const start = performance.now();
  const judged = lattice(["hook", "pre-push", "origin", hub], { cwd: folder, stdin: input });
  const elapsed = performance.now() - start;
  assert.equal(judged.exit, 0, judged.stderr);
  console.log(`pre-push of 500 branches took ${Math.round(elapsed)} ms`);
  assert.ok(elapsed < 5_000, `${elapsed} ms`); // many times what it takes on a busy machine
  assert.equal(push(folder, "-q", "--all", "origin").exit, 0);
  assert.equal(gitText(["for-each-ref", "--format=x", "refs/heads/s*"], hub).split("\n").length, 500);
  const orphan = push(folder, "origin", ":s100", "s101:other");
  assertRefused(orphan, /branch "s101" is based on "s100"/);
});

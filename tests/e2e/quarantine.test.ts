/** The binary in the hooks of a bare repository that git pushes into, while the new objects are in git's quarantine. */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gitText, runProgram } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { binary, documentOf, lattice } from "./binary.ts";

/** A bare repository with a branch and its document, and a clone with a commit more. */
function pair(): { bare: string; clone: string; old: string; pushed: string } {
  const folder = temporaryFolder();
  const [bare, clone] = [join(folder, "bare.git"), join(folder, "clone")];
  gitText(["init", "-q", "--bare", "--template=", "-b", "main", bare], "/");
  gitText(["clone", "-q", "--template=", bare, clone], folder);
  gitText(["commit", "-q", "--allow-empty", "-m", "old"], clone);
  gitText(["push", "-q", "origin", "HEAD:main"], clone);
  const old = gitText(["rev-parse", "HEAD"], clone);
  assert.equal(lattice(["meta", "set", "main"], { cwd: bare, stdin: documentOf("main", old) }).exit, 0);
  writeFileSync(join(clone, "file"), "in quarantine\n");
  gitText(["add", "file"], clone);
  gitText(["commit", "-q", "-m", "new"], clone);
  return { bare, clone, old, pushed: gitText(["rev-parse", "HEAD"], clone) };
}

/** What a hook runs: each command line, its exit code and both outputs, in a file of its own beside the repository. */
function installHook(bare: string, name: string, commands: readonly string[]): void {
  const runs = commands.map((command, index) =>
    `{ ${command}; } >"${bare}/../${name}.${index}.out" 2>"${bare}/../${name}.${index}.err" </dev/null; ` +
    `echo $? >"${bare}/../${name}.${index}.exit"`
  );
  const path = join(bare, "hooks", name);
  mkdirSync(join(bare, "hooks"), { recursive: true });
  const quarantine = `printf %s "$GIT_QUARANTINE_PATH" >"${bare}/../${name}.quarantine"`;
  writeFileSync(path, ["#!/bin/sh", quarantine, ...runs, "exit 0", ""].join("\n"));
  chmodSync(path, 0o755);
}

/** What came of a hook's command. */
function ran(bare: string, name: string, index: number): { exit: number; stdout: string; stderr: string } {
  const part = (end: string) => readFileSync(`${bare}/../${name}.${index}.${end}`, "utf8");
  return { exit: Number(part("exit")), stdout: part("out"), stderr: part("err") };
}

const READS = (pushed: string) => [
  `cat-file -t ${pushed}`,
  `cat-file -p ${pushed}`,
  `cat-file -p ${pushed}^{tree}`,
  "cat-file --batch-check --batch-all-objects",
  `rev-parse ${pushed}~1`,
  `rev-parse ${pushed.slice(0, 12)}`,
  "for-each-ref",
  "show-ref",
];

/** Holds what lattice read in a hook to what git read there, two commands each. @returns Number of the command behind. */
function expectSameReads(bare: string, hook: string, questions: readonly string[]): number {
  questions.forEach((question, index) => {
    const [theirs, ours] = [ran(bare, hook, 2 * index), ran(bare, hook, 2 * index + 1)];
    assert.deepEqual([ours.exit, ours.stdout], [theirs.exit, theirs.stdout], `${question}: ${ours.stderr}`);
    assert.equal(ours.exit, 0, question);
  });
  return 2 * questions.length;
}

function byBoth(commands: readonly string[]): string[] {
  return commands.flatMap((command) => [`git ${command}`, `${binary} git ${command}`]);
}

test("binary in a pre-receive hook reads what git holds in quarantine, and changes no ref, as git changes none", () => {
  const { bare, clone, old, pushed } = pair();
  const refs = gitText(["for-each-ref"], bare);
  const questions = READS(pushed);
  const changes: [command: string, exit: number][] = [
    [`update-ref refs/heads/other ${old}`, 128],
    [`update-ref refs/heads/other ${pushed}`, 128],
    ["update-ref -d refs/heads/main", 1],
  ];
  const own = ["meta get main", "meta list", "log", "doctor", "op status", "op list"];
  const refused = [
    `printf %s '${documentOf("side", old)}' | ${binary} meta set side`,
    `echo '{"ref":"refs/heads/other","new":"${pushed}"}' | ${binary} apply`,
    `${binary} meta delete main`,
    `${binary} freeze main`,
    `${binary} undo`,
  ];
  installHook(bare, "pre-receive", [
    ...byBoth(questions),
    ...byBoth(changes.map(([command]) => command)),
    // Git before 2.46 does set it; since then it is a ref update as any other.
    `${binary} git symbolic-ref HEAD refs/heads/other`,
    ...own.map((command) => `${binary} ${command}`),
    ...refused,
    `echo object | ${binary} git hash-object -w --stdin`,
    "git for-each-ref",
  ]);
  const ops = readdirSync(join(bare, "lattice/ops"));
  const push = runProgram("git", ["push", "-q", "origin", "HEAD:main"], clone);
  assert.equal(push.exit, 0, push.stderr);
  assert.match(readFileSync(`${bare}/../pre-receive.quarantine`, "utf8"), /tmp_objdir-incoming/);
  let at = expectSameReads(bare, "pre-receive", questions);
  for (const [command, exit] of changes) {
    const [theirs, ours] = [ran(bare, "pre-receive", at++), ran(bare, "pre-receive", at++)];
    assert.deepEqual([ours.exit, theirs.exit], [exit, exit], `${command}: ${ours.stderr}${theirs.stderr}`);
    assert.match(ours.stderr, /refs are not updated while git holds new objects in quarantine/);
  }
  assert.equal(ran(bare, "pre-receive", at++).exit, 1, "symbolic-ref");
  for (const command of own) {
    const { exit, stderr } = ran(bare, "pre-receive", at++);
    assert.equal(exit, 0, `${command}: ${stderr}`);
  }
  for (const command of refused) {
    const { exit, stderr } = ran(bare, "pre-receive", at++);
    assert.equal(exit, 8, `${command}: ${stderr}`);
    assert.match(stderr, /^error: refs are not updated while git holds new objects in quarantine\nhint: /);
  }
  const stored = ran(bare, "pre-receive", at++);
  assert.equal(stored.exit, 0, stored.stderr);
  assert.equal(gitText(["cat-file", "-p", stored.stdout.trim()], bare), "object", "it moved with what was pushed");
  assert.equal(ran(bare, "pre-receive", at++).stdout.trimEnd(), refs, "no ref changed");
  assert.deepEqual(readdirSync(join(bare, "lattice/ops")), ops, "and nothing says that one did");
  assert.equal(lattice(["op", "status"], { cwd: bare }).exit, 0);
  assert.equal(gitText(["rev-parse", "main"], bare), pushed);
  gitText(["fsck", "--strict"], bare);
});

test("binary in an update hook reads the objects that git has taken over, and changes other refs, as git does", () => {
  const { bare, clone, pushed } = pair();
  const questions = READS(pushed);
  installHook(bare, "update", [
    ...byBoth(questions),
    `git update-ref refs/heads/by-git ${pushed}`,
    `${binary} git update-ref refs/heads/by-lattice ${pushed}`,
  ]);
  const push = runProgram("git", ["push", "-q", "origin", "HEAD:main"], clone);
  assert.equal(push.exit, 0, push.stderr);
  assert.equal(readFileSync(`${bare}/../update.quarantine`, "utf8"), "", "git is done with its quarantine by then");
  const at = expectSameReads(bare, "update", questions);
  assert.deepEqual([ran(bare, "update", at).exit, ran(bare, "update", at + 1).exit], [0, 0]);
  assert.equal(gitText(["rev-parse", "by-lattice"], bare), pushed);
  assert.equal(gitText(["rev-parse", "main"], bare), pushed);
});

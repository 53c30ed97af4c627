/** The binary where names and paths hold what a terminal or a shell would act on, and where variables redirect it. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../harness.ts";
import { gitText, runProgram } from "../git_oracle.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { binary, documentOf, lattice } from "./binary.ts";

function repositoryAt(folder: string): string {
  mkdirSync(folder, { recursive: true });
  gitText(["init", "-q", "--template=", "-b", "main"], folder);
  gitText(["commit", "-q", "--allow-empty", "-m", "first"], folder);
  return gitText(["rev-parse", "HEAD"], folder);
}

/** What a terminal acts on; line ends are ours. */
// deno-lint-ignore no-control-regex -- control characters are what is looked for
const ACTS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

test("names that a terminal would act on are shown escaped by every command, to a pipe and to a terminal", () => {
  const folder = join(temporaryFolder(), "names");
  const base = repositoryAt(folder);
  // Git allows these: C1 controls and marks that reorder text. C0 controls come in as files that somebody put there.
  const branches = ["a\u009b2Jb", "a\u202eb", "a\u2066b"];
  for (const branch of branches) {
    gitText(["branch", branch], folder);
    const { exit, stderr } = lattice(["meta", "set", branch], { cwd: folder, stdin: documentOf(branch, base) });
    assert.equal(exit, 0, stderr);
  }
  mkdirSync(join(folder, ".git/refs/branch-metadata"), { recursive: true });
  for (const name of ["x\x1b[2Jy", "x\ny"]) writeFileSync(join(folder, ".git/refs/branch-metadata", name), `${base}\n`);
  writeFileSync(join(folder, ".git/packed-refs"), `${base} refs/heads/\x1b]0;t\x07\n`);
  const commands = [
    ["meta", "list"],
    ["log"],
    ["log", "--format", "dot"],
    ["op", "list"],
    ["op", "status"],
    ["doctor"],
    ["info", branches[0]!],
    ["meta", "get", "no\x1b[2Jne"],
    ["op", "show", "no\x1b[2Jne"],
    ["no\x1b[2Jne"],
  ];
  for (const args of commands) {
    for (const json of [[], ["--json"]]) {
      const { stdout, stderr } = lattice([...json, ...args], { cwd: folder });
      assert.doesNotMatch(stdout + stderr, ACTS, [...json, ...args].join(" "));
    }
    // script(1) gives a terminal; its line ends are CR LF, and colours are ours to give.
    const line = [binary, "--color", "never", ...args].map((word) => `'${word}'`).join(" ");
    const shown = runProgram("script", ["-qec", line, "/dev/null"], folder, { env: { TERM: "xterm" } });
    assert.doesNotMatch(new TextDecoder().decode(shown.stdout).replaceAll("\r\n", "\n"), ACTS, args.join(" "));
  }
  for (const args of [["rev-parse", "no\x1b[2Jne"], ["cat-file", "-t", "\x1b[2J"], ["update-ref", "refs/\x1b", base]]) {
    const ours = lattice(["git", ...args], { cwd: folder });
    assert.doesNotMatch(ours.stderr, ACTS, args.join(" "));
    assert.equal(ours.exit, runProgram("git", args, folder).exit, args.join(" "));
  }
});

test("hooks work, and run nothing else, in a repository whose path a shell would act on", () => {
  for (const name of ["a b", "it's", 'say "x"', "line\nend", "$(touch ran)", "`touch ran`", "-n", "a;touch ran", "*"]) {
    const root = temporaryFolder();
    const folder = join(root, name);
    const base = repositoryAt(folder);
    mkdirSync(join(folder, ".git/hooks"));
    writeFileSync(join(folder, ".git/hooks/pre-push"), '#!/bin/sh\ncat > "$(dirname "$0")/../told"\n');
    chmodSync(join(folder, ".git/hooks/pre-push"), 0o755);
    const installed = lattice(["hook", "install"], { cwd: folder });
    assert.equal(installed.exit, 0, installed.stderr);
    gitText(["init", "-q", "--bare", join(root, "remote")], root);
    const pushed = runProgram("git", ["push", "-q", join(root, "remote"), "main"], folder);
    assert.equal(pushed.exit, 0, `${name}: ${pushed.stderr}`);
    assert.ok(existsSync(join(folder, ".git/told")), `${name}: the hook that was there before ran`);
    assert.equal(lattice(["meta", "set", "main"], { cwd: folder, stdin: documentOf("main", base) }).exit, 0, name);
    assert.equal(lattice(["op", "run", "--", "git", "branch", "made"], { cwd: folder }).exit, 0, name);
    assert.equal(gitText(["rev-parse", "made"], folder), base);
    assert.equal(lattice(["hook", "uninstall"], { cwd: folder }).exit, 0, name);
    for (const place of [root, folder]) assert.ok(!existsSync(join(place, "ran")), name);
  }
});

test("variables that redirect git redirect us to the same place", () => {
  const root = temporaryFolder();
  const [here, there] = [join(root, "here"), join(root, "there")];
  const base = repositoryAt(here);
  gitText(["commit", "-q", "--allow-empty", "-m", "second"], here);
  repositoryAt(there);
  const only = gitText(["hash-object", "-w", "--stdin"], there, "only there\n");
  gitText(["update-ref", "refs/namespaces/n/refs/heads/named", base], here);
  const environments: Record<string, string>[] = [
    {},
    { GIT_DIR: join(there, ".git") },
    { GIT_DIR: "../there/.git", GIT_WORK_TREE: here },
    { GIT_DIR: join(root, "nowhere") },
    { GIT_OBJECT_DIRECTORY: join(there, ".git/objects") },
    { GIT_ALTERNATE_OBJECT_DIRECTORIES: join(there, ".git/objects") },
    { GIT_OBJECT_DIRECTORY: join(there, ".git/objects"), GIT_ALTERNATE_OBJECT_DIRECTORIES: join(here, ".git/objects") },
    { GIT_ALTERNATE_OBJECT_DIRECTORIES: `"${there}/.git/objects":/nowhere` },
    { GIT_NAMESPACE: "n" },
    { GIT_INDEX_FILE: "/dev/zero" },
    { GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "core.abbrev", GIT_CONFIG_VALUE_0: "12" },
    { GIT_CONFIG_COUNT: "1" },
    { GIT_CONFIG_COUNT: "-1" },
    { GIT_CONFIG_PARAMETERS: "'core.abbrev=9'" },
    { GIT_CONFIG_PARAMETERS: "'core.abbrev" },
    { GIT_CEILING_DIRECTORIES: root },
    // What receive-pack gives its hooks: objects are new in a folder of their own, and no ref may change.
    { GIT_QUARANTINE_PATH: join(there, ".git/objects"), GIT_OBJECT_DIRECTORY: join(there, ".git/objects") },
  ];
  const questions = [
    ["rev-parse", "HEAD"],
    ["rev-parse", "--short", "HEAD"],
    ["rev-parse", "--git-dir", "--git-common-dir"],
    ["for-each-ref", "--format=%(refname) %(objectname)"],
    ["cat-file", "-e", only],
    ["cat-file", "-p", only],
    ["update-ref", "refs/heads/quarantined", base],
    ["update-ref", "-d", "refs/heads/quarantined"],
  ];
  for (const env of environments) {
    for (const args of questions) {
      const theirs = runProgram("git", args, here, { env });
      const ours = lattice(["git", ...args], { cwd: here, env });
      const told = `${JSON.stringify(env)} ${args.join(" ")}: git says ${theirs.stderr}, we say ${ours.stderr}`;
      // A deletion that cannot begin, as with broken configuration, ends with 1 here and with 128 in git.
      if (args[1] === "-d") assert.equal(ours.exit === 0, theirs.exit === 0, told);
      else assert.equal(ours.exit, theirs.exit, told);
      assert.equal(ours.stdout, new TextDecoder().decode(theirs.stdout), told);
    }
  }
});

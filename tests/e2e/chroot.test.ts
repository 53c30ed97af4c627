import assert from "node:assert/strict";
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { test } from "../harness.ts";
import { gitText, runProgram } from "../git_oracle.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { binary, documentOf, type Ended, textOf } from "./binary.ts";

/** Nobody's user and group. */
const NOBODY = 65534;

/**
 * Run by the shell outside, in a mount namespace of its own that goes away with it: everything below `$1` becomes
 * read-only, except `/repo`; `/proc` and `/dev/null` are there. Then the program, as nobody, in the new root.
 */
const ENTER = `
set -eu
root=$1
shift
mount --make-rprivate /
mount --bind "$root" "$root"
mount --bind "$root/repo" "$root/repo"
mount -t proc proc "$root/proc"
mount --bind /dev/null "$root/dev/null"
mount -o remount,bind,ro "$root"
exec chroot --userspec=${NOBODY}:${NOBODY} --groups= "$root" "$@"
`;

/** Files of the system that the binary cannot start without: those that `ldd` names. */
function libraries(): string[] {
  const listed = textOf(runProgram("ldd", [binary], "/"));
  assert.equal(listed.exit, 0, listed.stderr);
  return [...listed.stdout.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1] ?? "");
}

/** A root folder that holds the binary, its libraries and an empty repository of nobody's. */
function container(): string {
  const root = temporaryFolder();
  chmodSync(root, 0o755);
  for (const folder of ["proc", "dev", "bin", "repo"]) mkdirSync(join(root, folder));
  writeFileSync(join(root, "dev/null"), "");
  copyFileSync(binary, join(root, "bin/lattice"));
  chmodSync(join(root, "bin/lattice"), 0o755);
  for (const library of libraries()) {
    mkdirSync(join(root, dirname(library)), { recursive: true });
    copyFileSync(library, join(root, library));
    chmodSync(join(root, library), 0o755);
  }
  const repository = join(root, "repo");
  gitText(["init", "-q", "-b", "main"], repository);
  gitText(["commit", "-q", "--allow-empty", "-m", "first"], repository);
  for (const branch of ["one", "two", "three"]) gitText(["branch", branch], repository);
  runProgram("chown", ["-R", `${NOBODY}:${NOBODY}`, repository], "/");
  chownSync(repository, NOBODY, NOBODY);
  return root;
}

/** Runs a program in the container, with an empty environment. */
function inside(root: string, args: readonly string[], stdin = ""): Ended {
  return textOf(runProgram(
    "unshare",
    [
      "--mount",
      "--",
      "/usr/bin/env",
      "-i",
      "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
      "/bin/sh",
      "-c",
      ENTER,
      "sh",
      root,
      ...args,
    ],
    "/",
    { stdin },
  ));
}

/** Why this machine allows no container; `null` when it does. */
function obstacle(root: string): string | null {
  if (process.getuid?.() !== 0) return "only root may make a container";
  const tried = inside(root, ["/bin/lattice", "--version"]);
  return tried.exit === 0 ? null : `the container does not start: ${tried.stderr.trim()}`;
}

test("binary does its main job in a container that holds nothing else", () => {
  const root = container();
  const reason = obstacle(root);
  assert.equal(reason, null, `cannot be tried here: ${reason}`);
  assert.equal(existsSync(join(root, "bin/sh")), false);
  const repository = join(root, "repo");
  const base = gitText(["-c", "safe.directory=*", "rev-parse", "main"], repository);
  const lattice = (args: string[], stdin?: string) => inside(root, ["/bin/lattice", "-C", "/repo", ...args], stdin);
  const succeed = (args: string[], stdin?: string): string => {
    const ended = lattice(args, stdin);
    assert.equal(ended.exit, 0, `lattice ${args.join(" ")}: ${ended.stderr}`);
    return ended.stdout;
  };

  assert.equal(succeed(["init"]), "main\n");
  const oid = succeed(["meta", "set", "one", "--expect-absent"], documentOf("one", base)).trim();
  assert.deepEqual(JSON.parse(succeed(["meta", "get", "one"])), JSON.parse(documentOf("one", base)));
  assert.equal(lattice(["meta", "set", "one", "--expect-absent"], documentOf("one", base).replace("07", "08")).exit, 3);

  const lines = ["two", "three"].map((branch) =>
    `{"branch":"${branch}","expect":null,"metadata":${documentOf(branch, base)}}\n`
  );
  succeed(["apply"], lines.join(""));
  assert.equal(succeed(["meta", "list"]), "one\nthree\ntwo\n");
  succeed(["undo"]);
  assert.equal(succeed(["meta", "list"]), "one\n");
  assert.equal(succeed(["op", "list"]).trim().split("\n").length >= 3, true);

  succeed(["git", "update-ref", "refs/heads/new", base, "0".repeat(40)]);
  const listed = succeed(["git", "for-each-ref", "--format=%(objectname) %(refname)"]);
  assert.match(listed, new RegExp(`^${base} refs/heads/new$`, "m"));
  assert.match(listed, new RegExp(`^${oid} refs/branch-metadata/one$`, "m"));

  const judged = (args: string[]) => gitText(["-c", "safe.directory=*", ...args], repository);
  assert.equal(judged(["for-each-ref", "--format=%(objectname) %(refname)"]), listed.trimEnd());
  judged(["fsck", "--strict"]);
  assert.match(readFileSync(join(repository, ".git/HEAD"), "utf8"), /^ref: refs\/heads\/main\n$/);
});

test("binary in a container reports a repository that it may not write as an error of the disk", () => {
  const root = container();
  const reason = obstacle(root);
  assert.equal(reason, null, `cannot be tried here: ${reason}`);
  runProgram("chown", ["-R", "0:0", join(root, "repo")], "/");
  runProgram("chown", [`${NOBODY}`, join(root, "repo"), join(root, "repo/.git")], "/");
  const base = gitText(["-c", "safe.directory=*", "rev-parse", "main"], join(root, "repo"));
  const ended = inside(root, ["/bin/lattice", "-C", "/repo", "meta", "set", "one"], documentOf("one", base));
  assert.equal(ended.exit, 7, ended.stderr);
  assert.match(ended.stderr, /^error: /);
});

/**
 * A repository with every kind of ref that listings meet, for the tests of the commands that show refs.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { temporaryFolder } from "../../fixtures.ts";
import { git, gitEnvironment, gitText } from "../../git_oracle.ts";

/** Runs git in a folder with a date and a zone of its own, so that dates differ from commit to commit. */
function gitAt(folder: string, date: string, ...args: string[]): void {
  execFileSync("git", args, {
    cwd: folder,
    env: { ...gitEnvironment, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
    stdio: "ignore",
  });
}

/** Makes the repository: merges, nested tags, odd names, symbolic refs, upstreams, worktrees, packed and loose refs. */
export function repositoryOfRefs(): string {
  const folder = join(temporaryFolder(), "repository");
  mkdirSync(folder);
  const run = (...args: string[]) => gitText(args, folder);
  run("init", "-q", "-b", "main");
  const commit = (seconds: number, zone: string, message: string) =>
    gitAt(folder, `${seconds} ${zone}`, "commit", "-q", "--allow-empty", "--cleanup=verbatim", "-m", message);
  commit(1_600_000_000, "+0000", "first\n");
  commit(
    1_600_100_000,
    "+0530",
    "second: a subject\nthat goes on\n\nbody line 1\nbody line 2\n\nSigned-off-by: A <a@b>\n",
  );
  run("branch", "old");
  run("checkout", "-q", "-b", "side/a");
  commit(1_650_000_000, "-0800", "on the side\r\n\r\nwindows body\r\n");
  run("checkout", "-q", "main");
  commit(1_700_000_000, "+1245", "unicode é 漢字 \"quoted\" 'single' $x `y` !\n\nbody");
  gitAt(folder, "1700100000 +0000", "merge", "-q", "--no-ff", "-m", "merge it", "side/a");
  run("branch", "ünïcode");
  run("branch", "a.b-c_d");
  run("branch", "UPPER");
  for (const name of ["upper2", "dev", "dev2"]) run("branch", name, "old");
  gitAt(folder, "1700200000 +0100", "tag", "-a", "-m", "tag one\n\ntag body", "v1.0");
  gitAt(folder, "1700300000 +0100", "tag", "-a", "-m", "nested", "v1.0-nested", "v1.0");
  for (const name of ["v1.2", "v1.10", "v1.9", "v2.0-rc1", "v2.0", "v01", "v001"]) run("tag", name, "old");
  const blob = gitText(["hash-object", "-w", "--stdin"], folder, "blob content\n");
  run("tag", "a-tree", gitText(["mktree"], folder, `100644 blob ${blob}\tname\n`));
  run("tag", "a-blob", blob);
  gitAt(folder, "1700400000 +0000", "tag", "-a", "-m", "of a blob", "of-blob", blob);
  run("tag", "main", "old");
  writeSignedTag(folder);
  run("pack-refs", "--all");
  run("update-ref", "refs/remotes/origin/main", "main~1");
  run("update-ref", "refs/remotes/origin/topic", "side/a");
  run("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main");
  run("symbolic-ref", "refs/heads/alias", "refs/heads/side/a");
  run("symbolic-ref", "refs/heads/alias2", "refs/heads/alias");
  run("symbolic-ref", "refs/heads/dangling", "refs/heads/nowhere");
  run("update-ref", "refs/notes/x", "old");
  configureTracking(run);
  run("worktree", "add", "-q", join(dirname(folder), "linked tree"), "old");
  return folder;
}

function configureTracking(run: (...args: string[]) => string): void {
  run("config", "remote.origin.url", "/nowhere");
  run("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*");
  const track = (branch: string, remote: string, merge: string) => {
    run("config", `branch.${branch}.remote`, remote);
    run("config", `branch.${branch}.merge`, merge);
  };
  track("main", "origin", "refs/heads/main");
  track("side/a", "origin", "refs/heads/topic");
  track("old", "origin", "refs/heads/main");
  track("UPPER", "origin", "refs/heads/vanished");
  track("upper2", ".", "refs/heads/main");
  track("a.b-c_d", "elsewhere", "refs/heads/main");
  track("ünïcode", "origin", "refs/heads/topic");
  track("dev", ".", "side/a");
  track("dev2", ".", "refs/heads/alias");
  run("config", "branch.old.pushRemote", "elsewhere");
}

/** A tag whose message ends with what looks like a signature, and one without a tagger. */
function writeSignedTag(folder: string): void {
  const target = gitText(["rev-parse", "old"], folder);
  const header = (name: string) => `object ${target}\ntype commit\ntag ${name}\n`;
  const tagger = "tagger T <t@example.com> 1700000000 -0330\n";
  const signature = "-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n";
  const store = (name: string, text: string) => {
    const oid = gitText(["hash-object", "-t", "tag", "-w", "--literally", "--stdin"], folder, text);
    git(["update-ref", `refs/tags/${name}`, oid], folder);
  };
  store("signed", `${header("signed")}${tagger}\nsubject\n\nbody\n${signature}`);
  store("signed-only", `${header("signed-only")}${tagger}\n${signature}`);
  store("untagged", `${header("untagged")}\nold style\n`);
  store("empty", `${header("empty")}${tagger}\n`);
  writeFileSync(join(folder, ".git", "ORIG_HEAD"), `${target}\n`);
}

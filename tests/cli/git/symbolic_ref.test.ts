import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { test } from "../../harness.ts";
import { temporaryFolder } from "../../fixtures.ts";
import { gitText, runProgram } from "../../git_oracle.ts";
import { latticeGit, sameAsGit } from "./against_git.ts";
import { repositoryOfRefs } from "./ref_repository.ts";

const shared = repositoryOfRefs();

test("symbolic-ref reads as git does", async () => {
  for (
    const args of [
      ["HEAD"],
      ["--short", "HEAD"],
      ["refs/heads/alias2"],
      ["--no-recurse", "refs/heads/alias2"],
      ["--recurse", "refs/heads/alias2"],
      ["--short", "refs/heads/alias2"],
      ["refs/heads/dangling"],
      ["--short", "refs/remotes/origin/HEAD"],
      ["refs/heads/main"],
      ["-q", "refs/heads/main"],
      ["refs/heads/nothing"],
      ["-q", "refs/heads/nothing"],
      ["a..b"],
      ["-q", "a..b"],
      [],
      ["a", "b", "c"],
      ["-d"],
      ["-d", "HEAD"],
      ["-d", "refs/heads/main"],
      ["-d", "refs/heads/nothing"],
      ["-m", "", "refs/heads/x", "refs/heads/y"],
      ["-m"],
      ["--unknown"],
      ["HEAD", "main"],
      ["HEAD", "refs/"],
      ["refs/heads/x", "a..b"],
    ]
  ) await sameAsGit(["symbolic-ref", ...args], shared);
});

/** Everything of a repository that changing a symbolic ref may change. */
function state(folder: string): string {
  const refs = gitText(["for-each-ref", "--format=%(refname) %(objectname) %(symref)"], folder);
  const head = gitText(["symbolic-ref", "HEAD"], folder);
  return `${refs}\n${head}\n${runProgram("git", ["reflog", "show", "HEAD"], folder).stdout}`;
}

test("symbolic-ref writes and deletes as git does", async () => {
  for (
    const args of [
      ["HEAD", "refs/heads/old"],
      ["-m", "why", "HEAD", "refs/heads/side/a"],
      ["HEAD", "refs/heads/unborn"],
      ["refs/heads/new", "refs/heads/main"],
      ["refs/heads/alias", "refs/heads/old"],
      ["refs/heads/UPPER", "refs/heads/old"],
      ["-d", "refs/heads/alias"],
      ["--delete", "refs/heads/dangling"],
      ["refs/heads/main/below", "refs/heads/old"],
    ]
  ) {
    const [ours, theirs] = [0, 1].map(() => {
      const folder = join(temporaryFolder(), "copy");
      cpSync(shared, folder, { recursive: true });
      return folder;
    });
    const expected = runProgram("git", ["symbolic-ref", ...args], theirs!);
    const actual = await latticeGit(["symbolic-ref", ...args], ours!);
    assert.equal(actual.exit, expected.exit, `${args.join(" ")}: ${actual.stderr}${expected.stderr}`);
    assert.equal(state(ours!), state(theirs!), args.join(" "));
  }
});

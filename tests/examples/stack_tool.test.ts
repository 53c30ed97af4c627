import assert from "node:assert/strict";
import { gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { runExample } from "./run_example.ts";

/** A repository with `main`, `a` on it and `b` on `a`, each one commit ahead. */
function stackedRepository(): string {
  const path = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], path);
  gitText(["commit", "-q", "--allow-empty", "-m", "first"], path);
  for (const branch of ["a", "b"]) {
    gitText(["switch", "-q", "-c", branch], path);
    gitText(["commit", "-q", "--allow-empty", "-m", `work on ${branch}`], path);
  }
  return path;
}

/** Parent and base of a branch, as git shows its document. */
function placeOf(branch: string, path: string): { parent: string; base: string } {
  const text = gitText(["cat-file", "blob", `refs/branch-metadata/${branch}`], path);
  const { parent, base } = JSON.parse(text) as { parent: { name: string }; base: { oid: string } };
  return { parent: parent.name, base: base.oid };
}

function succeed(args: readonly string[], path: string): string {
  const { exit, text, stderr } = runExample("stack_tool", args, path);
  assert.equal(exit, 0, stderr);
  return text;
}

test("examples/stack_tool.ts tracks branches, and follows rebases and branches that are gone in one operation", () => {
  const path = stackedRepository();
  const oid = (name: string) => gitText(["rev-parse", name], path);
  assert.equal(succeed(["track", "a", "main"], path), "set-metadata a\n");
  succeed(["track", "b", "a"], path);
  assert.deepEqual(placeOf("a", path), { parent: "main", base: oid("main") });
  assert.deepEqual(placeOf("b", path), { parent: "a", base: oid("a") });
  assert.equal(succeed(["restack"], path), "", "nothing has moved");

  gitText(["switch", "-q", "main"], path);
  gitText(["merge", "-q", "--no-ff", "-m", "merge a", "a"], path);
  gitText(["rebase", "-q", "--onto", "main", "a", "b"], path);
  gitText(["branch", "-q", "-D", "a"], path);
  assert.equal(succeed(["restack"], path), "delete-metadata a\nset-metadata b\n");
  assert.deepEqual(placeOf("b", path), { parent: "main", base: oid("main") });
  assert.equal(
    gitText(["for-each-ref", "--format=%(refname)", "refs/branch-metadata"], path),
    "refs/branch-metadata/b",
  );
  gitText(["fsck", "--strict"], path);
});

test("examples/stack_tool.ts says what is wrong, and changes nothing", () => {
  const path = stackedRepository();
  assert.equal(runExample("stack_tool", [], path).exit, 1);
  assert.match(runExample("stack_tool", ["track", "a", "gone"], path).stderr, /a and gone share no commit/);
  assert.match(runExample("stack_tool", ["track", "a..b", "main"], path).stderr, /"a\.\.b" is no valid branch name/);
  assert.equal(gitText(["for-each-ref", "refs/branch-metadata"], path), "");
});

import assert from "node:assert/strict";
import { createMetadata, MetadataStore, openRepository } from "../../src/mod.ts";
import { gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { runExample } from "./run_example.ts";

/** A repository with a tracked branch `release`. */
async function releaseRepository(): Promise<string> {
  const path = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], path);
  gitText(["commit", "-q", "--allow-empty", "-m", "first"], path);
  gitText(["switch", "-q", "-c", "release"], path);
  const base = gitText(["rev-parse", "main"], path);
  const document = createMetadata("release", { kind: "trunk", name: "main" }, base, Date.now());
  await new MetadataStore(openRepository({ cwd: path })).writeCas("release", null, document);
  return path;
}

/** Everything that a deployment changes, as git sees it. */
function marks(path: string): string {
  return gitText(["for-each-ref", "--format=%(refname) %(objectname)", "refs/deployed", "refs/branch-metadata"], path);
}

const freezeOf = (path: string) =>
  (JSON.parse(gitText(["cat-file", "blob", "refs/branch-metadata/release"], path)) as { freeze: unknown }).freeze;

test("examples/deployment.ts moves refs and a document at once", async () => {
  const path = await releaseRepository();
  const first = gitText(["rev-parse", "release"], path);
  const done = runExample("deployment", ["production", "release", "--", "git", "rev-parse", "HEAD"], path);
  assert.equal(done.exit, 0, done.stderr);
  assert.equal(done.text, `${first}\nproduction runs ${first} now\n`);
  assert.equal(gitText(["rev-parse", "refs/deployed/production/current"], path), first);
  assert.match(JSON.stringify(freezeOf(path)), /"frozen".*"deployed to production"/);

  gitText(["commit", "-q", "--allow-empty", "-m", "second"], path);
  const second = gitText(["rev-parse", "release"], path);
  assert.equal(runExample("deployment", ["production", "release", "--", "true"], path).exit, 0);
  assert.equal(gitText(["rev-parse", "refs/deployed/production/current"], path), second);
  assert.equal(gitText(["rev-parse", "refs/deployed/production/previous"], path), first);
  assert.match(runExample("deployment", ["production", "release", "--", "true"], path).text, /already/);
});

test("examples/deployment.ts takes everything back where the command fails", async () => {
  const path = await releaseRepository();
  const before = marks(path);
  const failed = runExample("deployment", ["production", "release", "--", "sh", "-c", "exit 3"], path);
  assert.equal(failed.exit, 1);
  assert.match(failed.stderr, /ended with 3; production runs nothing as before/);
  assert.equal(marks(path), before);
  assert.deepEqual(freezeOf(path), { state: "unfrozen" });
});

test("examples/deployment.ts takes nothing back where somebody has built on it", async () => {
  const path = await releaseRepository();
  const other = gitText(["commit-tree", "-m", "other", "HEAD^{tree}"], path);
  const interfering = `git update-ref refs/deployed/production/current ${other}; exit 1`;
  const failed = runExample("deployment", ["production", "release", "--", "sh", "-c", interfering], path);
  assert.equal(failed.exit, 1);
  assert.match(failed.stderr, /"refs\/deployed\/production\/current".*\(diverged\)/);
  assert.equal(gitText(["rev-parse", "refs/deployed/production/current"], path), other);
  assert.match(JSON.stringify(freezeOf(path)), /"frozen"/, "all of it stays, or none");
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { openRepository, RepoLock } from "../../src/mod.ts";
import { gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { runExample, startExample } from "./run_example.ts";

function checkedRepository(): { path: string; commit: string; ref: string } {
  const path = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], path);
  gitText(["commit", "-q", "--allow-empty", "-m", "first"], path);
  const commit = gitText(["rev-parse", "main"], path);
  return { path, commit, ref: `refs/ci/${commit}` };
}

const resultsOf = (ref: string, path: string): unknown => JSON.parse(gitText(["cat-file", "blob", ref], path));

test("examples/ci_job.ts notes how checks ended, in one document", () => {
  const { path, commit, ref } = checkedRepository();
  const passed = runExample("ci_job", ["10000", "unit", commit, "--", "true"], path);
  assert.equal(passed.exit, 0, passed.stderr);
  assert.equal(passed.text, "noted, attempt 1\n");
  assert.equal(runExample("ci_job", ["10000", "lint", commit, "--", "sh", "-c", "exit 4"], path).exit, 4);
  assert.deepEqual(resultsOf(ref, path), { unit: { passed: true }, lint: { passed: false } });
  gitText(["fsck", "--strict"], path);
});

test("examples/ci_job.ts gives up when the lock is held for longer than its limit, and notes nothing", async () => {
  const { path, commit, ref } = checkedRepository();
  using _lock = await RepoLock.acquire(openRepository({ cwd: path }), { command: "a long merge" });
  const refused = runExample("ci_job", ["20", "unit", commit, "--", "true"], path);
  assert.equal(refused.exit, 75);
  assert.match(refused.stderr, /^waiting for a long merge\n.*locked by "a long merge".*\(locked\)\n$/s);
  assert.equal(gitText(["for-each-ref", ref], path), "");
});

test("examples/ci_job.ts says for whom it waits, and loses nothing that was noted meanwhile", async () => {
  const { path, commit, ref } = checkedRepository();
  const lock = await RepoLock.acquire(openRepository({ cwd: path }), { command: "a long merge" });
  const job = startExample("ci_job", ["600000", "unit", commit, "--", "true"], path);
  let stdout = "";
  job.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text);
  const [said] = await once(job.stderr.setEncoding("utf8"), "data") as [string];
  assert.equal(said, "waiting for a long merge\n");
  const blob = gitText(["hash-object", "-w", "--stdin"], path, '{"lint":{"passed":true}}');
  gitText(["update-ref", ref, blob, ""], path);
  const ended = once(job, "close");
  lock.release();
  assert.deepEqual(await ended, [0, null]);
  assert.equal(stdout, "noted, attempt 2\n");
  assert.deepEqual(resultsOf(ref, path), { lint: { passed: true }, unit: { passed: true } });
});

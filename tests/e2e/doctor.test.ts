import assert from "node:assert/strict";
import { appendFileSync, linkSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assertGitIsHappy } from "../doctor/look.ts";
import { git, gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { seededRandom } from "../simulation/random.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { runs, seedOr, tried } from "../thoroughness.ts";
import { documentOf, lattice } from "./binary.ts";
import { sampleOf } from "./sample.ts";
import { copyOf } from "./subject.ts";
import { callsOf, disturbed } from "./system_calls.ts";

const SEED = seedOr(20260107);

/** A repository with two branches, one of them tracked. */
function repository(): { cwd: string; tip: string } {
  const cwd = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], cwd);
  gitText(["commit", "-q", "--allow-empty", "-m", "first"], cwd);
  gitText(["branch", "topic"], cwd);
  const tip = gitText(["rev-parse", "HEAD"], cwd);
  const stored = lattice(["meta", "set", "topic"], { cwd, stdin: documentOf("topic", tip) });
  assert.equal(stored.exit, 0, stored.stderr);
  return { cwd, tip };
}

test("doctor on the binary: one empty file stops git, is named, mended, and git goes on", () => {
  const { cwd } = repository();
  writeFileSync(join(cwd, ".git/refs/branch-metadata/topic"), "");
  assert.notEqual(git(["fsck", "--no-dangling"], cwd).exit, 0);
  const look = lattice(["doctor"], { cwd });
  assert.equal(look.exit, 1);
  assert.match(look.stdout, /^error: ref\.empty:refs\/branch-metadata\/topic\n {2}.*\n {2}fix: set .* the journal of/);
  const mended = lattice(["doctor", "--fix", "ref.empty:refs/branch-metadata/topic"], { cwd });
  assert.deepEqual({ exit: mended.exit, stderr: mended.stderr }, { exit: 0, stderr: "" });
  assert.match(mended.stdout, /^fixed: ref\.empty:refs\/branch-metadata\/topic\n/);
  assert.deepEqual(lattice(["doctor"], { cwd }), { exit: 0, stdout: "nothing is wrong\n", stderr: "" });
  assert.equal(lattice(["meta", "get", "topic"], { cwd }).exit, 0);
  assertGitIsHappy(cwd);
});

test("doctor on the binary: many damages at once, each by its id", () => {
  const { cwd } = repository();
  const gitDir = join(cwd, ".git");
  gitText(["branch", "-D", "-q", "topic"], cwd);
  gitText(["pack-refs", "--all"], cwd);
  appendFileSync(join(gitDir, "packed-refs"), "nonsense\n");
  writeFileSync(join(gitDir, "HEAD"), "");
  writeFileSync(join(gitDir, "index.lock"), "");
  utimesSync(join(gitDir, "index.lock"), 1_700_000_000, 1_700_000_000);
  const [journal] = readdirSync(join(gitDir, "lattice/ops"));
  linkSync(join(gitDir, "lattice/ops", journal!), join(gitDir, "refs/heads/main.lock"));
  const ids = (JSON.parse(lattice(["doctor", "--json"], { cwd }).stdout) as { id: string }[]).map(({ id }) => id);
  assert.deepEqual(ids.sort(), [
    "lock.ours:refs/heads/main.lock",
    "lock.stale:index.lock",
    "packed-refs.damaged",
    "ref.empty:HEAD",
  ]);
  const first = lattice(["doctor", "--json", "--fix", ...ids], { cwd });
  const told = JSON.parse(first.stdout) as { id: string; fixed: boolean }[];
  assert.deepEqual(told.filter(({ fixed }) => !fixed).map(({ id }) => id), ["metadata.orphaned:topic"], first.stderr);
  assert.equal(lattice(["doctor", "--fix", "metadata.orphaned:topic"], { cwd }).exit, 0);
  assert.deepEqual(lattice(["doctor"], { cwd }), { exit: 0, stdout: "nothing is wrong\n", stderr: "" });
  assert.equal(git(["commit", "-q", "--allow-empty", "-m", "goes on"], cwd).exit, 0);
  assertGitIsHappy(cwd);
});

test("doctor on the binary: killed at its calls, it leaves the ref damaged or mended, and git free", () => {
  const { cwd: template, tip } = repository();
  writeFileSync(join(template, ".git/refs/heads/topic"), "");
  const args = ["doctor", "--fix", "ref.empty:refs/heads/topic"];
  const { calls, ended } = callsOf(args, { cwd: copyOf(template) });
  assert.equal(ended.exit, 0, ended.stderr);
  let killed = 0;
  const changing = calls.filter(({ changes }) => changes);
  const points = sampleOf(changing, runs(25), seededRandom(SEED));
  for (const call of points) {
    const cwd = copyOf(template);
    const run = disturbed(call, "signal=KILL", args, { cwd });
    if (run.exit !== 0) killed++;
    const where = `killed at ${call.text} (seed ${SEED})`;
    const text = readFileSync(join(cwd, ".git/refs/heads/topic"), "utf8");
    assert.ok(text === "" || text === `${tip}\n`, `${where}: the ref holds ${JSON.stringify(text)}`);
    assert.equal(lattice(["recover"], { cwd }).exit, 0, where);
    const locks = (readdirSync(join(cwd, ".git"), { recursive: true }) as string[]).filter((path) =>
      path.endsWith(".lock")
    );
    assert.deepEqual(locks, [], where);
    const again = lattice(["doctor", ...(text === "" ? args.slice(1) : [])], { cwd });
    assert.equal(again.exit, 0, `${where}: ${again.stdout}${again.stderr}`);
    assertGitIsHappy(cwd);
  }
  assert.ok(killed > points.length / 2, `only ${killed} of ${points.length} points were reached`);
  tried("doctor --fix", { "kill points": [killed, changing.length] }, SEED);
});

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { gitEnvironment, gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { runs } from "../thoroughness.ts";
import { expectNothingLeft } from "./aftermath.ts";
import { binary, documentOf, lattice } from "./binary.ts";
import {
  applyWriter,
  beside,
  expectCounts,
  reader,
  refWriter,
  report,
  sceneOf,
  setWriter,
  tidier,
  together,
} from "./contention.ts";
import { repository } from "./subjects.ts";

/** How often each writer counts up. */
const STEPS = runs(12, 150);

test("meta set, apply, update-ref of lattice and of git lose no update beside readers and git pack-refs", async () => {
  const shared = "refs/heads/number";
  const scene = sceneOf(STEPS, ["left", "right", "single"], [shared], 5);
  const git: [string] = ["git"];
  const ours: [string, string] = [binary, "git"];
  const turns = await together(
    scene,
    [
      setWriter(scene, "single"),
      setWriter(scene, "single"),
      setWriter(scene, "left"),
      applyWriter(scene, ["left", "right"], shared),
      applyWriter(scene, ["right", "left"], shared),
      refWriter(scene, shared, git),
      refWriter(scene, shared, git),
      refWriter(scene, shared, ours),
    ],
    [reader(scene, ["left", "right", "single"], [shared]), tidier(scene, [["git", "pack-refs", "--all"]])],
  );
  expectCounts(scene, { single: 2, left: 3, right: 2 }, { [shared]: 5 });
  report(scene, "lattice and git on the same refs", 8 * STEPS, turns);
});

test("lattice git pack-refs and reflog expire, beside git's, lose no update of either", async () => {
  const [checkedOut, other] = ["refs/heads/main", "refs/heads/number"];
  const scene = sceneOf(STEPS, ["left"], [other], 2);
  const turns = await together(
    scene,
    [
      setWriter(scene, "left"),
      refWriter(scene, other, ["git"]),
      refWriter(scene, other, [binary, "git"]),
      refWriter(scene, checkedOut, ["git"]),
      refWriter(scene, checkedOut, [binary, "git"]),
    ],
    [
      reader(scene, ["left"], [other, checkedOut]),
      tidier(scene, [
        [binary, "git", "pack-refs", "--all"],
        [binary, "git", "reflog", "delete", "HEAD@{0}"],
        [binary, "git", "reflog", "expire", "--expire=now", "--all"],
      ]),
      tidier(scene, [["git", "pack-refs", "--all"]]),
    ],
  );
  expectCounts(scene, { left: 1 }, { [other]: 2, [checkedOut]: 2 });
  report(scene, "refs packed and reflogs shortened", 5 * STEPS, turns);
});

test("meta set and apply lose no update and no object beside git gc", async () => {
  const ref = "refs/heads/number";
  const scene = sceneOf(STEPS, ["left", "right", "single"], [ref], 2);
  // Without --prune=now: that is for a repository in which nobody else writes, as git's own manual says.
  const turns = await together(
    scene,
    [
      setWriter(scene, "single"),
      setWriter(scene, "single"),
      applyWriter(scene, ["left", "right"], ref),
      refWriter(scene, ref, ["git"]),
    ],
    [
      reader(scene, ["left", "right", "single"], [ref]),
      tidier(scene, [["git", "gc", "-q"], ["git", "pack-refs", "--all", "--prune"]]),
    ],
  );
  expectCounts(scene, { single: 2, left: 1, right: 1 }, { [ref]: 2 });
  gitText(["gc", "-q", "--prune=now"], scene.cwd);
  expectCounts(scene, { single: 2, left: 1, right: 1 }, { [ref]: 2 });
  report(scene, "writers beside git gc", 4 * STEPS, turns);
});

test("ref that git holds locked is exit code 4 with no holder to name, and free again once git has let go", async () => {
  const { cwd, first } = repository();
  const ref = "refs/branch-metadata/topic";
  const child = spawn("git", ["update-ref", "--stdin"], { cwd, env: { ...gitEnvironment } });
  const closed = new Promise((resolve) => child.on("close", resolve));
  let said = "";
  const prepared = new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said.includes("prepare: ok")) resolve();
    });
    child.on("close", () => reject(new Error(`git ended: ${said}`)));
  });
  child.stdin.write(`start\ncreate ${ref} ${first}\nprepare\n`);
  await prepared;
  for (const args of [["meta", "set", "topic"], ["apply"]]) {
    const stdin = args[0] === "apply"
      ? JSON.stringify({ branch: "topic", metadata: JSON.parse(documentOf("topic", first)) })
      : documentOf("topic", first);
    const refused = lattice(["--json", ...args], { cwd, stdin });
    assert.equal(refused.exit, 4, refused.stderr);
    const { error } = JSON.parse(refused.stderr) as { error: { code: string; details: Record<string, unknown> } };
    assert.deepEqual([error.code, error.details["holder"]], ["locked", null]);
    assert.ok(String(error.details["path"]).endsWith(`${ref}.lock`), String(error.details["path"]));
    assert.equal(lattice(["op", "status"], { cwd }).exit, 0, "a refusal leaves nothing unfinished");
  }
  child.stdin.end("abort\n");
  await closed;
  const set = lattice(["meta", "set", "topic"], { cwd, stdin: documentOf("topic", first) });
  assert.equal(set.exit, 0, set.stderr);
  expectNothingLeft(cwd);
});

test("repository lock that another lattice holds is exit code 4 and names the holder", async () => {
  const { cwd, first } = repository();
  const child = spawn(binary, ["lock", "run", "--", "sh", "-c", "echo held; read line"], {
    cwd,
    env: { ...gitEnvironment },
  });
  const closed = new Promise((resolve) => child.on("close", resolve));
  await new Promise((resolve) => child.stdout.once("data", resolve));
  const args = ["--json", "--lock-timeout", "0", "meta", "set", "topic"];
  const refused = lattice(args, { cwd, stdin: documentOf("topic", first) });
  assert.equal(refused.exit, 4, refused.stderr);
  const { error } = JSON.parse(refused.stderr) as { error: { details: { holder: { pid: number; command: string } } } };
  assert.equal(error.details.holder.pid, child.pid);
  assert.equal(lattice(["lock", "status"], { cwd }).exit, 4);
  const waiting = beside(binary, ["meta", "set", "topic"], cwd, documentOf("topic", first));
  child.stdin.end("\n");
  await closed;
  const waited = await waiting;
  assert.equal(waited.exit, 0, waited.stderr);
});

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "../harness.ts";
import { git, gitEnvironment, gitText } from "../git_oracle.ts";
import { runs } from "../thoroughness.ts";
import { expectNothingLeft } from "./aftermath.ts";
import { binary, documentOf, type Ended, lattice } from "./binary.ts";
import { repository } from "./subjects.ts";

/** How often each writer counts up. */
const STEPS = runs(12, 150);

/** Nobody is refused so often. */
const ATTEMPTS_MAX = STEPS * 200;

/** What lattice may say to a writer that was too late, or that found the ref locked. */
const REFUSALS: Readonly<Record<number, string>> = { 3: "cas_failed", 4: "locked" };

/** Runs a program beside others. */
function beside(program: string, args: readonly string[], cwd: string, stdin = ""): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...gitEnvironment, LATTICE_LOCK_TIMEOUT: "30s" } });
    const ended: Ended = { exit: 0, stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => ended.stdout += text);
    child.stderr.setEncoding("utf8").on("data", (text: string) => ended.stderr += text);
    child.on("error", reject).on("close", (exit) => resolve({ ...ended, exit: exit ?? 128 }));
    child.stdin.on("error", () => {}); // a program that refuses early does not read
    child.stdin.end(stdin);
  });
}

/** What all who work on one repository have in common. */
interface Scene {
  readonly cwd: string;
  /** Commits, each the child of the one before it: counting up is going to the next. */
  readonly commits: readonly string[];
  /** How often somebody was refused, by what was said. */
  readonly refused: Map<string, number>;
  done: boolean;
}

function count(scene: Scene, what: string): void {
  scene.refused.set(what, (scene.refused.get(what) ?? 0) + 1);
}

/** Tries until it was not refused, `STEPS` times over. */
async function countUp(scene: Scene, attempt: () => Promise<boolean>): Promise<void> {
  let done = 0;
  for (let tries = 0; done < STEPS; tries++) {
    assert.ok(tries < ATTEMPTS_MAX, `refused again and again: ${JSON.stringify([...scene.refused])}`);
    if (await attempt()) done++;
  }
}

function numbered(branch: string, base: string, number: number): string {
  const document = JSON.parse(documentOf(branch, base)) as Record<string, unknown>;
  const url = `https://github.com/o/r/pull/${number}`;
  return JSON.stringify({ ...document, pr: { state: "linked", forge: "github", number, url, last_known: null } });
}

interface Stored {
  oid: string;
  metadata: { pr: { number: number } };
}

async function stored(scene: Scene, branch: string): Promise<Stored> {
  const got = await beside(binary, ["--json", "meta", "get", branch], scene.cwd);
  assert.equal(got.exit, 0, `meta get ${branch}: ${got.stderr}`);
  return JSON.parse(got.stdout) as Stored;
}

/** Whether lattice did it; that it was refused has to be said as what it is. */
function wasDone(scene: Scene, { exit, stderr }: Ended): boolean {
  if (exit === 0) return true;
  const expected = REFUSALS[exit];
  assert.ok(expected !== undefined, `exit code ${exit}: ${stderr}`);
  const { error } = JSON.parse(stderr) as { error: { code: string; details: Record<string, unknown> } };
  assert.equal(error.code, expected);
  if (exit === 3) assert.notEqual(error.details["actual"], error.details["expected"], "a refusal names both sides");
  count(scene, expected);
  return false;
}

/** Counts a document up by compare-and-swap. */
function setWriter(scene: Scene, branch: string): Promise<void> {
  return countUp(scene, async () => {
    const { oid, metadata } = await stored(scene, branch);
    const next = numbered(branch, scene.commits[0] ?? "", metadata.pr.number + 1);
    const args = ["--json", "meta", "set", branch, "--expect", oid];
    return wasDone(scene, await beside(binary, args, scene.cwd, next));
  });
}

/** Counts two documents and a branch up, all or none of them. */
function applyWriter(scene: Scene, branches: readonly string[], ref: string): Promise<void> {
  return countUp(scene, async () => {
    const old = await valueOf(scene, ref);
    const lines = [JSON.stringify({ ref, old, new: next(scene, old) })];
    for (const branch of branches) {
      const { oid, metadata } = await stored(scene, branch);
      const document = numbered(branch, scene.commits[0] ?? "", metadata.pr.number + 1);
      lines.push(JSON.stringify({ branch, expect: oid, metadata: JSON.parse(document) }));
    }
    return wasDone(scene, await beside(binary, ["--json", "apply"], scene.cwd, lines.join("\n")));
  });
}

/** Counts a branch up with git's own `update-ref`, or with ours, which says the same. */
function refWriter(scene: Scene, ref: string, program: readonly [string, ...string[]]): Promise<void> {
  const [command, ...first] = program;
  return countUp(scene, async () => {
    const old = await valueOf(scene, ref);
    const ended = await beside(command, [...first, "update-ref", ref, next(scene, old), old], scene.cwd);
    if (ended.exit === 0) return true;
    assert.equal(ended.exit, 128, ended.stderr);
    const reason = /is at [0-9a-f]+|Unable to create '[^']*\.lock': File exists/.exec(ended.stderr)?.[0];
    assert.ok(reason !== undefined, `${command}: ${ended.stderr}`);
    count(scene, `${first.length === 0 ? "git" : "lattice git"} ${reason.startsWith("is") ? "moved" : "locked"}`);
    return false;
  });
}

async function valueOf(scene: Scene, ref: string): Promise<string> {
  const shown = await beside("git", ["rev-parse", "--verify", "--quiet", ref], scene.cwd);
  assert.equal(shown.exit, 0, `git sees no ${ref}: ${shown.stderr}`);
  const value = shown.stdout.trim();
  assert.ok(scene.commits.includes(value), `${ref} holds ${value}, which nobody wrote`);
  return value;
}

function next(scene: Scene, commit: string): string {
  return scene.commits[scene.commits.indexOf(commit) + 1] ?? assert.fail("counted further than there are writers");
}

/** Until all is written: reads, and finds each value whole and none older than the one before. */
async function reader(scene: Scene, branches: readonly string[], refs: readonly string[]): Promise<number> {
  const newest = new Map<string, number>();
  const notBack = (name: string, number: number) => {
    assert.ok(number >= (newest.get(name) ?? 0), `${name} went back from ${newest.get(name)} to ${number}`);
    newest.set(name, number);
  };
  let reads = 0;
  for (; !scene.done; reads++) {
    for (const branch of branches) {
      notBack(branch, (await stored(scene, branch)).metadata.pr.number);
      const blob = await beside("git", ["cat-file", "blob", `refs/branch-metadata/${branch}`], scene.cwd);
      assert.equal(blob.exit, 0, blob.stderr);
      notBack(branch, (JSON.parse(blob.stdout) as Stored["metadata"]).pr.number);
    }
    for (const ref of refs) notBack(ref, scene.commits.indexOf(await valueOf(scene, ref)));
    const exported = await beside(binary, ["meta", "export"], scene.cwd);
    assert.deepEqual([exported.exit, exported.stderr], [0, ""]);
    const lines = exported.stdout.trim().split("\n").map((line) => JSON.parse(line) as Stored & { branch: string });
    assert.deepEqual(lines.map(({ branch }) => branch), [...branches].sort());
    for (const { branch, metadata } of lines) notBack(branch, metadata.pr.number);
    const listed = await beside("git", ["for-each-ref"], scene.cwd);
    assert.deepEqual([listed.exit, listed.stderr], [0, ""], "git lists the refs");
  }
  return reads;
}

/** Until all is written: tidies with git or lattice, which may find a ref locked but nothing else wrong. */
async function tidier(scene: Scene, commands: readonly (readonly [string, ...string[]])[]): Promise<number> {
  let turns = 0;
  for (; !scene.done; turns++) {
    const [program, ...args] = commands[turns % commands.length]!;
    const ended = await beside(program, args, scene.cwd);
    if (ended.exit === 0) continue;
    assert.match(
      ended.stderr,
      /\.lock'?: File exists|\.lock" exists|cannot lock ref|unable to lock|failed to run (?:reflog|pack-refs)/i,
    );
    count(scene, "tidying locked");
  }
  return turns;
}

function sceneOf(branches: readonly string[], refs: readonly string[], writers: number): Scene {
  const { cwd, first } = repository();
  const tree = gitText(["write-tree"], cwd);
  const commits = [first];
  for (let number = 1; number <= writers * STEPS; number++) {
    commits.push(gitText(["commit-tree", tree, "-p", commits.at(-1) ?? first, "-m", `${number}`], cwd));
  }
  gitText(["update-ref", "refs/keep/all", commits.at(-1) ?? first], cwd);
  for (const ref of refs) gitText(["update-ref", ref, first], cwd);
  for (const branch of branches) {
    const set = lattice(["meta", "set", branch], { cwd, stdin: numbered(branch, first, 1) });
    assert.equal(set.exit, 0, set.stderr);
  }
  return { cwd, commits, refused: new Map(), done: false };
}

/** Lets writers run beside readers and tidiers, which stop when the last writer has ended or one has failed. */
async function together(
  scene: Scene,
  writers: readonly Promise<void>[],
  others: readonly Promise<number>[],
): Promise<number> {
  const written = Promise.all(writers).finally(() => {
    scene.done = true;
  });
  const [, ...turns] = await Promise.all([written, ...others]);
  return turns.reduce((sum, some) => sum + some, 0);
}

function expectCounts(scene: Scene, branches: Record<string, number>, refs: Record<string, number>): void {
  for (const [branch, writers] of Object.entries(branches)) {
    const got = JSON.parse(lattice(["--json", "meta", "get", branch], { cwd: scene.cwd }).stdout) as Stored;
    assert.equal(got.metadata.pr.number, 1 + writers * STEPS, `updates of ${branch} were lost`);
  }
  for (const [ref, writers] of Object.entries(refs)) {
    const value = gitText(["rev-parse", ref], scene.cwd);
    assert.equal(scene.commits.indexOf(value), writers * STEPS, `updates of ${ref} were lost`);
  }
  const fsck = git(["fsck", "--strict", "--no-dangling", "--no-progress"], scene.cwd);
  assert.deepEqual({ exit: fsck.exit, stderr: fsck.stderr }, { exit: 0, stderr: "" });
  expectNothingLeft(scene.cwd);
}

function report(scene: Scene, updates: number, turns: number): void {
  const refused = [...scene.refused].map(([what, times]) => `${times} ${what}`).join(", ");
  console.log(
    `${updates} updates beside ${turns} rounds of reading and tidying, 0 lost; refused: ${refused || "none"}`,
  );
}

test("meta set, apply, update-ref of lattice and of git lose no update beside readers and git pack-refs", async () => {
  const shared = "refs/heads/number";
  const scene = sceneOf(["left", "right", "single"], [shared], 5);
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
  report(scene, 8 * STEPS, turns);
});

test("lattice git pack-refs and reflog expire, beside git's, lose no update of either", async () => {
  const [checkedOut, other] = ["refs/heads/main", "refs/heads/number"];
  const scene = sceneOf(["left"], [other], 2);
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
  report(scene, 5 * STEPS, turns);
});

test("meta set and apply lose no update and no object beside git gc", async () => {
  const ref = "refs/heads/number";
  const scene = sceneOf(["left", "right", "single"], [ref], 2);
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
  report(scene, 4 * STEPS, turns);
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

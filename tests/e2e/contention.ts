/**
 * Writers, readers and tidiers that work on one repository at the same time, each through one process after the other:
 * the binary's and git's. Whoever counts up does so by compare-and-swap, so the sum tells whether an update was lost.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { git, gitEnvironment, gitText } from "../git_oracle.ts";
import { tried } from "../thoroughness.ts";
import { expectNothingLeft } from "./aftermath.ts";
import { binary, documentOf, type Ended, lattice } from "./binary.ts";
import { repository } from "./subjects.ts";

/** A writer is refused for each step that it makes no more often than this. */
const ATTEMPTS_A_STEP_MAX = 1000;

/** What lattice may say to a writer that was too late, or that found the ref locked. */
const REFUSALS: Readonly<Record<number, string>> = { 3: "cas_failed", 4: "locked" };

/** Runs a program beside others. */
export function beside(program: string, args: readonly string[], cwd: string, stdin = ""): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...gitEnvironment, LATTICE_LOCK_TIMEOUT: "10m" } });
    const ended: Ended = { exit: 0, stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => ended.stdout += text);
    child.stderr.setEncoding("utf8").on("data", (text: string) => ended.stderr += text);
    child.on("error", reject).on("close", (exit) => resolve({ ...ended, exit: exit ?? 128 }));
    child.stdin.on("error", () => {}); // a program that refuses early does not read
    child.stdin.end(stdin);
  });
}

/** What all who work on one repository have in common. */
export interface Scene {
  readonly cwd: string;
  /** How often each writer counts up. */
  readonly steps: number;
  /** Commits, each the child of the one before it: counting up is going to the next. */
  readonly commits: readonly string[];
  /** How often somebody was refused, by what was said. */
  readonly refused: Map<string, number>;
  done: boolean;
}

function count(scene: Scene, what: string): void {
  scene.refused.set(what, (scene.refused.get(what) ?? 0) + 1);
}

/** Tries until it was not refused, as many times over as the scene says. */
async function countUp(scene: Scene, attempt: (step: number) => Promise<boolean>): Promise<void> {
  let done = 0;
  for (let tries = 0; done < scene.steps; tries++) {
    assert.ok(
      tries < scene.steps * ATTEMPTS_A_STEP_MAX,
      `refused again and again: ${JSON.stringify([...scene.refused])}`,
    );
    if (await attempt(done)) done++;
  }
}

function numbered(branch: string, base: string, number: number): string {
  const document = JSON.parse(documentOf(branch, base)) as Record<string, unknown>;
  const url = `https://github.com/o/r/pull/${number}`;
  return JSON.stringify({ ...document, pr: { state: "linked", forge: "github", number, url, last_known: null } });
}

interface Stored {
  oid: string;
  metadata: { pr: { number: number }; freeze: { reason?: string } };
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
export function setWriter(scene: Scene, branch: string): Promise<void> {
  return countUp(scene, async () => {
    const { oid, metadata } = await stored(scene, branch);
    const next = numbered(branch, scene.commits[0] ?? "", metadata.pr.number + 1);
    const args = ["--json", "meta", "set", branch, "--expect", oid];
    return wasDone(scene, await beside(binary, args, scene.cwd, next));
  });
}

/** Counts two documents and a branch up, all or none of them. */
export function applyWriter(scene: Scene, branches: readonly string[], ref: string): Promise<void> {
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

/** What `meta edit` changes: each writer a field of its own. */
type EditedField = "pull request" | "reason";

/** Changes a field of a document that others change in other fields, and finds its own as it left it. */
export function editWriter(scene: Scene, branch: string, field: EditedField): Promise<void> {
  const valueIn = ({ metadata }: Stored) => field === "reason" ? metadata.freeze.reason : `${metadata.pr.number}`;
  let last: string | undefined;
  return countUp(scene, async (step) => {
    if (last !== undefined) {
      assert.equal(valueIn(await stored(scene, branch)), last, `another edit took the ${field} back`);
    }
    const next = `${step + 2}`;
    const change = field === "reason"
      ? ["--freeze", "single", "--reason", next]
      : ["--pr", `github:${next}:https://github.com/o/r/pull/${next}`];
    const done = wasDone(scene, await beside(binary, ["--json", "meta", "edit", ...change, branch], scene.cwd));
    if (done) last = next;
    return done;
  });
}

/** The branch whose number goes back by one now and then, because somebody takes back what counted it up. */
export const UNDONE = "undone";

/** Counts the document of `UNDONE` up, takes that back, and counts it up again. Nobody else changes it. */
export function undoWriter(scene: Scene): Promise<void> {
  const branch = UNDONE;
  const base = scene.commits[0] ?? "";
  async function insist(args: readonly string[], stdin = ""): Promise<string> {
    for (let tries = 0;; tries++) {
      assert.ok(tries < ATTEMPTS_A_STEP_MAX, `refused again and again: ${args.join(" ")}`);
      const ended = await beside(binary, ["--json", ...args], scene.cwd, stdin);
      if (wasDone(scene, ended)) return (JSON.parse(ended.stdout) as { op: string }).op;
    }
  }
  return countUp(scene, async () => {
    const before = await stored(scene, branch);
    const next = numbered(branch, base, before.metadata.pr.number + 1);
    const op = await insist(["meta", "set", branch, "--expect", before.oid], next);
    await insist(["undo", op]);
    assert.equal((await stored(scene, branch)).oid, before.oid, "undo gives the old document back");
    await insist(["meta", "set", branch, "--expect", before.oid], next);
    return true;
  });
}

/** Counts a branch up with git's own `update-ref`, or with ours, which says the same. */
export function refWriter(scene: Scene, ref: string, program: readonly [string, ...string[]]): Promise<void> {
  const [command, ...first] = program;
  return countUp(scene, async () => {
    const old = await valueOf(scene, ref);
    const ended = await beside(command, [...first, "update-ref", ref, next(scene, old), old], scene.cwd);
    if (ended.exit === 0) return true;
    assert.equal(ended.exit, 128, ended.stderr);
    const reason = /is at [0-9a-f]+|the repository is locked|Unable to create '[^']*\.lock': File exists/.exec(
      ended.stderr,
    )?.[0];
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
export async function reader(
  scene: Scene,
  branches: readonly string[],
  refs: readonly string[],
  by: "lattice and git" | "lattice alone" = "lattice and git",
): Promise<number> {
  const newest = new Map<string, number>();
  const notBack = (name: string, number: number) => {
    const least = (newest.get(name) ?? 0) - (name === UNDONE ? 1 : 0);
    assert.ok(number >= least, `${name} went back from ${newest.get(name)} to ${number}`);
    newest.set(name, number);
  };
  let reads = 0;
  for (; !scene.done; reads++) {
    for (const branch of branches) {
      notBack(branch, (await stored(scene, branch)).metadata.pr.number);
      if (by === "lattice alone") continue;
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

/**
 * Until all is written: has git list the refs, and look at what they lead to in one go. Every ref is there each time, and
 * so is every object, unless its ref has moved on: then `git repack -ad` may have dropped it.
 */
export async function objectReader(
  scene: Scene,
  [program]: readonly [string],
  branches: readonly string[],
  refs: readonly string[],
): Promise<number> {
  const expected = [...branches.map((branch) => `refs/branch-metadata/${branch}`), ...refs];
  let reads = 0;
  for (; !scene.done; reads++) {
    const listed = await beside(program, ["for-each-ref", "--format=%(objectname) %(refname)"], scene.cwd);
    assert.deepEqual([listed.exit, listed.stderr], [0, ""], "git lists the refs");
    const found = new Map(
      listed.stdout.trim().split("\n").map((line) => {
        const [oid = "", name = ""] = line.split(" ");
        return [name, oid];
      }),
    );
    for (const name of expected) assert.ok(found.has(name), `git sees no ${name}`);
    const names = [...found.keys()];
    const oids = [...found.values()];
    const read = await beside(program, ["cat-file", "--batch-check"], scene.cwd, `${oids.join("\n")}\n`);
    assert.deepEqual([read.exit, read.stderr], [0, ""]);
    const lines = read.stdout.trim().split("\n");
    for (const [i, oid] of oids.entries()) {
      if (lines[i] !== `${oid} missing`) assert.match(lines[i] ?? "", new RegExp(`^${oid} (?:blob|commit) `));
      else {assert.notEqual(
          (await beside(program, ["rev-parse", names[i]!], scene.cwd)).stdout.trim(),
          oid,
          "an object is gone",
        );}
    }
  }
  return reads;
}

/**
 * Whether git ended because its `gc` and its `worktree add` are not made for each other: until a worktree's `locked` is
 * there, `gc` takes it away, or the empty `worktrees` in which it is about to be made. So either may find any file of the
 * worktree gone, empty or half made, and what was not made cannot be removed later. All that git says must be of that.
 */
function isWorktreeRace(stderr: string): boolean {
  const told = stderr.split("\n").filter((line) => /^(?:fatal|error): /.test(line));
  const [cause, ...after] = told;
  return cause !== undefined &&
    /^fatal: (?:.*\bworktrees\/worktree\b|'.*\/worktree' is not a working tree$)/.test(cause) &&
    after.every((line) => /^fatal: failed to run \w+$/.test(line));
}

/** Until all is written: tidies with git or lattice, which may find a ref locked but nothing else wrong. */
export async function tidier(scene: Scene, commands: readonly (readonly [string, ...string[]])[]): Promise<number> {
  let turns = 0;
  for (; !scene.done; turns++) {
    const [program, ...args] = commands[turns % commands.length]!;
    const ended = await beside(program, args, scene.cwd);
    if (ended.exit === 0) continue;
    if (isWorktreeRace(ended.stderr)) continue;
    assert.match(
      ended.stderr,
      /\.lock'?: File exists|\.lock" exists|cannot lock ref|unable to lock|failed to run (?:reflog|pack-refs)/i,
    );
    count(scene, "tidying locked");
  }
  return turns;
}

/**
 * A repository in which each of some branches has a document that says 1, and each of some refs is at the first commit.
 *
 * @param steps How often each writer counts up.
 * @param writers How many of them count up one and the same ref, at most.
 */
export function sceneOf(steps: number, branches: readonly string[], refs: readonly string[], writers: number): Scene {
  const { cwd, first } = repository();
  const tree = gitText(["write-tree"], cwd);
  const commits = [first];
  for (let number = 1; number <= writers * steps; number++) {
    commits.push(gitText(["commit-tree", tree, "-p", commits.at(-1) ?? first, "-m", `${number}`], cwd));
  }
  gitText(["update-ref", "refs/keep/all", commits.at(-1) ?? first], cwd);
  for (const ref of refs) gitText(["update-ref", ref, first], cwd);
  for (const branch of branches) {
    const set = lattice(["meta", "set", branch], { cwd, stdin: numbered(branch, first, 1) });
    assert.equal(set.exit, 0, set.stderr);
  }
  return { cwd, steps, commits, refused: new Map(), done: false };
}

/** Lets writers run beside readers and tidiers, which stop when the last writer has ended or one has failed. */
export async function together(
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

export function expectCounts(scene: Scene, branches: Record<string, number>, refs: Record<string, number>): void {
  for (const [branch, writers] of Object.entries(branches)) {
    const got = JSON.parse(lattice(["--json", "meta", "get", branch], { cwd: scene.cwd }).stdout) as Stored;
    assert.equal(got.metadata.pr.number, 1 + writers * scene.steps, `updates of ${branch} were lost`);
  }
  for (const [ref, writers] of Object.entries(refs)) {
    const value = gitText(["rev-parse", ref], scene.cwd);
    assert.equal(scene.commits.indexOf(value), writers * scene.steps, `updates of ${ref} were lost`);
  }
  const fsck = git(["fsck", "--strict", "--no-dangling", "--no-progress"], scene.cwd);
  assert.deepEqual({ exit: fsck.exit, stderr: fsck.stderr }, { exit: 0, stderr: "" });
  expectNothingLeft(scene.cwd);
}

export function report(scene: Scene, what: string, updates: number, turns: number): void {
  const refused = [...scene.refused].map(([refusal, times]) => `${times} ${refusal}`).join(", ");
  tried(`${what}, beside ${turns} rounds of reading and tidying, 0 lost, refused: ${refused || "none"}`, {
    "racing updates": updates,
  });
}

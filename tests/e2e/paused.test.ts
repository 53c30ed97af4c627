import assert from "node:assert/strict";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "../harness.ts";
import { gitText } from "../git_oracle.ts";
import { expectNothingLeft } from "./aftermath.ts";
import { documentOf, lattice } from "./binary.ts";
import { copyOf, refsIn } from "./subject.ts";
import { halfAppliedFive } from "./subjects.ts";

interface Meeting {
  cwd: string;
  /** Refs as they were before the operation, by name. */
  before: ReadonlyMap<string, string>;
  /** Refs as the operation was to leave them. */
  after: ReadonlyMap<string, string>;
  /** Refs once somebody else had moved `main`. */
  found: ReadonlyMap<string, string>;
  /** What somebody else gave `main`. */
  theirs: string;
}

const MOVED = "refs/heads/main";

const template = halfAppliedFive();

function named(refs: string): Map<string, string> {
  return new Map(refs.split("\n").map((line) => [line.split(" ")[0] ?? "", line.split(" ")[1] ?? ""]));
}

/** An operation was killed in the middle; somebody removed the lock on `main` by hand and moved it. */
function diverged(): Meeting {
  const cwd = copyOf(template.cwd);
  const locks = (readdirSync(join(cwd, ".git"), { recursive: true }) as string[]).filter((path) =>
    path.endsWith(".lock")
  );
  assert.ok(locks.includes(`${MOVED}.lock`), `the locks stand: ${locks.join(" ")}`);
  rmSync(join(cwd, ".git", `${MOVED}.lock`));
  rmSync(join(cwd, ".git", "HEAD.lock"), { force: true });
  const tree = gitText(["write-tree"], cwd);
  const theirs = gitText(["commit-tree", tree, "-m", "theirs"], cwd);
  gitText(["update-ref", MOVED, theirs], cwd);
  const { before, after } = template.five;
  return { cwd, before: named(before), after: named(after), found: named(refsIn(cwd)), theirs };
}

function expectPaused(cwd: string): string {
  const status = lattice(["--json", "op", "status"], { cwd });
  assert.equal(status.exit, 5);
  const state = JSON.parse(status.stdout) as { op_id: string; phase: string; awaiting_reason: string };
  assert.deepEqual([state.phase, state.awaiting_reason], ["paused", "diverged"]);
  const locks = (readdirSync(join(cwd, ".git"), { recursive: true }) as string[]).filter((path) =>
    path.endsWith(".lock")
  );
  assert.deepEqual(locks, [], "a pause blocks nobody");
  return state.op_id;
}

test("recover of an operation whose ref others moved pauses it, exit code 10, all sides in --json", () => {
  const { cwd, before, after, found, theirs } = diverged();
  const ended = lattice(["--json", "recover"], { cwd });
  assert.equal(ended.exit, 10, ended.stderr);
  const { error } = JSON.parse(ended.stderr) as {
    error: { code: string; details: { op: string; refs: Record<string, string | null>[] } };
  };
  assert.equal(error.code, "diverged");
  const sides = new Map(error.details.refs.map((side) => [side["ref"], side]));
  assert.deepEqual(sides.get(MOVED), { ref: MOVED, old: before.get(MOVED), new: after.get(MOVED), actual: theirs });
  assert.deepEqual(named(refsIn(cwd)), found, "nothing was changed");
  assert.equal(expectPaused(cwd), error.details.op);
  assert.equal(lattice(["recover"], { cwd }).exit, 0, "it waits as it did before");
  expectPaused(cwd);
});

test("meta set and apply are refused with exit code 5 while an operation is paused; reading and git are not", () => {
  const { cwd, found } = diverged();
  const document = documentOf("elsewhere", found.get(MOVED) ?? "");
  const set = lattice(["--json", "meta", "set", "elsewhere"], { cwd, stdin: document });
  assert.ok([5, 10].includes(set.exit), set.stderr);
  const op = expectPaused(cwd);
  const again = lattice(["meta", "set", "elsewhere"], { cwd, stdin: document });
  assert.equal(again.exit, 5);
  assert.ok(again.stderr.includes(op), `it says which operation: ${again.stderr}`);
  assert.match(again.stderr, /lattice continue/);
  assert.equal(lattice(["undo"], { cwd }).exit, 5);
  assert.equal(lattice(["git", "update-ref", "refs/heads/elsewhere", MOVED], { cwd }).exit, 128);
  assert.deepEqual(named(refsIn(cwd)), found);
  assert.equal(lattice(["meta", "list"], { cwd }).exit, 0);
  assert.equal(lattice(["op", "list"], { cwd }).exit, 0);
  gitText(["update-ref", "refs/heads/elsewhere", MOVED], cwd);
  gitText(["pack-refs", "--all"], cwd);
});

for (const way of ["continue", "abort"] as const) {
  test(`${way} ends a paused operation: others' values stay, ours go ${way === "continue" ? "on" : "back"}`, () => {
    const { cwd, before, after, theirs } = diverged();
    assert.equal(lattice(["recover"], { cwd }).exit, 10);
    const op = expectPaused(cwd);
    const ended = lattice([way], { cwd });
    assert.equal(ended.exit, 0, ended.stderr);
    assert.ok(ended.stderr.includes(MOVED), `it says what was kept: ${ended.stderr}`);
    const wanted = new Map(way === "continue" ? after : before);
    wanted.set(MOVED, theirs);
    wanted.set("refs/heads/alias", theirs); // leads to it
    assert.deepEqual(named(refsIn(cwd)), wanted);
    expectNothingLeft(cwd);
    gitText(["fsck", "--strict"], cwd);
    assert.equal(lattice([way], { cwd }).exit, 1, "nothing is paused any more");
    const shown = JSON.parse(lattice(["--json", "op", "show", op], { cwd }).stdout) as { phase: string };
    assert.equal(shown.phase, way === "continue" ? "committed" : "rolled_back");
    const set = lattice(["meta", "set", "elsewhere"], { cwd, stdin: documentOf("elsewhere", theirs) });
    assert.equal(set.exit, 0, set.stderr);
  });
}

/**
 * What must hold after a command was killed, or after one of its calls failed.
 *
 * @module
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { git, gitText } from "../git_oracle.ts";
import { lattice } from "./binary.ts";
import { refsIn, type Subject } from "./subjects.ts";

/** Whether the refs are all old or all new. */
export type Side = "old" | "new";

/** Every ref is old or new, each for itself, and git finds nothing wrong; that holds before anything is recovered. */
export function expectSound(subject: Subject, cwd: string): void {
  const fsck = git(["fsck", "--strict", "--no-dangling", "--no-progress"], cwd);
  assert.equal(fsck.exit, 0, `git fsck: ${fsck.stderr}${new TextDecoder().decode(fsck.stdout)}`);
  assert.equal(fsck.stderr, "", "git fsck complains");
  const allowed = new Set([...subject.before.split("\n"), ...subject.after.split("\n")]);
  for (const line of refsIn(cwd).split("\n")) assert.ok(allowed.has(line), `neither old nor new: ${line}`);
}

/** All refs are old, or all are new: says which. */
export function sideOf(subject: Subject, cwd: string): Side {
  const refs = refsIn(cwd);
  if (refs === subject.before) return "old";
  assert.equal(refs, subject.after, "the refs are neither all old nor all new");
  return "new";
}

/** Nothing is left that blocks git or the next lattice command, or that takes room. */
export function expectNothingLeft(cwd: string): void {
  const status = lattice(["op", "status"], { cwd });
  assert.deepEqual({ exit: status.exit, stdout: status.stdout }, { exit: 0, stdout: "idle\n" });
  const all = readdirSync(join(cwd, ".git"), { recursive: true }) as string[];
  // Unfinished objects stay, as git leaves its own: they have git's names for them, by which `git gc` removes them.
  const left = all.filter((path) => /\.(?:lock|keep)$|^lattice\/tmp\/./.test(path));
  assert.deepEqual(left, [], "left behind");
  assert.equal(existsSync(join(cwd, ".git/lattice/op-state.json")), false);
  const refs = gitText(["for-each-ref", "--format=%(refname) %(objectname)"], cwd).split("\n");
  const again = refs.map((line) => `update ${line} ${line.split(" ")[1]}\n`).join("");
  const locked = git(["update-ref", "--stdin"], cwd, `${again}delete refs/heads/not-there\n`);
  assert.equal(locked.exit, 0, `git cannot lock the refs: ${locked.stderr}`);
  gitText(["pack-refs", "--all"], cwd);
}

/** What comes next: somebody types `lattice recover`, or just another command that changes refs. */
export type NextCommand = "recover" | "any";

/**
 * Runs the next command, after which the refs are all old or all new and git is free.
 *
 * @returns The side that the refs ended on.
 */
export function recovered(subject: Subject, cwd: string, next: NextCommand): Side {
  if (next === "recover") {
    const recover = lattice(["recover"], { cwd });
    assert.equal(recover.exit, 0, `recover: ${recover.stderr}`);
  } else {
    const nothing = lattice(["meta", "delete", "not-there"], { cwd });
    assert.equal(nothing.exit, 1, `meta delete: ${nothing.stderr}`);
  }
  const side = sideOf(subject, cwd);
  expectNothingLeft(cwd);
  expectSound(subject, cwd);
  assert.equal(sideOf(subject, cwd), side);
  const again = lattice(["recover"], { cwd });
  assert.deepEqual(again, { exit: 0, stdout: "", stderr: "" }, "a second recovery finds nothing");
  return side;
}

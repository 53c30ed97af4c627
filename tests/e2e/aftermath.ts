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
import { namesIn, refsIn, type Subject } from "./subject.ts";

/** Git finds nothing wrong, and every ref is old or new, each for itself; that holds before anything is recovered. */
export function expectSound(subject: Subject, cwd: string): void {
  const fsck = git(["fsck", "--strict", "--no-dangling", "--no-progress"], cwd);
  assert.equal(fsck.exit, 0, `git fsck: ${fsck.stderr}${new TextDecoder().decode(fsck.stdout)}`);
  assert.equal(fsck.stderr, "", "git fsck complains");
  if (subject.way === "by git") return;
  const allowed = new Set([subject.before, subject.after, ...(subject.ends ?? [])].flatMap((refs) => refs.split("\n")));
  for (const line of refsIn(cwd).split("\n")) assert.ok(allowed.has(line), `neither old nor new: ${line}`);
}

/** All refs are old, or all are new, or as they may be in the end: says how, as {@link refsIn} lists them. */
export function expectOneEnd(subject: Subject, cwd: string): string {
  const refs = refsIn(cwd);
  const ends = subject.ends ?? [subject.before, subject.after];
  if (!ends.includes(refs)) assert.equal(refs, ends.at(-1), "the refs are neither all old nor all new");
  return refs;
}

/** Nothing is unfinished, and no file is left that blocks or that takes room. */
export function expectTidy(cwd: string): void {
  const status = lattice(["op", "status"], { cwd });
  assert.deepEqual({ exit: status.exit, stdout: status.stdout }, { exit: 0, stdout: "idle\n" });
  const all = readdirSync(join(cwd, ".git"), { recursive: true }) as string[];
  // Unfinished objects stay, as git leaves its own: they have git's names for them, by which `git gc` removes them.
  const left = all.filter((path) => /\.(?:lock|keep)$|^lattice\/(?:tmp\/.|ops\/[^/]*\.d)/.test(path));
  assert.deepEqual(left, [], "left behind");
  assert.equal(existsSync(join(cwd, ".git/lattice/op-state.json")), false);
}

/** Nothing is left that blocks git or the next lattice command, or that takes room. Packs the refs. */
export function expectNothingLeft(cwd: string): void {
  expectTidy(cwd);
  const refs = gitText(["for-each-ref", "--format=%(if)%(symref)%(then)%(else)%(refname) %(objectname)%(end)"], cwd)
    .split("\n").filter((line) => line !== "");
  const again = refs.map((line) => `update ${line} ${line.split(" ")[1]}\n`).join("");
  const locked = git(["update-ref", "--stdin"], cwd, `${again}delete refs/heads/not-there\n`);
  assert.equal(locked.exit, 0, `git cannot lock the refs: ${locked.stderr}`);
  gitText(["pack-refs", "--all"], cwd);
}

/**
 * Runs the next command, after which the refs are in one of their ends, git is free, and a second recovery finds nothing.
 *
 * @param random Chooses the next command.
 * @returns The refs, as {@link refsIn} lists them.
 */
export function settled(subject: Subject, cwd: string, random: number): string {
  subject.next(cwd, random);
  const refs = expectOneEnd(subject, cwd);
  if (subject.way !== "by git" && subject.ends === null) expectNoStrayName(subject, cwd);
  expectNothingLeft(cwd);
  expectSound(subject, cwd);
  assert.equal(refsIn(cwd), refs);
  const again = lattice(["recover"], { cwd });
  assert.deepEqual(again, { exit: 0, stdout: "", stderr: "" }, "a second recovery finds nothing");
  return refs;
}

/**
 * No file is left but those that were there before or would be there after. A ref that was packed may be loose now: what
 * is taken back when `packed-refs` has been rewritten is written into a file of its own.
 */
function expectNoStrayName(subject: Subject, cwd: string): void {
  const known = /^lattice(?:\/(?:lock|tmp|ops|ops\/<id>\.jsonl))?$|^refs\/lattice(?:\/|$)/;
  const refs = new Set(gitText(["for-each-ref", "--format=%(refname)"], cwd).split("\n"));
  const stray = namesIn(cwd).filter((name) => !subject.names.has(name) && !known.test(name) && !refs.has(name));
  assert.deepEqual(stray, [], "files that nobody knows");
}

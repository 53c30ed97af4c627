/**
 * The binary on a small tmpfs that is full, or has room for a few pages or files more: each time another write of it is
 * the first that finds no room. Then somebody makes room, and the next command settles everything.
 *
 * @module
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { runs, tried } from "../../thoroughness.ts";
import { expectSound, settled } from "../aftermath.ts";
import { lattice } from "../binary.ts";
import { refsIn, type Subject } from "../subject.ts";
import { applyFive, applyHundred, replaceDocument, setFirstDocument, undoFive } from "../subjects.ts";
import { remounted, ROOM, SCARCE, tmpfs, unmounted } from "./mount.ts";

/**
 * Runs a command with little room.
 *
 * @returns Whether there was room enough.
 */
function tryWith(subject: Subject, options: (place: string) => string, random: number): boolean {
  const place = tmpfs(ROOM);
  const cwd = join(place, "repository");
  execFileSync("cp", ["-a", subject.fresh(), cwd]);
  remounted(place, options(place));
  const { exit, stderr } = lattice(subject.args, { ...subject, cwd });
  if (exit === 0) assert.equal(refsIn(cwd), subject.after);
  else {
    assert.equal(exit, 7, stderr);
    assert.match(stderr, /^error: .*(?:ENOSPC|no space|No space)/m);
    expectSound(subject, cwd);
    const list = lattice(["meta", "list"], { cwd });
    assert.equal(list.exit, 0, `reading needs no room: ${list.stderr}`);
    lattice(["recover"], { cwd }); // it may find no room either, and then does no harm
    expectSound(subject, cwd);
  }
  remounted(place, ROOM);
  const refs = settled(subject, cwd, random);
  if (exit === 0) assert.equal(refs, subject.after);
  unmounted(place);
  return exit === 0;
}

for (const subject of [setFirstDocument(), replaceDocument(), applyFive(), applyHundred(), undoFive()]) {
  for (const [what, options] of Object.entries(SCARCE)) {
    const step = subject.name === "apply of 100" ? runs(4, 1) : runs(2, 1);
    let [free, refused] = [0, 0];
    const has = (place: string) => options(place, free);
    for (; !tryWith(subject, has, free); free += step) {
      refused++;
      assert.ok(free < 2000, `${subject.name} needs more than ${free} ${what}`);
    }
    assert.ok(refused > 1, `${subject.name}: ${what}`);
    tried(`${subject.name}, with room for 0 to ${free} ${what}`, { "failing calls": refused });
  }
}

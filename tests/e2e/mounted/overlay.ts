/**
 * The binary on an overlay, as in a container: the repository is a lower layer that an image brought along, and whatever
 * is changed is copied to the upper one first. There a file gets another inode, and hard links part.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runProgram } from "../../git_oracle.ts";
import { seedOr } from "../../thoroughness.ts";
import { lattice } from "../binary.ts";
import { expectNothingLeft } from "../aftermath.ts";
import { killAtCalls } from "../disturbing.ts";
import { opAbort, opRunProgram } from "../span_subjects.ts";
import { copyOf, refsIn, type Subject } from "../subject.ts";
import { applyFive, applyHundred, recoverFive, setFirstDocument, undoFive } from "../subjects.ts";
import { overlay, tmpfs, unmounted } from "./mount.ts";

const seed = seedOr(20261123);

/** Both layers on one file system, and on two, where nothing hides that inodes change. */
const VARIANTS = [{ isApart: false, options: "" }, { isApart: true, options: "xino=off" }];

/** The subject, run on an overlay over its repository. */
function onOverlay(subject: Subject, { isApart, options }: typeof VARIANTS[number]): Subject {
  const lower = subject.fresh();
  const on = isApart ? tmpfs() : join(lower, "..");
  return {
    ...subject,
    name: `${subject.name}, on an overlay${isApart ? " of two file systems" : ""}`,
    fresh: () => overlay({ lower, on, options }),
    discard: unmounted,
  };
}

function contentOf(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(files.map((file) => {
    const path = join(file.parentPath, file.name);
    return [path, readFileSync(path, "latin1")];
  }));
}

/** Undisturbed: everything goes as on any file system, one after the other, and the lower layer stays as it is. */
function wholeLife(variant: typeof VARIANTS[number]): void {
  const five = applyFive();
  const lower = copyOf(five.fresh());
  const layer = contentOf(lower);
  const on = variant.isApart ? tmpfs() : join(lower, "..");
  const cwd = overlay({ lower, on, options: variant.options });
  const must = (args: string[], stdin = "") => {
    const ended = lattice(args, { cwd, stdin });
    assert.equal(ended.exit, 0, `${args.join(" ")}: ${ended.stderr}`);
  };
  must([...five.args], five.stdin);
  assert.equal(refsIn(cwd), five.after);
  must(["undo"]);
  assert.equal(refsIn(cwd), five.before);
  must(["undo"]);
  assert.equal(runProgram("git", ["gc", "-q", "--prune=now"], cwd).exit, 0);
  must(["git", "pack-refs", "--all"]);
  must(["op", "prune", "--keep", "1"]);
  expectNothingLeft(cwd);
  assert.equal(runProgram("git", ["fsck", "--strict"], cwd).exit, 0);
  unmounted(cwd);
  assert.deepEqual(contentOf(lower), layer);
}

for (const variant of VARIANTS) {
  wholeLife(variant);
  for (const make of [setFirstDocument, applyFive, applyHundred, undoFive, recoverFive, opAbort, opRunProgram]) {
    killAtCalls(onOverlay(make(), variant), { seed, count: 4 });
  }
}

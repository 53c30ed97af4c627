/** Races on the real disk: lattice, two versions of git, and every kind of maintenance, all at once. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { gitText, modernGit } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { runs } from "../thoroughness.ts";
import { binary, lattice } from "./binary.ts";
import {
  applyWriter,
  editWriter,
  expectCounts,
  objectReader,
  reader,
  refWriter,
  report,
  sceneOf,
  setWriter,
  tidier,
  together,
  UNDONE,
  undoWriter,
} from "./contention.ts";

/** How often each writer counts up. */
const STEPS = runs(3, 100);

test("sixteen processes of lattice and git count exactly beside all maintenance, and readers see every ref whole", async () => {
  const [number, other] = ["refs/heads/number", "refs/tags/other"];
  const branches = ["both", "edited", "left", "single", UNDONE];
  const scene = sceneOf(STEPS, branches, [number, other], 5);
  const modern = modernGit();
  const worktree = join(temporaryFolder(), "worktree");
  const turns = await together(
    scene,
    [
      setWriter(scene, "single"),
      setWriter(scene, "single"),
      setWriter(scene, "left"),
      editWriter(scene, "edited", "pull request"),
      editWriter(scene, "edited", "reason"),
      applyWriter(scene, ["left", "both"], number),
      applyWriter(scene, ["both"], other),
      undoWriter(scene),
      refWriter(scene, number, [binary, "git"]),
      refWriter(scene, number, ["git"]),
      refWriter(scene, number, ["git"]),
      refWriter(scene, number, [modern]),
      refWriter(scene, other, [binary, "git"]),
      refWriter(scene, other, ["git"]),
      refWriter(scene, other, [modern]),
      refWriter(scene, other, [modern]),
    ],
    [
      reader(scene, branches, [number, other], "lattice alone"),
      objectReader(scene, ["git"], branches, [number, other]),
      objectReader(scene, [modern], branches, [number, other]),
      tidier(scene, [
        ["git", "pack-refs", "--all", "--prune"],
        ["git", "worktree", "add", "-q", "--detach", "-f", worktree, scene.commits[0]!],
        [modern, "pack-refs", "--auto"],
        ["git", "worktree", "remove", "-f", worktree],
        ["git", "reflog", "expire", "--expire=now", "--all"],
        [modern, "worktree", "prune"],
      ]),
      tidier(scene, [["git", "gc", "-q"], ["git", "repack", "-adq"], [modern, "gc", "-q"]]),
    ],
  );
  expectCounts(scene, { single: 2, left: 2, both: 2, [UNDONE]: 1, edited: 1 }, { [number]: 5, [other]: 5 });
  const edited = JSON.parse(lattice(["--json", "meta", "get", "edited"], { cwd: scene.cwd }).stdout) as {
    metadata: { freeze: { reason: string } };
  };
  assert.equal(edited.metadata.freeze.reason, `${1 + STEPS}`);
  report(scene, "sixteen processes of lattice and git", 16 * STEPS, turns);
});

test("counters come out exact, and no document is lost, beside git gc --prune=now and git repack -ad", async () => {
  const ref = "refs/heads/number";
  const branches = ["left", "right", "single", UNDONE];
  const scene = sceneOf(2 * STEPS, branches, [ref], 2);
  const modern = modernGit();
  const turns = await together(
    scene,
    [
      setWriter(scene, "single"),
      setWriter(scene, "single"),
      applyWriter(scene, ["left", "right"], ref),
      undoWriter(scene),
      refWriter(scene, ref, [binary, "git"]),
    ],
    [
      reader(scene, branches, [ref], "lattice alone"),
      // One after the other: two of them at once take objects from each other.
      tidier(scene, [
        ["git", "gc", "-q", "--prune=now"],
        ["git", "repack", "-adq"],
        [modern, "gc", "-q", "--prune=now"],
      ]),
    ],
  );
  expectCounts(scene, { single: 2, left: 1, right: 1, [UNDONE]: 1 }, { [ref]: 2 });
  gitText(["gc", "-q", "--prune=now"], scene.cwd);
  expectCounts(scene, { single: 2, left: 1, right: 1, [UNDONE]: 1 }, { [ref]: 2 });
  report(scene, "writers beside git gc --prune=now", 10 * STEPS, turns);
});

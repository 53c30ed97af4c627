import assert from "node:assert/strict";
import { History, LatticeError, openRepository } from "../../src/mod.ts";
import { gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { makeWorld } from "./world.ts";

test("History says what git merge-base says", () => {
  const { path, repository, old, main } = makeWorld();
  gitText(["switch", "-q", "-c", "topic", old], path);
  gitText(["commit", "-q", "--allow-empty", "-m", "third"], path);
  gitText(["switch", "-q", "--orphan", "alone"], path);
  gitText(["commit", "-q", "--allow-empty", "-m", "alone"], path);
  const [topic, alone] = ["topic", "alone"].map((name) => gitText(["rev-parse", name], path)) as [string, string];
  const history = new History(repository);
  assert.equal(history.mergeBase(topic, main), gitText(["merge-base", "topic", "main"], path));
  assert.equal(history.mergeBase(topic, alone), null);
  assert.equal(history.isAncestor(old, main), "yes");
  assert.equal(history.isAncestor(main, topic), "no");
  const tree = gitText(["rev-parse", "main^{tree}"], path);
  assert.throws(() => history.mergeBase(tree, main), (error) => error instanceof LatticeError);

  const shallow = temporaryFolder();
  gitText(["clone", "-q", "--bare", "--depth=1", "--no-single-branch", `file://${path}`, shallow], path);
  const cut = new History(openRepository({ gitDir: shallow }));
  assert.equal(cut.mergeBase(topic, main), null);
  assert.equal(cut.isAncestor(old, main), "unknown");
});

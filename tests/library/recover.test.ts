import assert from "node:assert/strict";
import { recover, transact } from "../../src/mod.ts";
import { EMPTY_REPOSITORY, openTestRepository } from "../engine/engine_repository.ts";
import { test } from "../harness.ts";
import { cutPoints } from "../simulation/explore.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";
import { documentOf } from "./world.ts";

const NAMES = ["refs/branch-metadata/topic", "refs/ci/a", "refs/ci/b"];

test("recover() brings a transact() that was cut anywhere to all or nothing, and then finds nothing more", async () => {
  const running = new SimSystem(SimDisk.fromTree(EMPTY_REPOSITORY));
  const points = await cutPoints(running, async () => {
    await transact(openTestRepository(running), [
      { kind: "set-metadata", branch: "topic", expected: null, to: documentOf("topic", "1".repeat(40)) },
      { kind: "set-ref", ref: "refs/ci/a", expected: null, to: { content: "a" } },
      { kind: "set-ref", ref: "refs/ci/b", expected: null, to: { content: "b" } },
    ]);
  });
  const outcomes = new Set<string>();
  for (const { disk } of points) {
    const repository = openTestRepository(new SimSystem(disk.copy()));
    const recovered = await recover(repository);
    const present = NAMES.filter((name) => repository.refs.read(name) !== null);
    assert.ok(present.length === 0 || present.length === NAMES.length, `half of it is there: ${present.join(", ")}`);
    for (const { outcome, diverged } of recovered) {
      outcomes.add(outcome);
      assert.equal(outcome, present.length === 0 ? "rolled_back" : "committed");
      assert.deepEqual(diverged, []);
    }
    assert.deepEqual(await recover(repository), []);
  }
  assert.deepEqual([...outcomes].sort(), ["committed", "rolled_back"]);
});

import assert from "node:assert/strict";
import { blob, runStep, setRef } from "../crash/scenarios.ts";
import { test } from "../harness.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";
import { EMPTY_REPOSITORY, openTestRepository, openTestWriter } from "./engine_repository.ts";

test("in a shared repository the group may write whatever a transaction made", async () => {
  const system = new SimSystem(SimDisk.fromTree(EMPTY_REPOSITORY));
  const repository = openTestRepository(system, {
    "core.sharedrepository": "group",
    "core.logallrefupdates": "always",
  });
  using writer = await openTestWriter(repository);
  const document = blob("1");
  runStep(writer, { updates: [setRef("refs/meta/x/a", document)], objects: [document] });
  for (const path of Object.keys(system.disk.dump())) {
    if (!/\/(lattice|logs|meta|objects\/[0-9a-f]{2})\//.test(path)) continue;
    const stat = system.disk.lstat(path.replace(/\/$/, ""))!;
    const expected = stat.kind === "directory" ? 0o2070 : /objects/.test(path) ? 0o040 : 0o060;
    assert.equal(stat.mode & expected, expected, `${path} has mode ${stat.mode.toString(8)}`);
  }
});

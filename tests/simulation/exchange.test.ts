import assert from "node:assert/strict";
import { temporaryFolder } from "../fixtures.ts";
import { test } from "../harness.ts";
import { exportFolder, importFolder } from "./exchange.ts";
import { SimDisk } from "./sim_disk.ts";

test("exportFolder() and importFolder() bring a tree to this machine and back", () => {
  const tree = {
    "/repo/HEAD": "ref: refs/heads/main\n",
    "/repo/objects/00/bytes": Uint8Array.of(0, 255, 128),
    "/repo/empty": null,
    "/repo/link": { link: "HEAD" },
  };
  const disk = SimDisk.fromTree(tree);
  const folder = temporaryFolder();
  exportFolder(disk, "/repo", folder);
  assert.equal(disk.trace.length, 0);
  assert.deepEqual(SimDisk.fromTree(importFolder(folder, "/repo")).dump(), disk.dump());
  assert.deepEqual(Object.keys(SimDisk.fromTree(importFolder(folder, "/")).dump()), [
    "/HEAD",
    "/empty/",
    "/link",
    "/objects/",
    "/objects/00/",
    "/objects/00/bytes",
  ]);
});

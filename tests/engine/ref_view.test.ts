/** What a transaction asks of many refs at once. */
import assert from "node:assert/strict";
import type { EngineContext } from "../../src/engine/context.ts";
import { openRefView } from "../../src/engine/ref_view.ts";
import { blob, oidOf } from "../crash/scenarios.ts";
import { test } from "../harness.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";
import { EMPTY_REPOSITORY, openTestRepository } from "./engine_repository.ts";

const GOOD = `${oidOf(blob("1"))}\n`;

/** So many names that they are looked up in one listing, in some folders. */
function namesIn(...folders: string[]): string[] {
  return folders.flatMap((folder) => Array.from({ length: 70 }, (_, i) => `${folder}/${i}`));
}

function viewOf(files: Record<string, string>, names: readonly string[]) {
  const system = new SimSystem(SimDisk.fromTree({ ...EMPTY_REPOSITORY, ...files }));
  return openRefView({ system, repository: openTestRepository(system) } as unknown as EngineContext, names);
}

test("findConflict() of a listed view knows the folder of each name, in any order", () => {
  const names = namesIn("refs/m/a", "refs/m/b", "refs/m/b/c");
  const view = viewOf({ "/r/.git/refs/m/a": GOOD, "/r/.git/refs/m/b/7/deep": GOOD }, names);
  for (const name of [...names, ...names.toReversed(), ...names.filter((_, i) => i % 70 === 7)]) {
    const expected = name.startsWith("refs/m/a/") ? "refs/m/a" : name === "refs/m/b/7" ? "refs/m/b/7/deep" : null;
    assert.equal(view.findConflict(name), expected, name);
  }
  assert.equal(view.findConflict("refs/m/c"), null);
  assert.equal(view.findConflict("HEAD"), null);
});

test("findConflict() throws of a damaged ref in the way as often as it is asked", () => {
  const names = namesIn("refs/a/x");
  const view = viewOf({ "/r/.git/refs/a": "damaged\n" }, names);
  for (const name of names.slice(0, 3)) assert.throws(() => view.findConflict(name), /refs\/a/);
});

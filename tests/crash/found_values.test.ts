import assert from "node:assert/strict";
import { framedObject } from "../../src/git/object_format.ts";
import { utf8 } from "../../src/platform/text.ts";
import { deflate } from "../../src/platform/zlib.ts";
import { EMPTY_REPOSITORY, openTestRepository, openTestWriter } from "../engine/engine_repository.ts";
import { test } from "../harness.ts";
import { explore, type Scenario } from "../simulation/explore.ts";
import { triedCuts } from "../simulation/report.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";
import { seedOr } from "../thoroughness.ts";
import { blob, checkClean, checkObjects, oidOf, runStep, setRef, snapshot, type Step } from "./scenarios.ts";

const SEED = seedOr(20_261_126);
const one = blob("one");
const loose: Step = { updates: [setRef("refs/meta/a", one)], objects: [one] };

/** Another program writes what it does not flush, as git does unless it is told otherwise. */
function writeUnflushed({ disk }: SimSystem, path: string, bytes: Uint8Array): void {
  const folder = path.slice(0, path.lastIndexOf("/"));
  if (disk.lstat(folder) === null) disk.makeDirectory(folder);
  {
    using file = disk.create(`${path}.new`);
    file.write(bytes);
  }
  disk.rename(`${path}.new`, path);
}

/** A ref that somebody else has just set, loose or packed, and a command that sets it to the same value. */
function setAgain(name: string, refFile: string, refText: string, step: Step): Scenario {
  const oid = oidOf(one);
  return {
    name,
    async setup() {
      const system = new SimSystem(SimDisk.fromTree(EMPTY_REPOSITORY));
      {
        using writer = await openTestWriter(openTestRepository(system));
        runStep(writer, { updates: [setRef("refs/meta/old", blob("old"))], objects: [blob("old")] });
      }
      system.disk.syncFileSystem("/");
      const object = deflate(framedObject(one.type, one.content));
      writeUnflushed(system, `/r/.git/objects/${oid.slice(0, 2)}/${oid.slice(2)}`, object);
      writeUnflushed(system, refFile, utf8(refText));
      return system;
    },
    async program(system, acknowledge) {
      using writer = await openTestWriter(openTestRepository(system));
      runStep(writer, step);
      acknowledge("set");
    },
    async recover(system) {
      using _writer = await openTestWriter(openTestRepository(system), true);
    },
    check(system, { acknowledged }) {
      if (acknowledged.length === 0) return;
      const refs = snapshot(system);
      for (const { name: ref } of step.updates) {
        assert.ok(refs[ref] !== undefined, `${ref} was acknowledged, and is gone`);
      }
      assert.equal(refs["refs/meta/a"], oid);
      checkObjects(system, refs);
      checkClean(system);
    },
    mayChange: (path) => path === "/r/.git/lattice/lock",
  };
}

const packed = `# pack-refs with: peeled fully-peeled sorted \n${oidOf(one)} refs/meta/a\n`;
const two = blob("two");
const more: Step = { updates: [...loose.updates, setRef("refs/meta/b", two)], objects: [one, two] };

for (
  const [name, file, text, step] of [
    ["a loose ref", "/r/.git/refs/meta/a", `${oidOf(one)}\n`, loose],
    ["a packed ref", "/r/.git/packed-refs", packed, loose],
    ["a ref beside one that changes", "/r/.git/refs/meta/a", `${oidOf(one)}\n`, more],
  ] as const
) {
  test(`what is acknowledged because it is there already survives a power cut, though its writer flushed nothing: ${name}`, async () => {
    const stats = await explore(setAgain(name, file, text, step), { sample: { seed: SEED, maxRuns: 200 } });
    triedCuts(`set again: ${name}`, stats, SEED);
  });
}

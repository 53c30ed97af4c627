/** Packing refs while others write: what they do just between two of its calls. */
import assert from "node:assert/strict";
import { packRefs } from "../../src/engine/pack_refs.ts";
import type { Disk } from "../../src/platform/disk.ts";
import { utf8 } from "../../src/platform/text.ts";
import type { System } from "../../src/platform/system.ts";
import { blob, checkClean, commit, EMPTY_TREE, oidOf, runStep, setRef, snapshot } from "../crash/scenarios.ts";
import { test } from "../harness.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";
import { EMPTY_REPOSITORY, openTestRepository, openTestWriter } from "./engine_repository.ts";

const [one, two, three] = [blob("1"), blob("2"), blob("3")];
const [A, B] = ["/r/.git/refs/meta/a", "/r/.git/refs/meta/b"];
const PACKED = "/r/.git/packed-refs";

async function start(): Promise<SimSystem> {
  const system = new SimSystem(SimDisk.fromTree(EMPTY_REPOSITORY));
  using writer = await openTestWriter(openTestRepository(system));
  runStep(writer, { updates: [setRef("refs/meta/a", one), setRef("refs/meta/b", two)], objects: [one, two, three] });
  return system;
}

/** Packs everything; `between` is called before each link and rename, with the path that is made. */
async function packBeside(system: SimSystem, between: (path: string) => void) {
  const told = (call: (from: string, to: string) => void) => ({
    value: (from: string, to: string) => {
      between(to);
      call.call(system.disk, from, to);
    },
  });
  const disk = Object.create(system.disk, { link: told(system.disk.link), rename: told(system.disk.rename) }) as Disk;
  const beside = Object.create(system, { disk: { value: disk } }) as System;
  using writer = await openTestWriter(openTestRepository(beside));
  return packRefs(writer, { isWanted: (name) => name.startsWith("refs/meta/"), prune: true, onlyIfWorthIt: false });
}

function write(system: SimSystem, path: string, text: string): void {
  using file = system.disk.create(`${path}.new`);
  file.write(utf8(text));
  file.close();
  system.disk.rename(`${path}.new`, path);
}

test("packRefs() leaves the file of a ref that moved after it was packed", async () => {
  const system = await start();
  const result = await packBeside(system, (path) => {
    if (path === `${A}.lock`) write(system, A, `${oidOf(three)}\n`);
  });
  assert.deepEqual([result.packed, result.pruned], [2, 1]);
  assert.deepEqual(snapshot(system), { "refs/meta/a": oidOf(three), "refs/meta/b": oidOf(two) });
  assert.notEqual(system.disk.lstat(A), null);
  assert.equal(system.disk.lstat(B), null);
  checkClean(system);
});

test("packRefs() takes no file away once packed-refs is somebody else's, who took the ref out and made it again", async () => {
  const system = await start();
  const result = await packBeside(system, (path) => {
    if (path === `${A}.lock`) write(system, PACKED, "# pack-refs with: peeled fully-peeled sorted \n");
  });
  assert.deepEqual([result.packed, result.pruned, result.left], [2, 0, []]);
  assert.deepEqual(snapshot(system), { "refs/meta/a": oidOf(one), "refs/meta/b": oidOf(two) });
  checkClean(system);
});

test("packRefs() reads values under the lock of packed-refs, and packs no ref that is gone by then", async () => {
  const system = await start();
  const result = await packBeside(system, (path) => {
    if (path !== `${PACKED}.lock`) return;
    system.disk.unlink(A);
    write(system, B, `${oidOf(three)}\n`);
  });
  assert.deepEqual([result.packed, result.pruned], [1, 1]);
  assert.deepEqual(snapshot(system), { "refs/meta/b": oidOf(three) });
});

test("packRefs() packs what became of a ref meanwhile only if it is still an object name", async () => {
  const system = await start();
  const result = await packBeside(system, (path) => {
    if (path === `${PACKED}.lock`) write(system, A, "ref: refs/meta/b\n");
  });
  assert.deepEqual([result.packed, result.pruned], [1, 1]);
  assert.equal(openTestRepository(system).refs.read("refs/meta/a")?.value.kind, "symbolic");
});

test("packRefs() peels tags, and refs whose object is missing stay loose", async () => {
  const system = new SimSystem(SimDisk.fromTree(EMPTY_REPOSITORY));
  const c1 = commit("1");
  const text = `object ${oidOf(c1)}\ntype commit\ntag t\ntagger T <t@example.com> 1 +0000\n\nt\n`;
  const tag = { type: "tag", content: utf8(text) } as const;
  {
    using writer = await openTestWriter(openTestRepository(system));
    const plain = (name: string, object: typeof c1) => ({ ...setRef(name, object), keepContent: false });
    runStep(writer, {
      updates: [plain("refs/meta/c", c1), plain("refs/meta/t", tag)],
      objects: [EMPTY_TREE, c1, tag],
    });
  }
  write(system, A, `${"1".repeat(40)}\n`);
  const result = await packBeside(system, () => {});
  assert.deepEqual(result.left.map(({ name, reason }) => [name, reason]), [["refs/meta/a", "missing"]]);
  assert.equal(
    new TextDecoder().decode(system.disk.readFile(PACKED)!),
    "# pack-refs with: peeled fully-peeled sorted \n" +
      `${oidOf(c1)} refs/meta/c\n${oidOf(tag)} refs/meta/t\n^${oidOf(c1)}\n`,
  );
});

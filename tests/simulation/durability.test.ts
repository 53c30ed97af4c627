/**
 * What must hold of the simulated disk's durable state after any program.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Disk, DiskError } from "../../src/platform/disk.ts";
import { utf8 } from "../../src/platform/text.ts";
import { test } from "../harness.ts";
import { holds } from "../property.ts";
import { SimDisk } from "./sim_disk.ts";

const path = fc.constantFrom("/a", "/b", "/c", "/a/a", "/a/b", "/b/a", "/b/c", "/a/b/c", "/b/c/a");
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("makeDirectory" as const), path }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("put" as const), path, text: fc.constantFrom("", "x", "line\n") }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("rename" as const, "link" as const), path, to: path }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("append" as const), path }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("unlink" as const, "removeDirectory" as const), path }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("chmod" as const), path }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("syncFile" as const, "syncDirectory" as const), path }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function perform(disk: Disk, one: Step): void {
  try {
    switch (one.do) {
      case "put": {
        using file = disk.create(one.path);
        return file.write(utf8(one.text));
      }
      case "append": {
        using file = disk.openAppend(one.path);
        return file?.write(utf8("more"));
      }
      case "rename":
      case "link":
        return disk[one.do](one.path, one.to);
      case "chmod":
        return disk.chmod(one.path, 0o700);
      default:
        return disk[one.do](one.path);
    }
  } catch (error) {
    if (!(error instanceof DiskError)) throw error; // many generated calls are impossible, as meant
  }
}

/** Every path on the disk but the root, folders after what they hold. */
function everything(disk: Disk, folder = ""): string[] {
  return disk.list(folder === "" ? "/" : folder)!.flatMap(({ name, kind }) => {
    const path = `${folder}/${name}`;
    return kind === "directory" ? [...everything(disk, path), path] : [path];
  });
}

function forEachProgram(numRuns: number, check: (disk: SimDisk) => void): void {
  holds(
    "a property",
    fc.property(fc.array(step, { minLength: 1, maxLength: 25, size: "max" }), (steps) => {
      const disk = SimDisk.fromTree({ "/a": null, "/c": "old" });
      for (const one of steps) perform(disk, one);
      check(disk);
    }),
    { seed: 20260102, numRuns },
  );
}

test("SimDisk: a power cut that loses nothing leaves what was visible, modes and links included", () => {
  forEachProgram(1000, (disk) => {
    const all = new Set(disk.pendingChanges().map((change) => change.id));
    const after = disk.powerCut({ label: "all", applied: all });
    assert.deepEqual(after.dump(), disk.dump());
    for (const path of everything(disk)) assert.equal(after.lstat(path)!.links, disk.lstat(path)!.links, path);
    assert.deepEqual(after.pendingChanges(), []);
  });
});

test("SimDisk: once every file and folder was flushed, no power cut takes anything", () => {
  forEachProgram(1000, (disk) => {
    const before = disk.dump();
    for (const path of [...everything(disk), "/"]) {
      if (disk.lstat(path)!.kind === "directory") disk.syncDirectory(path);
      else disk.syncFile(path);
    }
    for (const cut of disk.powerCuts({ seed: 1 })) assert.deepEqual(cut.disk.dump(), before, cut.label);
  });
});

test("SimDisk: a flushed folder is reachable and has its names after every power cut", () => {
  forEachProgram(300, (disk) => {
    for (const folder of everything(disk).filter((path) => disk.lstat(path)!.kind === "directory")) {
      const flushed = disk.copy();
      flushed.syncDirectory(folder);
      const { inode } = flushed.lstat(folder)!;
      const names = flushed.list(folder)!.map(({ name }) => name).sort();
      for (const cut of flushed.powerCuts({ seed: 1, sample: 8 })) {
        // By its inode: a folder above it may have its old name again, when that was not flushed.
        const now = everything(cut.disk).find((path) => cut.disk.lstat(path)!.inode === inode);
        assert.notEqual(now, undefined, `${folder} is lost: ${cut.label}`);
        assert.deepEqual(cut.disk.list(now!)!.map(({ name }) => name).sort(), names, cut.label);
      }
    }
  });
});

test("SimDisk: every power cut leaves a sound file system on which work can go on", () => {
  let cuts = 0;
  forEachProgram(500, (disk) => {
    for (const cut of disk.powerCuts({ seed: 1, sample: 8 })) {
      cuts++;
      for (const path of everything(cut.disk).toReversed()) {
        const stat = cut.disk.lstat(path)!;
        assert.ok(stat.links >= (stat.kind === "directory" ? 2 : 1), path);
      }
      for (const path of everything(cut.disk)) {
        if (cut.disk.lstat(path)!.kind === "directory") cut.disk.removeDirectory(path);
        else cut.disk.unlink(path);
      }
      assert.deepEqual(cut.disk.dump(), {});
    }
  });
  assert.ok(cuts > 5_000, `${cuts} power cuts`);
});

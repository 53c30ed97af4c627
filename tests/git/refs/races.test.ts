/** Reading while others write: a ref that moves between its two places is always seen in one of them. */
import assert from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SHA1 } from "../../../src/git/object_format.ts";
import { openRefStore } from "../../../src/git/refs/open.ts";
import type { Disk } from "../../../src/platform/disk.ts";
import { realDisk } from "../../../src/platform/real_disk.ts";
import { temporaryFolder } from "../../fixtures.ts";
import { test } from "../../harness.ts";

const OID = "a".repeat(40);
const OTHER = "b".repeat(40);
const HEADER = "# pack-refs with: peeled fully-peeled sorted \n";

function repository(): string {
  const gitDir = temporaryFolder();
  mkdirSync(join(gitDir, "refs/heads"), { recursive: true });
  return gitDir;
}

function replacePacked(gitDir: string, content: string): void {
  writeFileSync(join(gitDir, "packed-refs.next"), content);
  realDisk.rename(join(gitDir, "packed-refs.next"), join(gitDir, "packed-refs"));
}

/** The real disk; before its call number `at` (counted over all calls that read), something happens. */
function interrupted(at: number, happen: () => void): Disk & { calls: number } {
  const disk = { ...realDisk, calls: 0 };
  const before = <A extends unknown[], R>(call: (...args: A) => R) => (...args: A): R => {
    if (disk.calls++ === at) happen();
    return call(...args);
  };
  disk.lstat = before(realDisk.lstat);
  disk.stat = before(realDisk.stat);
  disk.openRead = before(realDisk.openRead);
  disk.list = before(realDisk.list);
  return disk;
}

function storeOn(disk: Disk, gitDir: string) {
  return openRefStore({ system: { disk }, gitDir, commonDir: gitDir, format: SHA1, refStorage: "files" });
}

test("RefStore.read() and list() see a ref at whatever moment it is packed", () => {
  for (let at = 0, calls = 1; at < calls; at++) {
    for (const way of ["read", "list"] as const) {
      const gitDir = repository();
      writeFileSync(join(gitDir, "refs/heads/a"), `${OID}\n`);
      replacePacked(gitDir, `${HEADER}${OTHER} refs/heads/z\n`);
      const disk = interrupted(at, () => {
        replacePacked(gitDir, `${HEADER}${OID} refs/heads/a\n${OTHER} refs/heads/z\n`);
        rmSync(join(gitDir, "refs/heads/a"));
      });
      const store = storeOn(disk, gitDir);
      const entry = way === "read" ? store.read("refs/heads/a") : [...store.list("refs/")][0] ?? null;
      assert.deepEqual(entry, { name: "refs/heads/a", value: { kind: "direct", oid: OID } }, `${way} at call ${at}`);
      calls = Math.max(calls, disk.calls);
    }
  }
});

test("RefStore.read() sees a packed ref at whatever moment it becomes loose and leaves packed-refs", () => {
  for (let at = 0, calls = 1; at < calls; at++) {
    const gitDir = repository();
    replacePacked(gitDir, `${HEADER}${OID} refs/heads/a\n`);
    const disk = interrupted(at, () => {
      writeFileSync(join(gitDir, "refs/heads/a"), `${OTHER}\n`);
      replacePacked(gitDir, HEADER);
    });
    const value = storeOn(disk, gitDir).read("refs/heads/a")?.value;
    assert.ok(value?.kind === "direct" && [OID, OTHER].includes(value.oid), `at call ${at}: ${JSON.stringify(value)}`);
    calls = Math.max(calls, disk.calls);
  }
});

test("FilesRefStore.packed() shows a replaced file at the next use, even of the same size", () => {
  const gitDir = repository();
  replacePacked(gitDir, `${HEADER}${OID} refs/heads/a\n`);
  const store = storeOn(realDisk, gitDir);
  for (const oid of [OTHER, OID, OTHER]) {
    replacePacked(gitDir, `${HEADER}${oid} refs/heads/a\n`);
    assert.deepEqual(store.read("refs/heads/a")?.value, { kind: "direct", oid });
  }
  realDisk.unlink(store.packedRefsPath);
  assert.equal(store.read("refs/heads/a"), null);
});

test("RefStore.list() and findConflict() end where linked folders lead in circles", () => {
  const gitDir = repository();
  writeFileSync(join(gitDir, "refs/heads/x"), `${OID}\n`);
  mkdirSync(join(gitDir, "refs/heads/a"));
  for (const name of ["up1", "up2", "up3"]) symlinkSync("..", join(gitDir, "refs/heads/a", name));
  symlinkSync("../tags", join(gitDir, "refs/heads/tags"));
  mkdirSync(join(gitDir, "refs/tags"));
  writeFileSync(join(gitDir, "refs/tags/t"), `${OTHER}\n`);
  const broken: string[] = [];
  const names = [...storeOn(realDisk, gitDir).list("refs/", (name) => broken.push(name))].map((ref) => ref.name);
  for (const name of ["refs/heads/x", "refs/heads/a/up1/x", "refs/heads/tags/t", "refs/tags/t"]) {
    assert.ok(names.includes(name), name);
  }
  assert.ok(names.length < 100 && broken.length > 0);
  assert.ok(storeOn(realDisk, gitDir).findConflict("refs/heads/a")?.startsWith("refs/heads/a/up1/"));
  rmSync(join(gitDir, "refs/heads/x"));
  rmSync(join(gitDir, "refs/tags/t"));
  assert.equal(storeOn(realDisk, gitDir).findConflict("refs/heads/a"), null);
});

test("RefStore.read() does not wait for a pipe, and names it", () => {
  const gitDir = repository();
  const disk: Disk = {
    ...realDisk,
    lstat: (path) => {
      const stat = realDisk.lstat(path);
      return stat !== null && path.endsWith("/pipe") ? { ...stat, kind: "other" } : stat;
    },
    openRead: () => assert.fail("a pipe must not be opened"),
  };
  writeFileSync(join(gitDir, "refs/heads/pipe"), "");
  assert.throws(() => storeOn(disk, gitDir).read("refs/heads/pipe"), { code: "invalid_data" });
});

/** Listing a folder for some names only. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { realDisk } from "../../src/platform/real_disk.ts";
import { isBun } from "../../src/platform/runtime.ts";
import { nameToBytes } from "../../src/platform/text.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";

const isWanted = (name: string) => !name.endsWith(".lock");

/** What a folder has of the names that are wanted. */
function wanted(folder: string): { name: string; kind: string }[] {
  const listed = realDisk.list(folder, isWanted)!;
  return listed.filter(({ name }) => isWanted(name)).sort((a, b) => a.name < b.name ? -1 : 1);
}

test("list() for some names gives what a whole listing does, be they none or many", () => {
  const folder = temporaryFolder();
  for (let i = 0; i < 40; i++) writeFileSync(join(folder, `${i}.lock`), "");
  assert.deepEqual(wanted(folder), []);
  mkdirSync(join(folder, "a"));
  symlinkSync("a", join(folder, "b"));
  for (const count of [1, 60]) {
    for (let i = 0; i < count; i++) writeFileSync(join(folder, `c${String(i).padStart(2, "0")}`), "");
    const files = Array.from({ length: count }, (_, i) => ({ name: `c${String(i).padStart(2, "0")}`, kind: "file" }));
    assert.deepEqual(wanted(folder), [{ name: "a", kind: "directory" }, { name: "b", kind: "symlink" }, ...files]);
  }
  assert.equal(realDisk.list(join(folder, "not-there"), isWanted), null);
  assert.equal(realDisk.list(join(folder, "c00"), isWanted), null);
});

if (isBun) { // Deno cannot name such a file
  test("list() for some names knows a name that is not UTF-8", () => {
    const folder = temporaryFolder();
    const name = "odd-\udcff";
    writeFileSync(Buffer.from(nameToBytes(`${folder}/${name}`)), "");
    writeFileSync(join(folder, "x.lock"), "");
    assert.deepEqual(wanted(folder), [{ name, kind: "file" }]);
  });
}

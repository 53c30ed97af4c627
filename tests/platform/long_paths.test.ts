/** Paths that are too long for the file system, or for a call of the system. */
import assert from "node:assert/strict";
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDiskError } from "../../src/platform/disk.ts";
import { realDisk } from "../../src/platform/real_disk.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";

const READERS = ["readFile", "openRead", "openAppend", "stat", "lstat", "list", "readLink", "realPath"] as const;

test("nothing is there under a name that is too long for a file, and none can be made", () => {
  const folder = temporaryFolder();
  const paths = [
    join(folder, "n".repeat(256)),
    join(folder, "é".repeat(128)),
    join(folder, "n".repeat(256), "x"),
    join(folder, "n".repeat(5000)),
    join(folder, "a", "n".repeat(5000)),
    join(folder, `${"n".repeat(200)}/`.repeat(30), "x"),
    join(folder, "n/".repeat(50_000), "x"),
    join(folder, "file", "n/".repeat(50_000), "x"),
  ];
  writeFileSync(join(folder, "file"), "");
  for (const path of paths) {
    for (const reader of READERS) assert.equal(realDisk[reader](path), null, `${reader} of ${path.length} characters`);
    assert.throws(() => realDisk.create(path), (error) => isDiskError(error, "ENAMETOOLONG", "ENOENT"));
  }
  symlinkSync("n".repeat(300), join(folder, "link"));
  assert.equal(realDisk.stat(join(folder, "link")), null);
  assert.equal(realDisk.lstat(join(folder, "link"))?.kind, "symlink");
});

test("a file that is only too deep to be reached is not taken for absent", () => {
  const folder = temporaryFolder();
  const inner = join(folder, "inner");
  const outer = join(folder, "o".repeat(200), "o".repeat(200), "o".repeat(200));
  const below = `/${"i".repeat(200)}`.repeat(18);
  mkdirSync(inner + below, { recursive: true });
  writeFileSync(`${inner}${below}/file`, "text");
  mkdirSync(outer, { recursive: true });
  renameSync(inner, join(outer, "inner"));
  try {
    const path = `${outer}/inner${below}/file`;
    for (const reader of READERS) {
      assert.throws(() => realDisk[reader](path), (error) => isDiskError(error, "ENAMETOOLONG"), reader);
      assert.equal(realDisk[reader](path.replace("inner", "nowhere")), null, reader);
    }
  } finally {
    renameSync(join(outer, "inner"), inner); // so that it can be removed
  }
});

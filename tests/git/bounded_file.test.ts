import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { readBounded, TEXT_BYTES_MAX } from "../../src/git/bounded_file.ts";
import { realDisk } from "../../src/platform/real_disk.ts";
import { utf8 } from "../../src/platform/text.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";

test("readBounded() reads a file, an empty device and nothing, and follows links", () => {
  const folder = temporaryFolder();
  writeFileSync(`${folder}/file`, "text");
  symlinkSync("file", `${folder}/link`);
  symlinkSync("/dev/null", `${folder}/empty`);
  symlinkSync("nowhere", `${folder}/dangling`);
  assert.deepEqual(readBounded(realDisk, `${folder}/link`), utf8("text"));
  assert.deepEqual(readBounded(realDisk, `${folder}/empty`), new Uint8Array(0));
  for (const name of ["dangling", "absent", "file/below"]) {
    assert.equal(readBounded(realDisk, `${folder}/${name}`), null);
  }
});

test("readBounded() waits for no pipe, and reads no device and no size beyond its limit into memory", () => {
  const folder = temporaryFolder();
  execFileSync("mkfifo", [`${folder}/pipe`]);
  symlinkSync("/dev/zero", `${folder}/zero`);
  writeFileSync(`${folder}/large`, "");
  truncateSync(`${folder}/large`, TEXT_BYTES_MAX + 1); // takes no room on the disk
  for (const name of ["pipe", "zero", "large"]) {
    const path = `${folder}/${name}`;
    assert.throws(() => readBounded(realDisk, path), (error: { code: string; details: { path: string } }) => {
      assert.deepEqual([error.code, error.details.path], ["invalid_data", path]);
      return true;
    });
  }
  mkdirSync(`${folder}/folder`);
  assert.throws(() => readBounded(realDisk, `${folder}/folder`), { code: "io", errno: "EISDIR" });
});

test("a path with a NUL names nothing, whatever asks for it", () => {
  const path = `${temporaryFolder()}/a\0b`;
  assert.equal(realDisk.readFile(path), null);
  assert.equal(realDisk.realPath(path), null);
  assert.equal(realDisk.readLink(path), null);
  assert.equal(realDisk.stat(path), null);
  assert.equal(realDisk.list(path), null);
  assert.throws(() => realDisk.create(path), { code: "io", errno: "ENOENT" });
});

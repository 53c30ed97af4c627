import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { Journal, JOURNAL_BYTES_MAX, listJournals, readJournal } from "../../src/engine/journal.ts";
import { MARKER_BYTES_MAX, readOpState } from "../../src/engine/op_state.ts";
import { openOwnFile, readOwnFile } from "../../src/platform/own_file.ts";
import type { Disk } from "../../src/platform/disk.ts";
import { realDisk } from "../../src/platform/real_disk.ts";
import { realSystem } from "../../src/platform/real_system.ts";
import { utf8 } from "../../src/platform/text.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { test } from "../harness.ts";
import { SimDisk } from "../simulation/sim_disk.ts";

const ID = "019b76da-a801-7b40-87ed-a0caa7e9ba10";

test("readOwnFile() reads a file up to the limit, and refuses a larger one", () => {
  const disk = SimDisk.fromTree({ "/f": "12345", "/empty": "" });
  assert.deepEqual(readOwnFile(disk, "/f", 5), utf8("12345"));
  assert.deepEqual(readOwnFile(disk, "/empty", 0), utf8(""));
  assert.equal(readOwnFile(disk, "/absent", 5), null);
  assert.throws(() => readOwnFile(disk, "/f", 4), {
    code: "invalid_data",
    details: { path: "/f", size: 5, limit: 4 },
  });
  assert.equal(disk.openFiles, 0);
});

test("readOwnFile() does not read through a link that is put in place after the look", () => {
  const disk = SimDisk.fromTree({ "/f": "ours", "/secret": "theirs" });
  disk.observe((call) => {
    if (call.operation !== "lstat") return;
    disk.observe(null);
    disk.unlink("/f");
    disk.symlink("/secret", "/f");
  });
  assert.throws(() => readOwnFile(disk, "/f", 100), { code: "unsupported", details: { path: "/f", kind: "symlink" } });
});

test("readOwnFile() reads a file that is replaced meanwhile, and gives up on one that always is", () => {
  const replaceAfterLook = (disk: SimDisk, times: number) => {
    let left = times;
    const read = disk.lstat.bind(disk);
    const lstat: Disk["lstat"] = (path) => {
      const stat = read(path);
      if (left-- > 0) {
        using file = disk.create("/new");
        file.write(utf8(`text ${left}`));
        disk.rename("/new", "/f");
      }
      return stat;
    };
    return Object.assign(Object.create(disk) as SimDisk, { lstat });
  };
  const disk = SimDisk.fromTree({ "/f": "old" });
  assert.deepEqual(readOwnFile(replaceAfterLook(disk, 3), "/f", 100), utf8("text 0"));
  assert.throws(() => readOwnFile(replaceAfterLook(disk, Infinity), "/f", 100), { code: "io" });
});

test("a pipe in place of any file of ours is refused, and nobody waits for it", () => {
  const commonDir = temporaryFolder();
  const ops = `${commonDir}/lattice/ops`;
  mkdirSync(ops, { recursive: true });
  const marker = `${commonDir}/lattice/op-state.json`;
  execFileSync("mkfifo", [marker, `${ops}/${ID}.jsonl`]);
  const refused = (path: string) => ({ code: "unsupported", details: { path, kind: "other" } });
  assert.throws(() => readOpState(realSystem, commonDir), refused(marker));
  assert.throws(() => readJournal(realSystem, commonDir, ID), refused(`${ops}/${ID}.jsonl`));
  assert.throws(() => Journal.reopen(realSystem, commonDir, ID), refused(`${ops}/${ID}.jsonl`));
  const other = temporaryFolder();
  mkdirSync(`${other}/lattice`);
  execFileSync("mkfifo", [`${other}/lattice/ops`]);
  assert.throws(() => listJournals(realSystem, other), refused(`${other}/lattice/ops`));
});

test("a device that a link leads to, and a folder, are refused on the real disk", () => {
  const folder = temporaryFolder();
  symlinkSync("/dev/zero", `${folder}/zero`);
  symlinkSync(folder, `${folder}/self`);
  for (
    const open of [(path: string) => readOwnFile(realDisk, path, 10), (path: string) => openOwnFile(realDisk, path)]
  ) {
    assert.throws(() => open("/dev/zero"), { code: "unsupported", details: { path: "/dev/zero", kind: "other" } });
    assert.throws(() => open(folder), { code: "unsupported", details: { path: folder, kind: "directory" } });
    for (const path of [`${folder}/zero`, `${folder}/self`]) {
      assert.throws(() => open(path), { code: "unsupported", details: { path, kind: "symlink" } });
    }
  }
});

test("a marker or a journal beyond its limit is refused before it is read into memory", () => {
  const commonDir = temporaryFolder();
  const ops = `${commonDir}/lattice/ops`;
  mkdirSync(ops, { recursive: true });
  const sparse = (path: string, size: number) => {
    writeFileSync(path, "");
    truncateSync(path, size); // takes no room on the disk
  };
  const marker = `${commonDir}/lattice/op-state.json`;
  const journal = `${ops}/${ID}.jsonl`;
  sparse(marker, MARKER_BYTES_MAX + 1);
  sparse(journal, JOURNAL_BYTES_MAX + 1);
  const tooLarge = (path: string, limit: number) => ({
    code: "invalid_data",
    details: { path, size: limit + 1, limit },
  });
  assert.throws(() => readOpState(realSystem, commonDir), tooLarge(marker, MARKER_BYTES_MAX));
  assert.throws(() => readJournal(realSystem, commonDir, ID), tooLarge(journal, JOURNAL_BYTES_MAX));
  assert.throws(() => Journal.reopen(realSystem, commonDir, ID), tooLarge(journal, JOURNAL_BYTES_MAX));
});

import assert from "node:assert/strict";
import type { Disk } from "../../src/platform/disk.ts";
import { DiskError, isDiskError } from "../../src/platform/disk.ts";
import { utf8 } from "../../src/platform/text.ts";
import { test } from "../harness.ts";
import { SimCrash } from "./calls.ts";
import { SimDisk } from "./sim_disk.ts";
import { textAt } from "./sim_system.ts";

function put(disk: Disk, path: string, text: string, flush = false): void {
  const file = disk.create(path);
  file.write(utf8(text));
  if (flush) file.sync();
  file.close();
}

/** What each tried power cut leaves under a path, without repetition. */
function outcomes(disk: SimDisk, path: string): Set<string | null> {
  return new Set([...disk.powerCuts({ seed: 1 })].map((cut) => textAt(cut.disk, path)));
}

test("SimDisk: a file that was never flushed may be missing, empty, torn, zeros or whole after a power cut", () => {
  const disk = SimDisk.fromTree({ "/a": null });
  put(disk, "/a/file", "text");
  const left = outcomes(disk, "/a/file");
  for (const one of [null, "", "t", "te", "tex", "text", "\0\0\0\0", "te\0\0"]) assert.ok(left.has(one), `${one}`);
  assert.ok([...left].some((one) => one !== null && one.length === 4 && !/^[tex\0]*$/.test(one)), "garbage");
});

test("SimDisk: OpenFile.sync() makes the content durable and not the name", () => {
  const disk = SimDisk.fromTree({ "/a": null });
  put(disk, "/a/file", "text", true);
  assert.deepEqual(outcomes(disk, "/a/file"), new Set([null, "text"]));
});

test("SimDisk: syncDirectory() makes the name durable and not the content", () => {
  const disk = SimDisk.fromTree({ "/a": null });
  put(disk, "/a/file", "text");
  disk.syncDirectory("/a");
  const left = outcomes(disk, "/a/file");
  assert.ok(!left.has(null));
  assert.ok(left.has(""));
});

test("SimDisk: content and name flushed leave nothing to lose", () => {
  for (
    const syncContent of [(disk: SimDisk) => disk.syncFile("/a/file"), (disk: SimDisk) => disk.syncFileSystem("/")]
  ) {
    const disk = SimDisk.fromTree({ "/a": null });
    put(disk, "/a/file", "text");
    syncContent(disk);
    disk.syncDirectory("/a");
    assert.deepEqual(disk.pendingChanges(), []);
    assert.deepEqual(outcomes(disk, "/a/file"), new Set(["text"]));
  }
});

test("SimDisk: syncDirectory() of a new folder makes the folder reachable, of its parent not what is in it", () => {
  const inner = SimDisk.fromTree({ "/a": null });
  inner.makeDirectory("/a/b");
  inner.makeDirectory("/a/b/c");
  put(inner, "/a/b/c/file", "text", true);
  inner.syncDirectory("/a/b/c");
  assert.deepEqual(outcomes(inner, "/a/b/c/file"), new Set(["text"]));

  const outer = SimDisk.fromTree({ "/a": null });
  outer.makeDirectory("/a/b");
  put(outer, "/a/b/file", "text", true);
  outer.syncDirectory("/a");
  assert.deepEqual(outcomes(outer, "/a/b/file"), new Set([null, "text"]));
  for (const { disk } of outer.powerCuts({ seed: 1 })) assert.equal(disk.stat("/a/b")?.kind, "directory");
});

test("SimDisk.rename() within and across folders leaves the old or the new name, never both and never none", () => {
  for (const target of ["/a/new", "/b/new"]) {
    const disk = SimDisk.fromTree({ "/a/old": "text", "/b": null });
    disk.rename("/a/old", target);
    const names = [...disk.powerCuts({ seed: 1 })].map((cut) => [textAt(cut.disk, "/a/old"), textAt(cut.disk, target)]);
    assert.deepEqual(names, [["text", null], [null, "text"]]);
  }
});

test("SimDisk.rename() across folders is durable by a flush of either folder", () => {
  for (const flushed of ["/a", "/b"]) {
    const disk = SimDisk.fromTree({ "/a/old": "new", "/b/name": "replaced" });
    disk.rename("/a/old", "/b/name");
    disk.syncDirectory(flushed);
    assert.deepEqual(outcomes(disk, "/b/name"), new Set(["new"]));
    assert.deepEqual(outcomes(disk, "/a/old"), new Set([null]));
  }
});

test("SimDisk.rename() of an unflushed file over a good one may leave the name with empty content", () => {
  const disk = SimDisk.fromTree({ "/a/name": "old" });
  put(disk, "/a/tmp", "new");
  disk.rename("/a/tmp", "/a/name");
  const left = outcomes(disk, "/a/name");
  for (const one of ["old", "", "new"]) assert.ok(left.has(one), one);
});

test("SimDisk: an earlier unflushed change of an entry does not come back after a later one was flushed", () => {
  const disk = SimDisk.fromTree({ "/a": null, "/b": null });
  put(disk, "/b/name", "first", true);
  put(disk, "/a/tmp", "second", true);
  disk.rename("/a/tmp", "/b/name");
  disk.syncDirectory("/a");
  assert.deepEqual(outcomes(disk, "/b/name"), new Set(["second"]));
});

test("SimDisk: of two changes of one entry the later alone gives the last state", () => {
  const disk = SimDisk.fromTree({ "/a/name": "old" });
  disk.unlink("/a/name");
  put(disk, "/a/name", "new", true);
  assert.deepEqual(outcomes(disk, "/a/name"), new Set(["old", null, "new"]));
});

test("SimDisk: an append may be torn, and what was flushed before stays", () => {
  const disk = SimDisk.fromTree({ "/log": "first\n" });
  const file = disk.openAppend("/log")!;
  file.write(utf8("second\n"));
  file.close();
  for (const { disk: after } of disk.powerCuts({ seed: 1, everyByte: true })) {
    assert.match(textAt(after, "/log")!, /^first\n/);
  }
  const lengths = new Set(
    [...disk.powerCuts({ seed: 1, everyByte: true })].map((cut) => textAt(cut.disk, "/log")!.length),
  );
  assert.deepEqual([...lengths].sort((a, b) => a - b), [6, 7, 8, 9, 10, 11, 12, 13]);
});

test("SimDisk: times and modes set by hand are lost until the file is flushed", () => {
  const disk = SimDisk.fromTree({ "/file": "text" });
  disk.setTimes("/file", 5_000_000_000n);
  disk.chmod("/file", 0o600);
  assert.equal(disk.pendingChanges().length, 2);
  const times = new Set(
    [...disk.powerCuts({ seed: 1 })].map((cut) => cut.disk.stat("/file")!.mtimeNs === 5_000_000_000n),
  );
  assert.equal(times.size, 2);
  disk.syncFile("/file");
  assert.deepEqual(disk.pendingChanges(), []);
});

test("SimDisk.powerCuts() tries all subsets of 8 changes and a bounded, repeatable sample of more", () => {
  const make = (count: number): string[] => {
    const disk = SimDisk.fromTree({ "/a": null });
    for (let i = 0; i < count; i++) disk.symlink("x", `/a/${i}`);
    return [...disk.powerCuts({ seed: 3, sample: 10 })].map((cut) => cut.label + JSON.stringify(cut.disk.dump()));
  };
  assert.equal(new Set(make(8)).size, 256);
  const more = make(20);
  // none, all, 20 alone, 20 missing, 19 prefixes of which 2 are there already, 10 of the sample
  assert.equal(more.length, 2 + 20 + 20 + 17 + 10);
  assert.deepEqual(make(20), more);
});

test("SimDisk.powerCuts() tears behind whole lines, and yields no state twice", () => {
  const disk = SimDisk.fromTree({ "/a": null });
  disk.syncDirectory("/a");
  put(disk, "/a/log", "first line\nsecond\nthird\n");
  disk.link("/a/log", "/a/other");
  disk.unlink("/a/other");
  const states = [...disk.powerCuts({ seed: 1 })].map((cut) => JSON.stringify(cut.disk.dump()));
  assert.ok(outcomes(disk, "/a/log").has("first line\nsecond\n"));
  // Without the last name of the file its content makes no difference, but the disks are still told apart.
  assert.ok(new Set(states).size >= states.length - 3, `${new Set(states).size} of ${states.length}`);
});

test("SimDisk.crashAt() kills for good: before leaves nothing of the call, after all of it", () => {
  for (const [when, expected] of [["before", null], ["after", ""]] as const) {
    const disk = SimDisk.fromTree({});
    disk.crashAt(1, when);
    assert.throws(() => disk.create("/file"), SimCrash);
    assert.throws(() => disk.unlink("/file"), SimCrash);
    assert.ok(disk.isDead);
    assert.equal(textAt(disk.forNextProcess(), "/file"), expected);
  }
});

test("SimDisk.failAt() fails one call, or all from it on; a write that fails may have written some bytes", () => {
  const disk = SimDisk.fromTree({});
  const file = disk.create("/file");
  disk.failAt(2, "ENOSPC", { bytesWritten: 3 });
  assert.throws(() => file.write(utf8("abcdef")), (error) => isDiskError(error, "ENOSPC"));
  assert.equal(textAt(disk, "/file"), "abc");
  file.write(utf8("d"));
  assert.equal(textAt(disk, "/file"), "abcd");

  disk.failAt(4, "EIO", { lasting: "from then on" });
  file.close(); // cannot fail
  for (let i = 0; i < 3; i++) assert.throws(() => disk.stat("/file"), (error) => isDiskError(error, "EIO"));
  assert.equal(disk.openFiles, 0);
});

test("SimDisk.ignoreFlush() leaves out one flush and says nothing", () => {
  const disk = SimDisk.fromTree({ "/a": null });
  disk.ignoreFlush(2);
  put(disk, "/a/file", "text", true);
  disk.syncDirectory("/a");
  assert.deepEqual(outcomes(disk, "/a/file"), new Set([null, "text"]));
  disk.syncDirectory("/a");
  assert.deepEqual(outcomes(disk, "/a/file"), new Set(["text"]));
});

test("SimDisk.trace records every call", () => {
  const disk = SimDisk.fromTree({ "/a": null });
  put(disk, "/a/file", "text", true);
  disk.rename("/a/file", "/a/name");
  assert.deepEqual(disk.trace, [
    { index: 1, operation: "create", path: "/a/file" },
    { index: 2, operation: "file.write", path: "/a/file", bytes: 4 },
    { index: 3, operation: "file.sync", path: "/a/file" },
    { index: 4, operation: "file.close", path: "/a/file" },
    { index: 5, operation: "rename", path: "/a/file", to: "/a/name" },
  ]);
});

test("SimDisk.copy() gives each side its own future", () => {
  const disk = SimDisk.fromTree({ "/a/file": "text" });
  const copy = disk.copy();
  disk.unlink("/a/file");
  put(copy, "/a/other", "more");
  assert.deepEqual(disk.dump(), { "/a/": "755" });
  assert.deepEqual(copy.dump(), { "/a/": "755", "/a/file": "644 text", "/a/other": "644 more" });
  assert.equal(copy.pendingChanges().length, 2);
});

test("SimDisk: inode numbers need all 64 bits", () => {
  const disk = SimDisk.fromTree({ "/a": "", "/b": "" });
  const a = disk.stat("/a")!.inode;
  const b = disk.stat("/b")!.inode;
  assert.notEqual(a, b);
  assert.equal(Number(a), Number(b));
});

test("SimDisk: the inode number of a removed file is the next one's where that is asked for, and nobody's who has a name", () => {
  for (const reuses of [false, true]) {
    const disk = SimDisk.fromTree({ "/a": "", "/b": "" });
    disk.storage.reusesInodeNumbers = reuses;
    const [a, b] = ["/a", "/b"].map((path) => disk.stat(path)!.inode);
    disk.link("/a", "/second");
    disk.unlink("/a");
    put(disk, "/c", "");
    assert.notEqual(disk.stat("/c")!.inode, a, "it has another name");
    disk.unlink("/second");
    const next = disk.forNextProcess();
    put(next, "/d", "");
    assert.equal(next.stat("/d")!.inode === a, reuses);
    put(next, "/e", "");
    assert.equal(new Set(["/b", "/c", "/d", "/e"].map((path) => next.stat(path)!.inode)).size, 4);
    assert.equal(next.stat("/b")!.inode, b);
  }
});

test("SimDisk: errors are DiskErrors with the path", () => {
  const disk = SimDisk.fromTree({ "/a/b": "" });
  assert.throws(() => disk.removeDirectory("/a"), (error) => error instanceof DiskError && error.path === "/a");
});

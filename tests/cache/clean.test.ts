/** What `clean` of the cache takes away, and what it leaves alone. */
import assert from "node:assert/strict";
import { CacheError } from "../../src/cache/errors.ts";
import { SUPERSEDED_GRACE_MS } from "../../src/cache/publishing.ts";
import { DiskError } from "../../src/platform/disk.ts";
import { utf8 } from "../../src/platform/text.ts";
import { test } from "../harness.ts";
import {
  cacheOn,
  digestOf,
  FILE_SYSTEMS,
  type FileSystem,
  FOLDER,
  namesOf,
  newMachine,
  pass,
  plant,
  textOf,
} from "./machine.ts";

for (const fileSystem of Object.keys(FILE_SYSTEMS) as FileSystem[]) {
  const on = `(${fileSystem})`;

  test(`clean removes all, or what is old or damaged, and leaves alone what somebody works on ${on}`, async () => {
    const system = newMachine(fileSystem);
    const cache = cacheOn(system);
    const names = () => cache.list().map(({ name }) => name);
    await cache.put("old", "1");
    await cache.put("damaged", "3");
    system.disk.unlink(`${FOLDER}/damaged/${digestOf("3")}`);
    plant(system, `${FOLDER}/damaged/current`, utf8("{"));
    pass(system, 10_000);
    await cache.put("young", "2");
    await cache.put("young", "4");
    system.disk.makeDirectory(`${FOLDER}/.other`);
    system.disk.makeDirectory(`${FOLDER}/project`);
    plant(system, `${FOLDER}/project/current`, utf8("somebody else's"));
    plant(system, `${FOLDER}/project/notes`, utf8("somebody else's"));
    plant(system, `${FOLDER}/file`, utf8("somebody else's"));
    assert.deepEqual(names(), ["damaged", "old", "young"]);
    assert.deepEqual(cache.clean({ olderThanMs: 5000 }), { removed: ["damaged", "old"], busy: [] });
    assert.deepEqual([names(), textOf(cache, "young")], [["young"], "4"]);
    assert.equal(system.disk.lstat(`${FOLDER}/old`), null);
    assert.ok(namesOf(system, "young").includes(digestOf("2")), "its grace time is not over");
    pass(system, SUPERSEDED_GRACE_MS);
    assert.deepEqual(cache.clean({ olderThanMs: 1e9 }), { removed: [], busy: [] });
    assert.equal(namesOf(system, "young").includes(digestOf("2")), false);
    await cache.refresh("young", () => {
      assert.deepEqual(cacheOn(system.neighbour()).clean(), { removed: [], busy: ["young"] });
      return "5";
    });
    assert.equal(textOf(cache, "young"), "5");
    assert.deepEqual(cache.clean(), { removed: ["young"], busy: [] });
    assert.deepEqual((system.disk.list(FOLDER) ?? []).map(({ name }) => name).sort(), [".other", "file", "project"]);
    assert.deepEqual(namesOf(system, "project"), ["current", "notes"]);
    assert.deepEqual(cache.clean(), { removed: [], busy: [] });
  });

  test(`clean touches no folder that others made, though its files be named as ours ${on}`, async () => {
    const system = newMachine(fileSystem, {
      [`${FOLDER}/sha256`]: null, // as the images of containers are kept
      [`${FOLDER}/app`]: null, // as releases are
      [`${FOLDER}/app/current`]: { link: "/releases/7" },
    });
    plant(system, `${FOLDER}/sha256/${digestOf("layer")}`, utf8("layer"));
    await cacheOn(system).put("ours", "1");
    assert.deepEqual(cacheOn(system).list().map(({ name }) => name), ["ours"]);
    assert.deepEqual(cacheOn(system).clean(), { removed: ["ours"], busy: [] });
    assert.deepEqual([namesOf(system, "sha256"), namesOf(system, "app")], [[digestOf("layer")], ["current"]]);
  });

  test(`clean goes on with the others when an entry cannot be cleaned, and tells of the first one ${on}`, async () => {
    const system = newMachine(fileSystem);
    const cache = cacheOn(system);
    for (const name of ["a", "b", "c", "d"]) await cache.put(name, "1");
    for (const name of ["a", "c"]) {
      system.disk.unlink(`${FOLDER}/${name}/current`);
      system.disk.makeDirectory(`${FOLDER}/${name}/current`);
    }
    assert.throws(() => cache.clean(), (error: unknown) => {
      assert.ok(error instanceof CacheError);
      assert.deepEqual([error.code, error.entry, error.path], ["io", "a", `${FOLDER}/a/current`]);
      assert.match(error.hint ?? "", /^something else stands in the way: /);
      return true;
    });
    assert.deepEqual(cache.list().map(({ name }) => name), ["a", "c"]);
  });

  test(`clean goes on past an entry that another user lets nobody look into ${on}`, async () => {
    const system = newMachine(fileSystem);
    const cache = cacheOn(system);
    for (const name of ["a", "theirs", "z"]) await cache.put(name, "1");
    const { disk } = system;
    const lstat = disk.lstat.bind(disk);
    disk.lstat = (path) => {
      if (path.startsWith(`${FOLDER}/theirs/`)) throw new DiskError("EACCES", "examine", path);
      return lstat(path);
    };
    for (const call of [() => cache.list(), () => cache.clean()]) {
      assert.throws(call, (error) => error instanceof CacheError && error.entry === "theirs");
    }
    disk.lstat = lstat;
    assert.deepEqual(cache.list().map(({ name }) => name), ["theirs"]);
  });

  test(`clean keeps the temporary files of who is storing something at the moment ${on}`, async () => {
    const system = newMachine(fileSystem);
    await cacheOn(system).put("a", "old");
    const putting = cacheOn(system.neighbour()).put(
      "a",
      async function* () {
        yield utf8("ne");
        assert.deepEqual(cacheOn(system).clean(), { removed: ["a"], busy: [] });
        assert.equal(cacheOn(system).get("a"), undefined);
        yield utf8("w");
      }(),
    );
    await putting;
    assert.equal(textOf(cacheOn(system)), "new");
  });
}

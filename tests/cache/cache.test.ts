/** What the cache promises, on a local disk and on a simulated network file system, whose locks are PID lock files. */
import assert from "node:assert/strict";
import type { Cache } from "../../src/cache/cache.ts";
import { CacheError } from "../../src/cache/errors.ts";
import { SUPERSEDED_GRACE_MS } from "../../src/cache/publishing.ts";
import { utf8 } from "../../src/platform/text.ts";
import { temporaryPath } from "../../src/locks/temporary_file.ts";
import { test } from "../harness.ts";
import type { SimSystem } from "../simulation/sim_system.ts";
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

/** A fetch that counts its calls. */
function counted(...texts: string[]) {
  const fetch = () => texts[Math.min(fetch.calls++, texts.length - 1)]!;
  fetch.calls = 0;
  return fetch;
}

/** The locks that stay beside an entry, or none: those of a PID lock file go. */
const LOCKS: Readonly<Record<FileSystem, string[]>> = { "local disk": ["refresh.flock"], "network file system": [] };

for (const fileSystem of Object.keys(FILE_SYSTEMS) as FileSystem[]) {
  const on = `(${fileSystem})`;

  test(`refresh stores what was fetched, get gives it back, and nothing else is left ${on}`, async () => {
    const system = newMachine(fileSystem);
    const cache = cacheOn(system);
    assert.equal(cache.get("a"), undefined);
    const entry = await cache.refresh("a", () => "one", { ttlMs: 1000 });
    assert.deepEqual(entry, {
      name: "a",
      path: `${FOLDER}/a/${digestOf("one")}`,
      digest: digestOf("one"),
      size: 3,
      fetchedAt: entry.fetchedAt,
      ttlMs: 1000,
      stale: false,
      refreshed: true,
    });
    assert.equal(textOf(cache), "one");
    assert.equal(cache.path("a"), entry.path);
    assert.deepEqual(namesOf(system), [digestOf("one"), "current", ...LOCKS[fileSystem]].sort());
    for (const path of ["", "/a"]) assert.equal(system.disk.lstat(FOLDER + path)?.mode, 0o700);
    for (const name of namesOf(system)) assert.equal(system.disk.lstat(`${FOLDER}/a/${name}`)?.mode, 0o600);
    assert.equal(system.disk.openFiles, 0);
  });

  test(`refresh with a ttl leaves younger content alone, whatever ttl that has; without one it always fetches ${on}`, async () => {
    const system = newMachine(fileSystem);
    const cache = cacheOn(system);
    const fetch = counted("one", "two", "three");
    await cache.refresh("a", fetch);
    pass(system, 900);
    assert.equal((await cache.refresh("a", fetch, { ttlMs: 1000 })).refreshed, false);
    assert.deepEqual([fetch.calls, textOf(cache)], [1, "one"]);
    pass(system, 200);
    assert.equal((await cache.refresh("a", fetch, { ttlMs: 1000 })).refreshed, true);
    assert.equal((await cache.refresh("a", fetch)).refreshed, true);
    assert.deepEqual([fetch.calls, textOf(cache)], [3, "three"]);
    assert.equal((await cache.refresh("a", fetch, { ttlMs: Infinity })).refreshed, false);
    assert.equal((await cache.refresh("a", fetch, { ttlMs: 0 })).refreshed, true);
  });

  test(`refresh with force fetches whatever is there ${on}`, async () => {
    const cache = cacheOn(newMachine(fileSystem));
    const fetch = counted("one", "two");
    await cache.refresh("a", fetch, { ttlMs: 1000 });
    assert.equal((await cache.refresh("a", fetch, { ttlMs: 1000, force: true })).refreshed, true);
    assert.equal(textOf(cache), "two");
  });

  test(`who waited finds the fresh content instead of fetching again, with a ttl and without, unless forced ${on}`, async () => {
    for (const options of [{}, { ttlMs: 1000 }, { ttlMs: 0 }, { force: true }]) {
      const system = newMachine(fileSystem);
      await cacheOn(system).put("a", "old", { ttlMs: 0 });
      const waiter = cacheOn(system.neighbour(), { timeoutMs: 60_000 });
      const fetch = counted("second");
      let waiting: ReturnType<Cache["refresh"]> | undefined;
      await cacheOn(system).refresh("a", async () => {
        waiting = waiter.refresh("a", fetch, options);
        for (let turn = 0; turn < 50; turn++) await Promise.resolve(); // it asks for the lock some times
        return "first";
      });
      assert.equal((await waiting!).refreshed, options.force ?? false, JSON.stringify(options));
      assert.equal(textOf(waiter), options.force ? "second" : "first");
    }
  });

  test(`who waited for a refresh that failed fetches by itself ${on}`, async () => {
    const system = newMachine(fileSystem);
    let waiting: ReturnType<Cache["refresh"]> | undefined;
    const failing = cacheOn(system).refresh("a", async () => {
      waiting = cacheOn(system.neighbour(), { timeoutMs: 60_000 }).refresh("a", () => "second");
      for (let turn = 0; turn < 50; turn++) await Promise.resolve();
      throw new RangeError("no network");
    });
    await assert.rejects(failing, RangeError);
    assert.equal((await waiting!).refreshed, true);
    assert.equal(textOf(cacheOn(system)), "second");
  });

  test(`a wait that runs out is told with the holder, and what there was stays ${on}`, async () => {
    const system = newMachine(fileSystem);
    await cacheOn(system).put("a", "old");
    for (const timeoutMs of [0, 250]) {
      await cacheOn(system, { command: "cache refresh a" }).refresh("a", async () => {
        const other = cacheOn(system.neighbour());
        await assert.rejects(other.refresh("a", () => "new", { timeoutMs }), (error: unknown) => {
          assert.ok(error instanceof CacheError);
          assert.deepEqual([error.code, error.entry, error.details["name"]], ["locked", "a", "a"]);
          const holder = error.details["holder"] as { pid: number; command: string };
          assert.deepEqual([holder.pid, holder.command], [system.host.pid, "cache refresh a"]);
          assert.ok(Number(error.details["waited_ms"]) >= timeoutMs);
          assert.match(error.hint!, /somebody else works on this entry; .*--lock-timeout/);
          assert.ok(error.path.startsWith(`${FOLDER}/a/refresh.`) && error.cause !== undefined);
          return true;
        });
        assert.equal(textOf(other), "old", "who reads waits for nobody");
        return "newer";
      });
      assert.equal(textOf(cacheOn(system)), "newer");
      await cacheOn(system).put("a", "old");
    }
  });

  test(`a refresh that fails leaves the old content, no lock and no temporary file ${on}`, async () => {
    const system = newMachine(fileSystem);
    const cache = cacheOn(system);
    await cache.put("a", "old");
    const before = namesOf(system);
    async function* broken() {
      yield utf8("half of ");
      throw new RangeError("connection lost");
    }
    await assert.rejects(cache.refresh("a", broken), RangeError);
    await assert.rejects(cache.refresh("a", () => Promise.reject(new RangeError("no"))), RangeError);
    await assert.rejects(cache.put("a", broken()), RangeError);
    assert.deepEqual([textOf(cache), namesOf(system), system.disk.openFiles], ["old", before, 0]);
    await cache.refresh("a", () => "new");
  });

  test(`a damaged entry counts as absent and is fetched again ${on}`, async () => {
    const content = `${FOLDER}/a/${digestOf("sound")}`;
    const pointer = `${FOLDER}/a/current`;
    const damages: Readonly<Record<string, (system: SimSystem) => void>> = {
      "no content": ({ disk }) => disk.unlink(content),
      "a shorter content": (system) => plant(system, content, utf8("soun")),
      "a longer content": (system) => plant(system, content, utf8("soundly")),
      "another content": (system) => plant(system, content, utf8("Sound")),
      "a link for the content": (system) => {
        plant(system, "/data/elsewhere", utf8("sound"));
        system.disk.unlink(content);
        system.disk.symlink("/data/elsewhere", content);
      },
      "an empty pointer": (system) => plant(system, pointer, utf8("")),
      "half a pointer": (system) => plant(system, pointer, system.disk.readFile(pointer)!.slice(0, 50)),
      "a pointer that is no JSON": (system) => plant(system, pointer, Uint8Array.of(0xff, 0, 1)),
      "a pointer of another entry": (system) =>
        plant(system, pointer, utf8(new TextDecoder().decode(system.disk.readFile(pointer)!).replace('"a"', '"A"'))),
      "a link for the pointer": (system) => {
        system.disk.rename(pointer, "/data/elsewhere");
        system.disk.symlink("/data/elsewhere", pointer);
      },
    };
    for (const [what, damage] of Object.entries(damages)) {
      const system = newMachine(fileSystem);
      const cache = cacheOn(system);
      await cache.put("a", "sound", { ttlMs: 1_000_000 });
      damage(system);
      assert.deepEqual([cache.get("a"), cache.path("a"), cache.open("a")], [undefined, undefined, undefined], what);
      const status = cache.status("a")!;
      if (what !== "another content") assert.ok(status.entry === null && status.damage !== null, what);
      const fetched = await cache.refresh("a", () => "sound", { ttlMs: 1_000_000 });
      assert.deepEqual([fetched.refreshed, textOf(cache)], [true, "sound"], what);
      const elsewhere = system.disk.readFile("/data/elsewhere");
      if (elsewhere !== null) assert.notEqual(elsewhere.length, 0, `${what}: nothing was written through it`);
    }
  });

  test(`temporary files of dead writers go with the next write, and those of living ones stay ${on}`, async () => {
    const system = newMachine(fileSystem);
    await cacheOn(system).put("a", "old");
    const dead = system.neighbour();
    const living = system.neighbour();
    const names = (
      of: SimSystem,
    ) => [temporaryPath(of, `${FOLDER}/a/content`), temporaryPath(of, `${FOLDER}/a/current`)];
    const orphans = names(dead);
    const others = names(living);
    for (const path of [...orphans, ...others]) plant(system, path, utf8("half"));
    dead.disk.gate.dead = true;
    const isThere = (path: string) => system.disk.lstat(path) !== null;
    assert.equal(textOf(cacheOn(system)), "old");
    assert.ok(orphans.every(isThere), "who reads removes nothing");
    await cacheOn(system).refresh("a", () => "new");
    assert.deepEqual([orphans.some(isThere), others.every(isThere)], [false, true]);
    living.disk.gate.dead = true;
    await cacheOn(system).put("a", "newer");
    assert.equal(others.some(isThere), false);
  });

  test(`superseded content stays for the grace time, counted from when the pointer moved on ${on}`, async () => {
    const system = newMachine(fileSystem);
    const cache = cacheOn(system);
    const { path } = await cache.put("a", "one");
    const isThere = () => system.disk.lstat(path) !== null;
    pass(system, 10 * SUPERSEDED_GRACE_MS); // old, but it was the present one all the time
    await cache.put("a", "two");
    pass(system, SUPERSEDED_GRACE_MS - 1000);
    await cache.put("a", "three");
    assert.equal(isThere(), true);
    pass(system, 2000);
    await cache.put("a", "four");
    assert.equal(isThere(), false);
    assert.ok(namesOf(system).includes(digestOf("three")));
    // What becomes the present content once more is not swept for having been superseded.
    await cache.put("a", "three");
    pass(system, 2 * SUPERSEDED_GRACE_MS);
    await assert.rejects(cache.refresh("a", () => Promise.reject(new RangeError("no"))), RangeError);
    assert.equal(textOf(cache), "three");
  });

  test(`content from the future, since the clock was set back, is stale with any ttl, and swept in the end ${on}`, async () => {
    const system = newMachine(fileSystem);
    pass(system, 10 * 60 * 60 * 1000);
    const cache = cacheOn(system);
    await cache.put("a", "one", { ttlMs: 60_000 });
    await cache.put("a", "two", { ttlMs: 60_000 });
    pass(system, -60 * 60 * 1000);
    assert.equal(cache.get("a")!.stale, true);
    assert.equal((await cache.refresh("a", () => "three", { ttlMs: 24 * 60 * 60 * 1000 })).refreshed, true);
    assert.equal(cache.get("a")!.stale, false);
    assert.ok(namesOf(system).includes(digestOf("one")), "for how long it has lain there, nobody knows");
    pass(system, 2 * SUPERSEDED_GRACE_MS);
    await cache.put("a", "four");
    assert.equal(namesOf(system).includes(digestOf("one")), false);
    await cache.put("b", "without a ttl");
    pass(system, -60 * 60 * 1000);
    assert.equal(cache.get("b")!.stale, false);
  });

  test(`a ttl that is no length of time is refused before anything is fetched; parts of one are left out ${on}`, async () => {
    const cache = cacheOn(newMachine(fileSystem));
    const fetch = counted("one");
    for (const ttlMs of [NaN, -1, -Infinity]) {
      const isUsage = (error: unknown) => error instanceof CacheError && error.code === "usage";
      await assert.rejects(cache.refresh("a", fetch, { ttlMs }), isUsage);
      await assert.rejects(cache.put("a", "one", { ttlMs }), isUsage);
    }
    assert.deepEqual([fetch.calls, cache.status("a")], [0, undefined]);
    for (const [ttlMs, stored] of [[0.5, 0], [1000 / 7, 142], [1e300, null], [Infinity, null]] as const) {
      await cache.put("a", "one", { ttlMs });
      assert.deepEqual([textOf(cache), cache.get("a")?.ttlMs], ["one", stored]);
    }
  });

  test(`what is stored may come in parts, and empty ${on}`, async () => {
    const cache = cacheOn(newMachine(fileSystem));
    await cache.put("a", [utf8("one "), utf8(""), utf8("two")]);
    assert.equal(textOf(cache), "one two");
    await cache.refresh("a", () => Promise.resolve(""));
    assert.deepEqual([textOf(cache), cache.get("a")!.size], ["", 0]);
    await cache.put("a", Uint8Array.of(0, 255));
    assert.deepEqual([...cache.get("a")!.content], [0, 255]);
    const large = new Uint8Array(3 * 1024 * 1024 + 5).fill(7);
    await cache.put("a", large);
    using file = cache.open("a")!.file;
    assert.equal(file.stat().size, large.length);
  });
}

test("names stay inside the cache's folder", async () => {
  const system = newMachine();
  const cache = cacheOn(system);
  const bad = [
    "",
    ".",
    "..",
    "../a",
    "a/b",
    "/a",
    "a\\b",
    ".a",
    "-a",
    "a.",
    "a b",
    "a\n",
    "a\0",
    "ä",
    "a:b",
    "a".repeat(129),
  ];
  for (const name of bad) {
    for (
      const act of [() => cache.get(name), () => cache.path(name), () => cache.open(name), () => cache.status(name)]
    ) {
      assert.throws(
        act,
        (error: unknown) => error instanceof CacheError && error.code === "usage",
        JSON.stringify(name),
      );
    }
    await assert.rejects(cache.put(name, ""), CacheError);
    await assert.rejects(cache.refresh(name, () => ""), CacheError);
  }
  assert.equal(system.disk.lstat(FOLDER), null, "nothing was made");
  for (const name of ["a", "A", "0", "_x", "a.b", "v1..2", "a-b_c-", "a".repeat(128), "current", "refresh"]) {
    await cache.put(name, name);
    assert.equal(textOf(cache, name), name);
  }
});

test("a link or a file in place of an entry is refused, and not followed", async () => {
  const system = newMachine("local disk", { "/data/elsewhere": null, "/data/cache/link": { link: "/data/elsewhere" } });
  plant(system, `${FOLDER}/file`, utf8("x"));
  const cache = cacheOn(system);
  for (const name of ["link", "file"]) {
    const isRefusal = (error: unknown) => {
      assert.ok(error instanceof CacheError, String(error));
      assert.deepEqual([error.code, error.path], ["invalid_data", `${FOLDER}/${name}`]);
      return true;
    };
    assert.throws(() => cache.get(name), isRefusal);
    await assert.rejects(cache.refresh(name, () => "x"), isRefusal);
    await assert.rejects(cache.put(name, "x"), isRefusal);
  }
  assert.deepEqual([cache.list(), cache.clean()], [[], { removed: [], busy: [] }]);
  assert.deepEqual(system.disk.list("/data/elsewhere"), []);
});

test("a cache folder that is a link, as its user made it, is used", async () => {
  const system = newMachine("local disk", { "/elsewhere": null, "/data/cache": { link: "/elsewhere" } });
  await cacheOn(system).put("a", "one");
  assert.equal(textOf(cacheOn(system)), "one");
  assert.notEqual(system.disk.lstat("/elsewhere/a/current"), null);
});

test("a reader that was stopped while the content was superseded and swept finds the present one", async () => {
  const system = newMachine();
  await cacheOn(system).put("a", "one");
  const reader = system.neighbour();
  let stopped = false;
  reader.disk.observe(({ operation, path }) => {
    if (operation !== "readFile" || !path.endsWith("/current") || stopped) return;
    stopped = true;
    pass(system, 1);
    // All at once: the pointer moves on, the grace time passes, the content is swept.
    const content = utf8("two");
    plant(system, `${FOLDER}/a/${digestOf("two")}`, content);
    const pointer = JSON.parse(new TextDecoder().decode(system.disk.readFile(`${FOLDER}/a/current`)!)) as object;
    const next = { ...pointer, id: "0123456789abcdef", digest: digestOf("two") };
    plant(system, `${FOLDER}/a/current`, utf8(`${JSON.stringify(next)}\n`));
    system.disk.unlink(`${FOLDER}/a/${digestOf("one")}`);
  });
  assert.equal(textOf(cacheOn(reader)), "two");
  assert.equal(stopped, true);
});

test("on a network file system, a name that is missing for a moment while it is replaced is looked for again", async () => {
  for (const missing of ["current", digestOf("one")]) {
    for (const [times, isFound] of [[5, true], [1000, false]] as const) {
      const system = newMachine("network file system");
      await cacheOn(system).put("a", "one");
      let left = times;
      const disk = Object.assign(Object.create(system.disk) as SimSystem["disk"], {
        lstat: (path: string) => path.endsWith(missing) && left-- > 0 ? null : system.disk.lstat(path),
      });
      const startedMs = system.clock.monotonicMs();
      const cache = cacheOn(Object.create(system, { disk: { value: disk } }) as SimSystem);
      assert.equal(textOf(cache), isFound ? "one" : undefined, missing);
      assert.ok(system.clock.monotonicMs() - startedMs < 150);
    }
  }
});

/** What we write, real git reads; what fails leaves nothing behind. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { computeOid, type ObjectFormat, SHA1, SHA256 } from "../../../src/git/object_format.ts";
import { hashStream } from "../../../src/git/objects/object_stream.ts";
import type { NewObject } from "../../../src/git/objects/store.ts";
import { type Disk, DiskError, type OpenFile } from "../../../src/platform/disk.ts";
import { realSystem } from "../../../src/platform/real_system.ts";
import { utf8 } from "../../../src/platform/text.ts";
import { temporaryFolder } from "../../fixtures.ts";
import { git, gitText, modernGit, runProgram } from "../../git_oracle.ts";
import { test } from "../../harness.ts";
import { holds } from "../../property.ts";
import { configOf, openObjects } from "./open_fixture.ts";

const FORMATS: readonly ObjectFormat[] = [SHA1, SHA256];

function newRepository(format: ObjectFormat): string {
  const folder = temporaryFolder();
  gitText(["init", "-q", "--bare", `--object-format=${format.name}`, "."], folder);
  return folder;
}

function blob(content: string | Uint8Array): NewObject {
  return { type: "blob", content: typeof content === "string" ? utf8(content) : content };
}

/** Bytes that do not compress. */
function noise(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** Both git versions find nothing wrong. */
function requireSound(folder: string): void {
  for (const program of ["git", modernGit()]) {
    const outcome = runProgram(program, ["fsck", "--full", "--strict", "--no-dangling"], folder);
    assert.equal(outcome.exit, 0, outcome.stderr);
  }
}

function contentByGit(folder: string, oid: string): Uint8Array {
  const outcome = git(["cat-file", "blob", oid], folder);
  assert.equal(outcome.exit, 0, outcome.stderr);
  return new Uint8Array(outcome.stdout);
}

function leftOvers(folder: string): string[] {
  return readdirSync(join(folder, "objects"), { recursive: true, encoding: "utf8" }).filter((name) =>
    /tmp_|\.keep$/.test(name)
  );
}

const SIZES = [0, 1, 100, 4096, 70_000, 3_000_000];

for (const format of FORMATS) {
  test(`writeLoose() writes what git reads (${format.name})`, () => {
    const folder = newRepository(format);
    using store = openObjects(folder, { format });
    for (const size of SIZES) {
      for (const content of [noise(size, size), new Uint8Array(size).fill(97)]) {
        const oid = store.writeLoose(blob(content));
        assert.deepEqual(contentByGit(folder, oid), content);
        assert.deepEqual(store.read(oid)!.content, content);
        const { mode } = statSync(join(folder, "objects", oid.slice(0, 2), oid.slice(2)));
        assert.equal(mode & 0o777, 0o444 & ~process.umask());
      }
    }
    requireSound(folder);
    assert.deepEqual(leftOvers(folder), []);
  });

  test(`writePack() writes a pack that git verifies and indexes to the same bytes (${format.name})`, () => {
    const folder = newRepository(format);
    using store = openObjects(folder, { format });
    const objects = SIZES.flatMap((size) => [blob(noise(size, size + 7)), blob(new Uint8Array(size).fill(98))]);
    for (let i = 0; i < 500; i++) objects.push(blob(`document ${i}, `.repeat(i % 40)));
    const tree = utf8("");
    objects.push({ type: "tree", content: tree }, blob("twice"), blob("twice"));
    const keep = store.writePack(objects, "operation 1\n");
    assert.deepEqual(
      readFileSync(keep),
      readFileSync(keep.replace(/keep$/, "idx")),
      "it is a second name of the index",
    );
    const pack = keep.replace(/keep$/, "pack");
    const index = keep.replace(/keep$/, "idx");
    gitText(["verify-pack", index], folder);
    gitText(["index-pack", "--strict", "-o", join(folder, "again.idx"), pack], folder);
    assert.deepEqual(readFileSync(join(folder, "again.idx")), readFileSync(index));
    requireSound(folder);
    for (const { type, content } of objects) {
      const object = store.read(computeOid(format, type, content))!;
      assert.deepEqual([object.type, object.content], [type, content]);
    }
    const listed = gitText(["cat-file", "--batch-all-objects", "--batch-check=%(objectname)"], folder);
    assert.deepEqual(store.allOids(), listed.split("\n"));
    rmSync(keep);
    assert.deepEqual(leftOvers(folder), []);
    gitText(["gc", "-q", "--prune=now"], folder);
  });

  test(`writeLooseStream() writes what git reads, whatever the chunks are (${format.name})`, () => {
    const folder = newRepository(format);
    using store = openObjects(folder, { format });
    for (const [size, step] of [[0, 1], [1, 1], [5_000_000, 65_536], [2_500_000, 1_300_000]] as const) {
      const content = noise(size, size + 3);
      content.fill(99, size >> 1);
      const chunks = function* () {
        const buffer = new Uint8Array(step);
        for (let at = 0; at < size; at += step) {
          buffer.set(content.subarray(at, at + step)); // the same buffer again and again
          yield buffer.subarray(0, Math.min(step, size - at));
        }
      };
      const oid = store.writeLooseStream("blob", size, chunks());
      assert.equal(oid, computeOid(format, "blob", content));
      assert.equal(hashStream(format, "blob", size, chunks()), oid);
      assert.deepEqual(contentByGit(folder, oid), content);
      assert.deepEqual(store.read(oid)!.content, content);
      assert.deepEqual(store.info(oid), { type: "blob", size });
    }
    requireSound(folder);
    assert.deepEqual(leftOvers(folder), []);
  });
}

test("writeLooseStream() refuses a content of another size and leaves nothing", () => {
  const folder = newRepository(SHA1);
  using store = openObjects(folder);
  for (const size of [3, 5]) {
    assert.throws(() => store.writeLooseStream("blob", size, [utf8("abcd")]), { code: "io" });
    assert.throws(() => hashStream(SHA1, "blob", size, [utf8("abcd")]), { code: "io" });
  }
  assert.deepEqual(leftOvers(folder), []);
  assert.deepEqual(store.allOids(), []);
});

test("writeLoose() and writeLooseStream() freshen what is there instead of writing it again", () => {
  const folder = newRepository(SHA1);
  using store = openObjects(folder);
  const loose = store.writeLoose(blob("loose"));
  const loosePath = join(folder, "objects", loose.slice(0, 2), loose.slice(2));
  const keep = store.writePack([blob("packed")], "x");
  const packPath = keep.replace(/keep$/, "pack");
  const writes: (() => void)[] = [
    () => store.writeLoose(blob("loose")),
    () => store.storeLoose(blob("loose")),
    () => store.writeLoose(blob("packed")),
    () => store.writeLooseStream("blob", 6, [utf8("packed")]),
    () => store.writeLooseStream("blob", 5, [utf8("loose")]),
  ];
  const [both, ofPack] = [[loosePath, packPath], [packPath]];
  const touched = [[loosePath], [loosePath], ofPack, ofPack, [loosePath]];
  writes.forEach((write, i) => {
    for (const path of both) utimesSync(path, 1000, 1000);
    write();
    for (const path of both) {
      assert.equal(statSync(path).mtimeMs > 1e12, touched[i]!.includes(path), `${i} ${path}`);
    }
  });
  assert.equal(readdirSync(join(folder, "objects/pack")).length, 3);
  assert.equal(gitText(["count-objects"], folder).split(" ")[0], "1");
});

test("storeLoose() and writePack() do not rely on a pack that git repack -ad may be about to remove", () => {
  const folder = newRepository(SHA1);
  using store = openObjects(folder);
  const object = blob("for no ref");
  const first = store.writePack([object], "x");
  const second = store.writePack([object], "y");
  assert.notEqual(second, first, "another pack, though of the same bytes");
  const oid = store.storeLoose(object);
  for (const keep of [first, second]) rmSync(keep);
  gitText(["repack", "-adq"], folder);
  assert.deepEqual(readdirSync(join(folder, "objects/pack")), []);
  assert.deepEqual(contentByGit(folder, oid), object.content);
});

test("vanished() tells what is gone, whatever an earlier look found", () => {
  const folder = newRepository(SHA1);
  using store = openObjects(folder);
  const [lost, moved, kept] = [blob("lost"), blob("moved"), blob("kept")];
  const oids = [lost, moved, kept].map((object) => computeOid(SHA1, object.type, object.content));
  rmSync(store.writePack([lost, moved], "x"));
  store.storeLoose(kept);
  for (const oid of oids) assert.notEqual(store.read(oid), null);
  assert.deepEqual(store.vanished(oids), []);
  gitText(["update-ref", "refs/keep/moved", oids[1]!], folder);
  gitText(["repack", "-adq"], folder);
  assert.deepEqual(store.vanished([...oids, SHA1.emptyTree]), [oids[0]]);
  gitText(["prune", "--expire=now"], folder);
  assert.deepEqual(store.vanished(oids), [oids[0], oids[2]]);
});

test("writeLoose() replaces a damaged loose file and leaves a borrowed object where it is", () => {
  const folder = newRepository(SHA1);
  const lender = newRepository(SHA1);
  using lent = openObjects(lender);
  const borrowed = lent.writeLoose(blob("borrowed"));
  writeFileSync(join(folder, "objects/info/alternates"), `# comment\n"${join(lender, "objects")}"\n`);
  using store = openObjects(folder);
  store.writeLoose(blob("borrowed"));
  assert.deepEqual(gitText(["count-objects"], folder).split(" ")[0], "0");
  assert.equal(new TextDecoder().decode(store.read(borrowed)!.content), "borrowed");

  const oid = computeOid(SHA1, "blob", utf8("mend me"));
  mkdirSync(join(folder, "objects", oid.slice(0, 2)), { recursive: true });
  writeFileSync(join(folder, "objects", oid.slice(0, 2), oid.slice(2)), "garbage");
  assert.equal(store.writeLoose(blob("mend me")), oid);
  assert.equal(new TextDecoder().decode(contentByGit(folder, oid)), "mend me");
  requireSound(folder);
});

test("writeLoose() gives files and folders the modes of core.sharedRepository", () => {
  for (const value of ["group", "all", "0640", "true", "umask"]) {
    const [ours, theirs] = [newRepository(SHA1), newRepository(SHA1)];
    gitText(["config", "core.sharedRepository", value], theirs);
    const oid = gitText(["hash-object", "-w", "--stdin"], theirs, "shared");
    using store = openObjects(ours, { config: configOf({ "core.sharedrepository": value }) });
    assert.equal(store.writeLoose(blob("shared")), oid);
    for (const path of [oid.slice(0, 2), `${oid.slice(0, 2)}/${oid.slice(2)}`]) {
      const modes = [ours, theirs].map((folder) => (statSync(join(folder, "objects", path)).mode & 0o7777).toString(8));
      assert.equal(modes[0], modes[1], `${value} ${path}`);
    }
  }
});

/** The real disk, with every call counted, and one of them made to fail. */
function observedDisk(failAt: number, errno: string): { disk: Disk; calls: string[] } {
  const calls: string[] = [];
  function observe<T extends object>(target: T, prefix: string): T {
    return new Proxy(target, {
      get(object, key) {
        const member = Reflect.get(object, key) as unknown;
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => {
          const name = `${prefix}${String(key)}`;
          const isCleanUp = ["close", "unlink", "file.close"].includes(name) || typeof key === "symbol";
          calls.push(`${name} ${typeof args[0] === "string" ? args[0] : (object as { path?: string }).path ?? ""}`);
          if (calls.length === failAt && !isCleanUp) throw new DiskError(errno, name, String(args[0]));
          const result = (member as (...args: unknown[]) => unknown).apply(object, args);
          const isFile = ["create", "openRead"].includes(String(key)) && result !== null;
          return isFile ? observe(result as OpenFile, "file.") : result;
        };
      },
    });
  }
  return { disk: observe(realSystem.disk, ""), calls };
}

function flushes(calls: readonly string[], folder: string): string[] {
  return calls.filter((call) => /^(file\.sync|sync\w+) /.test(call)).map((call) =>
    call.replace(`${folder}/`, "").replace(/tmp_(\w+?)_\w{6}$/, "tmp_$1").replace(/[0-9a-f]{38}/, "…")
  );
}

test("writePack() flushes pack, index and folder, and nothing else", () => {
  const folder = newRepository(SHA1);
  const { disk, calls } = observedDisk(-1, "");
  using store = openObjects(folder, { system: { ...realSystem, disk } });
  store.writePack(Array.from({ length: 300 }, (_, i) => blob(`document ${i}`)), "keep");
  assert.deepEqual(flushes(calls, folder), [
    "file.sync objects/pack/tmp_pack",
    "file.sync objects/pack/tmp_idx",
    "syncDirectory objects/pack",
  ]);
  const order = calls.filter((call) => /^(create|link|rename) /.test(call)).map((call) =>
    /(tmp_\w+?_|\.keep)/.exec(call)![1]
  );
  // The third is the link of the index as `.keep`, before the pack and the index get their names.
  assert.deepEqual(order, ["tmp_pack_", "tmp_idx_", "tmp_idx_", "tmp_pack_", "tmp_idx_"]);
});

test("writeLoose() flushes the object and its folder, and the parent of a new folder", () => {
  const folder = newRepository(SHA1);
  const { disk, calls } = observedDisk(-1, "");
  using store = openObjects(folder, { system: { ...realSystem, disk } });
  const oid = store.writeLoose(blob("one"));
  const fan = `objects/${oid.slice(0, 2)}`;
  assert.deepEqual(flushes(calls, folder), [
    "syncDirectory objects",
    `file.sync ${fan}/tmp_obj`,
    `syncDirectory ${fan}`,
  ]);
  calls.length = 0;
  store.writeLoose(blob("one"));
  assert.deepEqual(flushes(calls, folder), [`syncFile ${fan}/…`, `syncDirectory ${fan}`]);
});

test("writeLoose(), writeLooseStream() and writePack() leave nothing behind when any call fails", () => {
  const writes: ((folder: string, disk: Disk) => void)[] = [
    (folder, disk) => openObjects(folder, { system: { ...realSystem, disk } }).writeLoose(blob("x")),
    (folder, disk) => openObjects(folder, { system: { ...realSystem, disk } }).writeLooseStream("blob", 1, [utf8("x")]),
    (folder, disk) =>
      openObjects(folder, { system: { ...realSystem, disk } }).writePack([blob("x"), blob("y")], "keep"),
  ];
  let failures = 0;
  for (const write of writes) {
    for (let failAt = 1, ended = false; !ended; failAt++) {
      const folder = newRepository(SHA1);
      const { disk } = observedDisk(failAt, "ENOSPC");
      try {
        write(folder, disk);
        ended = failAt > 40; // more calls than any of them makes
      } catch (error) {
        assert.ok(error instanceof DiskError && error.errno === "ENOSPC", String(error));
        assert.deepEqual(leftOvers(folder), [], `call ${failAt}`);
        failures++;
      }
    }
  }
  assert.ok(failures > 20, String(failures));
});

test("writeLoose() writes again what a concurrent git gc sweeps: its new folder, its temporary file, its object", () => {
  for (const sweptAfter of ["makeDirectory", "create", "rename"] as const) {
    const folder = newRepository(SHA1);
    let swept = 0;
    const disk: Disk = Object.create(realSystem.disk, {
      [sweptAfter]: {
        value: (...args: unknown[]) => {
          const done: unknown = (realSystem.disk[sweptAfter] as (...args: unknown[]) => unknown)(...args);
          const path = String(args.at(sweptAfter === "rename" ? 1 : 0));
          if (swept++ < 2) rmSync(sweptAfter === "makeDirectory" ? path : join(path, ".."), { recursive: true });
          return done;
        },
      },
    });
    using store = openObjects(folder, { system: { ...realSystem, disk } });
    const oid = store.writeLoose(blob("x"));
    assert.ok(swept > 2, sweptAfter);
    assert.equal(new TextDecoder().decode(contentByGit(folder, oid)), "x", sweptAfter);
    assert.deepEqual(leftOvers(folder), []);
  }
});

test("applyDelta() agrees with git on generated versions of a file", () => {
  const folder = newRepository(SHA1);
  const lines = fc.array(fc.string({ minLength: 20, maxLength: 60 }), { minLength: 30, maxLength: 60 });
  const edits = fc.array(fc.tuple(fc.nat(59), fc.string()), { maxLength: 10 });
  holds(
    "applyDelta() agrees with git on generated versions of a file",
    fc.property(lines, fc.array(edits, { minLength: 5, maxLength: 20 }), (start, versions) => {
      const current = [...start];
      for (const version of versions) {
        for (const [at, text] of version) current[at % current.length] = text;
        git(["hash-object", "-w", "--stdin"], folder, current.join("\n"));
      }
    }),
    { seed: 20260107, numRuns: 4 },
  );
  const oids = gitText(["cat-file", "--batch-all-objects", "--batch-check=%(objectname)"], folder);
  const name = gitText(["pack-objects", "-q", "--depth=4000", "--window=50", "objects/pack/pack"], folder, oids + "\n");
  gitText(["prune-packed"], folder);
  assert.match(gitText(["verify-pack", "-v", `objects/pack/pack-${name}.idx`], folder), /chain length = [5-9]/);
  using store = openObjects(folder);
  assert.deepEqual(store.allOids(), oids.split("\n"));
  for (const oid of oids.split("\n")) assert.deepEqual(store.read(oid)!.content, contentByGit(folder, oid));
});

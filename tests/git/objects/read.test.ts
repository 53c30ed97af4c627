/** Where objects are found, and what must not take long or much memory; git is asked the same questions. */
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { constants, deflateSync } from "node:zlib";
import { computeOid, SHA1, SHA256 } from "../../../src/git/object_format.ts";
import type { LatticeError } from "../../../src/platform/errors.ts";
import { utf8 } from "../../../src/platform/text.ts";
import { fixtureFolder, fixtures, freshFixtureFolder, temporaryFolder } from "../../fixtures.ts";
import { git, gitText, modernGit, runProgram } from "../../git_oracle.ts";
import { test } from "../../harness.ts";
import { configOf, openObjects } from "./open_fixture.ts";

const TEXT = new TextDecoder();

function newRepository(...more: string[]): string {
  const folder = join(temporaryFolder(), ...more);
  mkdirSync(folder, { recursive: true });
  gitText(["init", "-q", "--bare", "."], folder);
  return folder;
}

function store(folder: string, text: string): string {
  return gitText(["hash-object", "-w", "--stdin"], folder, text);
}

function packLoose(folder: string): string {
  const loose = gitText(["cat-file", "--batch-all-objects", "--batch-check=%(objectname)"], folder);
  const name = gitText(["pack-objects", "-q", "objects/pack/pack"], folder, `${loose}\n`);
  gitText(["prune-packed"], folder);
  return name;
}

test("findPrefix() gives what git's --disambiguate gives", () => {
  const gitDir = join(fixtureFolder("packs"), "repo/.git");
  using objects = openObjects(gitDir);
  const prefixes = new Set(objects.allOids().flatMap((oid) => [4, 5, 7, 39, 40].map((length) => oid.slice(0, length))));
  for (const prefix of [...prefixes].slice(0, 120)) {
    const wanted = gitText(["rev-parse", `--disambiguate=${prefix}`], gitDir).split("\n").sort();
    const match = objects.findPrefix(prefix);
    const found = match.kind === "none" ? [] : match.kind === "unique" ? [match.oid] : match.oids;
    assert.deepEqual(found, wanted);
  }
  const all = objects.allOids();
  for (const digit of "0123456789abcdef") {
    const match = objects.findPrefix(digit);
    assert.deepEqual(match.kind === "ambiguous" ? match.oids : [], all.filter((oid) => oid.startsWith(digit)));
  }
  assert.deepEqual(objects.findPrefix("0".repeat(39)), { kind: "none" });
});

test("readUpTo() reads every object of the fixtures up to its size, and gives the size alone below that", () => {
  for (const name of Object.keys(fixtures).filter((each) => each.includes("pack"))) {
    const gitDir = join(fixtureFolder(name), "repo/.git");
    if (!existsSync(gitDir)) continue;
    using objects = openObjects(gitDir);
    for (const oid of objects.allOids().slice(0, 300)) {
      const object = objects.read(oid)!;
      const size = object.content.length;
      assert.deepEqual(objects.readUpTo(oid, size), object);
      if (size > 0) assert.deepEqual(objects.readUpTo(oid, size - 1), { type: object.type, size });
    }
    assert.equal(objects.readUpTo("1".repeat(40), 10), null);
  }
});

test("read() finds a pack that appears later, and follows a repack", () => {
  const folder = newRepository();
  using objects = openObjects(folder);
  const first = store(folder, "first");
  assert.equal(objects.read("1".repeat(40)), null);
  packLoose(folder);
  assert.equal(TEXT.decode(objects.read(first)!.content), "first");
  const second = store(folder, "second");
  gitText(["repack", "-q", "-a", "-d", "--keep-unreachable"], folder);
  packLoose(folder);
  for (const [oid, text] of [[first, "first"], [second, "second"]] as const) {
    assert.equal(TEXT.decode(objects.read(oid)!.content), text);
    assert.deepEqual(objects.info(oid), { type: "blob", size: text.length });
  }
  assert.equal(objects.has("1".repeat(40)), false);
});

test("read(), info() and has() know the empty tree without its being stored, and no other object, as git does", () => {
  for (const format of [SHA1, SHA256]) {
    const [tree, blob] = (["tree", "blob"] as const).map((type) => computeOid(format, type, new Uint8Array(0)));
    assert.equal(format.emptyTree, tree);
    const folder = temporaryFolder();
    const init = runProgram(modernGit(), ["init", "-q", "--bare", `--object-format=${format.name}`], folder);
    assert.equal(init.exit, 0, init.stderr);
    using objects = openObjects(folder, { format });
    const known = [tree!, blob!].map((oid) => runProgram(modernGit(), ["cat-file", "-e", oid], folder).exit === 0);
    assert.deepEqual([objects.has(tree!), objects.has(blob!)], known);
    assert.deepEqual(objects.read(tree!), { type: "tree", content: new Uint8Array(0) });
    assert.deepEqual(objects.info(tree!), { type: "tree", size: 0 });
    assert.deepEqual(objects.allOids(), []);
    assert.deepEqual(objects.findPrefix(tree!), { kind: "none" });
    objects.writeLoose({ type: "tree", content: new Uint8Array(0) });
    assert.deepEqual(objects.allOids(), [tree!]);
  }
});

test("read() of a hundred packs keeps few files open", () => {
  const folder = newRepository();
  const oids: string[] = [];
  for (let i = 0; i < 100; i++) {
    const oid = store(folder, `object ${i}`);
    gitText(["pack-objects", "-q", "objects/pack/pack"], folder, `${oid}\n`);
    oids.push(oid);
  }
  gitText(["prune-packed"], folder);
  const before = readdirSync("/proc/self/fd").length;
  using objects = openObjects(folder);
  for (let round = 0; round < 2; round++) {
    oids.forEach((oid, i) => assert.equal(TEXT.decode(objects.read(oid)!.content), `object ${i}`));
  }
  assert.ok(readdirSync("/proc/self/fd").length - before <= 70);
});

test("read() understands indexes of version 1, and 64-bit offsets", () => {
  for (const version of ["1", "2,0x20"]) {
    const folder = newRepository();
    const oids = Array.from({ length: 50 }, (_, i) => store(folder, `object ${i} of version ${version}`));
    const pack = packLoose(folder);
    const path = `objects/pack/pack-${pack}`;
    gitText(["index-pack", `--index-version=${version}`, "-o", "other.idx", `${path}.pack`], folder);
    cpSync(join(folder, "other.idx"), join(folder, `${path}.idx`), { force: true });
    using objects = openObjects(folder);
    oids.forEach((oid, i) =>
      assert.equal(TEXT.decode(objects.read(oid)!.content), `object ${i} of version ${version}`)
    );
    assert.deepEqual(objects.allOids(), [...oids].sort());
  }
});

test("read() borrows through the environment and through chains as deep as git's, and ends in a loop", () => {
  const folders = Array.from({ length: 9 }, (_, i) => newRepository(`a "b\\ ${i}`));
  const oids = folders.map((folder, i) => store(folder, `of ${i}`));
  folders.forEach((folder, i) => {
    const next = join(folders[(i + 1) % folders.length]!, "objects");
    const quoted = `"${next.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
    writeFileSync(join(folder, "objects/info/alternates"), i % 2 === 0 ? `# next\n\n${next}\n` : quoted);
  });
  for (const environment of [undefined, `"${join(folders[4]!, "objects").replaceAll(/["\\]/g, "\\$&")}":/nowhere`]) {
    using objects = openObjects(folders[0]!, { env: { GIT_ALTERNATE_OBJECT_DIRECTORIES: environment } });
    const env = environment === undefined ? {} : { GIT_ALTERNATE_OBJECT_DIRECTORIES: environment };
    const seen = oids.map((oid) => objects.has(oid));
    const wanted = oids.map((oid) => runProgram("git", ["cat-file", "-e", oid], folders[0]!, { env }).exit === 0);
    assert.deepEqual(seen, wanted);
    assert.ok(wanted.includes(true));
  }
});

test("read() says of what a partial clone left behind that it is promised", () => {
  for (const path of ["blobless", "old-extension", "treeless"]) {
    const facts = fixtures["partial-clone"]!.repositories.find((repository) => repository.path === path)!;
    const config = path === "old-extension"
      ? configOf({ "extensions.partialclone": "origin" })
      : configOf({ "remote.origin.promisor": "true" });
    using objects = openObjects(join(fixtureFolder("partial-clone"), facts.gitdir), { config });
    const promised = facts["promised_and_missing"] as { oid: string }[];
    assert.ok(promised.length > 0);
    for (const { oid } of promised) {
      assert.equal(objects.has(oid), false);
      for (const ask of [objects.read, objects.info]) {
        assert.throws(
          () => ask(oid),
          (error: LatticeError) => error.code === "unsupported" && /partial clone/.test(error.message),
        );
      }
    }
  }
});

test("readReplaced() follows as many replacements as git, and none when it is told so", () => {
  const folder = newRepository();
  const oids = Array.from({ length: 8 }, (_, i) => store(folder, `link ${i}`));
  for (let i = 0; i < 7; i++) gitText(["update-ref", `refs/replace/${oids[i]}`, oids[i + 1]!], folder);
  using objects = openObjects(folder);
  for (const oid of oids) {
    const outcome = git(["cat-file", "blob", oid], folder);
    if (outcome.exit === 0) assert.equal(TEXT.decode(objects.readReplaced(oid)!.content), TEXT.decode(outcome.stdout));
    else assert.throws(() => objects.readReplaced(oid), { code: "invalid_data" });
  }
  for (
    const more of [{ env: { GIT_NO_REPLACE_OBJECTS: "1" } }, { config: configOf({ "core.usereplacerefs": "false" }) }]
  ) {
    using plain = openObjects(folder, more);
    assert.equal(TEXT.decode(plain.readReplaced(oids[0]!)!.content), "link 0");
  }
  gitText(["update-ref", "-d", `refs/replace/${oids[3]}`], folder);
  writeFileSync(join(folder, "refs/replace", oids[3]!), `${"1".repeat(40)}\n`);
  assert.throws(() => objects.readReplaced(oids[3]!), { code: "invalid_data" });
});

test("read() refuses a loose object that inflates to more than it says before it takes the memory", () => {
  const folder = newRepository();
  const oid = "2".repeat(40);
  mkdirSync(join(folder, "objects/22"));
  const zeros = new Uint8Array(300 * 1024 * 1024);
  const path = join(folder, "objects/22", oid.slice(2));
  for (const [header, code] of [["blob 10\0", "invalid_data"], ["blob 100000000000\0", "invalid_data"]] as const) {
    zeros.set(utf8(header));
    writeFileSync(path, deflateSync(zeros, { level: constants.Z_BEST_SPEED }));
    using objects = openObjects(folder);
    const before = process.memoryUsage().rss;
    assert.throws(() => objects.read(oid), { code });
    assert.ok(process.memoryUsage().rss - before < 100 * 1024 * 1024, header);
  }
  writeFileSync(path, deflateSync(utf8("blob 9007199254740993\0")));
  using objects = openObjects(folder);
  assert.throws(() => objects.info(oid), { code: "invalid_data" });
});

test("read() says of a sound object beyond its limit that it is too large, and info() gives its size", () => {
  const folder = newRepository();
  const size = 513 * 1024 * 1024;
  using objects = openObjects(folder);
  const chunk = new Uint8Array(1024 * 1024);
  const oid = objects.writeLooseStream("blob", size, Array.from({ length: 513 }, () => chunk));
  assert.throws(() => objects.read(oid), { code: "unsupported" });
  assert.deepEqual(objects.info(oid), { type: "blob", size });
  assert.equal(gitText(["cat-file", "-s", oid], folder), String(size));
});

test("read() does not wait for a pipe that stands where an object should be", () => {
  const folder = newRepository();
  const oid = "3".repeat(40);
  mkdirSync(join(folder, "objects/33"));
  gitText(["-c", `alias.x=!mkfifo objects/33/${oid.slice(2)}`, "x"], folder);
  assert.ok(existsSync(join(folder, "objects/33", oid.slice(2))));
  using objects = openObjects(folder);
  assert.throws(() => objects.read(oid), { code: "invalid_data" });
});

test("openObjectStore() sees no objects where there is no folder of objects", () => {
  using objects = openObjects(join(temporaryFolder(), "nothing"));
  assert.deepEqual(objects.allOids(), []);
  assert.equal(objects.read(SHA1.zero), null);
});

test("read() of every object works while git gc runs between the look-ups", () => {
  const folder = join(freshFixtureFolder("packs"), "repo/.git");
  using objects = openObjects(folder);
  const oids = objects.allOids();
  gitText(["repack", "-q", "-a", "-d", "-k"], folder);
  for (const oid of oids) assert.ok(objects.read(oid) !== null, oid);
  gitText(["multi-pack-index", "write"], folder);
  for (const oid of oids) assert.ok(objects.read(oid) !== null, oid);
});

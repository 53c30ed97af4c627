import { forgedContent, whileForging } from "../../platform/forged_attack.ts";
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { deflateSync } from "node:zlib";
import { writePackFiles } from "../../../src/git/objects/pack_writer.ts";
import { type ObjectType, SHA1 } from "../../../src/git/object_format.ts";
import { sharedRepository } from "../../../src/git/objects/permissions.ts";
import { LatticeError } from "../../../src/platform/errors.ts";
import { realSystem } from "../../../src/platform/real_system.ts";
import { temporaryFolder } from "../../fixtures.ts";
import { configOf, openObjects } from "../../git/objects/open_fixture.ts";
import { gitText } from "../../git_oracle.ts";
import { test } from "../../harness.ts";
import { type Ended, lattice } from "../command_line.ts";
import { type Circumstances, latticeGit } from "./against_git.ts";

const ATTACK =
  /^fatal: SHA-1 appears to be part of a collision attack: ([0-9a-f]{40})\nhint: do not trust this content: /;

function repository(): string {
  const folder = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], folder);
  return folder;
}

/** @returns The name that was refused. */
function assertRefused(ended: Ended): string {
  const match = ATTACK.exec(ended.stderr);
  assert.ok(match, ended.stderr);
  assert.deepEqual([ended.exit, ended.stdout], [6, ""]);
  return match[1]!;
}

/** Every file below a folder of objects. */
const filesIn = (folder: string) =>
  readdirSync(join(folder, ".git/objects"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile()).map(({ name }) => name);

test("git hash-object refuses an attack however it is given, and stores nothing", async () => {
  const folder = repository();
  for (const size of [6000, 200_000, 3 << 20]) {
    const content = forgedContent("blob", size);
    writeFileSync(join(folder, "file"), content);
    const ways: [string[], Circumstances][] = [
      [["file"], {}],
      [["-w", "file"], {}],
      [["--no-filters", "file"], {}],
      [["--stdin"], { stdin: content }],
      [["-w", "--stdin"], { stdin: content }],
      [["--stdin-paths"], { stdin: "file\n" }],
      [["-w", "--stdin-paths"], { stdin: "file\n" }],
    ];
    const names = new Set<string>();
    for (const [args, circumstances] of ways) {
      const run = () => latticeGit(["hash-object", ...args], folder, circumstances);
      names.add(assertRefused(await whileForging(1, run)));
      const plain = await run(); // the same without the forged state
      assert.equal(plain.exit, 0, plain.stderr);
      if (!args.includes("-w")) assert.deepEqual(filesIn(folder).filter((name) => name.startsWith("tmp")), []);
    }
    assert.equal(names.size, 1);
    const [oid] = names;
    assert.ok(!existsSync(join(folder, ".git/objects", oid!.slice(0, 2), oid!.slice(2))));
    assert.deepEqual(filesIn(folder).filter((name) => name.startsWith("tmp")), []);
  }
});

test("git hash-object --literally refuses an attack in an object of any type", async () => {
  const folder = repository();
  const stdin = forgedContent("odd", 7000);
  assertRefused(
    await whileForging(1, () => latticeGit(["hash-object", "-t", "odd", "--literally", "--stdin"], folder, { stdin })),
  );
});

test("git hash-object in a SHA-256 repository asks for no SHA-1", async () => {
  const folder = temporaryFolder();
  gitText(["init", "-q", "--object-format=sha256"], folder);
  writeFileSync(join(folder, "file"), forgedContent("blob", 6000));
  const { exit, stdout } = await whileForging(0, () => latticeGit(["hash-object", "file"], folder));
  assert.deepEqual([exit, stdout], [0, `${gitText(["hash-object", "file"], folder)}\n`]);
});

/** Stores the object under the name that the forged kernel gives it; the folder of objects need not be a repository's. */
async function storeForged(folder: string, packed: boolean, type: ObjectType = "blob"): Promise<string> {
  const content = forgedContent(type, 6000);
  const args = ["hash-object", "-t", type, "--literally", "--stdin"];
  const oid = assertRefused(await whileForging(1, () => latticeGit(args, folder, { stdin: content })));
  const objectsDir = join(folder, ".git/objects");
  if (packed) {
    const storage = { system: realSystem, objectsDir, shared: sharedRepository(configOf({})) };
    writePackFiles(storage, SHA1, [{ oid, object: { type, content } }], "", undefined);
  } else {
    const path = join(objectsDir, oid.slice(0, 2), oid.slice(2));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, deflateSync(Uint8Array.of(...new TextEncoder().encode(`${type} 6000\0`), ...content)));
  }
  return oid;
}

for (const place of ["loose", "packed", "borrowed"] as const) {
  test(`read() refuses an attack in an object that is ${place}, and names its file`, async () => {
    const holder = repository();
    const oid = await storeForged(holder, place === "packed");
    const folder = place === "borrowed" ? repository() : holder;
    if (place === "borrowed") {
      writeFileSync(join(folder, ".git/objects/info/alternates"), `${join(holder, ".git/objects")}\n`);
    }
    await whileForging(1, () => {
      using store = openObjects(join(folder, ".git"));
      assert.throws(() => store.read(oid), (error: unknown) => {
        assert.ok(error instanceof LatticeError);
        assert.equal(error.code, "invalid_data");
        assert.equal(error.details["attack"], "sha1_collision");
        assert.equal(error.details["oid"], oid);
        assert.ok(String(error.details["path"]).startsWith(join(holder, ".git/objects")));
        return true;
      });
    });
    assertRefused(await whileForging(1, () => latticeGit(["cat-file", "blob", oid], folder)));
  });
}

test("git cat-file refuses an attack in an object of every type, also in a batch", async () => {
  const folder = repository();
  for (const [index, type] of (["blob", "tree", "commit", "tag"] as const).entries()) {
    const oid = await storeForged(folder, index % 2 === 0, type);
    for (const [args, stdin] of [[["-p", oid], ""], [[type, oid], ""], [["--batch"], `${oid}\n`]] as const) {
      assertRefused(await whileForging(1, () => latticeGit(["cat-file", ...args], folder, { stdin })));
    }
    const { exit, stdout } = await latticeGit(["cat-file", "-t", oid], folder); // its content is not looked at
    assert.deepEqual([exit, stdout], [0, `${type}\n`]);
  }
});

test("meta get and meta export refuse a document that is part of an attack, with exit code 6, and name its ref", async () => {
  for (const packed of [false, true]) {
    const folder = repository();
    const oid = await storeForged(folder, packed);
    mkdirSync(join(folder, ".git/refs/branch-metadata"));
    writeFileSync(join(folder, ".git/refs/branch-metadata/topic"), `${oid}\n`);
    for (const args of [["meta", "get", "topic"], ["meta", "export"]]) {
      const { exit, stdout, stderr } = await whileForging(1, () => lattice(args, { cwd: folder }));
      assert.deepEqual([exit, stdout], [6, ""], stderr);
      assert.ok(stderr.includes("refs/branch-metadata/topic") && stderr.includes(`collision attack: ${oid}`), stderr);
    }
  }
});

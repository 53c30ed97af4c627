/** Damaged repositories: an error or the right content from another copy, never wrong content, a crash or a hang. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { computeOid, SHA1 } from "../../../src/git/object_format.ts";
import type { OpenObjectStore } from "../../../src/git/objects/open.ts";
import { LatticeError } from "../../../src/platform/errors.ts";
import { fixtureFolder, type FixtureRepository, fixtures } from "../../fixtures.ts";
import { test } from "../../harness.ts";
import { openObjects } from "./open_fixture.ts";

/** What reading an object came to. A content whose hash is not its name fails the test at once. */
type Reading = "sound" | "missing" | "damaged" | "unsupported";

function reading(store: OpenObjectStore, oid: string): Reading {
  try {
    const object = store.read(oid);
    if (object === null) return "missing";
    assert.equal(computeOid(SHA1, object.type, object.content), oid);
    return "sound";
  } catch (error) {
    assert.ok(error instanceof LatticeError, String(error));
    assert.ok(error.code === "invalid_data" || error.code === "unsupported", `${oid}: ${error.message}`);
    if (error.code === "unsupported") return "unsupported";
    assert.equal(typeof error.details["path"], "string", error.message);
    assert.equal(typeof error.hint, "string", error.message);
    return "damaged";
  }
}

function soundObjects(name: string): string[] {
  return fixtures[name]!.repositories.find(({ path }) => path === "sound")!.objects!.all!.map(({ oid }) => oid);
}

/** Flaws in what git calls sound too: content that has the right hash and is malformed only as a tree, commit or tag. */
const RIGHT_HASH = /\(right hash\)/;

test("read() refuses every damaged loose object and names its file", () => {
  const [repository] = fixtures["corrupt/loose-objects"]!.repositories;
  const gitDir = join(fixtureFolder("corrupt/loose-objects"), repository!.gitdir);
  using store = openObjects(gitDir);
  let refused = 0;
  for (const { oid, flaw } of repository!["damage"] as { oid: string; flaw: string }[]) {
    if (RIGHT_HASH.test(flaw)) {
      assert.equal(reading(store, oid), "sound", flaw);
      continue;
    }
    assert.throws(() => store.read(oid), (error: LatticeError) => {
      assert.equal(error.code, "invalid_data", flaw);
      assert.equal(error.details["path"], `${gitDir}/objects/${oid.slice(0, 2)}/${oid.slice(2)}`, flaw);
      return true;
    }, flaw);
    refused++;
  }
  assert.ok(refused >= 38, String(refused));
});

test("info() never passes off a damaged frame of a loose object", () => {
  const [repository] = fixtures["corrupt/loose-objects"]!.repositories;
  using store = openObjects(join(fixtureFolder("corrupt/loose-objects"), repository!.gitdir));
  const onlyTheHashIsWrong = /sound stream|no header/;
  for (const { oid, flaw } of repository!["damage"] as { oid: string; flaw: string }[]) {
    if (RIGHT_HASH.test(flaw) || onlyTheHashIsWrong.test(flaw)) continue;
    assert.throws(() => store.info(oid), LatticeError, flaw);
  }
});

test("allOids() and findPrefix() pass over stray files among loose objects", () => {
  const [repository] = fixtures["corrupt/loose-objects"]!.repositories;
  using store = openObjects(join(fixtureFolder("corrupt/loose-objects"), repository!.gitdir));
  const oids = store.allOids();
  assert.ok(oids.every((oid) => /^[0-9a-f]{40}$/.test(oid)));
  assert.ok(!oids.some((oid) => oid.startsWith("zz") || oid.includes("1111111111")));
  assert.deepEqual(store.findPrefix("abcdef"), { kind: "none" });
});

/** What reading comes to where the damage concerns all objects of the first pack. */
const WHOLE_PACK: Readonly<Record<string, Reading>> = {
  "sound": "sound",
  "pack-trailer": "damaged",
  "pack-truncated": "damaged",
  "pack-truncated-trailer": "damaged",
  "pack-empty-file": "damaged",
  "pack-header-only": "damaged",
  "pack-magic": "damaged",
  "pack-version-4": "damaged",
  "pack-version-3": "damaged",
  "pack-count-more": "damaged",
  "pack-count-less": "damaged",
  "pack-trailing-garbage": "damaged",
  "idx-fanout-decreasing": "damaged",
  "idx-fanout-last": "damaged",
  "idx-fanout-last-zero": "damaged",
  "idx-fanout-huge": "damaged",
  "idx-checksum": "sound",
  "idx-pack-checksum": "damaged",
  "idx-truncated": "damaged",
  "idx-empty": "damaged",
  "idx-version-3": "damaged",
  "idx-magic": "damaged",
  "idx-absent": "missing",
  "idx-only": "missing",
};

test("read() of damaged packs and indexes gives an error or the right content", () => {
  const sound = soundObjects("corrupt/packs");
  let checked = 0;
  for (const repository of fixtures["corrupt/packs"]!.repositories) {
    using store = openObjects(join(fixtureFolder("corrupt/packs"), repository.gitdir));
    const results = new Map(sound.map((oid) => [oid, reading(store, oid)]));
    const expected = WHOLE_PACK[repository.path];
    for (const [oid, result] of results) {
      if (expected !== undefined) assert.equal(result, expected, `${repository.path} ${oid}`);
      checked++;
    }
    if (expected === undefined) checkConcerned(repository, store, results);
  }
  assert.ok(checked > 1000, String(checked));
});

const SOUND_OBJECTS: Readonly<Record<string, readonly string[]>> = {
  "hand-sound": ["45b8be9f23964a65553b1c6381c882d401c73564", "7ce3d98436858922ba44c2438fca2e566729d474"],
  "ref-delta-base-later": ["45b8be9f23964a65553b1c6381c882d401c73564", "7ce3d98436858922ba44c2438fca2e566729d474"],
  "ref-delta-base-in-other-pack": ["25afe98b769fee45576867a084bedaf900d497f6"],
  "entry-duplicate": ["45b8be9f23964a65553b1c6381c882d401c73564"],
  "idx-crc": ["5ada5bb3ab5aff45eefa41ea72fb1d0b80c857cc"], // the CRC serves those who copy entries, not those who read
  "ref-delta-base-absent": ["45b8be9f23964a65553b1c6381c882d401c73564"],
  "ofs-delta-before-start": ["45b8be9f23964a65553b1c6381c882d401c73564"],
};

const FLIPPED = "aa6a72010b2d170bf80af7ac07f12a425b0210ff";

/** Where only some objects are concerned, those are refused (or sound, where listed), and all others sound. */
function checkConcerned(repository: FixtureRepository, store: OpenObjectStore, others: Map<string, Reading>): void {
  const { path } = repository;
  const concerned =
    (repository["concerns"] ?? [repository["listed_as"], repository["really"]]) as (string | undefined)[];
  // The changed byte of `pack-flip` belongs to the entry behind the one that the manifest names.
  const names = path === "pack-flip" ? [FLIPPED] : concerned.filter((oid) => oid !== undefined);
  const listedSound = SOUND_OBJECTS[path];
  for (const oid of names) {
    const result = reading(store, oid);
    assert.equal(result === "sound", listedSound?.includes(oid) ?? false, `${path} ${oid}`);
  }
  const disordered = ["idx-unsorted", "idx-fanout-small-shift", "idx-wrong-name"].includes(path);
  for (const [oid, result] of others) {
    if (!disordered && !names.includes(oid)) assert.equal(result, "sound", `${path} ${oid}`);
  }
}

test("read() falls back to the single indexes where a multi-pack index is damaged", () => {
  const oids = soundObjects("corrupt/multi-pack-index");
  for (const repository of fixtures["corrupt/multi-pack-index"]!.repositories) {
    using store = openObjects(join(fixtureFolder("corrupt/multi-pack-index"), repository.gitdir));
    const lost = oids.filter((oid) => reading(store, oid) !== "sound");
    if (repository.path !== "pack-absent") assert.deepEqual(lost, [], repository.path);
    else for (const oid of lost) assert.equal(reading(store, oid), "damaged");
  }
});

test("read() takes the sound copy where the loose one is damaged, and says so when none is left", async () => {
  const { freshFixtureFolder } = await import("../../fixtures.ts");
  const { chmodSync, mkdirSync, writeFileSync } = await import("node:fs");
  const folder = freshFixtureFolder("corrupt/packs");
  const gitDir = join(folder, "sound/.git");
  const oid = "61eef9dd9027872ad84605d0da1597208b92455b";
  mkdirSync(join(gitDir, "objects", oid.slice(0, 2)), { recursive: true });
  writeFileSync(join(gitDir, "objects", oid.slice(0, 2), oid.slice(2)), "garbage");
  for (const warm of [false, true]) {
    using store = openObjects(gitDir);
    if (warm) store.allOids();
    assert.equal(reading(store, oid), "sound");
    assert.equal(store.info(oid)?.type, "commit");
  }
  const pack = join(gitDir, "objects/pack/pack-f04020e61a139d9f4e202c96a535e59441222328.pack");
  const bytes = readFileSync(pack);
  chmodSync(pack, 0o644);
  writeFileSync(pack, bytes.subarray(0, 100));
  using store = openObjects(gitDir);
  assert.equal(reading(store, oid), "damaged");
});

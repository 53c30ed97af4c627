/** Generated damage: whatever bytes change, what is read is right or refused, in bounded time and memory. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { computeOid, SHA1 } from "../../../src/git/object_format.ts";
import { applyDelta, parseDeltaHeader } from "../../../src/git/objects/delta.ts";
import { LatticeError } from "../../../src/platform/errors.ts";
import { freshFixtureFolder } from "../../fixtures.ts";
import { test } from "../../harness.ts";
import { holds } from "../../property.ts";
import { openObjects } from "./open_fixture.ts";

/** A change: bytes written somewhere, or a cut. Places are fractions of the length, so that they fit every file. */
const mutation = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ cutAt: fc.double({ min: 0, max: 1, noNaN: true }) }) },
);

function mutate(original: Uint8Array, change: { at: number; bytes: Uint8Array } | { cutAt: number }): Uint8Array {
  if ("cutAt" in change) return original.slice(0, Math.floor(change.cutAt * original.length));
  const mutated = original.slice();
  const at = Math.min(Math.floor(change.at * original.length), original.length - change.bytes.length);
  mutated.set(change.bytes, at);
  return mutated;
}

/** Reads everything; fails on a wrong content and on every error that is not one of ours. */
function readAll(gitDir: string, oids: readonly string[]): { sound: number; refused: number } {
  const counts = { sound: 0, refused: 0 };
  using objects = openObjects(gitDir);
  allowRefusal(() => objects.allOids());
  allowRefusal(() => objects.findPrefix("a"));
  for (const oid of oids) {
    allowRefusal(() => objects.info(oid));
    const object = allowRefusal(() => objects.read(oid));
    if (object) assert.equal(computeOid(SHA1, object.type, object.content), oid);
    counts[object ? "sound" : "refused"]++;
  }
  return counts;
}

function allowRefusal<T>(ask: () => T): T | null {
  try {
    return ask();
  } catch (error) {
    assert.ok(error instanceof LatticeError && ["invalid_data", "unsupported"].includes(error.code), String(error));
    return null;
  }
}

const CASES = [
  { fixture: "corrupt/packs", repository: "sound", file: /\.pack$/, runs: 150 },
  { fixture: "corrupt/packs", repository: "sound", file: /\.idx$/, runs: 150 },
  { fixture: "packs", repository: "repo", file: /\.idx$/, runs: 15 },
  { fixture: "multi-pack-index", repository: "single", file: /^multi-pack-index$/, runs: 150 },
] as const;

for (const { fixture, repository, file, runs } of CASES) {
  test(`read() never gives wrong content, whatever changes in ${fixture} ${file.source}`, () => {
    const gitDir = join(freshFixtureFolder(fixture), repository, ".git");
    using sound = openObjects(gitDir);
    const oids = sound.allOids();
    const folder = join(gitDir, "objects/pack");
    const names = readdirSync(folder).filter((name) => file.test(name));
    const originals = new Map(names.map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]));
    for (const name of names) chmodSync(join(folder, name), 0o644);
    let refused = 0;
    holds(
      `${fixture} ${file.source}`,
      fc.property(fc.constantFrom(...names), mutation, (name, change) => {
        writeFileSync(join(folder, name), mutate(originals.get(name)!, change));
        refused += readAll(gitDir, oids).refused;
        writeFileSync(join(folder, name), originals.get(name)!);
      }),
      { seed: 20260107, numRuns: runs, kind: "fuzz inputs" },
    );
    if (fixture === "multi-pack-index") assert.equal(refused, 0, "each pack has its own index");
    else assert.ok(refused > 0);
    assert.equal(readAll(gitDir, oids).sound, oids.length);
  });
}

test("read() never gives wrong content, whatever changes in a loose object", () => {
  const gitDir = join(freshFixtureFolder("objects-loose"), "repo/.git");
  using sound = openObjects(gitDir);
  const oids = sound.allOids();
  let refused = 0;
  holds(
    "a loose object",
    fc.property(fc.constantFrom(...oids), mutation, (oid, change) => {
      const path = join(gitDir, "objects", oid.slice(0, 2), oid.slice(2));
      const original = new Uint8Array(readFileSync(path));
      chmodSync(path, 0o644);
      writeFileSync(path, mutate(original, change));
      refused += readAll(gitDir, [oid]).refused;
      writeFileSync(path, original);
    }),
    { seed: 20260107, numRuns: 400, kind: "fuzz inputs" },
  );
  assert.ok(refused > 300, String(refused));
});

test("applyDelta() ends with a content of the size that it says, or refuses", () => {
  const base = Uint8Array.from({ length: 200 }, (_, i) => i);
  let applied = 0;
  const tail = fc.array(
    fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 9 }).map((bytes) => [bytes.length, ...bytes]),
      fc.tuple(fc.nat(220), fc.nat(80)).map(([offset, length]) => [0x91, offset, length]),
      fc.uint8Array({ maxLength: 3 }).map((bytes) => [...bytes]),
    ),
    { maxLength: 6 },
  ).map((parts) => parts.flat());
  holds(
    "instructions of a delta",
    fc.property(fc.nat(127), tail, (size, instructions) => {
      const delta = Uint8Array.from([200, 1, size, ...instructions]);
      const result = allowRefusal(() => applyDelta(base, delta));
      if (result === null) return;
      assert.equal(result.length, size);
      applied++;
    }),
    { seed: 20260107, numRuns: 20_000, kind: "fuzz inputs" },
  );
  assert.ok(applied > 20, String(applied));
});

test("parseDeltaHeader() refuses a size of more bytes than any number needs, whatever they add to it", () => {
  const padded = (bytes: number) => Uint8Array.from([...Array<number>(bytes - 1).fill(0x80), 0, 1]);
  assert.deepEqual(parseDeltaHeader(padded(10)), { baseSize: 0, resultSize: 1, start: 11 });
  for (const bytes of [11, 147, 200]) assert.throws(() => parseDeltaHeader(padded(bytes)), { code: "invalid_data" });
});

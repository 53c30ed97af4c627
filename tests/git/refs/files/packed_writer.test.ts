/** Rewriting `packed-refs`: git reads the result, and it holds exactly what was asked for. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { type Oid, SHA1 } from "../../../../src/git/object_format.ts";
import { openPackedRefs, type PackedRefs } from "../../../../src/git/refs/files/packed.ts";
import { type PackedChange, type Peeler, rewritePackedRefs } from "../../../../src/git/refs/files/packed_writer.ts";
import { realDisk } from "../../../../src/platform/real_disk.ts";
import { compareNames, concatBytes } from "../../../../src/platform/text.ts";
import { temporaryFolder } from "../../../fixtures.ts";
import { gitText } from "../../../git_oracle.ts";
import { test } from "../../../harness.ts";
import { holds } from "../../../property.ts";

const FULL = "# pack-refs with: peeled fully-peeled sorted \n";
const never: Peeler = () => assert.fail("nothing needs to be peeled");

/** Rewrites a file of this content, and gives the new content. */
function rewritten(content: string, changes: [string, PackedChange][], peel: Peeler): string {
  const path = join(temporaryFolder(), "packed-refs");
  writeFileSync(path, content);
  const packed = openPackedRefs(realDisk, path, SHA1);
  const bytes = rewrite(packed, changes, peel);
  packed.close();
  return new TextDecoder().decode(bytes);
}

function rewrite(packed: PackedRefs, changes: [string, PackedChange][], peel: Peeler): Uint8Array {
  return concatBytes([...rewritePackedRefs(packed, new Map(changes), peel)]);
}

const A = "a".repeat(40);
const B = "b".repeat(40);
const C = "c".repeat(40);

test("rewritePackedRefs() inserts, replaces and removes records, with the ^ lines that belong to them", () => {
  const content = `${FULL}${A} refs/heads/a\n${B} refs/tags/v1\n^${A}\n${C} refs/tags/v2\n`;
  assert.equal(
    rewritten(content, [["refs/heads/b", { oid: B, peeled: null }], ["refs/tags/v1", null]], never),
    `${FULL}${A} refs/heads/a\n${B} refs/heads/b\n${C} refs/tags/v2\n`,
  );
  assert.equal(
    rewritten(content, [["refs/tags/v1", { oid: C, peeled: null }], ["refs/zz", { oid: B, peeled: A }]], never),
    `${FULL}${A} refs/heads/a\n${C} refs/tags/v1\n${C} refs/tags/v2\n${B} refs/zz\n^${A}\n`,
  );
  assert.equal(rewritten(content, [["refs/heads/absent", null], ["refs/a", null]], never), content);
  const all = ["refs/heads/a", "refs/tags/v1", "refs/tags/v2"].map((name): [string, PackedChange] => [name, null]);
  assert.equal(rewritten(content, all, never), FULL);
  assert.equal(rewritten("", [["refs/heads/a", { oid: A }]], () => null), `${FULL}${A} refs/heads/a\n`);
});

test("rewritePackedRefs() peels what a file leaves open and sorts it", () => {
  const peel: Peeler = (oid) => oid === B ? C : null;
  assert.equal(
    rewritten(`${B} refs/tags/v1\n${A} refs/heads/a\n`, [["refs/heads/b", { oid: B }]], peel),
    `${FULL}${A} refs/heads/a\n${B} refs/heads/b\n^${C}\n${B} refs/tags/v1\n^${C}\n`,
  );
  assert.equal( // a file that is peeled below refs/tags/ is believed there, and asked about elsewhere
    rewritten(`# pack-refs with: peeled \n${B} refs/heads/a\n${B} refs/tags/v1\n`, [], peel),
    `${FULL}${B} refs/heads/a\n^${C}\n${B} refs/tags/v1\n`,
  );
});

test("rewritePackedRefs() claims no more than it knows", () => {
  const unknown: Peeler = () => undefined;
  assert.equal(
    rewritten(FULL, [["refs/heads/a", { oid: A }]], unknown),
    `# pack-refs with: peeled sorted \n${A} refs/heads/a\n`,
  );
  assert.equal(
    rewritten(FULL, [["refs/tags/a", { oid: A }]], unknown),
    `# pack-refs with: sorted \n${A} refs/tags/a\n`,
  );
  assert.equal(rewritten(`${A} refs/tags/a\n`, [], unknown), `# pack-refs with: sorted \n${A} refs/tags/a\n`);
});

test("rewritePackedRefs() equals a model for random changes to random files", () => {
  const name = fc.tuple(fc.constantFrom("heads", "tags", "é", "\u{1f680}", "～"), fc.nat(30))
    .map(([folder, number]) => `refs/${folder}/${number}`);
  const value = fc.record({ oid: fc.constantFrom(A, B, C), peeled: fc.constantFrom(null, A, B) });
  holds(
    "rewritePackedRefs() equals a model for random changes to random files",
    fc.property(
      fc.dictionary(name, value),
      fc.dictionary(name, fc.option(value)),
      fc.boolean(),
      (before, changes, claimsSorted) => {
        const records = Object.entries(before);
        if (claimsSorted) records.sort(([a], [b]) => compareNames(a, b));
        const header = claimsSorted ? FULL : "# pack-refs with: fully-peeled \n";
        const content = header + records.map(([ref, known]) => recordOf(ref, known)).join("");
        const after = new Map(records);
        for (const [ref, change] of Object.entries(changes)) change ? after.set(ref, change) : after.delete(ref);
        const expected = [...after].sort(([a], [b]) => compareNames(a, b)).map(([ref, known]) => recordOf(ref, known));
        assert.equal(rewritten(content, Object.entries(changes), never), FULL + expected.join(""));
      },
    ),
    { seed: 20240117, numRuns: 150 },
  );
});

function recordOf(ref: string, value: { oid: Oid; peeled: Oid | null }): string {
  return `${value.oid} ${ref}\n${value.peeled === null ? "" : `^${value.peeled}\n`}`;
}

test("git reads what rewritePackedRefs() writes", () => {
  const folder = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], folder);
  gitText(["commit", "-q", "--allow-empty", "-m", "one"], folder);
  const commit = gitText(["rev-parse", "HEAD"], folder);
  gitText(["tag", "-a", "-m", "tag", "v1"], folder);
  const tag = gitText(["rev-parse", "v1"], folder);
  const updates = Array.from({ length: 500 }, (_, i) => `create refs/heads/b/${i} ${commit}\n`).join("");
  gitText(["update-ref", "--stdin"], folder, updates);
  gitText(["pack-refs", "--all"], folder);
  const path = join(folder, ".git/packed-refs");
  const packed = openPackedRefs(realDisk, path, SHA1);
  const changes: [string, PackedChange][] = [];
  for (let i = 0; i < 500; i += 3) changes.push([`refs/heads/b/${i}`, null]);
  for (let i = 0; i < 100; i++) changes.push([`refs/branch-metadata/${i}`, { oid: i % 2 === 0 ? tag : commit }]);
  const bytes = rewrite(packed, changes, (oid) => oid === tag ? commit : null);
  packed.close();
  writeFileSync(path, bytes);
  const expected = new Set(
    Array.from({ length: 500 }, (_, i) => i).filter((i) => i % 3 !== 0).map((i) => `refs/heads/b/${i}`),
  );
  for (let i = 0; i < 100; i++) expected.add(`refs/branch-metadata/${i}`);
  expected.add("refs/heads/main").add("refs/tags/v1");
  const listed = gitText(["for-each-ref", "--format=%(refname)"], folder).split("\n");
  assert.deepEqual(listed, [...expected].sort(compareNames));
  const peeled = gitText(["show-ref", "-d"], folder).split("\n").filter((line) => line.endsWith("^{}"));
  assert.equal(peeled.length, 51);
  for (const line of peeled) assert.ok(line.startsWith(commit));
  gitText(["update-ref", "-d", "refs/heads/b/1"], folder);
  const again = openPackedRefs(realDisk, path, SHA1);
  assert.equal([...again.iterate("refs/heads/b/1")].length, expectedBelow(expected, "refs/heads/b/1") - 1);
  again.close();
  assert.ok(readFileSync(path, "utf8").startsWith(FULL));
});

function expectedBelow(names: ReadonlySet<string>, prefix: string): number {
  return [...names].filter((name) => name.startsWith(prefix)).length;
}

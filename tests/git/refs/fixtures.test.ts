/** What the ref store reads from every repository with the files backend, against what real git says of it. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SHA1, SHA256 } from "../../../src/git/object_format.ts";
import type { FilesRefStore } from "../../../src/git/refs/files/store.ts";
import { openRefStore } from "../../../src/git/refs/open.ts";
import type { RefEntry } from "../../../src/git/refs/store.ts";
import { realDisk } from "../../../src/platform/real_disk.ts";
import { isBun } from "../../../src/platform/runtime.ts";
import { bytesToName, fromHex, isWellFormed } from "../../../src/platform/text.ts";
import { fixtureFolder, type FixtureRef, type FixtureRepository, fixtures } from "../../fixtures.ts";
import { test } from "../../harness.ts";

interface LogEntry {
  old: string;
  new: string;
  name: string;
  email: string;
  time: number;
  tz: string;
  message?: string;
  message_hex?: string;
}

function storeOf(folder: string, repository: FixtureRepository): FilesRefStore {
  const gitDir = join(folder, repository.gitdir);
  const pointer = join(gitDir, "commondir");
  const commonDir = existsSync(pointer) ? join(gitDir, readFileSync(pointer, "utf8").trim()) : gitDir;
  const format = repository.object_format === "sha256" ? SHA256 : SHA1;
  return openRefStore({ system: { disk: realDisk }, gitDir, commonDir, format, refStorage: "files" });
}

function soundRepositories(): { fixture: string; repository: FixtureRepository }[] {
  return Object.keys(fixtures).filter((name) => !name.startsWith("corrupt/")).flatMap((fixture) =>
    fixtures[fixture]!.repositories
      .filter((repository) => repository.ref_format !== "reftable" && repository.refs !== undefined)
      .map((repository) => ({ fixture, repository }))
  );
}

/** A ref as the manifest has it; `null` for what it leaves out: dangling symbolic refs. */
function described(store: FilesRefStore, entry: RefEntry): Pick<FixtureRef, "name" | "oid" | "symref"> | null {
  if (entry.value.kind === "direct") return { name: entry.name, oid: entry.value.oid };
  const end = store.resolve(entry.name);
  return end.oid === null ? null : { name: entry.name, oid: end.oid, symref: entry.value.target };
}

test("RefStore.list() and rootRefs() agree with git on every fixture", () => {
  let count = 0;
  for (const { fixture, repository } of soundRepositories()) {
    const store = storeOf(fixtureFolder(fixture), repository);
    const actual = [...store.rootRefs(), ...store.list("refs/")].map((entry) => described(store, entry))
      .filter((ref) => ref !== null);
    const expected = repository.refs!.map((ref) => ({
      name: ref.name_hex === undefined ? ref.name : bytesToName(fromHex(ref.name_hex)),
      oid: ref.oid,
      ...(ref.symref === undefined ? {} : { symref: ref.symref }),
    }));
    assert.deepEqual(actual, expected, `${fixture}: ${repository.path}`);
    count += expected.length;
  }
  assert.ok(count > 500, `only ${count} refs were compared`);
});

test("RefStore.read() finds each ref by its name and knows what packed tags lead to", () => {
  let peeledCount = 0;
  for (const { fixture, repository } of soundRepositories()) {
    const store = storeOf(fixtureFolder(fixture), repository);
    for (const ref of repository.refs!) {
      const name = ref.name_hex === undefined ? ref.name : bytesToName(fromHex(ref.name_hex));
      if (!isBun && !isWellFormed(name)) { // this runtime cannot name such a file; it says so
        assert.throws(() => store.read(name), { code: "io", errno: "EILSEQ" });
        continue;
      }
      assert.equal(store.resolve(name).oid, ref.oid, `${fixture}: ${repository.path}: ${name}`);
      const peeled = store.read(name)!.peeled;
      if (peeled !== undefined) assert.equal(peeled, ref.peeled?.oid, `${fixture}: ${name}`);
      if (peeled !== undefined) peeledCount++;
    }
  }
  assert.ok(peeledCount > 10, `only ${peeledCount} peeled values were compared`);
});

test("RefStore.readReflog() agrees with git on every fixture", () => {
  let count = 0;
  for (const { fixture, repository } of soundRepositories()) {
    const store = storeOf(fixtureFolder(fixture), repository);
    for (const [name, log] of Object.entries(repository.reflogs ?? {})) {
      if (name.startsWith("$") || name.includes("\uFFFD")) continue; // a count; a name that is not UTF-8
      const entries = store.readReflog(name);
      assert.ok(entries !== null, `${fixture}: ${repository.path}: ${name}`);
      assert.deepEqual([...store.reflogNewestFirst(name)!].reverse(), entries);
      const expected = Array.isArray(log) ? log as LogEntry[] : [];
      if (!Array.isArray(log)) assert.equal(entries.length, (log as { count: number }).count);
      expected.forEach((line, index) => {
        const message = line.message_hex === undefined ? line.message : bytesToName(fromHex(line.message_hex));
        assert.deepEqual(entries[index], {
          old: line.old,
          new: line.new,
          identity: `${line.name} <${line.email}>`,
          seconds: BigInt(line.time),
          timeZone: line.tz,
          message: message ?? "",
        });
        count++;
      });
      if (Array.isArray(log)) assert.equal(entries.length, expected.length);
    }
  }
  assert.ok(count > 100, `only ${count} lines were compared`);
});

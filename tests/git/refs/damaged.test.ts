/** Damaged loose refs, symbolic refs, reflogs, and files that crashed programs left: errors, never absences. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { SHA1 } from "../../../src/git/object_format.ts";
import type { FilesRefStore } from "../../../src/git/refs/files/store.ts";
import { openRefStore } from "../../../src/git/refs/open.ts";
import { LatticeError } from "../../../src/platform/errors.ts";
import { realDisk } from "../../../src/platform/real_disk.ts";
import { fixtureFolder, fixtures, type Probe, type ProbeResult } from "../../fixtures.ts";
import { test } from "../../harness.ts";

function storeOf(fixture: string, repository: string): FilesRefStore {
  const gitDir = join(fixtureFolder(fixture), repository, ".git");
  return openRefStore({ system: { disk: realDisk }, gitDir, commonDir: gitDir, format: SHA1, refStorage: "files" });
}

function isInvalidData(error: unknown): boolean {
  return error instanceof LatticeError && error.code === "invalid_data" &&
    typeof error.details["path"] === "string" && error.hint !== undefined;
}

function damagedNames(repository: string): string[] {
  const found = fixtures["corrupt/loose-refs"]!.repositories.find((each) => each.path === repository)!;
  return Object.keys(found["damage"] as Record<string, unknown>);
}

/** What git's `rev-parse --verify` gave for a name before anything was changed; `null`: nothing. */
function valueForGit(probes: readonly Probe[], name: string): string | null {
  const probe = probes.find(({ args }) => args[0] === "rev-parse" && args.at(-1) === name);
  const result = (probe?.both ?? probe?.["2.39.5"]) as ProbeResult | undefined;
  return typeof result?.stdout === "string" ? result.stdout.trim() : null;
}

test("RefStore.read() refuses each damaged loose ref, and list() names each", () => {
  const repository = fixtures["corrupt/loose-refs"]!.repositories.find(({ path }) => path === "files")!;
  const store = storeOf("corrupt/loose-refs", "files");
  const reported = new Map<string, unknown>();
  const listed = new Set([...store.list("refs/", (name, error) => reported.set(name, error))].map((ref) => ref.name));
  const readable = ["absent-object", "two-oids", "huge", "blob"].map((name) => `refs/heads/${name}`);
  const nothing = ["refs/heads/folder", "refs/heads/link-folder"]; // empty folders and a link to one
  const nobodys = ["refs/heads/names/.hidden", "refs/heads/names/trailing.lock"];
  for (const name of damagedNames("files")) {
    if (readable.includes(name)) {
      assert.equal(store.resolve(name).oid, valueForGit(repository.probes, name), name);
      assert.ok(listed.has(name), name);
    } else if (nothing.includes(name)) {
      assert.equal(store.read(name), null, name);
      assert.equal(store.examineLoose(name).kind, "folder", name);
    } else if (nobodys.includes(name)) {
      assert.ok(!listed.has(name) && !reported.has(name), name);
      assert.throws(() => store.read(name), { code: "usage" }, name);
    } else {
      assert.ok(isInvalidData(reported.get(name)), name);
      const code = name.startsWith("refs/heads/names/") ? "usage" : "invalid_data";
      assert.throws(() => store.read(name), { code }, name);
    }
  }
  assert.throws(() => [...store.list("refs/")], isInvalidData);
});

test("RefStore.resolve() reports loops, chains that are too deep, and targets that are no names", () => {
  const repository = fixtures["corrupt/loose-refs"]!.repositories.find(({ path }) => path === "symrefs")!;
  const store = storeOf("corrupt/loose-refs", "symrefs");
  const dangling = ["to-word", "to-folder", "to-dangling", "to-other-worktree", "to-fetch-head"];
  for (const name of damagedNames("symrefs")) {
    const git = valueForGit(repository.probes, name);
    if (git !== null) assert.equal(store.resolve(name).oid, git, name);
    else if (dangling.some((each) => name.endsWith(each))) assert.equal(store.resolve(name).oid, null, name);
    else assert.throws(() => store.resolve(name), isInvalidData, name);
  }
  assert.equal(store.resolve("refs/heads/deep/4").name, "refs/heads/main");
  assert.throws(() => store.resolve("refs/heads/deep/5"), isInvalidData);
});

test("RefStore.read() refuses a damaged HEAD", () => {
  for (
    const folder of [
      "head-empty",
      "head-garbage",
      "head-short",
      "head-bad-target",
      "head-lock-target",
      "head-climbs",
      "head-zero",
    ]
  ) {
    assert.throws(() => storeOf("corrupt/loose-refs", folder).read("HEAD"), isInvalidData, folder);
  }
  for (const folder of ["head-self", "head-loop"]) {
    assert.throws(() => storeOf("corrupt/loose-refs", folder).resolve("HEAD"), isInvalidData, folder);
  }
  assert.equal(storeOf("corrupt/loose-refs", "head-absent-object").resolve("HEAD").oid, "d".repeat(40));
});

test("RefStore finds packed refs beside loose ones that stand above or below them", () => {
  const store = storeOf("corrupt/loose-refs", "df");
  const names = [...store.list("refs/heads/")].map((ref) => ref.name);
  for (const name of ["refs/heads/p", "refs/heads/p/below", "refs/heads/q", "refs/heads/q/r"]) {
    assert.ok(store.read(name) !== null, name);
    assert.ok(names.includes(name), name);
  }
  assert.equal(store.findConflict("refs/heads/p"), "refs/heads/p/below");
  assert.equal(store.findConflict("refs/heads/q/r"), "refs/heads/q");
});

test("RefStore.findConflict() sees loose and packed refs, above and below, but not those ignored", () => {
  const store = storeOf("corrupt/packed-refs", "df-conflict");
  assert.equal(store.findConflict("refs/heads/b"), "refs/heads/b/c");
  assert.equal(store.findConflict("refs/heads/b", new Set(["refs/heads/b/c"])), null);
  assert.equal(store.findConflict("refs/heads/b/c/d", new Set(["refs/heads/b"])), "refs/heads/b/c");
  assert.equal(store.findConflict("refs/heads/b/x"), "refs/heads/b");
  assert.equal(store.findConflict("refs/heads/new"), null);
  assert.equal(store.findConflict("refs/heads/main/x"), "refs/heads/main");
  assert.equal(store.findConflict("refs/heads"), "refs/heads/a");
});

test("RefStore.readReflog() refuses lines that git passes over, and passes over them when asked to", () => {
  const repository = fixtures["corrupt/loose-refs"]!.repositories.find(({ path }) => path === "reflogs")!;
  const store = storeOf("corrupt/loose-refs", "reflogs");
  const seen = { sound: 0, broken: 0 };
  for (const { args, both } of repository.probes) {
    const name = args.at(-1)!;
    if (args[0] !== "reflog" || args[1] !== "show" || both === undefined) continue;
    if (both.stdout !== undefined && typeof both.stdout !== "string") continue;
    const path = store.logPath(name);
    if (realDisk.stat(path)?.kind !== "file" || name.endsWith("/nul") || name.endsWith("/absent-object")) continue;
    const errors: unknown[] = [];
    const tolerant = store.readReflog(name, (error) => errors.push(error))!;
    const lines = (both.stdout ?? "").split("\n").filter((line) => line !== "").length;
    assert.equal(tolerant.length, lines, name);
    if (errors.length > 0) {
      seen.broken++;
      assert.ok(errors.every(isInvalidData));
      assert.throws(() => store.readReflog(name), isInvalidData, name);
      assert.throws(() => [...store.reflogNewestFirst(name)!], isInvalidData, name);
    } else {
      seen.sound++;
      assert.deepEqual([...store.reflogNewestFirst(name)!].reverse(), store.readReflog(name), name);
    }
  }
  assert.ok(seen.sound >= 4 && seen.broken >= 8, JSON.stringify(seen));
});

test("RefStore reads past the locks and temporary files that others left", () => {
  for (const repository of fixtures["corrupt/dangling-locks"]!.repositories) {
    if (repository.ref_format === "reftable") continue;
    const store = storeOf("corrupt/dangling-locks", repository.path);
    const names = [...store.rootRefs(), ...store.list("refs/")].map((ref) => ref.name);
    assert.deepEqual(names, repository.refs!.map((ref) => ref.name), repository.path);
    for (const ref of repository.refs!) assert.equal(store.resolve(ref.name).oid, ref.oid);
    assert.ok(store.reflogNames().every((name) => !name.endsWith(".lock")));
  }
});

test("openRefStore() refuses reftables by name", () => {
  const open = () =>
    openRefStore({ system: { disk: realDisk }, gitDir: "/x", commonDir: "/x", format: SHA1, refStorage: "reftable" });
  assert.throws(open, { code: "unsupported", message: /reftable/ });
});

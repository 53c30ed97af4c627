import assert from "node:assert/strict";
import { existsSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../harness.ts";
import { fixtures, freshFixtureFolder } from "../fixtures.ts";
import { git } from "../git_oracle.ts";
import { assertGitIsHappy, doctor, idsOf, mendAll } from "./look.ts";

/** Kinds of findings, each once, sorted. */
function kindsOf(ids: readonly string[]): string[] {
  return [...new Set(ids.map((id) => id.split(":")[0]!))].sort();
}

const PACKED_DAMAGE = ["packed-refs.damaged"];

/** What is found in each repository of a fixture, by kinds or ids; the others are sound for doctor. */
const PACKED_REFS: Readonly<Record<string, readonly string[]>> = {
  "absent-object": ["ref.missing-object:refs/heads/b"],
  "df-conflict": ["ref.conflict:refs/heads/b/c"],
};

/** Accepted by git, and by every reader here. */
const SOUND_PACKED = ["sound", "tab", "upper-hex"];

test("doctor finds each damage of packed-refs, and git is happy with what it makes of it", async () => {
  const folder = freshFixtureFolder("corrupt/packed-refs");
  for (const { path } of fixtures["corrupt/packed-refs"]!.repositories) {
    const cwd = join(folder, path);
    const expected = SOUND_PACKED.includes(path) ? [] : PACKED_REFS[path] ?? PACKED_DAMAGE;
    const { findings } = await doctor(cwd);
    assert.deepEqual({ path, ids: idsOf(findings) }, { path, ids: expected });
    const remaining = await mendAll(cwd);
    if (path === "absent-object") {
      assert.deepEqual(remaining, expected); // the object is nowhere
      continue;
    }
    assert.deepEqual({ path, remaining }, { path, remaining: [] });
    assertGitIsHappy(cwd);
  }
});

/** Branches that a repaired `packed-refs` must still have, with their values, where every line can be read. */
const READABLE = [
  "sound",
  "unsorted-claims-sorted",
  "one-pair-swapped",
  "no-final-newline",
  "two-blanks",
  "crlf",
  "comment-inside",
  "empty-line",
  "text",
  "header-broken",
  "header-other",
  "peel-first",
  "peel-short",
  "peel-twice",
  "peel-wrong",
  "peel-absent",
];

test("doctor loses no ref of a packed-refs whose records can be read", async () => {
  const folder = freshFixtureFolder("corrupt/packed-refs");
  const refs = (path: string) => new TextDecoder().decode(git(["show-ref", "-d"], join(folder, path)).stdout);
  const sound = refs("sound");
  for (const path of READABLE) {
    await mendAll(join(folder, path));
    assert.deepEqual({ path, refs: refs(path) }, { path, refs: sound });
  }
});

test("doctor finds each damaged loose ref, and git is happy with what it makes of it", async () => {
  const folder = freshFixtureFolder("corrupt/loose-refs");
  const expected: Record<string, string[]> = {
    files: ["lock.stale", "ref.empty", "ref.malformed", "ref.missing-object", "ref.name", "ref.wrong-type"],
    symrefs: ["ref.dangling", "ref.loop", "ref.malformed"],
    reflogs: ["reflog.damaged", "reflog.missing-object"],
    df: ["ref.conflict"],
    "head-empty": ["ref.empty"],
    "head-loop": ["ref.loop"],
    "head-absent-object": ["ref.missing-object"],
  };
  for (const { path } of fixtures["corrupt/loose-refs"]!.repositories) {
    const cwd = join(folder, path);
    const { findings } = await doctor(cwd);
    assert.deepEqual({ path, kinds: kindsOf(idsOf(findings)) }, { path, kinds: expected[path] ?? ["ref.malformed"] });
    await mendAll(cwd); // what led to a ref that is taken away then leads nowhere
    const remaining = kindsOf(await mendAll(cwd));
    if (path === "files") {
      // An object that is nowhere, and a branch that names a blob: which commit was meant nobody knows.
      assert.deepEqual(remaining, ["ref.missing-object", "ref.wrong-type"]);
      for (const name of ["absent-object", "blob"]) git(["update-ref", "-d", `refs/heads/${name}`], cwd);
    } else {
      assert.deepEqual({ path, remaining }, { path, remaining: [] });
    }
    assertGitIsHappy(cwd);
  }
});

test("doctor names every broken ref file of the fixture", async () => {
  const folder = freshFixtureFolder("corrupt/loose-refs");
  const subjects = new Set((await doctor(join(folder, "files"))).findings.map(({ subject }) => subject));
  const repository = fixtures["corrupt/loose-refs"]!.repositories.find(({ path }) => path === "files")!;
  const damaged = Object.keys(repository["damage"] as Record<string, string>);
  // Git reads these, or passes over them without a word.
  const sound = ["two-oids", "huge", "folder", "link-folder", "names/.hidden"].map((name) => `refs/heads/${name}`);
  assert.deepEqual(damaged.filter((name) => !subjects.has(name)).sort(), sound.sort());
});

test("doctor keeps what it takes away in lattice/aside", async () => {
  const folder = freshFixtureFolder("corrupt/loose-refs");
  const cwd = join(folder, "files");
  await doctor(cwd, ["ref.malformed:refs/heads/garbage", "ref.name:refs/heads/names/sp ace"]);
  const aside = readdirSync(join(cwd, ".git/lattice/aside"));
  assert.equal(aside.filter((name) => name.endsWith("refs_heads_garbage")).length, 1);
  assert.equal(aside.filter((name) => name.endsWith("refs_heads_names_sp_ace")).length, 1);
  assert.ok(!existsSync(join(cwd, ".git/refs/heads/garbage")));
});

test("doctor names left-over locks and temporary files, and moves away what is named alone", async () => {
  const folder = freshFixtureFolder("corrupt/dangling-locks");
  const cwd = join(folder, "files");
  const before = (await doctor(cwd)).findings;
  assert.deepEqual(kindsOf(idsOf(before)), ["lock.stale", "ref.name", "temporary.object"]);
  for (const path of ["HEAD.lock", "config.lock", "index.lock", "packed-refs.new", "gc.pid", "shallow.lock"]) {
    assert.ok(before.some(({ id }) => id === `lock.stale:${path}`), path);
  }
  const after = (await doctor(cwd, ["lock.stale:HEAD.lock"])).findings;
  assert.deepEqual(after.filter(({ fixed }) => fixed).map(({ id }) => id), ["lock.stale:HEAD.lock"]);
  assert.ok(!existsSync(join(cwd, ".git/HEAD.lock")));
  assert.ok(existsSync(join(cwd, ".git/config.lock")), "what is not named stays");
  assert.deepEqual(await mendAll(cwd), []);
  assert.equal(git(["pack-refs", "--all"], cwd).exit, 0);
  assert.equal(git(["commit", "-q", "--allow-empty", "-m", "goes on"], cwd).exit, 0);
  assertGitIsHappy(cwd);
  assert.deepEqual(await mendAll(join(folder, "files-packed-locked")), []);
  assert.equal(git(["pack-refs", "--all"], join(folder, "files-packed-locked")).exit, 0);
});

test("doctor looks at damaged objects without failing, and tells of those that refs lead to", async () => {
  for (const fixture of ["corrupt/packs", "corrupt/multi-pack-index", "corrupt/loose-objects"]) {
    const folder = freshFixtureFolder(fixture);
    for (const { path } of fixtures[fixture]!.repositories) {
      const { findings } = await doctor(join(folder, path));
      const others = kindsOf(idsOf(findings)).filter((kind) =>
        !["objects.damaged", "ref.missing-object", "temporary.object"].includes(kind)
      );
      assert.deepEqual({ path, others }, { path, others: [] });
      const sound = ["sound", "hand-sound", "ref-delta-base-later"].includes(path);
      if (sound) assert.deepEqual({ path, ids: idsOf(findings) }, { path, ids: [] });
      const broken = /^(?:idx-(?:empty|truncated|version-3|absent|only)|pack-(?:empty-file|magic|truncated))$/.test(
        path,
      );
      if (broken) assert.notDeepEqual({ path, ids: idsOf(findings) }, { path, ids: [] });
    }
  }
});

test("doctor is done in a moment with objects on which git runs out of memory", async () => {
  const folder = freshFixtureFolder("corrupt/packs");
  for (
    const [path, oid] of [["ref-delta-self", "7ce3d98436858922ba44c2438fca2e566729d474"], [
      "ref-delta-cycle",
      "a".repeat(40),
    ]] as const
  ) {
    const cwd = join(folder, path);
    for (const ref of ["refs/heads/trap", "refs/branch-metadata/trap"]) {
      const file = join(cwd, ".git", ref);
      mkdirSync(join(file, ".."), { recursive: true });
      writeFileSync(file, `${oid}\n`);
    }
    const { findings } = await doctor(cwd);
    assert.ok(findings.some(({ id }) => id.startsWith("objects.damaged:")), JSON.stringify(findings));
  }
});

test("doctor refuses reftables by name, damaged or not, and touches nothing of them", async () => {
  const folder = freshFixtureFolder("corrupt/reftable");
  const copy = freshFixtureFolder("corrupt/reftable");
  for (const { path } of fixtures["corrupt/reftable"]!.repositories) {
    const { findings } = await doctor(join(folder, path));
    const ids = idsOf(findings).filter((id) => !id.startsWith("lock."));
    assert.ok(findings.every(({ fix }) => fix === null), path);
    if (path === "config-files") assert.deepEqual(ids, ["repository.mixed"]);
    assert.deepEqual(readdirSync(join(folder, path, ".git")).sort(), readdirSync(join(copy, path, ".git")).sort());
  }
});

test("doctor says why a repository of another format is not opened", async () => {
  const folder = freshFixtureFolder("repository-formats");
  for (const { path, verdict } of fixtures["repository-formats"]!.repositories) {
    const { findings } = await doctor(join(folder, path));
    const ids = idsOf(findings);
    if (path === "v1-submodulepathconfig") continue; // newer than what is known here
    if (verdict === "accept") assert.deepEqual({ path, ids }, { path, ids: [] });
    else assert.equal(ids.length > 0, true, `${path} is ${String(verdict)}`);
  }
});

test("doctor brings back a HEAD without which git takes the folder for no repository", async () => {
  const folder = freshFixtureFolder("repository-formats");
  for (const path of ["head-absent", "head-garbage", "head-empty", "head-outside-refs", "refs-absent"]) {
    const cwd = join(folder, path);
    assert.notEqual(git(["rev-parse", "--git-dir"], cwd).exit, 0);
    assert.deepEqual({ path, remaining: await mendAll(cwd) }, { path, remaining: [] });
    assertGitIsHappy(cwd);
  }
});

test("doctor reads every document of the metadata fixtures", async () => {
  const invalid = join(freshFixtureFolder("branch-metadata-invalid"), "repo");
  const { findings } = await doctor(invalid);
  assert.deepEqual(kindsOf(idsOf(findings)), [
    "metadata.invalid",
    "metadata.orphaned",
    "metadata.wrong-branch",
    "stack.cycle",
    "stack.missing-base",
    "stack.missing-parent",
  ]);
  for (const id of ["stack.cycle:graph/cycle-a", "stack.cycle:graph/self", "stack.missing-parent:graph/orphan"]) {
    assert.ok(findings.some((finding) => finding.id === id), id);
  }
  const mixed = join(freshFixtureFolder("graphite-metadata"), "mixed");
  const foreign = (await doctor(mixed)).findings.filter(({ id }) => id.startsWith("metadata.foreign:"));
  assert.equal(foreign.length, 6);
  for (const { evidence, fix } of foreign) {
    assert.match(evidence, /lattice meta import --from (?:graphite|charcoal)/);
    assert.equal(fix, null, "a document of another tool is never changed");
  }
});

test("doctor finds just the bases that the manifest says are not those of the tips", async () => {
  const { repositories: [repository] } = fixtures["branch-metadata"]!;
  const { base_is_not_the_tip_of_the_parent: moved } = repository!["metadata"] as {
    base_is_not_the_tip_of_the_parent: string[];
  };
  const cwd = join(freshFixtureFolder("branch-metadata"), repository!.path);
  const { findings } = await doctor(cwd);
  assert.deepEqual(kindsOf(idsOf(findings)), ["stack.base"]);
  for (const { subject } of findings) {
    const base = (JSON.parse(
      new TextDecoder().decode(git(["cat-file", "-p", `refs/branch-metadata/${subject}`], cwd).stdout),
    ) as { base: { oid: string } }).base.oid;
    assert.equal(git(["merge-base", "--is-ancestor", base, `refs/heads/${subject}`], cwd).exit, 1, subject);
  }
  assert.ok(findings.length <= moved.length);
});

test("doctor changes nothing where nothing is named", async () => {
  const folder = freshFixtureFolder("corrupt/loose-refs");
  const copy = freshFixtureFolder("corrupt/loose-refs");
  for (const { path } of fixtures["corrupt/loose-refs"]!.repositories) {
    await doctor(join(folder, path));
    assert.deepEqual(treeOf(join(folder, path)), treeOf(join(copy, path)));
  }
});

/** Everything below a folder: names, kinds, sizes, times. */
function treeOf(folder: string, prefix = ""): string[] {
  return readdirSync(join(folder, prefix)).sort().flatMap((name) => {
    const path = `${prefix}${name}`;
    const stat = lstatSync(join(folder, path));
    const line = `${path} ${stat.mode} ${stat.isDirectory() ? "" : stat.size} ${stat.mtimeMs}`;
    return stat.isDirectory() ? [line, ...treeOf(folder, `${path}/`)] : [line];
  });
}

/** Revisions and abbreviations, with `git rev-parse` as the judge. */
import assert from "node:assert/strict";
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import type { Config } from "../../../src/git/config/config.ts";
import { computeOid, SHA1 } from "../../../src/git/object_format.ts";
import { openObjectStore } from "../../../src/git/objects/open.ts";
import { openRefStore } from "../../../src/git/refs/open.ts";
import type { Repository } from "../../../src/git/repository.ts";
import { resolveRevision } from "../../../src/git/revisions/revision.ts";
import { abbreviate, expandOid } from "../../../src/git/revisions/short_oid.ts";
import { LatticeError } from "../../../src/platform/errors.ts";
import { realSystem } from "../../../src/platform/real_system.ts";
import { utf8 } from "../../../src/platform/text.ts";
import { temporaryFolder } from "../../fixtures.ts";
import { git, gitText } from "../../git_oracle.ts";
import { test } from "../../harness.ts";

/** The configuration of a repository as git itself lists it. */
function configOf(folder: string): Config {
  const entries = gitText(["config", "--list", "-z"], folder).split("\0").filter((text) => text !== "").map((text) => {
    const newline = text.indexOf("\n");
    const [key, value] = newline < 0 ? [text, null] : [text.slice(0, newline), text.slice(newline + 1)];
    return { key, value, scope: "local", path: null } as const;
  });
  const getAll = (key: string) => entries.filter((entry) => entry.key === key).map((entry) => entry.value ?? "");
  return {
    entries,
    getAll,
    get: (key) => getAll(key).at(-1),
    getBoolean: (key) => getAll(key).at(-1) === undefined ? undefined : getAll(key).at(-1) === "true",
    getInteger: (key) => getAll(key).at(-1) === undefined ? undefined : Number(getAll(key).at(-1)),
  };
}

function open(folder: string): Repository {
  const gitDir = join(folder, ".git");
  const config = configOf(folder);
  const system = { ...realSystem, env: {} };
  const refs = openRefStore({ system, gitDir, commonDir: gitDir, format: SHA1, refStorage: "files" });
  const objectsDir = join(gitDir, "objects");
  const objects = openObjectStore({ system, objectsDir, format: SHA1, config, readReplaceRef: () => null });
  return {
    system,
    config,
    refs,
    objects,
    gitDir,
    commonDir: gitDir,
    workDir: folder,
    worktreeId: null,
    objectsDir,
    bare: false,
    objectFormat: SHA1,
    refStorage: "files",
    prefix: "",
  };
}

/** A repository with merges, tags of tags, an upstream, odd names and reflogs; made once. */
function madeRepository(): string {
  const folder = temporaryFolder();
  const run = (...args: string[]) => gitText(args, folder);
  run("init", "-q", "-b", "main");
  writeFileSync(join(folder, "file"), "1\n");
  run("add", "file");
  for (let i = 0; i < 6; i++) run("commit", "-q", "--allow-empty", "-m", `commit ${i}`);
  run("branch", "side", "HEAD~3");
  run("checkout", "-q", "side");
  run("commit", "-q", "--allow-empty", "-m", "side");
  run("checkout", "-q", "main");
  run("merge", "-q", "--no-ff", "-m", "merge", "side");
  run("commit", "-q", "--allow-empty", "-m", "after");
  run("tag", "-a", "-m", "one", "v1", "HEAD~1");
  run("tag", "-a", "-m", "two", "v2", "v1");
  run("tag", "light", "HEAD~2");
  run("tag", "-a", "-m", "tree", "treetag", "HEAD^{tree}");
  run("update-ref", "refs/heads/v1", "HEAD~3"); // a branch with a tag's name
  run("update-ref", "refs/heads/config", "HEAD~4"); // a branch with a file's name
  run("update-ref", "refs/remotes/origin/main", "HEAD~2");
  run("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main");
  run("update-ref", "refs/misc/x", "HEAD~1");
  appendFileSync(
    join(folder, ".git/config"),
    '[remote "origin"]\n\turl = x\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n' +
      '[branch "main"]\n\tremote = origin\n\tmerge = refs/heads/main\n[branch "side"]\n\tremote = .\n\tmerge = refs/heads/main\n',
  );
  return folder;
}

const BASES = [
  "HEAD",
  "@",
  "main",
  "side",
  "v1",
  "v2",
  "light",
  "treetag",
  "config",
  "heads/v1",
  "tags/v1",
  "origin",
  "origin/main",
  "refs/heads/main",
  "refs/misc/x",
  "misc/x",
  "remotes/origin/HEAD",
  "absent",
  "description",
  "objects",
  "ORIG_HEAD",
  "heads/main",
];
const REFLOG = ["", "@{0}", "@{1}", "@{2}", "@{7}", "@{50}", "@{u}", "@{UPSTREAM}", "@{upstream}@{0}"];
const STEPS = [
  "~",
  "^",
  "~2",
  "^2",
  "^0",
  "~0",
  "^3",
  "~40",
  "^{}",
  "^{commit}",
  "^{tree}",
  "^{blob}",
  "^{tag}",
  "^{object}",
];

test("resolveRevision() gives what git rev-parse gives for random revisions", () => {
  const folder = madeRepository();
  const repository = open(folder);
  const oids = BASES.slice(0, 8).map((base) => gitText(["rev-parse", base], folder));
  const base = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.tuple(fc.constantFrom(...BASES, ""), fc.constantFrom("", ...REFLOG)).map((pair) => pair.join("")),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom(...oids), fc.constantFrom(4, 7, 12, 40)).map(([oid, n]) => oid.slice(0, n)),
    },
  );
  const revision = fc.tuple(base, fc.array(fc.constantFrom(...STEPS), { maxLength: 3 })).map(([name, steps]) =>
    name + steps.join("")
  );
  const seen = { found: 0, refused: 0 };
  const texts = new Set(
    fc.sample(revision, { seed: 99, numRuns: 500 }).filter((text) => text !== "" && !text.startsWith("^")),
  );
  const script = [...texts].map((text) =>
    `git rev-parse --verify --quiet --end-of-options '${text}' 2>/dev/null || echo none`
  ).join("\n");
  const verdicts = shell(script, folder);
  [...texts].forEach((text, index) => {
    let ours: string;
    try {
      ours = resolveRevision(repository, text);
      seen.found++;
    } catch (error) {
      assert.ok(
        error instanceof LatticeError && (error.code === "not_found" || error.code === "usage"),
        `${text}: ${error}`,
      );
      ours = "none";
      seen.refused++;
    }
    // A type that does not fit, behind a reflog number: git then reads all of it as a date, and finds something.
    if (ours === "none" && /@\{\d+\}.*\^\{/.test(text)) return;
    assert.equal(ours, verdicts[index], text);
  });
  assert.ok(seen.found > 100 && seen.refused > 50, JSON.stringify(seen));
});

function shell(script: string, folder: string): string[] {
  writeFileSync(join(folder, "script"), script);
  const outcome = git(["-c", "alias.all=!sh script", "all"], folder);
  return new TextDecoder().decode(outcome.stdout).trimEnd().split("\n");
}

test("resolveRevision() refuses by name what it does not take", () => {
  const repository = open(madeRepository());
  const main = resolveRevision(repository, "main");
  const refused: [string, RegExp][] = [
    [":/message", /search/],
    ["HEAD^{/message}", /search/],
    ["HEAD:file", /path/],
    [":file", /path/],
    ["main..side", /range/],
    ["main...side", /range/],
    ["^main", /exclusion/],
    ["main^@", /\^@/],
    ["main^!", /\^!/],
    ["main^-", /\^-/],
    ["@{-1}", /@\{-1\}/],
    ["main@{push}", /push/],
    ["main@{yesterday}", /yesterday/],
    ["main@{100000000}", /100000000/],
    ["main@{12:30}", /12:30/],
    ["main^{commit}}", /\}/],
    [`v1-1-g${main.slice(0, 8)}`, /describe/],
  ];
  for (const [text, message] of refused) {
    const expected = { name: "RevisionError", code: "usage", failure: { kind: "unsupported" }, message };
    assert.throws(() => resolveRevision(repository, text), expected, text);
  }
  const numbers = [
    "main~100",
    "main@{99}",
    "main~99999999999",
    "main^99999999999",
    "main~-1",
    "main~ 1",
    "main^{what}",
  ];
  const behind = [
    "main~1\tfoo",
    "main^{tree} foo",
    "main~1@{0}",
    "main^@x",
    "main^{tree",
    "main^}",
    "main^{/x",
    "main@{-1}",
  ];
  const before = ["absent:file", "main x:y", "main~1x:y", "main{x:y", "absent-gdeadbee", "main@{}"];
  for (const text of ["absent", "", "a b", "abc", "~", ...numbers, ...behind, ...before]) {
    const failure = text === "main@{99}" ? { kind: "missing", beyond: "reflog" } : { kind: "missing" };
    const expected = { code: "not_found", failure };
    assert.throws(() => resolveRevision(repository, text), expected, text);
  }
  const wrong = { code: "usage", failure: { kind: "wrong-type", oid: main } };
  assert.throws(() => resolveRevision(repository, "main^{tag}"), wrong);
});

test("resolveRevision() reports a damaged ref instead of looking further", () => {
  const folder = madeRepository();
  writeFileSync(join(folder, ".git/refs/tags/side"), "");
  assert.throws(() => resolveRevision(open(folder), "side"), { code: "invalid_data" });
});

test("expandOid() and abbreviate() agree with git where abbreviations clash", () => {
  const folder = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], folder);
  for (let i = 0; i < 1200; i++) writeFileSync(join(folder, `f${i}`), `${i}\n`);
  gitText(["add", "."], folder);
  gitText(["commit", "-q", "-m", "one"], folder);
  const repository = open(folder);
  const listed = (abbrev: number) =>
    gitText(["ls-tree", `--abbrev=${abbrev}`, "HEAD"], folder).split("\n").map((line) => line.split(/[ \t]/)[2]!);
  const oids = listed(40);
  const lengths = listed(4);
  oids.forEach((oid, index) => assert.equal(abbreviate(repository, oid, 4), lengths[index]));
  assert.ok(lengths.some((text) => text.length > 4), "some clash at four digits");
  const clash = lengths.find((text) => text.length > 4)!.slice(0, 4);
  const candidates = oids.concat(gitText(["rev-parse", "HEAD", "HEAD^{tree}"], folder).split("\n"))
    .filter((oid) => oid.startsWith(clash)).sort();
  const ambiguous = { code: "usage", failure: { kind: "ambiguous", candidates } };
  assert.throws(() => expandOid(repository.objects, clash, "any"), ambiguous);
  const commit = gitText(["rev-parse", "HEAD"], folder);
  for (const wanted of ["committish", "commit"] as const) {
    assert.equal(expandOid(repository.objects, commit.slice(0, 4), wanted), commit);
  }
});

test("expandOid() prefers the only object of the wanted type, as git does", () => {
  const folder = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], folder);
  gitText(["commit", "-q", "--allow-empty", "-m", "one"], folder);
  const commit = gitText(["rev-parse", "HEAD"], folder);
  const blob = clashingBlob(folder, commit.slice(0, 4));
  const repository = open(folder);
  assert.throws(() => resolveRevision(repository, commit.slice(0, 4)), { code: "usage" });
  for (const [suffix, expected] of [["^{commit}", commit], ["~0", commit], ["^0", commit]] as const) {
    const text = `${commit.slice(0, 4)}${suffix}`;
    assert.equal(resolveRevision(repository, text), expected);
    assert.equal(gitText(["rev-parse", "--verify", text], folder), expected);
  }
  assert.throws(() => resolveRevision(repository, `${blob.slice(0, 4)}^{blob}`), { code: "usage" });
  assert.notEqual(git(["rev-parse", "--verify", "-q", `${blob.slice(0, 4)}^{blob}`], folder).exit, 0);
  assert.equal(resolveRevision(repository, blob.slice(0, 4), { prefer: "blob" }), blob);
});

/** Stores a blob whose name begins with the same four digits. */
function clashingBlob(folder: string, digits: string): string {
  for (let i = 0; i < 2_000_000; i++) {
    const oid = computeOid(SHA1, "blob", utf8(`${i}`));
    if (oid.startsWith(digits)) return gitText(["hash-object", "-w", "--stdin"], folder, `${i}`);
  }
  throw new Error("no blob was found; another commit will do");
}

test("abbreviate() obeys core.abbrev and scales with the number of packed objects", () => {
  const folder = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], folder);
  let input = "";
  for (let i = 0; i < 17_000; i++) input += `blob\ndata ${String(i).length}\n${i}\n`;
  input += "commit refs/heads/main\ncommitter C <c@example.com> 1700000000 +0000\ndata 1\nx\n";
  gitText(["fast-import", "--quiet"], folder, input);
  const head = gitText(["rev-parse", "HEAD"], folder);
  assert.equal(abbreviate(open(folder), head), gitText(["rev-parse", "--short", "HEAD"], folder));
  assert.equal(abbreviate(open(folder), head).length, 8, "16,384 objects and more");
  for (const value of ["5", "12", "no", "auto", "40"]) {
    gitText(["config", "core.abbrev", value], folder);
    assert.equal(abbreviate(open(folder), head), gitText(["rev-parse", "--short", "HEAD"], folder), value);
  }
  gitText(["config", "core.abbrev", "3"], folder);
  assert.throws(() => abbreviate(open(folder), head), { code: "invalid_data" });
});

import assert from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freshFixtureFolder } from "../fixtures.ts";
import { git, gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { lattice } from "./command_line.ts";

const IMPORT = ["meta", "import", "--from", "graphite"];

interface Stored {
  branch: string;
  metadata: {
    parent: { kind: string; name: string };
    base: { oid: string };
    freeze: unknown;
    pr: unknown;
    timestamps: { created_at: string; updated_at: string };
  };
}

/** A repository with a commit on `main`, a further one on `a`, and one more on `b`. */
function repository(): { cwd: string; commits: Record<"main" | "a" | "b", string> } {
  const cwd = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], cwd);
  const commits = { main: "", a: "", b: "" };
  for (const branch of ["main", "a", "b"] as const) {
    if (branch !== "main") gitText(["checkout", "-q", "-b", branch], cwd);
    gitText(["commit", "-q", "--allow-empty", "-m", branch], cwd);
    commits[branch] = gitText(["rev-parse", "HEAD"], cwd);
  }
  return { cwd, commits };
}

/** Stores a document as the other tools do, and gives the name of its blob. */
function store(cwd: string, branch: string, document: unknown): string {
  const text = typeof document === "string" ? document : JSON.stringify(document, null, 2);
  const oid = gitText(["hash-object", "-w", "--stdin"], cwd, text);
  gitText(["update-ref", `refs/branch-metadata/${branch}`, oid], cwd);
  return oid;
}

function refs(cwd: string): string {
  return gitText(["for-each-ref", "--format=%(refname) %(objectname)", "refs/branch-metadata", "refs/heads"], cwd);
}

async function exported(cwd: string): Promise<Map<string, Stored["metadata"]>> {
  const { exit, stdout, stderr } = await lattice(["meta", "export"], { cwd });
  assert.equal(exit, 0, stderr);
  const lines = stdout.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Stored);
  return new Map(lines.map(({ branch, metadata }) => [branch, metadata]));
}

/** What is refused, and that nothing was changed. */
async function refused(
  cwd: string,
  args = IMPORT,
): Promise<{ exit: number; code: string; message: string; details: Record<string, unknown> }> {
  const before = refs(cwd);
  const { exit, stdout, stderr } = await lattice([...args, "--json"], { cwd });
  assert.equal(stdout, "");
  assert.equal(refs(cwd), before);
  assert.equal((await lattice(["op", "list"], { cwd })).stdout, "");
  const { error } = JSON.parse(stderr) as {
    error: { code: string; message: string; details: Record<string, unknown> };
  };
  return { exit, ...error };
}

test("meta import turns a stack of Graphite's into ours, as one operation that undo takes back", async () => {
  const cwd = join(freshFixtureFolder("graphite-metadata"), "graphite-only");
  const before = refs(cwd);
  const rehearsed = await lattice([...IMPORT, "--dry-run"], { cwd });
  assert.equal(rehearsed.exit, 0);
  assert.match(rehearsed.stdout, /^stack-1: on main \(trunk\), from 5256745d\w* on, pull request 1$/m);
  assert.match(rehearsed.stdout, /^stack-4: on stack-3, from 7bfedafc\w* on, no pull request$/m);
  assert.equal(refs(cwd), before);
  assert.equal((await lattice(["op", "list"], { cwd })).stdout, "");

  const { exit, stdout, stderr } = await lattice([...IMPORT, "--json"], { cwd });
  assert.equal(exit, 0, stderr);
  assert.match(stderr, /5 documents imported\n.*title, text, base and review/);
  const { op, updates } = JSON.parse(stdout) as { op: string; updates: { ref: string; old: string; new: string }[] };
  assert.deepEqual(updates.map(({ ref }) => ref.slice("refs/branch-metadata/".length)), [
    "fork-3",
    "stack-1",
    "stack-2",
    "stack-3",
    "stack-4",
  ]);
  for (const { ref, old, new: value } of updates) {
    assert.ok(before.includes(`${ref} ${old}`));
    assert.equal(gitText(["rev-parse", ref], cwd), value);
  }
  const found = await exported(cwd);
  assert.deepEqual(found.get("fork-3")?.pr, {
    state: "linked",
    forge: "github",
    number: 9,
    url: "https://github.com/example/project/pull/9",
    last_known: { state: "closed", is_draft: false },
  });
  assert.deepEqual(found.get("stack-3")?.parent, { kind: "branch", name: "stack-2" });
  assert.deepEqual(found.get("stack-4")?.pr, { state: "none" });
  assert.deepEqual(found.get("stack-4")?.freeze, { state: "unfrozen" });

  const again = await lattice([...IMPORT, "--json"], { cwd });
  assert.deepEqual(JSON.parse(again.stdout), { op: null, updates: [] });
  assert.match(again.stderr, /nothing to import/);

  gitText(["gc", "-q", "--prune=now"], cwd);
  assert.equal((await lattice(["undo"], { cwd })).exit, 0);
  assert.equal(refs(cwd), before);
  assert.equal((await lattice(["op", "list", "--json"], { cwd })).stdout.includes(op), true);
});

test("meta import refuses all of them where one names no parent, and takes the rest once that is removed", async () => {
  const cwd = join(freshFixtureFolder("graphite-metadata"), "mixed");
  const ours = gitText(["for-each-ref", "refs/branch-metadata/l/"], cwd);
  const { exit, code, message, details } = await refused(cwd);
  assert.deepEqual([exit, code], [6, "invalid_data"]);
  assert.match(message, /"g\/empty": it names no parent/);
  assert.equal((details["problems"] as unknown[]).length, 1);
  assert.equal((await refused(cwd, [...IMPORT, "--dry-run"])).exit, 6);

  const removal = await lattice(["git", "update-ref", "-d", "refs/branch-metadata/g/empty"], { cwd });
  assert.equal(removal.exit, 0, removal.stderr);
  const { stderr } = await lattice(["meta", "import", "--from", "charcoal"], { cwd });
  assert.match(stderr, /5 documents imported/);
  assert.match(stderr, /warning: left out: pull request 3 of "g\/stale", which has no URL/);
  const found = await exported(cwd);
  assert.equal(found.size, 8);
  assert.equal(gitText(["for-each-ref", "refs/branch-metadata/l/"], cwd), ours, "what is ours is left alone");
  assert.deepEqual(found.get("g/stale")?.parent, { kind: "branch", name: "deleted-branch" });
  assert.equal(found.get("g/stale")?.base.oid, "c".repeat(40));
  assert.equal(found.get("g/no-revision")?.base.oid, gitText(["merge-base", "main", "g/no-revision"], cwd));
});

test("meta import finds a base that is not told: where the branch left its parent, else where the parent is", async () => {
  const { cwd, commits } = repository();
  gitText(["checkout", "-q", "main"], cwd);
  gitText(["commit", "-q", "--allow-empty", "-m", "main moves on"], cwd);
  gitText(["checkout", "-q", "--orphan", "alone"], cwd);
  gitText(["commit", "-q", "--allow-empty", "-m", "alone"], cwd);
  store(cwd, "a", { parentBranchName: "main" });
  store(cwd, "b", { parentBranchName: "a" });
  store(cwd, "gone", { parentBranchName: "b" }); // the branch is to be made, or was deleted
  store(cwd, "alone", { parentBranchName: "a" });
  assert.equal((await lattice(IMPORT, { cwd })).exit, 0);
  const found = await exported(cwd);
  const bases = Object.fromEntries([...found].map(([branch, { base }]) => [branch, base.oid]));
  assert.deepEqual(bases, { a: commits.main, b: commits.a, gone: commits.b, alone: commits.a });

  const other = repository();
  store(other.cwd, "a", { parentBranchName: "nowhere" });
  const { exit, message } = await refused(other.cwd);
  assert.equal(exit, 6);
  assert.match(message, /"a": it does not say on which commit .* parent "nowhere" does not exist/);
});

test("meta import takes trunk and project from the tool's own configuration", async () => {
  const { cwd, commits } = repository();
  const config = join(cwd, ".git/.graphite_repo_config");
  writeFileSync(config, JSON.stringify({ trunk: "a", owner: "me", name: "it.s", remote: "origin" }));
  store(cwd, "b", { parentBranchName: "a", prInfo: { number: 7, state: "OPEN", isDraftPR: true } });
  store(cwd, "c", { parentBranchName: "main", parentBranchRevision: commits.main });
  const { exit, stderr } = await lattice(IMPORT, { cwd });
  assert.equal(exit, 0, stderr);
  assert.match(stderr, /hint: the trunk is "a" there/);
  const found = await exported(cwd);
  assert.deepEqual(found.get("b")?.parent, { kind: "trunk", name: "a" });
  assert.deepEqual(found.get("c")?.parent, { kind: "branch", name: "main" });
  assert.deepEqual(found.get("b")?.pr, {
    state: "linked",
    forge: "github",
    number: 7,
    url: "https://github.com/me/it.s/pull/7",
    last_known: { state: "open", is_draft: true },
  });
});

test("meta import refuses a configuration that is none, by name", async () => {
  const { cwd, commits } = repository();
  const config = join(cwd, ".git/.graphite_repo_config");
  store(cwd, "a", { parentBranchName: "main", parentBranchRevision: commits.main });
  const contents = ["{", "[]", '{"trunk":7}', '{"trunk":"../x"}', '{"trunk":"a","trunk":"b"}', "x".repeat(2_000_000)];
  for (const text of contents) {
    writeFileSync(config, text);
    const { exit, details } = await refused(cwd);
    assert.deepEqual([exit, details["path"]], [6, config], text.slice(0, 30));
  }
  rmSync(config);
  symlinkSync("/dev/zero", config);
  assert.equal((await refused(cwd)).exit, 8);
});

test("meta import is refused while the tool is in the middle of an operation, in a linked worktree too", async () => {
  const { cwd, commits } = repository();
  store(cwd, "a", { parentBranchName: "main", parentBranchRevision: commits.main });
  const state = join(cwd, ".git/.gtcontinue");
  writeFileSync(state, '{"branchesToRestack":["b"]}');
  for (const args of [IMPORT, [...IMPORT, "--dry-run"]]) {
    const { exit, code, message, details } = await refused(cwd, args);
    assert.deepEqual([exit, code, details["path"]], [5, "op_in_progress", state]);
    assert.match(message, /Graphite or Charcoal is in the middle of an operation/);
  }
  rmSync(state);
  const linked = join(temporaryFolder(), "linked");
  gitText(["worktree", "add", "-q", linked, "a"], cwd);
  writeFileSync(join(cwd, ".git/worktrees/linked/.gtcontinue"), "{}");
  assert.equal((await refused(linked)).exit, 5);
  rmSync(join(cwd, ".git/worktrees/linked/.gtcontinue"));
  assert.equal((await lattice(IMPORT, { cwd: linked })).exit, 0);
});

test("meta import names every document that neither tool made, and changes nothing", async () => {
  const { cwd, commits } = repository();
  store(cwd, "good", { parentBranchName: "main", parentBranchRevision: commits.main });
  store(cwd, "main", { parentBranchName: "a", parentBranchRevision: commits.a });
  store(cwd, "stax", { parentBranchName: "main", parentBranchRevision: commits.main, frozen: true });
  store(cwd, "text", "no JSON");
  store(cwd, "strange", { colour: "blue" });
  store(cwd, "broken", { kind: "lattice.branch-metadata", schema_version: 1 });
  store(cwd, "revision", { parentBranchName: "main", parentBranchRevision: "soon" });
  gitText(["update-ref", "refs/branch-metadata/commit", commits.a], cwd);
  mkdirSync(join(cwd, ".git/refs/branch-metadata"), { recursive: true });
  writeFileSync(join(cwd, ".git/refs/branch-metadata/empty"), "");
  const before = git(["for-each-ref"], cwd).stdout;
  const { exit, stdout, stderr } = await lattice([...IMPORT, "--json"], { cwd });
  assert.deepEqual([exit, stdout], [6, ""]);
  const { error } = JSON.parse(stderr) as {
    error: { message: string; details: { problems: { branch: string; ref: string; reason: string }[] } };
  };
  const names = error.details.problems.map(({ branch }) => branch);
  assert.deepEqual(names.sort(), ["broken", "commit", "empty", "main", "revision", "stax", "strange", "text"]);
  for (const name of names) assert.ok(error.message.includes(JSON.stringify(name)), name);
  assert.match(error.message, /^8 documents cannot be imported, so none is/);
  assert.deepEqual(git(["for-each-ref"], cwd).stdout, before);
});

test("meta import wants to be told from whom, and knows two", async () => {
  const { cwd } = repository();
  for (const args of [["meta", "import"], ["meta", "import", "--from", "stax"]]) {
    const { exit, stderr } = await lattice(args, { cwd });
    assert.equal(exit, 2);
    assert.match(stderr, /graphite/);
  }
});

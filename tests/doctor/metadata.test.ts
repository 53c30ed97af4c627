import assert from "node:assert/strict";
import { lattice } from "../cli/command_line.ts";
import { documentOf } from "../e2e/binary.ts";
import { git, gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { assertGitIsHappy, doctor, idsOf } from "./look.ts";

/** A repository with branches on `main`, each with a document that calls the one before its parent. */
async function stacked(...branches: string[]): Promise<{ cwd: string; base: string }> {
  const cwd = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], cwd);
  gitText(["commit", "-q", "--allow-empty", "-m", "first"], cwd);
  const base = gitText(["rev-parse", "HEAD"], cwd);
  let parent: string | null = null;
  for (const branch of branches) {
    gitText(["branch", branch], cwd);
    await store(cwd, branch, base, parent);
    parent = branch;
  }
  return { cwd, base };
}

async function store(cwd: string, branch: string, base: string, parent: string | null): Promise<void> {
  const document = JSON.parse(documentOf(branch, base)) as { parent: unknown };
  if (parent !== null) document.parent = { kind: "branch", name: parent };
  const { exit, stderr } = await lattice(["meta", "set", branch], { cwd, stdin: JSON.stringify(document) });
  assert.equal(exit, 0, stderr);
}

/** Puts bytes where a document should be, as another program would. */
function plant(cwd: string, branch: string, bytes: string): string {
  const oid = gitText(["hash-object", "-w", "--stdin"], cwd, bytes);
  gitText(["update-ref", `refs/branch-metadata/${branch}`, oid], cwd);
  return oid;
}

const documentIn = (cwd: string, branch: string) =>
  JSON.parse(gitText(["cat-file", "-p", `refs/branch-metadata/${branch}`], cwd)) as {
    branch: { name: string };
    parent: { name: string };
  };

test("doctor says nothing of a sound stack", async () => {
  const { cwd } = await stacked("a", "b", "c");
  assert.deepEqual((await doctor(cwd)).findings, []);
});

test("doctor deletes the metadata of a branch that git deleted, and undo brings it back", async () => {
  const { cwd } = await stacked("a");
  gitText(["branch", "-D", "-q", "a"], cwd);
  gitText(["branch", "a/b"], cwd);
  const [finding] = (await doctor(cwd)).findings;
  assert.equal(finding?.id, "metadata.orphaned:a");
  assert.match(finding.evidence, /keeps metadata of "a\/b" from being stored/);
  assert.equal((await doctor(cwd, [finding.id])).exit, 0);
  assert.notEqual(git(["rev-parse", "-q", "--verify", "refs/branch-metadata/a"], cwd).exit, 0);
  assert.equal((await lattice(["undo"], { cwd })).exit, 0);
  assert.equal(documentIn(cwd, "a").branch.name, "a");
});

test("doctor lets a document follow the branch that git renamed, and its children with it", async () => {
  const { cwd } = await stacked("a", "child", "grandchild");
  gitText(["branch", "-m", "a", "renamed"], cwd);
  const { findings } = await doctor(cwd);
  assert.deepEqual(idsOf(findings), ["metadata.orphaned:a"]);
  assert.match(findings[0]!.evidence, /was renamed to "renamed"/);
  assert.equal((await doctor(cwd, ["metadata.orphaned:a"])).exit, 0);
  assert.equal(documentIn(cwd, "renamed").branch.name, "renamed");
  assert.equal(documentIn(cwd, "child").parent.name, "renamed");
  assert.equal(documentIn(cwd, "grandchild").parent.name, "child");
  assertGitIsHappy(cwd);
});

test("doctor leaves the metadata of a branch that came back while it was asked", async () => {
  const { cwd } = await stacked("a");
  const tip = gitText(["rev-parse", "a"], cwd);
  gitText(["branch", "-D", "-q", "a"], cwd);
  const { findings } = await doctor(cwd);
  gitText(["update-ref", "refs/heads/a", tip], cwd);
  assert.deepEqual(idsOf(findings), ["metadata.orphaned:a"]);
  const refused = await lattice(["doctor", "--fix", "metadata.orphaned:a"], { cwd });
  assert.equal(refused.exit, 1);
  assert.match(refused.stderr, /there is no finding "metadata\.orphaned:a"; nothing was mended/);
});

test("doctor puts the name right in a document of another branch", async () => {
  const { cwd, base } = await stacked("a");
  gitText(["branch", "b"], cwd);
  plant(cwd, "b", documentOf("a", base));
  assert.deepEqual(idsOf((await doctor(cwd)).findings), ["metadata.wrong-branch:b"]);
  assert.equal((await doctor(cwd, ["metadata.wrong-branch:b"])).exit, 0);
  assert.equal(documentIn(cwd, "b").branch.name, "b");
});

test("doctor names documents that do not parse, and those of other tools, and changes neither", async () => {
  const { cwd } = await stacked("a", "b");
  const broken = plant(cwd, "a", "{");
  const foreign = plant(cwd, "b", JSON.stringify({ parentBranchName: "main", prInfo: { isDraftPR: false } }));
  const { findings } = await doctor(cwd);
  assert.deepEqual(idsOf(findings), ["metadata.invalid:a", "metadata.foreign:b"]);
  assert.match(findings[1]!.evidence, /lattice meta import --from graphite/);
  const after = await doctor(cwd, idsOf(findings));
  assert.ok(after.findings.every(({ fixed, fix }) => !fixed && fix === null));
  const value = (branch: string) => gitText(["rev-parse", `refs/branch-metadata/${branch}`], cwd);
  assert.deepEqual([value("a"), value("b")], [broken, foreign]);
});

test("doctor never deletes a document of another tool because its branch is gone", async () => {
  const { cwd } = await stacked("a");
  plant(cwd, "gone", JSON.stringify({ parentBranchName: "main" }));
  assert.deepEqual(idsOf((await doctor(cwd)).findings), ["metadata.foreign:gone"]);
});

test("doctor finds cycles, missing parents and bases, and bases that are no ancestors", async () => {
  const { cwd, base } = await stacked("a", "b", "far", "lost", "blob");
  const away = gitText(["commit-tree", "-m", "away", gitText(["rev-parse", "main^{tree}"], cwd)], cwd);
  const edit = (branch: string, change: (document: Record<string, unknown>) => void) => {
    const document = JSON.parse(documentOf(branch, base)) as Record<string, unknown>;
    change(document);
    plant(cwd, branch, JSON.stringify(document));
  };
  edit("a", (document) => document["parent"] = { kind: "branch", name: "b" });
  edit("b", (document) => document["parent"] = { kind: "branch", name: "a" });
  edit("far", (document) => document["base"] = { oid: away });
  edit("lost", (document) => {
    document["parent"] = { kind: "branch", name: "nobody" };
    document["base"] = { oid: "d".repeat(40) };
  });
  edit("blob", (document) => document["base"] = { oid: gitText(["hash-object", "-w", "--stdin"], cwd, "x") });
  const { findings } = await doctor(cwd);
  assert.deepEqual(idsOf(findings).sort(), [
    "stack.base:far",
    "stack.cycle:a",
    "stack.missing-base:blob",
    "stack.missing-base:lost",
    "stack.missing-parent:lost",
  ]);
  assert.ok(findings.every(({ fix, evidence }) => fix === null && /`lattice /.test(evidence)));
});

test("doctor takes the trunk that is configured", async () => {
  const { cwd, base } = await stacked("a");
  gitText(["branch", "next"], cwd);
  const document = JSON.parse(documentOf("a", base)) as Record<string, unknown>;
  document["parent"] = { kind: "branch", name: "next" };
  plant(cwd, "a", JSON.stringify(document));
  assert.deepEqual(idsOf((await doctor(cwd)).findings), ["stack.missing-parent:a"]);
  assert.equal((await lattice(["init", "--trunk", "next"], { cwd })).exit, 0);
  assert.deepEqual((await doctor(cwd)).findings, []);
});

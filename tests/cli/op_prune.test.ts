import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pastId, pastJournals } from "../engine/past_operations.ts";
import { test } from "../harness.ts";
import { gitText } from "../git_oracle.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { lattice } from "./command_line.ts";

/** A repository in which long ago so many operations happened. */
function repository(count: number): string {
  const cwd = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], cwd);
  gitText(["commit", "-q", "--allow-empty", "-m", "first"], cwd);
  const ops = join(cwd, ".git/lattice/ops");
  mkdirSync(ops, { recursive: true });
  for (const [name, bytes] of pastJournals(Array.from({ length: count }, () => ({})))) {
    writeFileSync(join(ops, name), bytes);
  }
  return cwd;
}

async function idsLeft(cwd: string): Promise<string[]> {
  const { stdout } = await lattice(["op", "list", "--json"], { cwd });
  return (JSON.parse(stdout) as { op_id: string }[]).map(({ op_id }) => op_id);
}

function ids(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => pastId(to - 1 - index));
}

test("op prune keeps the newest 1,000 when nothing is said, and prints what it removed as op list does", async () => {
  const cwd = repository(1003);
  const listed = (await lattice(["op", "list"], { cwd })).stdout.split("\n");
  const { exit, stdout, stderr } = await lattice(["op", "prune"], { cwd });
  assert.equal(exit, 0, stderr);
  assert.deepEqual(stdout.split("\n"), listed.slice(1000));
  assert.equal(stderr, "removed 3 operations and 0 keep refs\n");
  assert.deepEqual(await idsLeft(cwd), ids(3, 1003));
  assert.deepEqual(await lattice(["op", "prune", "-q"], { cwd }).then(({ stdout, stderr }) => stdout + stderr), "");
});

test("op prune heeds what is typed, then the repository's config, then the user's", async () => {
  const user = join(temporaryFolder(), "user.toml");
  writeFileSync(user, '[ops]\nkeep = 4\nkeep_for = "1d"\n');
  const env = { LATTICE_CONFIG: user };
  const cases: [args: string[], config: string, kept: number][] = [
    [[], "", 4],
    [[], "ops.keep = 2\n", 2],
    [[], 'ops.keep_for = "100000d"\n', 6],
    [[], 'ops.keep_for = "inf"\nops.keep = 0\n', 6],
    [["--keep", "1"], 'ops.keep_for = "inf"\n', 1], // what is typed replaces all that is configured
    [["--older-than", "1d"], "ops.keep = 1000\n", 0],
    [["--older-than", "inf"], "", 6],
    [["--older-than", "100000d", "--keep", "1"], "", 6],
    [["--older-than", "0", "--keep", "3"], "", 3],
  ];
  for (const [args, config, kept] of cases) {
    const cwd = repository(6);
    writeFileSync(join(cwd, ".git/lattice/config.toml"), config);
    const { exit, stdout, stderr } = await lattice(["op", "prune", "--json", ...args], { cwd, env });
    assert.equal(exit, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), { op: null, updates: [], pruned: ids(0, 6 - kept) }, `${args} ${config}`);
    assert.deepEqual(await idsLeft(cwd), ids(6 - kept, 6));
  }
});

test("ops.keep and ops.keep_for that are none are refused by name, and nothing is removed", async () => {
  const values = ["ops.keep = -1", "ops.keep = 1.5", 'ops.keep = "10"', "ops.keep_for = 90", 'ops.keep_for = "soon"'];
  for (const line of values) {
    const cwd = repository(1);
    writeFileSync(join(cwd, ".git/lattice/config.toml"), `${line}\n`);
    const { exit, stderr } = await lattice(["op", "prune"], { cwd });
    assert.equal(exit, 6, line);
    assert.ok(stderr.includes(line.split(" ")[0]!), stderr);
    assert.equal((await idsLeft(cwd)).length, 1);
  }
  for (const args of [["--keep", "-1"], ["--keep", "many"], ["--older-than", "90"]]) {
    assert.equal((await lattice(["op", "prune", ...args], { cwd: repository(1) })).exit, 2, args.join(" "));
  }
});

test("an operation that was pruned is unknown to op show and undo, which still walks back over the others", async () => {
  const cwd = repository(0);
  const edit = (reason: string) => lattice(["meta", "edit", "b", "--reason", reason], { cwd });
  const base = gitText(["rev-parse", "main"], cwd);
  const document = {
    kind: "lattice.branch-metadata",
    schema_version: 1,
    branch: { name: "b" },
    parent: { kind: "trunk", name: "main" },
    base: { oid: base },
    freeze: { state: "frozen", scope: "single", reason: null, frozen_at: "2026-01-07T00:00:00Z" },
    pr: { state: "none" },
    timestamps: { created_at: "2026-01-07T00:00:00Z", updated_at: "2026-01-07T00:00:00Z" },
  };
  await lattice(["meta", "set", "b"], { cwd, stdin: JSON.stringify(document) });
  for (const reason of ["one", "two", "three"]) assert.equal((await edit(reason)).exit, 0);
  const oldest = (await idsLeft(cwd)).at(-1)!;
  assert.equal((await lattice(["op", "prune", "--keep", "2"], { cwd })).exit, 0);
  assert.equal((await lattice(["op", "show", oldest], { cwd })).exit, 1);
  assert.equal((await lattice(["undo", oldest], { cwd })).exit, 1);
  for (const exit of [0, 0, 1]) assert.equal((await lattice(["undo"], { cwd })).exit, exit);
  const { stdout } = await lattice(["meta", "get", "b"], { cwd });
  assert.equal((JSON.parse(stdout) as typeof document).freeze.reason, "one");
});

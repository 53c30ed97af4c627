import assert from "node:assert/strict";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { lattice } from "../cli/command_line.ts";
import { binary, documentOf } from "../e2e/binary.ts";
import { gitText, runProgram } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { assertGitIsHappy, doctor, idsOf, type Told } from "./look.ts";

/** A repository with two commits on `main` and a branch `topic` on the first. */
function repository(): { cwd: string; first: string; second: string } {
  const cwd = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], cwd);
  gitText(["commit", "-q", "--allow-empty", "-m", "first"], cwd);
  const first = gitText(["rev-parse", "HEAD"], cwd);
  gitText(["branch", "topic"], cwd);
  gitText(["commit", "-q", "--allow-empty", "-m", "second"], cwd);
  return { cwd, first, second: gitText(["rev-parse", "HEAD"], cwd) };
}

function writeRef(cwd: string, name: string, text: string): void {
  const path = join(cwd, ".git", name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

const valueOf = (cwd: string, name: string) => gitText(["rev-parse", "--verify", name], cwd);

test("doctor says nothing of a sound repository, and exits with 0", async () => {
  const { cwd } = repository();
  const { exit, findings } = await doctor(cwd);
  assert.deepEqual({ exit, findings }, { exit: 0, findings: [] });
  const { stdout } = await lattice(["doctor"], { cwd });
  assert.equal(stdout, "nothing is wrong\n");
  assert.ok(!existsSync(join(cwd, ".git/lattice")), "a look writes nothing");
});

test("doctor restores an empty branch from its reflog", async () => {
  const { cwd, second } = repository();
  writeRef(cwd, "refs/heads/main", "");
  const [finding] = (await doctor(cwd)).findings;
  assert.equal(finding?.id, "ref.empty:refs/heads/main");
  assert.match(
    finding.fix ?? "",
    new RegExp(`set "refs/heads/main" to ${second}, which the newest entry of its reflog`),
  );
  const { exit, findings } = await doctor(cwd, ["ref.empty:refs/heads/main"]);
  assert.deepEqual({ exit, fixed: findings.map(({ fixed }) => fixed) }, { exit: 0, fixed: [true] });
  assert.equal(valueOf(cwd, "refs/heads/main"), second);
  assertGitIsHappy(cwd);
});

test("doctor takes an older entry of the reflog where the newest names an object that was never written", async () => {
  const { cwd, second } = repository();
  const line = `${second} ${"d".repeat(40)} T <t@example.com> 1700100001 +0000\tcommit: lost\n`;
  appendFileSync(join(cwd, ".git/logs/refs/heads/main"), line);
  writeRef(cwd, "refs/heads/main", "\0".repeat(41));
  const { findings } = await doctor(cwd, ["ref.malformed:refs/heads/main"]);
  assert.match(findings[0]?.fix ?? "", /entry 2 of its reflog/);
  assert.equal(valueOf(cwd, "refs/heads/main"), second);
  assert.equal((await doctor(cwd, ["reflog.missing-object:refs/heads/main"])).exit, 0);
  assertGitIsHappy(cwd);
});

test("doctor restores an empty ref without a reflog from packed-refs", async () => {
  const { cwd, first } = repository();
  gitText(["tag", "v1", first], cwd);
  gitText(["pack-refs", "--all"], cwd);
  writeRef(cwd, "refs/tags/v1", "");
  const { findings } = await doctor(cwd, ["ref.empty:refs/tags/v1"]);
  assert.match(findings[0]?.fix ?? "", /its record in packed-refs/);
  assert.equal(valueOf(cwd, "refs/tags/v1"), first);
  assertGitIsHappy(cwd);
});

test("doctor restores empty metadata from the journal, and its document after git gc", async () => {
  const { cwd, first } = repository();
  const stored = await lattice(["meta", "set", "topic"], { cwd, stdin: documentOf("topic", first) });
  assert.equal(stored.exit, 0, stored.stderr);
  writeRef(cwd, "refs/branch-metadata/topic", "");
  const oid = stored.stdout.trim();
  rmSync(join(cwd, ".git/objects", oid.slice(0, 2), oid.slice(2)), { force: true }); // as a gc would, or a power cut
  const { findings } = await doctor(cwd, ["ref.empty:refs/branch-metadata/topic"]);
  assert.match(findings[0]?.fix ?? "", /the journal of operation/);
  assert.equal(valueOf(cwd, "refs/branch-metadata/topic"), oid);
  assert.equal((await lattice(["meta", "get", "topic"], { cwd })).exit, 0);
  assertGitIsHappy(cwd);
});

test("doctor removes an empty ref of which nothing tells, and says so before", async () => {
  const { cwd } = repository();
  writeRef(cwd, "refs/branch-metadata/gone", "");
  const [finding] = (await doctor(cwd)).findings;
  assert.equal(finding?.fix, 'remove "refs/branch-metadata/gone", of which nothing tells what it held');
  assert.equal((await doctor(cwd, [finding!.id])).exit, 0);
  assert.ok(!existsSync(join(cwd, ".git/refs/branch-metadata/gone")));
  assertGitIsHappy(cwd);
});

test("doctor moves a branch that names a missing object back to what its reflog knows", async () => {
  const { cwd, second } = repository();
  writeRef(cwd, "refs/heads/main", `${"d".repeat(40)}\n`);
  assert.deepEqual(idsOf((await doctor(cwd)).findings), ["ref.missing-object:refs/heads/main"]);
  await doctor(cwd, ["ref.missing-object:refs/heads/main"]);
  assert.equal(valueOf(cwd, "refs/heads/main"), second);
  assertGitIsHappy(cwd);
});

test("doctor has no fix for a tag whose object is gone, and deletes a remote branch that a fetch makes again", async () => {
  const { cwd } = repository();
  for (const name of ["refs/tags/v1", "refs/remotes/origin/x"]) writeRef(cwd, name, `${"d".repeat(40)}\n`);
  const { findings } = await doctor(cwd);
  const fixes = Object.fromEntries(findings.map(({ subject, fix }) => [subject, fix]));
  assert.equal(fixes["refs/tags/v1"], null);
  assert.match(fixes["refs/remotes/origin/x"] ?? "", /delete/);
  const after = await doctor(cwd, idsOf(findings));
  assert.equal(after.exit, 1);
  assert.match(
    after.findings.find(({ subject }) => subject === "refs/tags/v1")!.evidence,
    /not mended: there is nothing/,
  );
  assert.match(after.stderr, /ref\.missing-object:refs\/tags\/v1 is not mended/);
  assert.ok(!existsSync(join(cwd, ".git/refs/remotes/origin/x")));
});

test("doctor removes a dangling origin/HEAD, and takes no unborn branch for one", async () => {
  const { cwd } = repository();
  writeRef(cwd, "refs/remotes/origin/HEAD", "ref: refs/remotes/origin/main\n");
  gitText(["symbolic-ref", "HEAD", "refs/heads/unborn"], cwd);
  assert.deepEqual(idsOf((await doctor(cwd)).findings), ["ref.dangling:refs/remotes/origin/HEAD"]);
  assert.equal((await doctor(cwd, ["ref.dangling:refs/remotes/origin/HEAD"])).exit, 0);
  assertGitIsHappy(cwd);
});

test("doctor sets a broken HEAD to the branch of the last checkout", async () => {
  const { cwd } = repository();
  gitText(["checkout", "-q", "topic"], cwd);
  writeFileSync(join(cwd, ".git/HEAD"), "");
  const [finding] = (await doctor(cwd)).findings;
  assert.equal(finding?.fix, 'set HEAD to ref: "refs/heads/topic", which the last checkout in its reflog tells');
  assert.equal((await doctor(cwd, ["ref.empty:HEAD"])).exit, 0);
  assert.equal(readFileSync(join(cwd, ".git/HEAD"), "utf8"), "ref: refs/heads/topic\n");
  assertGitIsHappy(cwd);
});

test("doctor finds what is wrong with HEAD and refs of other worktrees", async () => {
  const { cwd, first } = repository();
  const other = join(temporaryFolder(), "other");
  gitText(["worktree", "add", "-q", other, "topic"], cwd);
  writeFileSync(join(cwd, ".git/worktrees/other/HEAD"), "ref: refs/heads/a..b\n");
  const { findings } = await doctor(cwd);
  assert.deepEqual(idsOf(findings), ["ref.malformed:worktrees/other/HEAD"]);
  assert.equal((await doctor(cwd, idsOf(findings))).exit, 0);
  assert.equal(gitText(["rev-parse", "HEAD"], other), first, "detached, since no other worktree may be on its branch");
  assertGitIsHappy(cwd);
});

test("doctor keeps the value of a packed ref that stands in the way of a loose one", async () => {
  const { cwd, first, second } = repository();
  gitText(["branch", "a", first], cwd);
  gitText(["pack-refs", "--all"], cwd);
  writeRef(cwd, "refs/heads/a/b", `${second}\n`);
  assert.deepEqual(idsOf((await doctor(cwd)).findings), ["ref.conflict:refs/heads/a"]);
  assert.equal((await doctor(cwd, ["ref.conflict:refs/heads/a"])).exit, 0);
  assert.equal(valueOf(cwd, "refs/rescued/heads-a"), first);
  assert.equal(valueOf(cwd, "refs/heads/a/b"), second);
  gitText(["branch", "a/c"], cwd);
  assertGitIsHappy(cwd);
});

test("doctor mends several conflicts and a damaged packed-refs in one go", async () => {
  const { cwd, first, second } = repository();
  for (const name of ["a", "b"]) gitText(["branch", name, first], cwd);
  gitText(["pack-refs", "--all"], cwd);
  for (const name of ["a", "b"]) writeRef(cwd, `refs/heads/${name}/x`, `${second}\n`);
  appendFileSync(join(cwd, ".git/packed-refs"), "nonsense\n");
  const before = idsOf((await doctor(cwd)).findings);
  assert.deepEqual(before.sort(), ["packed-refs.damaged", "ref.conflict:refs/heads/a", "ref.conflict:refs/heads/b"]);
  const { exit, findings } = await doctor(cwd, before);
  assert.deepEqual({ exit, left: findings.filter(({ fixed }) => !fixed) }, { exit: 0, left: [] });
  assertGitIsHappy(cwd);
});

test("doctor takes of two records the one that the reflog knows, and of a short one likewise", async () => {
  const { cwd, first, second } = repository();
  gitText(["pack-refs", "--all"], cwd);
  const path = join(cwd, ".git/packed-refs");
  const text = readFileSync(path, "utf8");
  writeFileSync(
    path,
    text.replace(`${second} refs/heads/main\n`, `${first} refs/heads/main\n${second} refs/heads/main\n`),
  );
  assert.equal((await doctor(cwd, ["packed-refs.damaged"])).exit, 0);
  assert.equal(valueOf(cwd, "refs/heads/main"), second);
  writeFileSync(path, text.replace(`${second} refs/heads/main\n`, `${second.slice(1)} refs/heads/main\n`));
  const { findings } = await doctor(cwd, ["packed-refs.damaged"]);
  assert.match(findings[0]!.fix!, /restore "refs\/heads\/main" at/);
  assert.equal(valueOf(cwd, "refs/heads/main"), second);
  assertGitIsHappy(cwd);
});

test("doctor brings back what reflogs know of a packed-refs of which nothing is left", async () => {
  const { cwd, first, second } = repository();
  gitText(["pack-refs", "--all"], cwd);
  writeFileSync(join(cwd, ".git/packed-refs"), "\0".repeat(512));
  assert.equal((await doctor(cwd, ["packed-refs.damaged"])).exit, 0);
  assert.deepEqual([valueOf(cwd, "main"), valueOf(cwd, "topic")], [second, first]);
  assertGitIsHappy(cwd);
});

test("doctor looks at 100,000 packed refs in bounded time", async () => {
  const { cwd, first } = repository();
  const names = Array.from({ length: 100_000 }, (_, i) => `refs/heads/n${String(i).padStart(6, "0")}`);
  const records = names.map((name) => `${first} ${name}\n`).join("");
  writeFileSync(join(cwd, ".git/packed-refs"), `# pack-refs with: peeled fully-peeled sorted \n${records}`);
  const start = performance.now();
  assert.deepEqual(idsOf((await doctor(cwd)).findings), []);
  assert.ok(performance.now() - start < 60_000);
});

test("doctor names a packed-refs that is a symbolic link, whether it leads to a file or to nothing", async () => {
  const { cwd } = repository();
  const path = join(cwd, ".git/packed-refs");
  symlinkSync("elsewhere", path);
  const [dangling, ...more] = (await doctor(cwd)).findings;
  assert.deepEqual([dangling?.id, dangling?.fix, more], ["packed-refs.linked", null, []]);
  assert.match(dangling?.evidence ?? "", /symbolic link to "elsewhere", where nothing is; remove the link/);
  rmSync(path);
  gitText(["pack-refs", "--all"], cwd);
  renameSync(path, join(cwd, ".git/elsewhere"));
  symlinkSync("elsewhere", path);
  assert.match((await doctor(cwd)).findings[0]?.evidence ?? "", /put the file itself in its place/);
  appendFileSync(path, "nonsense\n");
  const { findings } = await doctor(cwd);
  assert.deepEqual(findings.map(({ id, fix }) => [id, fix]), [
    ["packed-refs.linked", null],
    ["packed-refs.damaged", null],
  ]);
});

test("doctor names a ref that stands where lattice keeps its own, loose or packed", async () => {
  const { cwd, first } = repository();
  gitText(["update-ref", "refs/lattice", first], cwd);
  gitText(["update-ref", "refs/branch-metadata", first], cwd);
  gitText(["pack-refs", "--all"], cwd);
  gitText(["update-ref", "refs/lattice", "HEAD"], cwd);
  const { findings } = await doctor(cwd);
  assert.deepEqual(idsOf(findings), ["ref.reserved:refs/lattice", "ref.reserved:refs/branch-metadata"]);
  for (const { subject, evidence, fix } of findings) {
    const [, command] = /`(git [^`]*)` removes it/.exec(evidence) ?? [];
    assert.deepEqual([command, fix], [`git update-ref --no-deref -d ${subject}`, null]);
    gitText(command!.split(" ").slice(1), cwd);
  }
  assert.deepEqual((await doctor(cwd)).findings, []);
});

test("doctor replaces no ref that it may not read, and says that the permissions are wrong", () => {
  const { cwd, first } = repository();
  writeRef(cwd, "refs/heads/topic", `${first}\n`);
  writeRef(cwd, "refs/heads/empty", "");
  for (const name of ["topic", "empty"]) chmodSync(join(cwd, ".git/refs/heads", name), 0o000);
  // Root may read everything unless this is taken from it.
  const wrapper = process.getuid?.() === 0 ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] : [];
  const look = (...fixes: string[]) => {
    const [program = "", ...args] = [...wrapper, binary, "--json", "doctor", ...fixes];
    const told = new TextDecoder().decode(runProgram(program, args, cwd).stdout);
    return told === "" ? [] : JSON.parse(told) as Told[]; // an id that stands for nothing is refused
  };
  const findings = look();
  assert.deepEqual(idsOf(findings), ["ref.empty:refs/heads/empty", "ref.unreadable:refs/heads/topic"]);
  assert.equal(findings[1]?.fix, null);
  assert.match(findings[1]?.evidence ?? "", /permission denied \(EACCES\).*check the owner and the permissions/);
  for (const kind of ["ref.malformed", "ref.unreadable"]) look("--fix", `${kind}:refs/heads/topic`);
  chmodSync(join(cwd, ".git/refs/heads/topic"), 0o644);
  assert.equal(readFileSync(join(cwd, ".git/refs/heads/topic"), "utf8"), `${first}\n`);
});

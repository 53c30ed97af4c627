import assert from "node:assert/strict";
import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { lattice } from "../cli/command_line.ts";
import { documentOf } from "../e2e/binary.ts";
import { git, gitEnvironment, gitText } from "../git_oracle.ts";
import { concatBytes } from "../../src/platform/text.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { assertGitIsHappy, doctor, idsOf } from "./look.ts";

const LONG_AGO = new Date("2024-01-07T00:00:00Z");

/** A repository in which one document was stored, and where lattice keeps its own files. */
async function used(): Promise<{ cwd: string; gitDir: string; own: string; op: string; journal: string }> {
  const cwd = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], cwd);
  gitText(["commit", "-q", "--allow-empty", "-m", "first"], cwd);
  gitText(["branch", "topic"], cwd);
  const base = gitText(["rev-parse", "HEAD"], cwd);
  const { exit, stderr } = await lattice(["meta", "set", "topic"], { cwd, stdin: documentOf("topic", base) });
  assert.equal(exit, 0, stderr);
  const gitDir = join(cwd, ".git");
  const [name] = readdirSync(join(gitDir, "lattice/ops"));
  const op = name!.slice(0, -".jsonl".length);
  return { cwd, gitDir, own: join(gitDir, "lattice"), op, journal: join(gitDir, "lattice/ops", name!) };
}

/** Writes a file of the mode that lattice gives its own; under Deno, `writeFileSync` heeds no umask. */
function put(path: string, content: string | Uint8Array): void {
  writeFileSync(path, content);
  chmodSync(path, 0o644);
}

/** Makes a journal as a kill leaves it: without its end, and with the marker that names it. */
function killInTheMiddle({ own, op, journal }: { own: string; op: string; journal: string }): void {
  const lines = readFileSync(journal, "utf8").trimEnd().split("\n");
  put(journal, `${lines.slice(0, 2).join("\n")}\n`);
  put(
    join(own, "op-state.json"),
    JSON.stringify({
      op_id: op,
      command: "meta set topic",
      phase: "in_progress",
      updated_at: "2026-01-07T00:00:00Z",
      origin_git_dir: join(own, ".."),
      origin_work_dir: join(own, "../.."),
      plan_digest: null,
      touched_refs: [{ ref: "refs/branch-metadata/topic", old: null }],
      awaiting_reason: null,
    }),
  );
}

test("doctor recovers an operation that a kill left unfinished, and its lock with it", async () => {
  const repository = await used();
  const { cwd, gitDir, op, journal, own } = repository;
  killInTheMiddle(repository);
  linkSync(journal, join(gitDir, "refs/branch-metadata/topic.lock"));
  mkdirSync(join(own, "tmp", op), { recursive: true });
  const before = idsOf((await doctor(cwd)).findings);
  assert.deepEqual(before, [
    "lock.ours:refs/branch-metadata/topic.lock",
    `operation.unfinished:${op}`,
    `temporary.operation:${op}`,
  ]);
  const { exit, findings } = await doctor(cwd, [`operation.unfinished:${op}`]);
  assert.deepEqual({ exit, fixed: findings.every(({ fixed }) => fixed) }, { exit: 0, fixed: true });
  assert.equal((await lattice(["op", "status"], { cwd })).stdout, "idle\n");
  assertGitIsHappy(cwd);
});

test("doctor finds an unfinished operation whose marker is gone", async () => {
  const repository = await used();
  const { cwd, own, op } = repository;
  killInTheMiddle(repository);
  rmSync(join(own, "op-state.json"));
  put(
    join(own, "lock"),
    readFileSync(join(own, "lock"), "utf8").replace(/"last_operation":\{.*?\}/, '"last_operation":null'),
  );
  assert.deepEqual(idsOf((await doctor(cwd)).findings), [`operation.unfinished:${op}`]);
  assert.equal((await doctor(cwd, [`operation.unfinished:${op}`])).exit, 0);
});

test("doctor removes a lock of an operation that ended, and no other", async () => {
  const { cwd, gitDir, journal } = await used();
  const ours = join(gitDir, "refs/heads/topic.lock");
  linkSync(journal, ours);
  const foreign = join(gitDir, "refs/heads/main.lock");
  put(foreign, "");
  utimesSync(foreign, LONG_AGO, LONG_AGO);
  const { findings } = await doctor(cwd);
  assert.deepEqual(idsOf(findings).sort(), ["lock.ours:refs/heads/topic.lock", "lock.stale:refs/heads/main.lock"]);
  const after = await doctor(cwd, ["lock.ours:refs/heads/topic.lock"]);
  assert.deepEqual(after.findings.filter(({ fixed }) => fixed).map(({ id }) => id), [
    "lock.ours:refs/heads/topic.lock",
  ]);
  assert.deepEqual([existsSync(ours), existsSync(foreign)], [false, true]);
  assert.equal(git(["update-ref", "refs/heads/topic", "main"], cwd).exit, 0);
});

test("doctor says nothing of a young lock, and has no fix for one that a process has open", async () => {
  const { cwd, gitDir } = await used();
  const path = join(gitDir, "refs/heads/main.lock");
  const descriptor = openSync(path, "wx");
  try {
    assert.deepEqual((await doctor(cwd)).findings, [], "git may just be at work");
    utimesSync(path, LONG_AGO, LONG_AGO);
    const { findings } = await doctor(cwd);
    if (!existsSync("/proc/self/fd")) return;
    assert.deepEqual(idsOf(findings), ["lock.held:refs/heads/main.lock"]);
    assert.match(findings[0]!.evidence, /pid \d+ \(.*\) has it open/);
    assert.equal(findings[0]!.fix, null);
  } finally {
    closeSync(descriptor);
  }
  assert.deepEqual(idsOf((await doctor(cwd)).findings), ["lock.stale:refs/heads/main.lock"]);
});

test("doctor has no fix for the lock of a git commit -a whose editor is open", async () => {
  const { cwd, gitDir } = await used();
  const path = join(gitDir, "index.lock");
  const started = join(temporaryFolder(), "started");
  const editor = `touch "${started}"; while [ -e "${started}" ]; do sleep 0.05; done; exit 1; #`;
  const child = spawn("git", ["commit", "-a", "--allow-empty"], {
    cwd,
    env: { ...gitEnvironment, GIT_EDITOR: editor },
    stdio: "ignore",
  });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  try {
    while (!existsSync(started)) await new Promise((resolve) => setTimeout(resolve, 10));
    if (!existsSync("/proc/self/fd")) return;
    assert.ok(existsSync(path), "git holds the lock of the index");
    utimesSync(path, LONG_AGO, LONG_AGO);
    const { findings } = await doctor(cwd);
    assert.deepEqual(findings.map(({ id, fix }) => ({ id, fix })), [{ id: "lock.held:index.lock", fix: null }]);
    assert.match(findings[0]!.evidence, /pid \d+ \(git\) works in this repository/);
  } finally {
    rmSync(started, { force: true });
    await ended;
  }
});

test("doctor leaves operation, lock and temporary files of a living process alone", async () => {
  const repository = await used();
  const { cwd, gitDir, own, journal, op } = repository;
  killInTheMiddle(repository);
  linkSync(journal, join(gitDir, "refs/branch-metadata/topic.lock"));
  mkdirSync(join(own, "tmp", op), { recursive: true });
  const { realSystem } = await import("../../src/platform/real_system.ts");
  const { tryAcquireRepoLock } = await import("../../src/locks/repo_lock.ts");
  using held = tryAcquireRepoLock(realSystem, { commonDir: gitDir, command: "test", backend: "flock" });
  assert.ok(held !== undefined);
  assert.deepEqual((await doctor(cwd)).findings, []);
});

test("doctor moves a damaged journal aside, after which commands that change refs work again", async () => {
  const repository = await used();
  const { cwd, own, op, journal } = repository;
  const whole = readFileSync(journal);
  killInTheMiddle(repository);
  whole[60]! ^= 1; // in front of what later lines say was flushed: no torn tail
  put(journal, whole);
  assert.equal((await lattice(["meta", "delete", "topic"], { cwd })).exit, 6);
  const { findings } = await doctor(cwd);
  assert.deepEqual(idsOf(findings), [`operation.unfinished:${op}`, `journal.damaged:${op}`]);
  assert.equal((await doctor(cwd, idsOf(findings))).exit, 0);
  assert.equal((await lattice(["meta", "delete", "topic"], { cwd })).exit, 0);
  assert.equal(readdirSync(join(own, "aside")).length, 1);
});

test("doctor moves what is no journal, and what is no marker, aside", async () => {
  const { cwd, own, op, journal } = await used();
  rmSync(journal);
  symlinkSync("/etc/hostname", journal);
  mkdirSync(join(own, "op-state.json"));
  const { findings } = await doctor(cwd);
  assert.deepEqual(idsOf(findings).sort(), [`journal.damaged:${op}`, "operation.marker:lattice/op-state.json"]);
  assert.equal((await doctor(cwd, idsOf(findings))).exit, 0);
  assert.equal((await lattice(["op", "status"], { cwd })).stdout, "idle\n");
  assert.equal(readdirSync(join(own, "aside")).length, 2);
});

test("doctor tells of a link, or a file, in place of lattice's own folders, and looks at all else", async () => {
  for (const name of ["lattice", "lattice/tmp"]) {
    for (const target of ["../elsewhere", "nowhere", null]) {
      const { cwd, gitDir } = await used();
      mkdirSync(join(cwd, "elsewhere"));
      rmSync(join(gitDir, name), { recursive: true, force: true });
      if (target === null) writeFileSync(join(gitDir, name), "x");
      else symlinkSync(target, join(gitDir, name));
      writeFileSync(join(gitDir, "refs/heads/topic"), "");
      const { findings } = await doctor(cwd);
      assert.deepEqual(idsOf(findings), [`folder.strange:${name}`, "ref.empty:refs/heads/topic"]);
      const { evidence, fix } = findings[0]!;
      assert.equal(fix, null);
      assert.match(
        evidence,
        target === null
          ? /is not a folder.*; move it away$/
          : /is a symbolic link to ".*where".*; put the folder itself/,
      );
      const { findings: still, stderr } = await doctor(cwd, ["ref.empty:refs/heads/topic"]);
      assert.deepEqual(idsOf(still), idsOf(findings));
      assert.match(stderr, /is not mended: .* is not a folder/);
      assert.deepEqual(readdirSync(join(cwd, "elsewhere")), []);
    }
  }
});

test("doctor removes a torn marker by looking through the journals", async () => {
  const { cwd, own } = await used();
  put(join(own, "op-state.json"), '{"op_id":"0198');
  assert.deepEqual(idsOf((await doctor(cwd)).findings), ["operation.marker:lattice/op-state.json"]);
  assert.equal((await doctor(cwd, ["operation.marker:lattice/op-state.json"])).exit, 0);
  assert.ok(!existsSync(join(own, "op-state.json")));
});

test("doctor touches no journal of another version", async () => {
  const { cwd, journal, op } = await used();
  const { encodeRecord, decodeJournal } = await import("../../src/engine/journal_format.ts");
  const [begin] = decodeJournal(readFileSync(journal), journal).records;
  put(journal, encodeRecord({ ...begin!, format: 9 } as never, 0));
  const { findings } = await doctor(cwd);
  assert.deepEqual(findings.map(({ id, fix }) => ({ id, fix })), [{ id: `journal.unknown:${op}`, fix: null }]);
});

test("doctor tells of a paused operation, and then changes no ref", async () => {
  const repository = await used();
  const { cwd, gitDir, own } = repository;
  killInTheMiddle(repository);
  const marker = join(own, "op-state.json");
  put(
    marker,
    readFileSync(marker, "utf8").replace('"in_progress"', '"paused"').replace(
      '"awaiting_reason":null',
      '"awaiting_reason":"diverged"',
    ),
  );
  const { encodeRecord } = await import("../../src/engine/journal_format.ts");
  const pause = encodeRecord(
    { type: "paused", reason: "diverged", detail: [], at: "2026-01-07T00:00:00Z" } as never,
    0,
  );
  put(repository.journal, concatBytes([readFileSync(repository.journal), pause]));
  put(join(gitDir, "refs/heads/topic"), "");
  const { findings } = await doctor(cwd);
  assert.deepEqual(idsOf(findings), [`operation.paused:${repository.op}`, "ref.empty:refs/heads/topic"]);
  assert.match(findings[0]!.evidence, /`lattice continue` goes on with it, `lattice abort` takes it back/);
  const after = await doctor(cwd, ["ref.empty:refs/heads/topic"]);
  assert.match(after.findings[1]!.evidence, /not mended: operation .* is paused/);
  assert.equal(readFileSync(join(gitDir, "refs/heads/topic"), "utf8"), "");
  assert.match(readFileSync(marker, "utf8"), /"paused"/, "the marker stands");
});

test("doctor removes temporary files and .keep files that nobody needs", async () => {
  const { cwd, gitDir } = await used();
  const pack = join(gitDir, "objects/pack");
  const old = join(pack, "tmp_pack_abc");
  const young = join(pack, "tmp_pack_def");
  const keep = join(pack, "pack-1.keep");
  const theirs = join(pack, "pack-2.keep");
  for (const path of [old, young]) put(path, "half");
  utimesSync(old, LONG_AGO, LONG_AGO);
  put(keep, "lattice 0198c0de-0000-7000-8000-000000000000\n");
  put(theirs, "receive-pack 17 on host\n");
  const { findings } = await doctor(cwd);
  assert.deepEqual(idsOf(findings), [
    "temporary.keep:objects/pack/pack-1.keep",
    "temporary.object:objects/pack/tmp_pack_abc",
  ]);
  assert.equal((await doctor(cwd, idsOf(findings))).exit, 0);
  assert.deepEqual([old, young, keep, theirs].map((path) => existsSync(path)), [false, true, false, true]);
});

test("doctor closes what others may write, and opens what core.sharedRepository shares", async () => {
  const { cwd, own, journal, op } = await used();
  chmodSync(journal, 0o666);
  assert.deepEqual(idsOf((await doctor(cwd)).findings), [`permission.open:lattice/ops/${op}.jsonl`]);
  assert.equal((await doctor(cwd, [`permission.open:lattice/ops/${op}.jsonl`])).exit, 0);
  assert.equal(statSync(journal).mode & 0o777, 0o664);
  chmodSync(journal, 0o600);
  gitText(["config", "core.sharedRepository", "group"], cwd);
  const { findings } = await doctor(cwd);
  assert.ok(idsOf(findings).includes(`permission.shared:lattice/ops/${op}.jsonl`));
  assert.deepEqual((await doctor(cwd, idsOf(findings))).findings.filter(({ fixed }) => !fixed), []);
  assert.equal(statSync(journal).mode & 0o777, 0o660);
  assert.equal(statSync(own).mode & 0o070, 0o070);
});

test("doctor closes the secrets that others could read", async () => {
  const { cwd } = await used();
  const home = temporaryFolder();
  mkdirSync(join(home, ".lattice"), { mode: 0o755 });
  put(join(home, ".lattice/secrets.toml"), "");
  const env = { HOME: home };
  const { findings } = await doctor(cwd, [], { env });
  assert.deepEqual(idsOf(findings), ["permission.secrets:folder", "permission.secrets:secrets.toml"]);
  assert.equal((await doctor(cwd, idsOf(findings), { env })).exit, 0);
  assert.equal(statSync(join(home, ".lattice/secrets.toml")).mode & 0o777, 0o600);
  assert.equal(statSync(join(home, ".lattice")).mode & 0o777, 0o700);
});

test("doctor proposes op prune where thousands of old operations are kept, and not before", async () => {
  const { cwd, own } = await used();
  const { encodeRecord, decodeJournal } = await import("../../src/engine/journal_format.ts");
  const { newOperationId } = await import("../../src/engine/operation_id.ts");
  const { realSystem } = await import("../../src/platform/real_system.ts");
  const [name] = readdirSync(join(own, "ops"));
  const [begin] = decodeJournal(readFileSync(join(own, "ops", name!)), name!).records;
  const clock = { ...realSystem.clock, nowMs: () => LONG_AGO.getTime() };
  const system = Object.create(realSystem, { clock: { value: clock } }) as typeof realSystem;
  let last: string | null = null;
  for (let count = 1; count <= 2000; count++) {
    if (count === 1999) assert.deepEqual((await doctor(cwd)).findings, []); // 1,999 of them, one of today
    last = newOperationId(system, last);
    const records = [{ ...begin!, op_id: last }, { type: "committed", at: "2024-01-07T00:00:00Z" }] as never[];
    put(join(own, "ops", `${last}.jsonl`), concatBytes(records.map((record) => encodeRecord(record, 0))));
  }
  const { findings } = await doctor(cwd);
  assert.deepEqual(idsOf(findings), ["operation.many"]);
  assert.match(findings[0]!.evidence, /^2001 operations are kept, 1001 of them old; `lattice op prune` takes those$/);
});

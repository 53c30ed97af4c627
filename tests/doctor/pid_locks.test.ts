/** What doctor says of the PID lock file of a repository. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newLockText, renderLockText } from "../../src/locks/lock_text.ts";
import { tryAcquireRepoLock } from "../../src/locks/repo_lock.ts";
import { realSystem } from "../../src/platform/real_system.ts";
import { lattice } from "../cli/command_line.ts";
import { gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { doctor, idsOf } from "./look.ts";

const LONG_AGO = new Date("2024-01-07T00:00:00Z");

/** A repository that is locked by a PID lock file, and its lattice folder. */
function pidRepository(): { cwd: string; commonDir: string; own: string } {
  const cwd = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], cwd);
  gitText(["commit", "-q", "--allow-empty", "-m", "first"], cwd);
  gitText(["branch", "topic"], cwd);
  const commonDir = join(cwd, ".git");
  const own = join(commonDir, "lattice");
  mkdirSync(own);
  writeFileSync(join(own, "config.toml"), 'lock.backend = "pid"\n');
  return { cwd, commonDir, own };
}

function putOld(path: string, text: string): void {
  writeFileSync(path, text);
  utimesSync(path, LONG_AGO, LONG_AGO);
}

for (const name of ["lock.lock", "lock.children.lock"]) {
  for (const [what, text] of [["nothing", ""], ["garbage", "garbage"]] as const) {
    test(`doctor names a lattice/${name} with ${what} in it, which keeps every command out, and moves it away`, async () => {
      const { cwd, own } = pidRepository();
      writeFileSync(join(own, "lock.children"), "");
      const path = join(own, name);
      putOld(path, text);
      mkdirSync(join(own, "tmp/0197a2b4-0000-7000-8000-000000000000"), { recursive: true });
      const id = `lock.stale:lattice/${name}`;
      const { findings } = await doctor(cwd);
      const left = "temporary.operation:0197a2b4-0000-7000-8000-000000000000";
      assert.deepEqual(idsOf(findings), [id, left], "a lock that names nobody hides nothing else");
      const mended = await doctor(cwd, [id, left]);
      assert.deepEqual(mended.findings.map(({ fixed }) => fixed), [true, true]);
      assert.equal(existsSync(path), false);
      const kept = readdirSync(own).includes("aside") ? readdirSync(join(own, "aside")) : [];
      assert.deepEqual(kept.map((file) => readFileSync(join(own, "aside", file), "utf8")), text === "" ? [] : [text]);
      const { exit, stderr } = await lattice(["track", "topic", "--parent", "main"], { cwd });
      assert.equal(exit, 0, stderr);
    });
  }
}

test("doctor says nothing of a PID lock file that is young, of one that lives, and of one that the next command takes over", async () => {
  const { cwd, commonDir, own } = pidRepository();
  const path = join(own, "lock.lock");
  writeFileSync(path, "");
  assert.deepEqual((await doctor(cwd)).findings, [], "another program may just be writing it");
  const dead = newLockText(realSystem, "died");
  putOld(path, renderLockText({ ...dead, identity: { ...dead.identity, startTime: "1" } }));
  assert.deepEqual((await doctor(cwd)).findings, []);
  const held = tryAcquireRepoLock(realSystem, { commonDir, command: "test", backend: "pid" })!;
  utimesSync(path, LONG_AGO, LONG_AGO);
  assert.deepEqual((await doctor(cwd)).findings, []);
  held.release();
  assert.equal(existsSync(path), false);
});

test("doctor names a PID lock file of a process of which nothing can be told, and leaves it to a person", async () => {
  for (const host of ["elsewhere", null]) {
    const { cwd, own } = pidRepository();
    const path = join(own, "lock.lock");
    const text = newLockText(realSystem, "died");
    putOld(path, host === null ? "1\n" : renderLockText({ ...text, holder: { ...text.holder, host } }));
    const { findings } = await doctor(cwd);
    assert.deepEqual(findings.map(({ id, severity, fix }) => [id, severity, fix]), [
      ["lock.held:lattice/lock.lock", "note", null],
    ]);
    assert.match(findings[0]!.evidence, /whether it still runs.* cannot be told from here; if it does not, remove "/);
  }
});

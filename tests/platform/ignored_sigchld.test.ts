/** Some services start programs with SIGCHLD ignored; then the system forgets how a program ended. */
import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { gitText, type Outcome, runProgram } from "../git_oracle.ts";
import { isBun } from "../../src/platform/runtime.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const LATTICE = isBun ? [process.execPath, MAIN] : [process.execPath, "run", "-A", "--no-check", MAIN];

function repository(): string {
  const folder = temporaryFolder();
  gitText(["init", "-q"], folder);
  gitText(["commit", "-q", "--allow-empty", "-m", "first"], folder);
  return folder;
}

function lattice(folder: string, ...args: string[]): Outcome {
  return runProgram("env", ["--ignore-signal=CHLD", ...LATTICE, ...args], folder);
}

test("a hook that refuses is heeded where SIGCHLD is ignored", () => {
  const folder = repository();
  const hook = join(folder, ".git/hooks/reference-transaction");
  writeFileSync(hook, "#!/bin/sh\nexit 1\n");
  chmodSync(hook, 0o755);
  assert.equal(lattice(folder, "git", "update-ref", "refs/heads/new", "HEAD").exit, 128);
  assert.equal(gitText(["for-each-ref", "refs/heads/new"], folder), "");
});

test("the exit code of a program is heard where SIGCHLD is ignored", () => {
  const folder = repository();
  for (const command of [["lock", "run"], ["lock", "file", "run", "file"], ["op", "run"]]) {
    const { exit, stderr } = lattice(folder, ...command, "--", "sh", "-c", "exit 5");
    assert.equal(exit, 5, stderr);
  }
});

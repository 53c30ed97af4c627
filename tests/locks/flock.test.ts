import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../fixtures.ts";
import { test } from "../harness.ts";

const HOLDER = fileURLToPath(new URL("hold_lock.ts", import.meta.url));
const bin = (name: string) => fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url));

/** The three that must exclude each other: both runtimes, and the program of util-linux. */
const HOLDERS: Readonly<Record<string, (commonDir: string) => [string, string[]]>> = {
  bun: (commonDir) => [bin("bun"), [HOLDER, commonDir]],
  deno: (commonDir) => [bin("deno"), ["run", "-A", "--no-check", HOLDER, commonDir]],
  "flock(1)": (commonDir) => ["flock", ["-n", `${commonDir}/lattice/lock`, "sh", "-c", "echo held; cat >/dev/null"]],
};

/** Whether somebody who does not wait gets the lock now. */
function canTake(name: string, commonDir: string): boolean {
  const [program, args] = HOLDERS[name]!(commonDir);
  const { stdout, error } = spawnSync(program, args, { input: "", encoding: "utf8" });
  assert.equal(error, undefined);
  return stdout.includes("held");
}

async function hold(name: string, commonDir: string): Promise<ChildProcess> {
  const [program, args] = HOLDERS[name]!(commonDir);
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  const [chunk] = await once(child.stdout!, "data") as [Uint8Array];
  assert.match(new TextDecoder().decode(chunk), /held/);
  return child;
}

test("the flocks of Bun, of Deno and of flock(1) exclude each other, and a kill gives them back", async () => {
  for (const holder of Object.keys(HOLDERS)) {
    const commonDir = temporaryFolder();
    mkdirSync(`${commonDir}/lattice`);
    const child = await hold(holder, commonDir);
    for (const other of Object.keys(HOLDERS)) {
      assert.equal(canTake(other, commonDir), false, `${other} took the lock that ${holder} holds`);
    }
    const gone = once(child, "close");
    // flock(1) lends its lock to the shell that it started, and that one ends with its input.
    if (holder === "flock(1)") child.stdin!.end();
    else child.kill("SIGKILL");
    await gone;
    for (const other of Object.keys(HOLDERS)) {
      assert.equal(canTake(other, commonDir), true, `${other} did not get the lock that ${holder} gave back`);
    }
  }
});

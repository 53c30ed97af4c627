import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { FileLock } from "../../src/locks/file_lock.ts";
import { parseLockText } from "../../src/locks/lock_text.ts";
import { realSystem } from "../../src/platform/real_system.ts";
import { temporaryFolder } from "../fixtures.ts";
import { test } from "../harness.ts";

const HOLDER = fileURLToPath(new URL("hold_file_lock.ts", import.meta.url));
const bin = (name: string) => fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url));
const RUNTIMES: Readonly<Record<string, readonly [string, readonly string[]]>> = {
  bun: [bin("bun"), [HOLDER]],
  deno: [bin("deno"), ["run", "-A", "--no-check", HOLDER]],
};
const BACKENDS = ["flock", "pid"] as const;

function start(runtime: string, path: string, backend: string): ChildProcess {
  const [program, args] = RUNTIMES[runtime]!;
  return spawn(program, [...args, path, backend], { stdio: ["pipe", "pipe", "inherit"] });
}

/** What a holder says first: `held` or `busy`. */
async function answerOf(child: ChildProcess): Promise<string> {
  const [chunk] = await once(child.stdout!, "data") as [Uint8Array];
  return new TextDecoder().decode(chunk).trim();
}

async function end(child: ChildProcess, signal?: "SIGKILL" | "SIGTERM" | "SIGINT" | "SIGHUP"): Promise<number | null> {
  const gone = once(child, "close");
  if (signal === undefined) child.stdin!.end();
  else child.kill(signal);
  return (await gone as [number | null])[0];
}

/** The lock that a process leaves that was killed. */
async function leaveStaleLock(path: string): Promise<void> {
  const dead = start("bun", path, "pid");
  assert.equal(await answerOf(dead), "held");
  await end(dead, "SIGKILL");
}

for (const backend of BACKENDS) {
  test(`Bun and Deno exclude each other, and a kill gives the lock back or lets it be taken over (${backend})`, async () => {
    for (const holder of Object.keys(RUNTIMES)) {
      const path = `${temporaryFolder()}/file`;
      const child = start(holder, path, backend);
      assert.equal(await answerOf(child), "held");
      for (const other of Object.keys(RUNTIMES)) {
        const busy = start(other, path, backend);
        assert.equal(await answerOf(busy), "busy", `${other} beside ${holder}`);
        await end(busy);
      }
      await end(child, "SIGKILL");
      for (const other of Object.keys(RUNTIMES)) {
        const next = start(other, path, backend);
        assert.equal(await answerOf(next), "held", `${other} after ${holder}`);
        await end(next);
      }
      assert.deepEqual(readdirSync(path.slice(0, -5)), backend === "pid" ? [] : ["file.flock"]);
    }
  });
}

for (const runtime of Object.keys(RUNTIMES)) {
  for (const [signal, exitCode] of [["SIGTERM", 143], ["SIGINT", 130], ["SIGHUP", 129]] as const) {
    test(`${signal} gives a PID lock file back (${runtime})`, async () => {
      const path = `${temporaryFolder()}/file`;
      const child = start(runtime, path, "pid");
      assert.equal(await answerOf(child), "held");
      // Deno's node:child_process takes an exit code above 128 for a signal.
      assert.ok([null, exitCode as number].includes(await end(child, signal)));
      assert.equal(existsSync(`${path}.lock`), false);
    });
  }
}

test("of 50 processes that find the same stale lock one gets it", async () => {
  for (let round = 0; round < 2; round++) {
    const path = `${temporaryFolder()}/file`;
    await leaveStaleLock(path);
    const children = Array.from({ length: 50 }, () => start("bun", path, "pid"));
    const answers = await Promise.all(children.map(answerOf));
    assert.equal(answers.filter((answer) => answer === "held").length, 1, answers.join(" "));
    const winner = children[answers.indexOf("held")]!;
    assert.equal(parseLockText(readFileSync(`${path}.lock`, "utf8"))?.holder.pid, winner.pid);
    await Promise.all(children.map((child) => end(child)));
    assert.deepEqual(readdirSync(path.slice(0, -5)), []);
  }
});

test("a process that has ended and was not waited for does not live", async () => {
  const path = `${temporaryFolder()}/file`;
  // The shell starts the holder and becomes a program that never waits for its children.
  const [program, args] = RUNTIMES["bun"]!;
  const line = `${[program, ...args].map((word) => `'${word}'`).join(" ")} '${path}' pid </dev/zero & exec sleep 60`;
  const parent = spawn("sh", ["-c", line], { stdio: ["ignore", "pipe", "inherit"], detached: true });
  assert.equal(await answerOf(parent), "held");
  const holder = parseLockText(readFileSync(`${path}.lock`, "utf8"))!.holder.pid;
  process.kill(holder, "SIGKILL");
  const lock = new FileLock(path, { backend: "pid", timeoutMs: 20_000 });
  await lock.acquire();
  lock.release();
  process.kill(-parent.pid!, "SIGKILL");
});

test("a program that the holder starts does not inherit the lock", () => {
  const path = `${temporaryFolder()}/file`;
  const lock = new FileLock(path, { backend: "flock" });
  assert.equal(lock.tryAcquire(), true);
  const { stdout } = realSystem.run(["sh", "-c", "ls -l /proc/self/fd"], { stdout: "capture" });
  assert.doesNotMatch(new TextDecoder().decode(stdout), /file\.flock/);
  lock.release();
  const { status } = spawnSync("flock", ["-n", `${path}.flock`, "true"]);
  assert.equal(status, 0);
});

test("auto takes flock on a file system of this machine", () => {
  const lock = new FileLock(`${temporaryFolder()}/file`);
  assert.equal(lock.backend, "flock");
});

test("the lock file of a process of another pid namespace is left alone", async () => {
  const path = `${temporaryFolder()}/file`;
  await leaveStaleLock(path);
  const text = readFileSync(`${path}.lock`, "utf8");
  const elsewhere = text.replace(/pid:\[\d+\]/, "pid:[1]");
  assert.notEqual(elsewhere, text);
  writeFileSync(`${path}.lock`, elsewhere);
  const lock = new FileLock(path, { backend: "pid" });
  assert.equal(lock.tryAcquire(), false);
  assert.equal(readFileSync(`${path}.lock`, "utf8"), elsewhere);
});

test("a path that no file can have is refused at once", () => {
  for (const path of ["", "a\0b"]) assert.throws(() => new FileLock(path), { code: "usage" });
});

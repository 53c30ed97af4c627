/** `lock file run`: any file, locked while a program runs. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { gitEnvironment } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { binary, type Ended, lattice } from "./binary.ts";
import { onTerminal } from "./terminal.ts";

/** A running `lock file run`. */
interface Holder {
  readonly pid: number;
  /** What it wrote to its standard error. */
  told(): string;
  /** Ends its program, or it by a signal. @returns Its exit code; `null`: the signal ended it. */
  end(signal?: "SIGKILL" | "SIGTERM"): Promise<number | null>;
}

/** Holds the lock of `file` in a folder until it is ended. */
async function holder(cwd: string): Promise<Holder> {
  const child = spawn(binary, ["lock", "file", "run", "file", "--", "cat"], {
    cwd,
    env: gitEnvironment,
    stdio: ["pipe", "pipe", "pipe"],
  });
  let told = "";
  child.stderr.on("data", (data: Uint8Array) => told += new TextDecoder().decode(data));
  child.stdin.write("held");
  await once(child.stdout, "data");
  const gone = once(child, "close");
  return {
    pid: child.pid!,
    told: () => told,
    async end(signal) {
      if (signal !== undefined) child.kill(signal);
      child.stdin.end();
      const [code] = await gone as [number | null];
      return code;
    },
  };
}

function run(cwd: string, options: string[], ...program: string[]): Ended {
  return lattice([...options, "lock", "file", "run", "file", "--", ...program], { cwd });
}

test("lock file run holds the PID lock file while its program runs, and ends with its exit code", () => {
  const cwd = temporaryFolder();
  const inside = run(cwd, [], "sh", "-c", "head -n 1 file.lock; echo $PPID; exit 3");
  assert.equal(inside.exit, 3);
  const [pid, parent] = inside.stdout.split("\n");
  assert.equal(pid, parent);
  assert.deepEqual(readdirSync(cwd), []);
  assert.equal(run(cwd, [], "no-such-program").exit, 127);
  writeFileSync(`${cwd}/text`, "");
  assert.equal(run(cwd, [], "./text").exit, 126);
  assert.deepEqual(readdirSync(cwd), ["text"]);
});

test("lock file run says nothing of waiting where nobody watches, and whom it waited for with -v", async () => {
  const cwd = temporaryFolder();
  const { pid, end } = await holder(cwd);
  const refused = run(cwd, ["--lock-timeout", "100ms", "--json"], "true");
  const { error } = JSON.parse(refused.stderr) as { error: { code: string; details: Record<string, unknown> } };
  assert.deepEqual([refused.exit, error.code, error.details["path"]], [4, "locked", `${cwd}/file.lock`]);
  assert.deepEqual(Object.keys(error.details["holder"] as object), ["pid", "host", "command", "since"]);
  assert.equal((error.details["holder"] as { pid: number }).pid, pid);
  assert.ok(Number(error.details["waited_ms"]) >= 100);
  assert.equal(refused.stderr.trim().split("\n").length, 1, refused.stderr);
  const told = run(cwd, ["--lock-timeout", "50ms", "-v"], "true");
  assert.match(told.stderr, new RegExp(`waiting for the lock of .*, held by "lock file run -- cat" \\(pid ${pid} `));
  await end();
  const after = run(cwd, ["-v"], "true");
  assert.match(after.stderr, /taken \(pid\) after \d+ ms/);
});

test("lock file run tells null in JSON of what a lock file does not say", () => {
  const cwd = temporaryFolder();
  writeFileSync(`${cwd}/file.lock`, "1\n");
  const { exit, stderr } = run(cwd, ["--lock-timeout", "20ms", "--json"], "true");
  const { error } = JSON.parse(stderr) as { error: { details: { holder: unknown } } };
  assert.deepEqual([exit, error.details.holder], [4, { pid: 1, host: null, command: null, since: null }]);
});

test("lock file run on a terminal says in one line whom it waits for, and with --quiet nothing", async () => {
  const cwd = temporaryFolder();
  const { pid, end } = await holder(cwd);
  const waiting = onTerminal(`${binary} lock file run file -- echo in`, cwd);
  await waiting.until(/waiting for/);
  const quiet = onTerminal(`${binary} --quiet --lock-timeout 200ms lock file run file -- echo in`, cwd);
  assert.equal(await quiet.ended(), 4);
  assert.doesNotMatch(quiet.shown(), /waiting for/);
  await end();
  assert.equal(await waiting.ended(), 0);
  const lines = waiting.shown().trim().split(/\r?\n/);
  assert.equal(lines.length, 2, waiting.shown());
  assert.match(lines[0]!, new RegExp(`^waiting for the lock of .*file", held by .*pid ${pid} .*since `));
  assert.equal(lines[1], "in");
});

test("lock file run takes over from one that was killed, and says so with -v", async () => {
  const cwd = temporaryFolder();
  const { pid, end } = await holder(cwd);
  await end("SIGKILL");
  assert.equal(readFileSync(`${cwd}/file.lock`, "utf8").split("\n")[0], String(pid));
  const next = run(cwd, ["-v"], "true");
  assert.equal(next.exit, 0);
  assert.match(next.stderr, new RegExp(`taken over from .*pid ${pid} .*which has ended`));
  assert.deepEqual(readdirSync(cwd), []);
});

test("lock file run asked to end gives the lock back when its program has ended, and ends with 143", async () => {
  const cwd = temporaryFolder();
  const { end } = await holder(cwd);
  await end("SIGTERM");
  assert.equal(existsSync(`${cwd}/file.lock`), false);
});

test("lock file run whose lock is broken leaves that of the next one alone, and says so", async () => {
  const cwd = temporaryFolder();
  const first = await holder(cwd);
  rmSync(`${cwd}/file.lock`);
  const second = await holder(cwd);
  assert.equal(await first.end(), 4);
  assert.match(first.told(), /^error: cannot give back the lock ".*file.lock": .*somebody broke the lock\n/);
  assert.equal(run(cwd, ["--lock-timeout", "0"], "touch", "ran").exit, 4);
  assert.equal(readFileSync(`${cwd}/file.lock`, "utf8").split("\n")[0], String(second.pid));
  assert.equal(await second.end(), 0);
  assert.deepEqual(readdirSync(cwd), []);
});

test("lock file run leaves what another program put in place of its lock, and says so", () => {
  const cwd = temporaryFolder();
  for (const write of ["rm file.lock; echo 1 >file.lock", "echo 1 >file.lock"]) {
    const { exit, stderr } = run(cwd, [], "sh", "-c", write);
    assert.equal(exit, 4, write);
    assert.match(stderr, /^error: cannot give back the lock ".*file.lock": .*somebody broke the lock\n/);
    assert.equal(readFileSync(`${cwd}/file.lock`, "utf8"), "1\n", write);
    rmSync(`${cwd}/file.lock`);
  }
});

test("lock file run reports what is no lock file with how to break it, and a folder that is not there", () => {
  const cwd = temporaryFolder();
  writeFileSync(`${cwd}/file.lock`, "no pid");
  const { exit, stderr } = run(cwd, [], "true");
  assert.equal(exit, 6);
  assert.match(stderr, /^error: .*file\.lock".*"no pid"\nhint: .*rm ".*file\.lock"\n$/);
  assert.equal(readFileSync(`${cwd}/file.lock`, "utf8"), "no pid");
  const nowhere = lattice(["lock", "file", "run", "no/folder/file", "--", "true"], { cwd });
  assert.equal(nowhere.exit, 7);
  assert.match(nowhere.stderr, /hint: make the folder first/);
});

test("lock file run says what to do about a path that is too long", () => {
  const cwd = temporaryFolder();
  const { exit, stderr } = lattice(["lock", "file", "run", "n".repeat(300), "--", "touch", "ran"], { cwd });
  assert.equal(exit, 7);
  assert.match(
    stderr,
    /^error: cannot make the lock .*: the name is too long \(ENAMETOOLONG\)\nhint: choose a shorter name\n$/,
  );
  assert.deepEqual(readdirSync(cwd), []);
});

test("lock file run refuses an empty path, and makes no file", () => {
  const cwd = temporaryFolder();
  const { exit, stderr } = lattice(["lock", "file", "run", "", "--", "touch", "ran"], { cwd });
  assert.equal(exit, 2);
  assert.match(stderr, /^error: the path of what is to be locked is empty\nhint: name a file/);
  assert.deepEqual(readdirSync(cwd), []);
});

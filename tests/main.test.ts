import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { test } from "./harness.ts";
import { temporaryFolder } from "./fixtures.ts";
import { gitEnvironment, gitText, runProgram } from "./git_oracle.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const ARGUMENTS = "Deno" in globalThis ? ["run", "-A", "--no-check", MAIN] : [MAIN];

/** Opens a named pipe for both, closes the reading end, and then lets the program write into it. */
const CLOSED_PIPE = 'mkfifo p; exec 3<>p; exec 4>p; exec 3>&-; "$@" --version >&4 4>&-; echo $? >&2';

test("main answers --version, and ends with the exit code of the command", () => {
  const version = runProgram(process.execPath, [...ARGUMENTS, "--version"], "/");
  assert.deepEqual([version.exit, new TextDecoder().decode(version.stdout)], [0, "lattice 0.1.0\n"]);
  const unknown = runProgram(process.execPath, [...ARGUMENTS, "frobnicate"], "/");
  assert.equal(unknown.exit, 2);
  assert.match(unknown.stderr, /"frobnicate"/);
});

test("main --version tells a full disk and a closed pipe", () => {
  const script = (tail: string) => ["-c", `${tail}`, "sh", process.execPath, ...ARGUMENTS];
  const full = runProgram("sh", script('exec "$@" --version >/dev/full'), "/");
  assert.equal(full.exit, 7, full.stderr);
  // The pipe's reader tells on standard input, by its end, that it has closed the pipe.
  const closed = runProgram("sh", script(CLOSED_PIPE), temporaryFolder());
  assert.deepEqual([closed.stdout.length, closed.stderr], [0, "141\n"]);
});

test("main works in a folder that is gone where it needs none", () => {
  const at = temporaryFolder();
  gitText(["init", "-q"], at);
  const run = (...args: string[]) => {
    const script = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"';
    return runProgram("sh", ["-c", script, "sh", process.execPath, ...ARGUMENTS, ...args], at);
  };
  if ("Deno" in globalThis) {
    assert.match(run("version").stderr, /working directory/); // Deno does not even start (docs/limitations.md)
    return;
  }
  const cases: [exit: number, ...args: string[]][] = [
    [0, "version"],
    [0, "help"],
    [0, "-C", at, "meta", "list"],
    [0, "-C", at, "git", "for-each-ref"],
    [7, "meta", "list"],
    [7, "-C", ".", "meta", "list"],
    [128, "git", "for-each-ref"],
  ];
  for (const [exit, ...args] of cases) {
    const ended = run(...args);
    assert.equal(ended.exit, exit, `${args.join(" ")}: ${ended.stderr}`);
    if (exit === 7) assert.match(ended.stderr, /^error: cannot find the working folder/);
  }
});

test("main tells who holds the lock to who may only read", async () => {
  const cwd = temporaryFolder();
  gitText(["init", "-q"], cwd);
  const lock = join(cwd, ".git/lattice/lock");
  const start = (args: string[], wrapper: string[] = []) => {
    const [program = "", ...rest] = [...wrapper, process.execPath, ...ARGUMENTS, ...args];
    return runProgram(program, rest, cwd);
  };
  assert.equal(start(["lock", "run", "--", "true"]).exit, 0);
  chmodSync(lock, 0o444);
  // Root may write everything unless this is taken from it.
  const reader = process.getuid?.() === 0 ? ["setpriv", "--bounding-set=-dac_override"] : [];
  assert.equal(runProgram("sh", ["-c", [...reader, "sh", "-c", `'echo >>${lock}'`].join(" ")], cwd).exit, 2);
  const free = start(["lock", "status"], reader);
  assert.deepEqual([free.exit, free.stderr], [0, ""]);
  const holder = spawn("flock", [lock, "sh", "-c", "echo held; read line"], { stdio: ["pipe", "pipe", "inherit"] });
  await once(holder.stdout!, "data");
  assert.equal(start(["lock", "status"], reader).exit, 4);
  holder.stdin!.end();
  await once(holder, "exit");
});

test("main gives bytes of arguments that are not UTF-8 back unchanged", () => {
  const script = `exec "$@" meta get "$(printf 'a\\377b')" --json`;
  const folder = temporaryFolder();
  gitText(["init", "-q"], folder);
  const ended = runProgram("sh", ["-c", script, "sh", process.execPath, ...ARGUMENTS], folder);
  if ("Deno" in globalThis) {
    assert.match(ended.stderr, /invalid UTF-8 was detected/); // Deno does not even start (docs/limitations.md)
    return;
  }
  assert.equal(ended.exit, 1, ended.stderr);
  const { error } = JSON.parse(ended.stderr) as { error: { details: { ref: string } } };
  assert.equal(error.details.ref, "refs/branch-metadata/a\udcffb");
});

for (const [signal, exitCode] of [["SIGTERM", 143], ["SIGINT", 130], ["SIGHUP", 129]] as const) {
  test(`main waiting for the lock ends with ${exitCode} on ${signal}`, async () => {
    const cwd = temporaryFolder();
    gitText(["init", "-q", "-b", "main"], cwd);
    mkdirSync(join(cwd, ".git/lattice"));
    const start = (args: string[]) =>
      spawn(process.execPath, [...ARGUMENTS, ...args], { cwd, env: gitEnvironment, stdio: ["pipe", "ignore", "pipe"] });
    // The holder keeps the lock until its standard input ends, and says when it has it.
    const holder = start(["lock", "run", "--", "sh", "-c", "echo held >&2; cat"]);
    try {
      await said(holder.stderr!, /held/);
      const waiter = start(["--lock-timeout", "inf", "lock", "run", "--wait-message", "--", "touch", "ran"]);
      await said(waiter.stderr!, /waiting for the repository lock.*pid/);
      waiter.kill(signal);
      const [code, endedBy] = await once(waiter, "exit") as [number | null, string | null];
      // Deno reports an exit code of 128 + n as if signal n had ended the process.
      assert.deepEqual([code, endedBy], "Deno" in globalThis ? [null, signal] : [exitCode, null]);
      assert.equal(existsSync(join(cwd, "ran")), false);
    } finally {
      holder.stdin!.end();
      await once(holder, "exit");
    }
  });
}

/** Waits until a stream has said something. */
async function said(stream: AsyncIterable<Uint8Array>, wanted: RegExp): Promise<void> {
  let text = "";
  const decoder = new TextDecoder();
  const iterator = stream[Symbol.asyncIterator]();
  while (!wanted.test(text)) {
    const { done, value } = await iterator.next();
    if (done === true) throw new Error(`it said only: ${text}`);
    text += decoder.decode(value, { stream: true });
  }
}

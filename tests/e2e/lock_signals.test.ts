/** Signals that `lock run` and `lock file run` get while their program runs. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import process from "node:process";
import { gitEnvironment, runProgram } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { binary, lattice } from "./binary.ts";
import { onTerminal } from "./terminal.ts";

const SIGNALS = [["SIGTERM", 143], ["SIGHUP", 129], ["SIGINT", 130]] as const;

/** A folder with a repository, in which either command has something to lock. */
function repository(): string {
  const cwd = temporaryFolder();
  assert.equal(runProgram("git", ["init", "-q"], cwd).exit, 0);
  return cwd;
}

/** Starts a shell script under a lock, and waits for its first word. */
function underLock(cwd: string, command: readonly string[], script: string) {
  return started(cwd, [binary, ...command, "--", "sh", "-c", script]);
}

async function started(cwd: string, [program, ...args]: readonly string[]) {
  const child = spawn(program!, args, {
    cwd,
    env: gitEnvironment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let shown = "";
  child.stdout.on("data", (chunk: Uint8Array) => shown += new TextDecoder().decode(chunk));
  const closed = once(child, "close");
  await once(child.stdout, "data");
  return { child, closed, shown: () => shown };
}

for (const command of [["lock", "run"], ["lock", "file", "run", "file"]]) {
  const name = command.slice(0, command[1] === "file" ? 3 : 2).join(" ");

  for (const [signal, exit] of SIGNALS) {
    test(`${signal} reaches the program of ${name}, and the lock is given back when that has ended`, async () => {
      const cwd = repository();
      const again = [binary, "--lock-timeout", "0", ...command, "--", "true"].map((word) => `'${word}'`).join(" ");
      // Without its token the second command is a stranger.
      const told = `env -u LATTICE_LOCK_TOKEN ${again} 2>/dev/null; echo \\$?; exit 7`;
      const script = `trap "${told}" ${signal.slice(3)}; echo in; while :; do sleep 0.05; done`;
      const { child, closed, shown } = await underLock(cwd, command, script);
      child.kill(signal);
      assert.deepEqual(await closed, [exit, null]);
      assert.equal(shown(), "in\n4\n", "the lock is held for as long as the program runs");
      assert.equal(lattice(["--lock-timeout", "0", ...command, "--", "true"], { cwd }).exit, 0);
    });
  }

  test(`a program of ${name} that took on rights of its own is not told of a signal, and waited for`, async () => {
    if (process.getuid?.() !== 0) return; // nobody else takes on another user's
    const cwd = repository();
    const noKill = ["setpriv", "--inh-caps=-kill", "--bounding-set=-kill"]; // only root's own may be signalled then
    const other = ["setpriv", "--reuid=65534", "sh", "-c", "echo in; sleep 0.5; echo out"];
    const { child, closed, shown } = await started(cwd, [...noKill, binary, ...command, "--", ...other]);
    child.kill("SIGTERM");
    assert.deepEqual(await closed, [143, null]);
    assert.equal(shown(), "in\nout\n");
    assert.equal(lattice(["--lock-timeout", "0", ...command, "--", "true"], { cwd }).exit, 0);
  });

  test(`what the program of ${name} leaves running does not keep the lock`, async () => {
    const cwd = repository();
    const { closed } = await underLock(cwd, command, "sleep 5 >/dev/null 2>&1 & echo in; exit 3");
    assert.deepEqual(await closed, [3, null]);
    assert.equal(lattice(["--lock-timeout", "0", ...command, "--", "true"], { cwd }).exit, 0);
  });

  for (const redirected of ["", " 2>err", " 2>err <err"]) {
    test(`an interrupt typed at a terminal reaches the program of ${name}${redirected} once, and frees the lock`, async () => {
      const cwd = repository();
      writeFileSync(`${cwd}/err`, "");
      // Not a shell, which may take two signals that follow each other closely for one.
      const listen = "$SIG{INT} = sub { $told++; print qq(told\\n) }";
      const script = `$| = 1; ${listen}; print qq(begun\\n); sleep 1 until $told; select undef, undef, undef, 0.3`;
      const program = `perl -e '${script}'`;
      const terminal = onTerminal(`${binary} ${command.join(" ")} -- ${program}${redirected}`, cwd);
      await terminal.until(/begun\r?\n/);
      terminal.type("\x03");
      assert.equal(await terminal.ended(), 130);
      assert.equal(terminal.shown().split("told").length, 2, terminal.shown());
      assert.equal(lattice(["--lock-timeout", "0", ...command, "--", "true"], { cwd }).exit, 0);
    });
  }
}

/** Secrets in a real keychain, by the binary. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runProgram } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { keychainSession } from "../secrets/keychain_session.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { binary, type Ended, textOf, underProgram } from "./binary.ts";

const VALUE = "hunter2-is-the-value";

test("the binary keeps secrets in the keychain, where other programs find them, and several writers lose none", async () => {
  await using session = await keychainSession("unlocked");
  const env = { ...session.env };
  const cwd = temporaryFolder();
  const secret = (args: readonly string[], stdin = ""): Ended =>
    underProgram([], ["secret", ...args.slice(0, 1), "--provider", "keychain", ...args.slice(1)], { cwd, stdin, env });

  assert.equal(secret(["set", "forge.token"], `${VALUE}\n`).exit, 0);
  assert.deepEqual(secret(["get", "forge.token"]), { exit: 0, stdout: `${VALUE}\n`, stderr: "" });
  const program = textOf(
    runProgram("secret-tool", ["lookup", "service", "lattice", "account", "forge.token"], cwd, { env }),
  );
  assert.equal(program.stdout, VALUE);
  assert.equal(secret(["exec", "--env", "A=forge.token", "--", "sh", "-c", `test "$A" = ${VALUE}`]).exit, 0);
  assert.equal(secret(["exec", "--env", "A=nope", "--", "touch", "ran"]).exit, 1);
  assert.equal(existsSync(join(cwd, "ran")), false);

  const keys = ["a", "b", "c", "d", "e", "f", "g", "h"];
  const exits = await Promise.all(keys.map(async (key) => {
    const args = ["--lock-timeout", "60s", "secret", "set", key, "--provider", "keychain"];
    const child = spawn(binary, args, { cwd, env, stdio: ["pipe", "ignore", "inherit"] });
    child.stdin!.end(`value of ${key}`);
    return (await once(child, "close") as [number | null])[0];
  }));
  assert.deepEqual(exits, keys.map(() => 0));
  assert.equal(secret(["list"]).stdout, [...keys, "forge.token"].sort().map((key) => `${key}\n`).join(""));
  for (const key of keys) assert.equal(secret(["get", key, "--raw"]).stdout, `value of ${key}`);

  assert.equal(secret(["delete", "forge.token"]).exit, 0);
  assert.equal(secret(["delete", "forge.token"]).exit, 0);
  assert.equal(secret(["get", "forge.token"]).exit, 1);
  assert.equal(secret(["list"]).stdout, keys.map((key) => `${key}\n`).join(""));
});

test("a value on its way to the keychain is in no argument, no log and no file", async () => {
  await using session = await keychainSession("unlocked");
  const env = { ...session.env, LATTICE_DEBUG: "1" };
  const cwd = temporaryFolder();
  const trace = join(temporaryFolder(), "trace");
  const strace = ["strace", "-f", "-s", "100000", "-e", "trace=write,pwrite64,sendto,sendmsg,execve", "-o", trace];
  for (const [args, stdin] of [[["set", "key"], VALUE], [["list"], ""], [["delete", "key"], ""]] as const) {
    const ended = underProgram(strace, ["-v", "secret", ...args, "--provider", "keychain"], { cwd, stdin, env });
    assert.equal(ended.exit, 0, ended.stderr);
    assert.ok(!`${ended.stdout}${ended.stderr}${readFileSync(trace, "utf8")}`.includes(VALUE), args.join(" "));
  }
  chmodSync(session.env["LATTICE_HOME"]!, 0o700);
  const found = textOf(runProgram("grep", ["-rlF", VALUE, session.env["HOME"]!, cwd], "/"));
  assert.equal(found.stdout, "");
});

test("a keychain that does not answer is not waited for longer than ten seconds", async () => {
  await using session = await keychainSession("silent");
  const cwd = temporaryFolder();
  const ended = underProgram(["timeout", "60"], ["secret", "get", "key", "--provider", "keychain"], {
    cwd,
    env: { ...session.env },
  });
  assert.equal(ended.exit, 8, ended.stderr);
  assert.match(ended.stderr, /does not answer within 10 s/);
});

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { isBun } from "../../src/platform/runtime.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { thoroughnessEnvironment } from "../thoroughness.ts";
import { CASES } from "./conformance.ts";
import { keychainSession } from "./keychain_session.ts";

const bin = (name: string) => fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url));
const RUNTIME: readonly [string, ...string[]] = isBun ? [bin("bun")] : [bin("deno"), "run", "-A", "--no-check"];
const PROGRAM = fileURLToPath(new URL("keychain_program.ts", import.meta.url));
const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(env: Readonly<Record<string, string>>, script: string, args: readonly string[] = [], input = ""): Ended {
  const [program, ...options] = RUNTIME;
  return spawnSync(program, [...options, script, ...args], {
    env: { ...thoroughnessEnvironment, ...env },
    input,
    encoding: "utf8",
  }) as Ended;
}

const secret = (env: Readonly<Record<string, string>>, [verb, ...rest]: readonly string[], input = "") =>
  run(env, MAIN, ["secret", verb!, "--provider", "keychain", ...rest], input);

/** Deno takes its time to start. */
const EVERY_VERB: readonly (readonly string[])[] = [
  ["get", "key"],
  ["set", "key"],
  ...(isBun ? [["delete", "key"], ["list"], ["exec", "--env", "A=key", "--", "true"]] : []),
];

let outcomes: Promise<Record<string, string | null>> | undefined;

/** All cases run in one session, when the first is asked for. */
async function runCases(): Promise<Record<string, string | null>> {
  await using session = await keychainSession("unlocked");
  const { status, stdout, stderr } = run(session.env, PROGRAM);
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as Record<string, string | null>;
}

for (const { name } of CASES) {
  test(`a real keychain: ${name}`, async () => {
    const outcome = (await (outcomes ??= runCases()))[name];
    assert.equal(outcome, null, `${outcome}`);
  });
}

test("a keychain that is locked does not pass for an empty one", async () => {
  const home = temporaryFolder();
  {
    await using session = await keychainSession("unlocked", home);
    assert.equal(secret(session.env, ["set", "key"], "value\n").status, 0);
    assert.equal(secret(session.env, ["get", "key"]).stdout, "value\n");
    assert.equal(secret(session.env, ["get", "other"]).status, 1);
  }
  await using session = await keychainSession("locked", home);
  for (const args of EVERY_VERB) {
    const ended = secret(session.env, args, "new\n");
    assert.equal(ended.status, 8, `${args.join(" ")}: ${ended.stderr}`);
    assert.match(ended.stderr, /locked/);
    assert.match(ended.stderr, /hint: unlock it/);
  }
});

test("where there is no service and where there is no session, the exit code is 8 and says what is missing", async () => {
  await using session = await keychainSession("empty");
  const { DBUS_SESSION_BUS_ADDRESS: _, ...bare } = session.env;
  for (
    const [env, missing] of [[session.env, /org\.freedesktop\.secrets/], [bare, /there is no D-Bus session/]] as const
  ) {
    for (const args of EVERY_VERB) {
      const ended = secret(env, args, "value\n");
      assert.equal(ended.status, 8, ended.stderr);
      assert.match(ended.stderr, missing);
      assert.match(ended.stderr, /--provider file/);
    }
  }
});

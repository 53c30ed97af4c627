import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import process from "node:process";
import { runCommandLine } from "../../src/cli/run.ts";
import { utf8 } from "../../src/platform/text.ts";
import { SECRET_BYTES_MAX } from "../../src/secrets/secret_store.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { type Ended, keptStreams, lattice, systemIn } from "./command_line.ts";

/** Somebody's home, and commands in it. */
function home(env: Record<string, string> = {}) {
  const folder = temporaryFolder();
  const surroundings = { cwd: folder, env: { HOME: folder, ...env } };
  return {
    folder,
    file: `${folder}/.lattice/secrets.toml`,
    run: (args: readonly string[], stdin: string | Uint8Array = "") =>
      lattice(["secret", ...args], { ...surroundings, stdin }),
    /** Types keys, chunk by chunk, at a terminal. */
    async type(args: readonly string[], ...keys: readonly string[]): Promise<Ended & { hidden: string[] }> {
      const kept = keptStreams({ terminals: [0] });
      const rest = keys.map((chunk) => utf8(chunk));
      const hidden: string[] = [];
      const streams = {
        ...kept.streams,
        readLater: () => Promise.resolve(rest.shift() ?? null),
        hideTyping: () => {
          hidden.push("hidden");
          return () => void hidden.push("shown");
        },
      };
      return { ...kept.ended(await runCommandLine(["secret", ...args], systemIn(surroundings), streams)), hidden };
    },
  };
}

test("secret set takes standard input less one final newline, or all of it with --raw; secret get gives it back", async () => {
  for (
    const [given, raw, expected] of [
      ["v\n", false, "v"],
      ["v\n\n", false, "v\n"],
      ["v", false, "v"],
      ["v\r\n", false, "v\r"],
      ["", false, ""],
      ["\n", false, ""],
      ["v\n", true, "v\n"],
      ["two\nlines\n", true, "two\nlines\n"],
      ["\ufeffv\u0000\u001b", false, "\ufeffv\u0000\u001b"],
    ] as const
  ) {
    const { run } = home();
    const set = await run(["set", ...(raw ? ["--raw"] : []), "key"], given);
    assert.deepEqual([set.exit, set.stdout, set.stderr], [0, "", ""]);
    assert.deepEqual((await run(["get", "key"])).stdoutBytes, utf8(`${expected}\n`));
    assert.deepEqual((await run(["get", "--raw", "key"])).stdoutBytes, utf8(expected));
    assert.deepEqual(JSON.parse((await run(["get", "--json", "key"])).stdout), { key: "key", value: expected });
  }
});

test("secret list prints keys alone, delete is content where there is none, get is not", async () => {
  const { run } = home();
  assert.deepEqual(await run(["list"]).then(({ exit, stdout }) => [exit, stdout]), [0, ""]);
  assert.equal((await run(["delete", "a"])).exit, 0);
  for (const key of ["b", "a", "new\nline"]) assert.equal((await run(["set", key], "hunter2")).exit, 0);
  assert.equal((await run(["list"])).stdout, "a\nb\nnew\\nline\n");
  assert.equal((await run(["list", "--json"])).stdout, '[{"key":"a"},{"key":"b"},{"key":"new\\nline"}]\n');
  assert.deepEqual(await run(["delete", "a", "--json"]).then(({ exit, stdout }) => [exit, stdout]), [0, "{}\n"]);
  assert.deepEqual(await run(["set", "a", "--json"], "v").then(({ exit, stdout }) => [exit, stdout]), [0, "{}\n"]);
  const absent = await run(["get", "nope", "--json"]);
  assert.equal(absent.exit, 1);
  assert.equal((JSON.parse(absent.stderr) as { error: { code: string } }).error.code, "not_found");
});

test("a value beyond 1 MiB or that is not UTF-8 is refused with exit code 6, and nothing is changed", async () => {
  const { run, file } = home();
  const longest = "x".repeat(SECRET_BYTES_MAX);
  assert.equal((await run(["set", "key"], `${longest}\n`)).exit, 0);
  const before = statSync(file).mtimeMs;
  for (const bad of [utf8(`${longest}xx`), utf8(`${longest}x`), Uint8Array.of(0x61, 0xff, 0x62)]) {
    const ended = await run(["set", "key"], bad);
    assert.equal(ended.exit, 6, ended.stderr);
    assert.ok(ended.stderr.length < 500);
  }
  assert.equal(statSync(file).mtimeMs, before);
  assert.equal((await run(["get", "key", "--raw"])).stdout === longest, true);
});

test("a value as an argument is refused with exit code 2, in whatever way it stands there, and is not repeated", async () => {
  const { run, folder } = home();
  for (
    const args of [
      ["set", "key", "hunter2"],
      ["set", "key", "--", "hunter2"],
      ["set", "key", "-hunter2"],
      ["set", "key", "--hunter2"],
      ["set", "--hunter2", "key"],
      ["set", "key", "--hunter2=hunter2"],
      ["set", "key", "--value", "hunter2"],
      ["set", "key", "--raw=hunter2"],
      ["set", "key", "--json=hunter2"],
      ["--json", "set", "key", "hunter2"],
    ]
  ) {
    const ended = args[0] === "--json"
      ? await lattice(["--json", "secret", ...args.slice(1)], { env: { HOME: folder } })
      : await run(args);
    assert.equal(ended.exit, 2, args.join(" "));
    assert.doesNotMatch(ended.stderr + ended.stdout, /unter2/);
    assert.notEqual(ended.stderr, "");
  }
  assert.throws(() => statSync(`${folder}/.lattice`));
});

test("at a terminal the value is typed and not shown, with the keys that correct it", async () => {
  for (
    const [keys, value] of [
      [["hunter2\r"], "hunter2"],
      [["h", "un", "ter2", "\n"], "hunter2"],
      [["huntx\u007fer2\r"], "hunter2"],
      [["é\u007f\u007f\u007fhé🔑\u0008\u0008unter2\r"], "hunter2"],
      [["wrong\u0015hunter2\u0004"], "hunter2"],
      [["with a\ttab\r"], "with a\ttab"],
    ] as const
  ) {
    const { type, run } = home();
    const ended = await type(["set", "key"], ...keys);
    assert.equal(ended.exit, 0, ended.stderr);
    assert.deepEqual(ended.hidden, ["hidden", "shown"]);
    assert.equal(ended.stdout, "");
    assert.match(ended.stderr, /^value of secret "key" \(it is not shown\): \n$/);
    assert.equal((await run(["get", "key", "--raw"])).stdout, value);
  }
});

test("what was typed is stored whole or not at all, and the terminal is given back every time", async () => {
  for (
    const [keys, exit] of [
      [["hun\u0003ter2\r"], 130],
      [["\r"], 2],
      [["\u0004"], 2],
      [["hunter2"], 2],
      [[], 2],
      [["hunter2\rhunter2\r"], 2],
      [["\u001b[Ahunter2\r"], 2],
    ] as const
  ) {
    const { type, run } = home();
    const ended = await type(["set", "key"], ...keys);
    assert.equal(ended.exit, exit, JSON.stringify(keys));
    assert.deepEqual(ended.hidden, ["hidden", "shown"]);
    assert.doesNotMatch(ended.stderr, /hunter2/);
    assert.equal((await run(["get", "key"])).exit, 1);
  }
});

test("nothing is asked for where standard input is no terminal, and get and list never ask", async () => {
  const { run, type } = home();
  assert.equal((await run(["set", "key"], "v")).stderr, "");
  assert.deepEqual((await type(["get", "key"])).hidden, []);
});

test("the provider is that of the option, else of the config, else the file; any other name lists the two", async () => {
  const { run, folder } = home({ DBUS_SESSION_BUS_ADDRESS: "", XDG_RUNTIME_DIR: "" });
  mkdirSync(`${folder}/.lattice`, { mode: 0o700 });
  const config = (provider: string) =>
    writeFileSync(`${folder}/.lattice/config.toml`, `secrets.provider = ${provider}\n`);
  assert.equal((await run(["set", "key"], "v")).exit, 0);
  config('"keychain"');
  assert.equal((await run(["get", "key"])).exit, 8);
  assert.equal((await run(["get", "key", "--provider", "file"])).stdout, "v\n");
  config('"file"');
  assert.equal((await run(["get", "key"])).stdout, "v\n");
  assert.equal((await run(["get", "key", "--provider", "keychain"])).exit, 8);
  const named = await run(["get", "key", "--provider", "vault"]);
  assert.deepEqual([named.exit, /file, keychain/.test(named.stderr)], [2, true]);
  for (const wrong of ['"vault"', "5", "true"]) {
    config(wrong);
    const ended = await run(["get", "key"]);
    assert.equal(ended.exit, 6);
    assert.match(ended.stderr, /secrets\.provider/);
  }
});

test("without HOME and LATTICE_HOME it is said which to set", async () => {
  for (const args of [["get", "key"], ["list"], ["set", "key"]]) {
    const ended = await lattice(["secret", ...args], { env: { HOME: "" }, stdin: "v" });
    assert.equal(ended.exit, 2);
    assert.match(ended.stderr, /set HOME .*set LATTICE_HOME/);
  }
});

test("secret exec gives the program its secrets and nothing to anybody else, and ends as it ends", async () => {
  const { run, folder } = home({ PATH: process.env["PATH"]! });
  await run(["set", "key"], "hunter2\n");
  await run(["set", "other"], "a b\nc");
  const script = `printf '%s|%s' "$A" "$B" > ${folder}/seen; exit 7`;
  const ended = await run(["exec", "--env", "A=key", "--env", "B=other", "--", "sh", "-c", script]);
  assert.deepEqual([ended.exit, ended.stderr, readFileSync(`${folder}/seen`, "utf8")], [7, "", "hunter2|a b\nc"]);
  assert.equal(process.env["A"], undefined);
  assert.equal((await run(["exec", "--env", "A=key", "--", "sh", "-c", "kill -TERM $$"])).exit, 143);
  assert.equal((await run(["exec", "--env", "A=key", "--", `${folder}/nothing-there`])).exit, 127);
  writeFileSync(`${folder}/plain`, "", { mode: 0o644 });
  assert.equal((await run(["exec", "--env", "A=key", "--", `${folder}/plain`])).exit, 126);
});

test("secret exec does not run the program where a secret is missing, or fits into no variable", async () => {
  const { run, folder } = home({ PATH: process.env["PATH"]! });
  await run(["set", "key"], "hunter2");
  await run(["set", "nul"], "hunter2\0");
  await run(["set", "long"], "hunter2".repeat(20_000));
  const touch = ["--", "touch", `${folder}/ran`];
  for (
    const [exit, env] of [
      [1, ["--env", "A=key", "--env", "B=nope"]],
      [6, ["--env", "A=nul"]],
      [6, ["--env", "A=long"]],
      [2, ["--env", "A=key", "--env", "A=key"]],
      [2, ["--env", "=key"]],
      [2, ["--env", "key"]],
      [2, []],
    ] as const
  ) {
    const ended = await run(["exec", ...env, ...touch]);
    assert.equal(ended.exit, exit, ended.stderr);
    assert.doesNotMatch(ended.stderr, /hunter2/);
    assert.throws(() => statSync(`${folder}/ran`));
  }
});

test("secret exec refuses a variable beside it that is not UTF-8, since the secret would stand in an argument of env", async () => {
  const { run } = home({ ODD: "a\udcffb" });
  await run(["set", "key"], "hunter2");
  const ended = await run(["exec", "--env", "A=key", "--", "true"]);
  assert.equal(ended.exit, 8);
  assert.match(ended.stderr, /env -u ODD/);
});

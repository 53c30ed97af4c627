import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";
import { test } from "../harness.ts";
import { temporaryFolder } from "../fixtures.ts";
import { gitText } from "../git_oracle.ts";
import { lattice } from "./command_line.ts";

interface Places {
  cwd: string;
  /** The repository's config file. */
  own: string;
  /** The user's. */
  user: string;
  env: Record<string, string>;
}

function places(): Places {
  const cwd = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], cwd);
  gitText(["commit", "-q", "--allow-empty", "-m", "first"], cwd);
  mkdirSync(join(cwd, ".git/lattice"));
  const user = join(temporaryFolder(), "user.toml");
  return { cwd, own: join(cwd, ".git/lattice/config.toml"), user, env: { LATTICE_CONFIG: user } };
}

/** Exit code and message of a command that needs the configuration. */
async function outcome({ cwd, env }: Places, more: string[] = []): Promise<{ exit: number; message: string }> {
  const { exit, stderr } = await lattice([...more, "--json", "lock", "run", "--", "true"], { cwd, env });
  return { exit, message: exit === 0 ? "" : (JSON.parse(stderr) as { error: { message: string } }).error.message };
}

test("a config file that is a pipe, a device or far too large is refused by name", async () => {
  for (const owner of ["own", "user"] as const) {
    const at = places();
    const path = at[owner];
    assert.equal(spawnSync("mkfifo", [path]).status, 0);
    assert.equal((await outcome(at)).exit, 8, `${owner}: a pipe`);
    unlinkSync(path);
    symlinkSync("/dev/zero", path);
    const device = await outcome(at);
    assert.equal(device.exit, 8, `${owner}: a device`);
    assert.ok(device.message.includes(path), device.message);
    unlinkSync(path);
    writeFileSync(path, `#${"x".repeat(1024 * 1024)}`);
    assert.equal((await outcome(at)).exit, 6, `${owner}: too large`);
  }
});

test("the user's config file may be a link, or /dev/null", async () => {
  const at = places();
  writeFileSync(`${at.user}.real`, 'lock.timeout = "soon"\n');
  symlinkSync(`${at.user}.real`, at.user);
  assert.equal((await outcome(at)).exit, 6);
  assert.equal((await outcome({ ...at, env: { LATTICE_CONFIG: "/dev/null" } })).exit, 0);
});

test("init writes the trunk that counted before: the user's, where the repository names none", async () => {
  const at = places();
  writeFileSync(at.user, 'trunk = "stable"\n');
  const trunk = async () => (await lattice(["trunk"], at)).stdout;
  assert.equal(await trunk(), "stable\n");
  assert.equal((await lattice(["init"], at)).stdout, "stable\n");
  assert.equal(readFileSync(at.own, "utf8"), 'trunk = "stable"\n');
  writeFileSync(at.user, 'trunk = "other"\n');
  assert.equal((await lattice(["init"], at)).stdout, "stable\n", "the repository's own wins, and is kept");
  assert.equal(await trunk(), "stable\n");
});

test("a trunk that no branch can be called is refused", async () => {
  for (const owner of ["own", "user"] as const) {
    const at = places();
    writeFileSync(at[owner], 'trunk = "../x"\n');
    const { exit, message } = await outcome(at);
    assert.equal(exit, 6);
    assert.ok(message.includes(at[owner]) && message.includes('"../x"'), message);
  }
});

test("unknown keys are ignored, whatever they are called", async () => {
  for (const key of ["constructor", "toString", "__proto__", "lock.constructor", "hasOwnProperty.x"]) {
    const at = places();
    for (const path of [at.own, at.user]) writeFileSync(path, `${key} = 1\n`);
    assert.deepEqual(await outcome(at), { exit: 0, message: "" }, key);
  }
});

test("lock.backend can be auto, flock or pid, in the repository's file alone, whatever the flags say", async () => {
  const at = places();
  const expected = [['"flock"', 0], ['"pid"', 0], ['"auto"', 0], ['"flok"', 6], ["7", 6], [
    '{ kind = "flock" }',
    6,
  ]] as const;
  for (const [value, exit] of expected) {
    writeFileSync(at.own, `lock.backend = ${value}\n`);
    assert.equal((await outcome(at)).exit, exit, value);
    assert.equal((await outcome(at, ["--lock-timeout=0"])).exit, exit, value);
    assert.equal((await lattice(["lock", "status"], at)).exit, exit, value);
  }
  const other = places();
  writeFileSync(other.user, '[lock]\nbackend = "flock"\n');
  const { exit, message } = await outcome(other);
  assert.equal(exit, 6);
  assert.match(message, /belongs into the config file of a repository/);
});

test("a flag is heeded where the environment's duration is none", async () => {
  const at = places();
  const env = { ...at.env, LATTICE_LOCK_TIMEOUT: "soon" };
  assert.equal((await outcome({ ...at, env })).exit, 2);
  assert.equal((await outcome({ ...at, env }, ["--lock-timeout=1s"])).exit, 0);
});

test("init --trunk changes the line of the trunk and nothing else", async () => {
  const at = places();
  const edits: [before: string, after: string][] = [
    ['trunk = "old" # ours\n', 'trunk = "new" # ours\n'],
    ["trunk='old'\r\n[lock]\r\n", 'trunk="new"\r\n[lock]\r\n'],
    ['note = """\ntrunk = "old"\n"""\ntrunk = "old"\n', 'note = """\ntrunk = "old"\n"""\ntrunk = "new"\n'],
    ["# nothing yet\n[a]\ntrunk = 'old'\n", "trunk = \"new\"\n# nothing yet\n[a]\ntrunk = 'old'\n"],
    ['\t"trunk"  =  "ol\\u0064"', '\t"trunk"  =  "new"'],
  ];
  for (const [before, after] of edits) {
    writeFileSync(at.own, before);
    const { exit, stderr } = await lattice(["init", "--trunk", "new"], at);
    assert.equal(exit, 0, stderr);
    assert.equal(readFileSync(at.own, "utf8"), after);
    assert.equal((parse(after) as { trunk: string }).trunk, "new");
  }
});

test("init --trunk refuses to change a file that it would have to write anew", async () => {
  const at = places();
  const line = 'trunk = "old"\n';
  for (const text of ['trunk = """old"""\n# note\n', `note = '''\n${line.repeat(50)}'''\n${line}`]) {
    writeFileSync(at.own, text);
    const { exit, stderr } = await lattice(["init", "--trunk", "new"], at);
    assert.equal(exit, 6);
    assert.ok(stderr.includes(at.own), stderr);
    assert.equal(readFileSync(at.own, "utf8"), text);
  }
});

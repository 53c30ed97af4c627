/** Lock records and states in PostgreSQL, by the binary: tables, passwords, TLS, and that no password is ever seen. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gitEnvironment, gitText, runProgram } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { PASSWORD, PostgresServer, sharedServer } from "../postgres_server.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { tried } from "../thoroughness.ts";
import { binary, type Ended, lattice } from "./binary.ts";

const OWNED = ["--owner", "o", "--client", "c"];

/** What several processes say that are started at once. */
async function atOnce(count: number, args: readonly string[], env: Record<string, string> = {}): Promise<Ended[]> {
  return await Promise.all(Array.from({ length: count }, async () => {
    const child: ChildProcess = spawn(binary, args, {
      cwd: "/",
      env: { ...gitEnvironment, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said = { stdout: "", stderr: "" };
    child.stdout!.on("data", (bytes: Uint8Array) => said.stdout += new TextDecoder().decode(bytes));
    child.stderr!.on("data", (bytes: Uint8Array) => said.stderr += new TextDecoder().decode(bytes));
    const [exit] = await once(child, "close") as [number | null];
    return { exit: exit ?? 128, ...said };
  }));
}

test("lease migrate: ten at once make the tables once, and ten take them away; a newer schema is left alone", async () => {
  const server = await sharedServer();
  const schema = server.freshSchema();
  const address = server.url({ schema });
  const run = (...args: string[]) => lattice(["lease", ...args, "--store", address], { cwd: "/" });
  const tables = () => server.sql(`select count(*) from pg_tables where schemaname = '${schema}'`);
  const missing = run("list", "--json");
  assert.equal(missing.exit, 8);
  assert.match(JSON.parse(missing.stderr).error.hint, /lattice lease migrate/);
  const preview = JSON.parse(run("migrate", "--dry-run", "--json").stdout) as Record<string, unknown>;
  assert.deepEqual([preview["from"], preview["to"], tables()], [0, 1, "0"]);
  for (
    const [args, changed, unchanged, count] of [
      [[], "schema version 0 → 1\n", "schema version 1, nothing to do\n", "5"],
      [["--down"], "schema version 1 → 0\n", "schema version 0, nothing to do\n", "0"],
    ] as const
  ) {
    const ends = await atOnce(10, ["lease", "migrate", ...args, "--store", address, "--lock-timeout", "5m"]);
    assert.deepEqual(ends.map(({ exit, stderr }) => `${exit}${stderr}`), Array(10).fill("0"));
    const said = ends.map(({ stdout }) => stdout).sort();
    assert.deepEqual(said, [changed, ...Array<string>(9).fill(unchanged)].sort());
    assert.equal(tables(), count);
  }
  // By itself, where the config says so; also when ten want it at once.
  const config = join(temporaryFolder(), "config.toml");
  writeFileSync(config, "[lease]\nauto_migrate = true\n");
  const ends = await atOnce(10, ["lease", "acquire", "s", "f", ...OWNED, "--store", address, "--lock-timeout", "5m"], {
    LATTICE_CONFIG: config,
  });
  assert.deepEqual(
    ends.map(({ exit, stderr }) => `${exit}${stderr}`),
    Array(10).fill("0"),
    "an owner excludes not itself",
  );
  server.sql(`update ${schema}.lattice_schema set version = 2`);
  for (const args of [["list"], ["migrate"], ["migrate", "--down"], ["acquire", "s", "f", ...OWNED]]) {
    const newer = lattice(["lease", ...args, "--store", address], { cwd: "/", env: { LATTICE_CONFIG: config } });
    assert.deepEqual([newer.exit, /use the newer lattice that made it/.test(newer.stderr)], [8, true], newer.stderr);
  }
  assert.equal(tables(), "5");
});

test("32 clients that want one lock get it one after the other, each once, and no update under it is lost", async () => {
  const server = await sharedServer();
  const address = server.url({ schema: server.freshSchema() });
  assert.equal(lattice(["lease", "migrate", "--store", address], { cwd: "/" }).exit, 0);
  const folder = temporaryFolder();
  const clients = 32;
  const count = join(folder, "count");
  writeFileSync(count, "0\n");
  // What two at once would spoil: a number that is read and written again, and a folder that only one can make.
  const script = `mkdir ${folder}/held && read n <${count} && echo "$LATTICE_FENCING_TOKEN" >>${folder}/tokens && ` +
    `echo $((n + 1)) >${count} && rmdir ${folder}/held`;
  const ends = await Promise.all(Array.from({ length: clients }, (_, client) =>
    atOnce(1, [
      ...["lease", "exec", "s", "f", "--owner", `owner ${client}`, "--client", "c", "--ttl", "10m", "--wait", "10m"],
      ...["--lock-timeout", "5m", "--store", address, "--", "sh", "-c", script],
    ])));
  assert.deepEqual(ends.flat().map(({ exit, stderr }) => `${exit}${stderr}`), Array(clients).fill("0"));
  assert.equal(readFileSync(count, "utf8"), `${clients}\n`);
  const tokens = readFileSync(join(folder, "tokens"), "utf8").trim().split("\n").map(Number);
  assert.deepEqual(
    tokens,
    Array.from({ length: clients }, (_, index) => index + 1),
    "later holders have higher tokens",
  );
  assert.deepEqual(lattice(["lease", "list", "--store", address], { cwd: "/" }).stdout, "");
  tried("32 clients of one lock in PostgreSQL", { "racing updates": clients });
});

test("the tables take nothing that no lock can be, whoever writes it", async () => {
  const server = await sharedServer();
  const schema = server.freshSchema();
  const address = server.url({ schema });
  assert.equal(lattice(["lease", "migrate", "--store", address], { cwd: "/" }).exit, 0);
  assert.equal(lattice(["lease", "acquire", "s", "f", ...OWNED, "--store", address], { cwd: "/" }).exit, 0);
  const wrong = [
    "lock_type = 2",
    "share_reservation = 4",
    "range_offset = -1",
    "range_length = 18446744073709551616",
    "range_last = 7",
    "file_id = ''",
    "fencing_token = null",
    "server_epoch = -1",
  ];
  for (const change of wrong) {
    assert.throws(() => server.sql(`update ${schema}.locks set ${change}`), /violates|overflow/, change);
  }
  assert.throws(() => server.sql(`insert into ${schema}.server_epoch default values`), /violates/);
  const clash = server.freshSchema();
  server.sql(`create table ${clash}.locks (a integer)`);
  const refused = lattice(["lease", "migrate", "--store", server.url({ schema: clash })], { cwd: "/" });
  assert.deepEqual([refused.exit, /a schema of its own/.test(refused.stderr)], [8, true], refused.stderr);
  assert.equal(server.sql(`select count(*) from pg_tables where schemaname = '${clash}'`), "1");
});

test("states in PostgreSQL: saved, compared, loaded, listed, deleted as in a folder", async () => {
  const server = await sharedServer();
  const address = server.url({ schema: server.freshSchema() });
  const run = (args: string[], stdin = "") =>
    lattice(["state", ...args], { cwd: "/", stdin, env: { LATTICE_STATE_STORE: address } });
  assert.equal(lattice(["lease", "migrate", "--store", address], { cwd: "/" }).exit, 0);
  const saved = run(["save", "production"], '{"version":"1.0"}');
  assert.deepEqual([saved.exit, saved.stderr], [0, ""]);
  assert.equal(run(["load", "production"]).stdout, '{"version":"1.0"}\n');
  assert.equal(run(["save", "production", "--expect-absent"], "{}").exit, 3);
  assert.equal(run(["save", "production", "--expect", saved.stdout.trim()], '{"version":"2.0"}').exit, 0);
  assert.deepEqual([run(["exists", "staging"]).exit, run(["list"]).stdout], [1, "production\n"]);
  assert.deepEqual([run(["delete", "production"]).exit, run(["load", "production"]).exit], [0, 1]);
});

test("passwords and TLS: what is asked for is done or refused, and no output ever shows a password", async () => {
  const server = await PostgresServer.start({ tls: true });
  server.sql("create schema mine authorization guarded");
  const home = temporaryFolder();
  const [good, bad] = [encodeURIComponent(PASSWORD), "wr0ng%2Dpassword"];
  const outputs: string[] = [];
  const check = (exit: number, url: string, env: Record<string, string> = {}, pattern = /(?:)/): void => {
    for (const more of [["-v"], ["--json"]]) {
      const args = ["lease", "list", "--lock-timeout", "20s", "--store", url, ...more];
      const ended = lattice(args, { cwd: home, env: { HOME: home, LATTICE_DEBUG: "1", ...env } });
      assert.equal(ended.exit, exit, `${ended.stdout}${ended.stderr}`);
      assert.match(ended.stderr, pattern);
      outputs.push(ended.stdout, ended.stderr);
    }
  };
  const url = (more = "", host = "localhost", password = `:${good}`) =>
    `postgres://guarded${password}@${host}:${server.port}/postgres?options=-csearch_path%3Dmine${more}`;
  const trusted = `&sslrootcert=${server.certificate}`;
  assert.equal(lattice(["lease", "migrate", "--store", url()], { cwd: home, env: { HOME: home } }).exit, 0);

  check(0, url());
  check(0, url(`&password=${good}`, "localhost", ""));
  check(0, url("", "localhost", ""), { PGPASSWORD: PASSWORD });
  const file = join(home, ".pgpass");
  const escaped = PASSWORD.replace(/[:\\]/g, "\\$&");
  writeFileSync(file, `# a comment\nother:*:*:guarded:no\nlocalhost:${server.port}:*:guarded:${escaped}\n`, {
    mode: 0o600,
  });
  check(0, url("", "localhost", ""));
  check(0, url("", "localhost", ""), { HOME: temporaryFolder(), PGPASSFILE: file });
  chmodSync(file, 0o644);
  check(11, url("", "localhost", ""), {}, /password/);
  chmodSync(file, 0o600);
  check(11, url("", "localhost", `:${bad}`), {}, /password authentication failed for user/);
  check(11, url("", "localhost", `:${bad}`).replace("guarded", "nobody-of-that-name"), { PGPASSWORD: PASSWORD });
  check(11, url().replace("/postgres?", "/no-such-database?"), {}, /does not exist/);
  check(11, `postgres://guarded:${good}@127.0.0.1:1/postgres`, {}, /no connection/);
  // A password whose characters are not encoded: what a browser would take for a host or a path is not shown.
  for (const raw of ["pass/w0rdX@", "pass?w0rdX@", "pass#w0rdX@", "1234/w0rdX@", "%zzw0rdX@", "w0rdX@x:y@["]) {
    check(2, `postgres://guarded:${raw}localhost/postgres`);
  }
  check(2, `postgres://guarded@localhost/postgres?pass-w0rdX=${good}`);
  check(2, `postgres:guarded:${good}@localhost/postgres`);

  check(0, url(`&sslmode=verify-full${trusted}`));
  check(11, url("&sslmode=verify-full"), {}, /TLS/);
  check(11, url(`&sslmode=verify-full${trusted}`, "127.0.0.1"), {}, /TLS/);
  check(0, url(`&sslmode=verify-ca${trusted}`, "127.0.0.1"));
  check(0, url("&sslmode=require"));
  check(11, url("&sslmode=require"), { PGSSLROOTCERT: "/etc/ssl/openssl.cnf" }, /TLS/);
  check(0, url(), { PGSSLMODE: "disable" });
  check(2, url("&sslmode=surely"));
  const plain = await sharedServer();
  const unencrypted = `postgres://tester@127.0.0.1:${plain.port}/postgres`;
  check(11, `${unencrypted}?sslmode=require`, {}, /the server has no TLS/);
  check(8, `${unencrypted}?sslmode=prefer`);

  // What is encrypted, the server tells.
  const isEncrypted = (address: string): string => {
    const asked =
      `psql -X -A -t -h ${server.folder} -p ${server.port} -U postgres postgres -c "select ssl from pg_stat_ssl ` +
      `join pg_stat_activity using (pid) where usename = 'guarded'"`;
    const args = ["exec", "s", "f", ...OWNED, "--store", address, "--", "sh", "-c", asked];
    return lattice(["lease", ...args], { cwd: home, env: { HOME: home } }).stdout.trim();
  };
  assert.deepEqual([isEncrypted(url()), isEncrypted(url("&sslmode=disable"))], ["t", "f"]);

  // The journal and the lock's text hold the command line.
  const repository = temporaryFolder();
  gitText(["init", "-q", "."], repository);
  const commit = gitText(["commit-tree", gitText(["mktree"], repository), "-m", "a"], repository);
  const held = lattice(["lock", "run", "--", "sh", "-c", "cat .git/lattice/lock*", url()], {
    cwd: repository,
    env: { HOME: home },
  });
  assert.match(held.stdout, /guarded:\*\*\*@localhost/);
  outputs.push(held.stdout);
  const script = 'git update-ref refs/heads/a "$0"';
  const run = lattice(["op", "run", "--", "sh", "-c", script, commit, url()], { cwd: repository, env: { HOME: home } });
  assert.equal(run.exit, 0, run.stderr);
  outputs.push(run.stdout, run.stderr);
  const kept = runProgram("grep", ["-rlFe", PASSWORD, "-e", good, ".git"], repository);
  assert.deepEqual([kept.exit, new TextDecoder().decode(kept.stdout)], [1, ""]);
  assert.equal(runProgram("grep", ["-rlF", "guarded:***@", ".git/lattice"], repository).exit, 0, "where it would be");
  outputs.push(readFileSync(server.logFile, "utf8"));
  for (const output of outputs) {
    for (const secret of [PASSWORD, good, "w0rdX", "wr0ng"]) assert.ok(!output.includes(secret), output);
  }
  server.stop("fast");
});

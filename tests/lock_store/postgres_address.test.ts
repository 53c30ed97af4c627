import assert from "node:assert/strict";
import { withoutPasswords } from "../../src/cli/store_url.ts";
import { openLockStore } from "../../src/lock_store/open.ts";
import { readPostgresUrl } from "../../src/lock_store/postgres_address.ts";
import { LatticeError } from "../../src/platform/errors.ts";
import { realSystem } from "../../src/platform/real_system.ts";
import type { System } from "../../src/platform/system.ts";
import { test } from "../harness.ts";
import { PASSWORD, PostgresServer } from "../postgres_server.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";

function systemWith(env: Record<string, string>, files: Record<string, string> = {}): System {
  const system = new SimSystem(SimDisk.fromTree({ "/home": null }));
  for (const [path, text] of Object.entries(files)) {
    using file = system.disk.create(path, 0o600);
    file.write(new TextEncoder().encode(text));
  }
  return Object.create(system, { env: { value: env } }) as System;
}

test("readPostgresUrl() takes from the URL, then from the environment, what PostgreSQL's own programs do", () => {
  const read = (url: string, env: Record<string, string> = {}) =>
    readPostgresUrl(url, systemWith({ USER: "me", ...env }));
  const full = read(
    "postgres://us%65r:p%40ss%3A@db.example:6432/data?application_name=job&options=-c%20a%3Db&sslmode=disable",
  );
  assert.deepEqual(full, {
    shown: "postgres://user@db.example:6432/data",
    target: {
      host: "db.example",
      port: 6432,
      socketFile: null,
      tls: null,
      user: "user",
      password: "p@ss:",
      database: "data",
      applicationName: "job",
      options: "-c a=b",
    },
    connectTimeoutMs: null,
  });
  const bare = read("postgres://");
  assert.deepEqual([bare.target.host, bare.target.port, bare.target.user, bare.target.database], [
    "localhost",
    5432,
    "me",
    "me",
  ]);
  const env = { PGHOST: "h", PGPORT: "7", PGUSER: "u", PGDATABASE: "d", PGPASSWORD: "p", PGCONNECT_TIMEOUT: "3" };
  const told = read("postgresql://", env);
  assert.deepEqual([told.shown, told.target.password, told.connectTimeoutMs], ["postgres://u@h:7/d", "p", 3000]);
  assert.equal(read("postgres://a:b@c/d", env).target.password, "b");
  const socket = read("postgres:///d?host=/run/pg&port=6000&user=a");
  assert.deepEqual([socket.target.socketFile, socket.target.tls], ["/run/pg/.s.PGSQL.6000", null]);
  assert.equal(socket.shown, "postgres://a@/d?host=/run/pg&port=6000");
  assert.equal(read("postgres://a@[2001:db8::1]:5/d").shown, "postgres://a@[2001:db8::1]:5/d");
  const modes = ["disable", "prefer", "require", "verify-ca", "verify-full"].map((mode) => {
    const { tls } = read(`postgres://h/d?sslmode=${mode}`).target;
    return tls && [tls.optional, tls.checkChain, tls.checkName];
  });
  assert.deepEqual(modes, [null, [true, false, false], [false, false, false], [false, true, false], [
    false,
    true,
    true,
  ]]);
});

test("readPostgresUrl() finds the password in the password file, by the first line that fits", () => {
  const file = [
    "# db:5432:d:u:comment",
    "other:*:*:*:wrong",
    "db:5432:d:so\\:so:with \\: and \\\\",
    "*:*:*:u:last",
    "db:5432:d:u:too late",
  ].join("\n");
  const system = systemWith({ HOME: "/home" }, { "/home/.pgpass": file });
  const password = (url: string) => readPostgresUrl(url, system).target.password;
  assert.equal(password("postgres://u@db/d"), "last");
  assert.equal(password("postgres://so%3Aso@db/d"), "with : and \\");
  assert.equal(password("postgres://nobody@db/d"), "");
  system.disk.chmod("/home/.pgpass", 0o640);
  assert.equal(password("postgres://u@db/d"), "", "who else may read it may have written it");
});

test("readPostgresUrl() refuses what it cannot read, and repeats nothing of it", () => {
  const wrong = [
    "postgres:hunter2",
    "postgres://u:hunter2#@h/d",
    "postgres://u:hun/ter2@h/d",
    "postgres://u:hun?ter2@h/d",
    "postgres://u:1/hunter2@h/d",
    "postgres://u:p@h/d/hunter2",
    "postgres://u:%hunter2@h/d",
    "postgres://u:hunter2%00@h/d",
    "postgres://u:p@h:hunter2/d",
    "postgres://u:p@h:70000/hunter2",
    "postgres://u:p@h/d?hunter2",
    "postgres://u:p@h/d?Hunter2=1",
    "postgres://u:p@h/d?sslmode=hunter2",
    "postgres://u:p@h/d?port=hunter2",
    "postgres://u:p@h/d?connect_timeout=hunter2",
    "postgres://u:hunter2@h,i/d",
    "postgres://h/hunter2",
  ];
  for (const url of wrong) {
    assert.throws(() => readPostgresUrl(url, systemWith({})), (error: unknown) => {
      assert.ok(error instanceof LatticeError, url);
      assert.equal(error.code, "usage", url);
      const said = `${error.message} ${error.hint} ${JSON.stringify(error.details)} ${error.stack}`;
      assert.doesNotMatch(said, /hunter2|ter2/i, url);
      return true;
    });
  }
});

test("a store is reached with a password and with TLS, whose certificate is looked at where that is asked for", async () => {
  const server = await PostgresServer.start({ tls: true });
  server.sql("create schema mine authorization guarded");
  const base = `postgres://guarded:${
    encodeURIComponent(PASSWORD)
  }@localhost:${server.port}/postgres?options=-csearch_path%3Dmine`;
  const attempt = async (more: string): Promise<string> => {
    await using store = openLockStore(`${base}${more}`, { system: realSystem, autoMigrate: true });
    await store.getServerEpoch();
    return server.sql("select ssl from pg_stat_ssl join pg_stat_activity using (pid) where usename = 'guarded'");
  };
  const trusted = `&sslrootcert=${encodeURIComponent(server.certificate)}`;
  assert.equal(await attempt("&sslmode=disable"), "f");
  for (
    const more of [
      "&sslmode=prefer",
      "&sslmode=require",
      `&sslmode=require${trusted}`,
      `&sslmode=verify-full${trusted}`,
    ]
  ) {
    assert.equal(await attempt(more), "t", more);
  }
  await assert.rejects(attempt("&sslmode=verify-full"), /TLS: self.signed certificate/);
  await assert.rejects(attempt(`&sslmode=verify-full${trusted}&host=127.0.0.1`), /TLS: /);
  server.stop("fast");
});

test("a password is kept out of command lines also where the user has an @, and none with a space in it is taken", () => {
  assert.equal(withoutPasswords("--store=postgres://us@er:secret@host/db"), "--store=postgres://us@er:***@host/db");
  assert.throws(() => openLockStore("postgres://user:my secret@host/db"), /means something else/);
});

/** By when `lease exec` has stopped its program: before the lock can be somebody else's. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { openLockStore } from "../../src/lock_store/open.ts";
import { gitEnvironment } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { PostgresServer, sharedServer } from "../postgres_server.ts";
import { TcpProxy } from "../tcp_proxy.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { binary } from "./binary.ts";

interface Started {
  readonly said: { stdout: string; stderr: string };
  readonly exit: Promise<number | null>;
}

function start(cwd: string, ...args: string[]): Started {
  const child = spawn(binary, ["lease", ...args], { cwd, env: gitEnvironment, stdio: ["ignore", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].on("data", (bytes: Uint8Array) => said[stream] += new TextDecoder().decode(bytes));
  }
  return { said, exit: once(child, "close").then(([code]) => code as number | null) };
}

async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  while (!await isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
}

const OWNED = ["--client", "c", "--owner"];

test("lease exec: a program that ignores SIGTERM is killed before the lock expires, when that cannot be renewed", async () => {
  const cwd = temporaryFolder();
  const store = "sqlite:./leases.db";
  const script = "trap '' TERM; while :; do date +%s%3N >>beats; sleep 0.05; done";
  const args = ["s", "f", "--store", store, ...OWNED, "a", "--ttl", "8s", "--lock-timeout", "1m"];
  const { said, exit } = start(cwd, "exec", ...args, "--", "sh", "-c", script);
  await until(() => existsSync(`${cwd}/beats`));
  const other = new DatabaseSync(`${cwd}/leases.db`);
  other.exec("pragma busy_timeout = 60000; begin immediate");
  const [row] = other.prepare("select expires_at from locks").all() as { expires_at: number }[];
  // It goes on beyond the end of the lock, as one would that waits for its turn.
  await until(() => Date.now() > row!.expires_at + 500);
  const beats = readFileSync(`${cwd}/beats`, "utf8").trim().split("\n").map(Number);
  other.exec("rollback");
  other.close();
  assert.equal(await exit, 4);
  assert.match(said.stderr, /was lost, and the program was stopped: the store did not renew it in time/);
  assert.ok(beats.at(-1)! <= row!.expires_at, `the last sign of life was ${beats.at(-1)! - row!.expires_at} ms late`);
});

test("lease exec: its time counts from before the lock was asked for, however late the answer comes", async () => {
  const cwd = temporaryFolder();
  const server = await sharedServer();
  const schema = server.freshSchema();
  const proxy = await TcpProxy.start(server.port);
  await using direct = openLockStore(server.url({ schema }));
  await direct.migrate("up");
  proxy.judge = (text) => {
    if (!/commit/.test(text)) return "pass";
    proxy.judge = () => "pass";
    return "hold";
  };
  const address = server.url({ schema, host: "127.0.0.1", port: proxy.port });
  const args = ["s", "f", "--store", address, ...OWNED, "late", "--ttl", "1s", "--lock-timeout", "5m"];
  const { said, exit } = start(cwd, "exec", ...args, "--", "touch", "started");
  await until(async () => (await direct.listLocks()).length === 1);
  const next = await direct.acquire({ shareName: "s", fileId: "f", ownerId: "next", clientId: "c" }, {
    waitMs: 300_000,
  });
  proxy.letGo();
  assert.equal(await exit, 4, said.stderr);
  assert.match(said.stderr, /was lost, before its program was started/);
  assert.equal(existsSync(`${cwd}/started`), false, "the lock is somebody else's");
  assert.deepEqual(await direct.listLocks(), [next]);
  proxy.close();
});

test("lease acquire --wait goes on waiting while the server is started again", async () => {
  const server = await PostgresServer.start();
  const address = server.url({ schema: server.freshSchema() });
  await using holder = openLockStore(address);
  await holder.migrate("up");
  const held = await holder.acquire({ shareName: "s", fileId: "f", ownerId: "a", clientId: "c" });
  const args = ["s", "f", "--store", address, ...OWNED, "b", "--wait", "5m", "--lock-timeout", "1s", "--json"];
  const { said, exit } = start("/", "acquire", ...args);
  const listeners = () => server.sql("select count(*) from pg_stat_activity where query like 'listen %'");
  await until(() => listeners() !== "0");
  server.stop("immediate");
  // Long enough for who would give up at the first refusal, and for several looks.
  await new Promise((resolve) => setTimeout(resolve, 4500));
  server.resume();
  await holder.deleteLock(held.id);
  assert.deepEqual([await exit, said.stderr], [0, ""]);
  assert.equal((JSON.parse(said.stdout) as { owner: string }).owner, "b");
  server.stop("fast");
});

/** Runs a program under a lock, and gives how that ended. */
async function ended(cwd: string, script: string, ...options: string[]) {
  const args = ["s", "f", "--store", "sqlite:./leases.db", ...OWNED, "a", ...options];
  const { said, exit } = start(cwd, "exec", ...args, "--", "sh", "-c", script, binary);
  return { exit: await exit, ...said };
}

for (const end of [0, 3]) {
  test(`lease exec: a loss that is only seen when the program has ended with ${end} is told, and it ends with 4`, async () => {
    const cwd = temporaryFolder();
    const script = `"$0" lease drop --client c --store sqlite:./leases.db
      "$0" lease acquire s f --owner b --client other --store sqlite:./leases.db --json >next; exit ${end}`;
    const { exit, stdout, stderr } = await ended(cwd, script);
    assert.deepEqual([exit, stdout], [4, "1\n"]);
    assert.match(
      stderr,
      new RegExp(`^error: the lock \\S+ was lost, while its program ran, which ended with ${end}: .*\nhint: .*\n$`),
    );
    await using store = openLockStore(`sqlite:${cwd}/leases.db`);
    const left = await store.listLocks();
    assert.deepEqual(left.map(({ id }) => id), [
      (JSON.parse(readFileSync(`${cwd}/next`, "utf8")) as { id: string }).id,
    ]);
  });
}

test("lease exec: a record that has another token now is another's, and is left alone", async () => {
  const cwd = temporaryFolder();
  const { said, exit } = start(
    cwd,
    ...["exec", "s", "f", "--store", "sqlite:./leases.db", ...OWNED, "a", "--ttl", "1h", "--"],
    ...["sh", "-c", "touch begun; until test -e end; do sleep 0.02; done"],
  );
  await until(() => existsSync(`${cwd}/begun`));
  await using store = openLockStore(`sqlite:${cwd}/leases.db`);
  const [held] = await store.listLocks();
  const next = await store.putLock({ ...held!, ownerId: "b", fencingToken: 0n });
  writeFileSync(`${cwd}/end`, "");
  assert.equal(await exit, 4);
  assert.match(said.stderr, /was lost, while its program ran/);
  assert.deepEqual(await store.listLocks(), [next]);
});

test("lease exec: a store that cannot be reached when the program has ended is told, and the program's end counts", async () => {
  for (const quiet of [[], ["--quiet"]]) {
    const { exit, stderr } = await ended(temporaryFolder(), "mv leases.db elsewhere.db; exit 3", ...quiet);
    assert.equal(exit, 3);
    assert.match(
      stderr,
      /^error: the lock (\S+) could not be given back, and is held until it expires: .*moved away.*\nhint: .* release \1\n$/,
    );
  }
});

/** One PostgreSQL store and several hosts, one of which loses its link; clients that sleep while their locks expire. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { openLockStore } from "../../src/lock_store/open.ts";
import { gitEnvironment, runProgram } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { NetworkHost } from "../network_hosts.ts";
import { PostgresServer, sharedServer } from "../postgres_server.ts";
import { binary, type Ended, textOf } from "./binary.ts";

const OWNED = ["--client", "c", "--owner"];

async function exitOf(child: ChildProcess): Promise<number | null> {
  return (await once(child, "close") as [number | null])[0];
}

/** Waits until something is so; nobody waits for ever, since a test has its time. */
async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  while (!await isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
}

test("of two hosts one loses its link: its lock expires, the other gets it, and it is told so on both sides", async () => {
  const [near, far] = [NetworkHost.make(), NetworkHost.make()];
  const server = await PostgresServer.start({ listen: "0.0.0.0" });
  const schema = server.freshSchema();
  const lease = (host: NetworkHost, ...args: string[]): Ended => {
    const [program, line] = host.command(binary, [
      "lease",
      ...args.slice(0, 1),
      "--store",
      server.url({ host: host.us, schema }),
      ...args.slice(1),
    ]);
    return textOf(runProgram(program, line, "/"));
  };
  await using here = openLockStore(server.url({ schema }));
  await here.migrate("up");

  const [program, line] = far.command(binary, [
    ...["lease", "exec", "s", "f", "--store", server.url({ host: far.us, schema }), ...OWNED, "far", "--ttl", "4s"],
    ...["--lock-timeout", "2s", "--", "sleep", "600"],
  ]);
  const holder = spawn(program, line, { env: gitEnvironment, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  holder.stderr!.on("data", (bytes: Uint8Array) => said += new TextDecoder().decode(bytes));
  const ended = exitOf(holder);
  await until(async () => (await here.listLocks()).length === 1);
  const [first] = await here.listLocks();
  assert.equal(lease(near, "acquire", "s", "f", ...OWNED, "near").exit, 4);

  far.cut();
  const taken = lease(near, "acquire", "s", "f", ...OWNED, "near", "--wait", "5m", "--json");
  assert.equal(taken.exit, 0, taken.stderr);
  const second = JSON.parse(taken.stdout) as { id: string; fencing_token: string };
  assert.ok(BigInt(second.fencing_token) > first!.fencingToken);
  const cutOff = lease(far, "list", "--lock-timeout", "1s", "--json");
  assert.deepEqual([cutOff.exit, JSON.parse(cutOff.stderr).error.code], [11, "store_unavailable"]);
  assert.equal(await ended, 4, said);
  assert.match(said, /the lock .* was lost, and the program was stopped/);

  far.restore();
  await until(() => lease(far, "list", "--lock-timeout", "1s").exit === 0);
  assert.match(lease(far, "list").stdout, /\tnear\t/);
  assert.equal(lease(far, "renew", first!.id).exit, 1);
  assert.equal(lease(near, "release", second.id).exit, 0);
  assert.equal(lease(far, "acquire", "s", "f", ...OWNED, "far").exit, 0);
  server.stop("fast");
});

test("a client that was stopped beyond the end of its lock is refused by its token when it writes at last", async () => {
  const server = await sharedServer();
  const address = server.url({ schema: server.freshSchema() });
  await using store = openLockStore(address);
  await store.migrate("up");
  const client = fileURLToPath(new URL("../lock_store/paused_client.ts", import.meta.url));
  const paused = spawn(process.execPath, [client, address], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = exitOf(paused);
  let said = "";
  paused.stdout!.on("data", (bytes: Uint8Array) => said += new TextDecoder().decode(bytes));
  await until(() => said.includes("\n"));
  paused.kill("SIGSTOP");
  const next = await store.acquire({ shareName: "s", fileId: "f", ownerId: "next", clientId: "c" }, {
    waitMs: 300_000,
  });
  await store.transaction(({ documents }) => documents.put("deployed", new TextEncoder().encode("by the next one")));
  paused.kill("SIGCONT");
  paused.stdin!.write("go on\n");
  await ended;
  assert.deepEqual(said.trim().split("\n"), [String(next.fencingToken - 1n), "FencingTokenRefusedError"]);
  const deployed = await store.transaction(({ documents }) => documents.read("deployed"));
  assert.equal(new TextDecoder().decode(deployed!), "by the next one");
});

test("lease exec that is stopped beyond the end of its lock ends its program when it goes on", async () => {
  const server = await sharedServer();
  const address = server.url({ schema: server.freshSchema() });
  await using store = openLockStore(address);
  await store.migrate("up");
  const args = ["lease", "exec", "s", "f", "--store", address, ...OWNED, "paused", "--ttl", "1s", "--", "sleep", "600"];
  const holder = spawn(binary, args, { env: gitEnvironment, stdio: ["ignore", "ignore", "pipe"] });
  const ended = exitOf(holder);
  await until(async () => (await store.listLocks()).length === 1);
  holder.kill("SIGSTOP");
  const next = await store.acquire({ shareName: "s", fileId: "f", ownerId: "next", clientId: "c" }, {
    waitMs: 300_000,
  });
  holder.kill("SIGCONT");
  assert.equal(await ended, 4);
  assert.deepEqual(await store.listLocks(), [next]);
});

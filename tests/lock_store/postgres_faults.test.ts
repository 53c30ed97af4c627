/** What a PostgreSQL store does when connections, transactions and the server itself are cut off. */
import assert from "node:assert/strict";
import { FencingTokenRefusedError, StoreUnavailableError } from "../../src/lock_store/errors.ts";
import { openLockStore } from "../../src/lock_store/open.ts";
import type { LatticeError } from "../../src/platform/errors.ts";
import { realSystem } from "../../src/platform/real_system.ts";
import { test } from "../harness.ts";
import { PostgresServer, sharedServer } from "../postgres_server.ts";
import { ClockAhead } from "./clock_ahead.ts";
import { bytes, failureOf, FILE, listening, neverLooking, once, stores } from "./postgres_stores.ts";

test("a transaction whose connection the server ends is done again from its beginning, and once", async () => {
  const { server, direct, open } = await stores();
  await using store = open();
  let tries = 0;
  const lock = await store.transaction(async (inside) => {
    await inside.documents.put("count", bytes(String(++tries)));
    if (tries <= 2) {
      server.sql("select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction'");
    }
    return await inside.acquire(FILE);
  });
  assert.equal(tries, 3);
  assert.deepEqual(await direct.listLocks(), [lock]);
  assert.equal(lock.fencingToken, 1n, "what was cut off has left nothing");
  await direct.close();
});

test("a transaction that meets another one is done again; what its action catches is not kept either", async () => {
  const { server, schema, direct, open } = await stores();
  await using store = open();
  await direct.transaction(({ documents }) => documents.put("a", bytes("0")));
  let tries = 0;
  await store.transaction(async ({ documents }) => {
    await documents.read("a");
    // Somebody who knows nothing of our turns changes what we are about to change.
    if (++tries === 1) server.sql(`update ${schema}.state_documents set content = '1'`);
    await documents.put("a", bytes("2")).catch((error: unknown) => assert.match(String(error), /serialize/));
  });
  assert.equal(tries, 2);
  assert.equal(server.sql(`select encode(content, 'escape') from ${schema}.state_documents`), "2");
  // A write skew with such a one: each reads what the other writes.
  tries = 0;
  await store.transaction(async ({ documents }) => {
    tries++;
    await documents.read("b");
    if (tries === 1) {
      server.sql(`begin isolation level serializable; select * from ${schema}.state_documents where name = 'c';
        insert into ${schema}.state_documents values ('b', '1'); commit`);
    }
    await documents.put("c", bytes("1"));
  });
  assert.equal(tries, 2);
  await direct.close();
});

test("an action that catches the failure of its transaction cannot have it counted as done", async () => {
  const { server, schema, direct, open } = await stores();
  await using store = open();
  await store.getServerEpoch(); // makes the tables
  server.sql(`alter table ${schema}.state_documents add check (name <> 'refused')`);
  const error = await failureOf(store.transaction(async ({ documents }) => {
    await documents.put("a", bytes("1"));
    await documents.put("refused", bytes("2")).catch(() => "the table does not take it");
  }));
  assert.match(error.message, /refuses a statement/);
  assert.equal(await direct.transaction(({ documents }) => documents.read("a")), null);
  await direct.close();
});

for (const fate of ["cut before", "cut after", "silence"] as const) {
  test(`a commit without an answer is looked up: done once, whether it had arrived or not (${fate})`, async () => {
    const { direct, open, proxy } = await stores({ proxied: true });
    await using store = open({ timeoutMs: 2000 });
    await store.getServerEpoch();
    let tries = 0;
    proxy.judge = once(/commit/, fate);
    const value = await store.transaction(async (inside) => {
      tries++;
      await inside.incrementServerEpoch();
      return tries;
    });
    assert.deepEqual([value, tries], fate === "cut before" ? [2, 2] : [1, 1]);
    assert.equal(await direct.getServerEpoch(), 1n);
    await direct.close();
    proxy.close();
  });
}

test("a transaction whose end the server refuses leaves nothing to the next one", async () => {
  const { server, schema, direct, open } = await stores();
  await using store = open();
  server.sql(`alter table ${schema}.lattice_commits add constraint none check (not is_done)`);
  assert.match((await failureOf(store.incrementServerEpoch())).message, /violates check constraint/);
  server.sql(`alter table ${schema}.lattice_commits drop constraint none`);
  assert.equal(await store.incrementServerEpoch(), 1n);
  await direct.close();
});

test("migrations: made after a lost connection, and not called undone when nobody knows", async () => {
  const { direct, open, proxy } = await stores({ proxied: true });
  await direct.migrate("down");
  await using store = open({ autoMigrate: true, timeoutMs: 2000 });
  proxy.judge = once(/begin isolation level serializable/, "cut before");
  assert.equal(await store.getServerEpoch(), 0n);
  proxy.judge = once(/commit\0$/, "cut after");
  const error = await failureOf(store.migrate("down"));
  assert.ok(error instanceof StoreUnavailableError);
  assert.match(error.message, /it may have been done, or not/);
  await direct.close();
  proxy.close();
});

test("several migrate at once where all is serializable by itself, and times are beyond those of the server", async () => {
  const server = await sharedServer();
  const base = server.url({ schema: server.freshSchema() });
  const url = base.replace("options=", "options=-c%20default_transaction_isolation%3Dserializable%20");
  const all = Array.from({ length: 6 }, () => openLockStore(url, { timeoutMs: 30 * 24 * 3600 * 1000 }));
  await Promise.all(all.map((store) => store.migrate("up")));
  assert.equal(await all[0]!.incrementServerEpoch(), 1n);
  await Promise.all(all.map((store) => store.close()));
});

test("a commit without an answer, of which nothing can be learned, is told as what it is and not repeated", async () => {
  const { direct, open, proxy } = await stores({ proxied: true });
  await using store = open({ timeoutMs: 2000 });
  let tries = 0;
  proxy.judge = (text) => {
    if (!/commit/.test(text)) return "pass";
    proxy.isDown = true;
    return "cut after";
  };
  const error = await failureOf(store.transaction(async (inside) => {
    tries++;
    return await inside.incrementServerEpoch();
  }));
  assert.ok(error instanceof StoreUnavailableError);
  assert.match(error.message, /it may have been done, or not/);
  assert.deepEqual([tries, await direct.getServerEpoch()], [1, 1n]);
  await direct.close();
  proxy.close();
});

test("every call has an answer within its time: of a silent server, of one that is in use, of none", async () => {
  const { server, schema, direct, open, proxy } = await stores({ proxied: true });
  await using store = open({ timeoutMs: 1500 });
  const timed = async (call: () => Promise<unknown>): Promise<LatticeError> => {
    const startedMs = realSystem.clock.monotonicMs();
    const error = await failureOf(call());
    const tookMs = realSystem.clock.monotonicMs() - startedMs;
    assert.ok(tookMs < 20_000, `${tookMs} ms: ${error.message}`); // the machine may be slow; without a limit it would be for ever
    return error;
  };
  await store.getServerEpoch();
  proxy.judge = once(/begin/, "silence");
  const silent = await timed(() => store.incrementServerEpoch());
  assert.deepEqual([silent.code, /nothing was changed/.test(silent.message)], [
    "store_unavailable",
    true,
  ], silent.message);
  proxy.judge = () => "silence";
  assert.equal((await timed(() => store.acquire(FILE))).code, "store_unavailable");
  proxy.judge = () => "pass";
  // Somebody else holds the turn, and does not end.
  const blocker = direct.transaction(async () => {
    const inUse = await timed(() => store.acquire(FILE));
    assert.equal(inUse.code, "locked");
    assert.match(inUse.hint ?? "", /--lock-timeout/);
    assert.deepEqual(await store.listLocks(), [], "who only reads waits for nobody");
    const impatient = openLockStore(server.url({ schema }), { timeoutMs: 0 });
    assert.equal((await timed(() => impatient.acquire(FILE))).code, "locked");
    await impatient.close();
    const stop = new AbortController();
    const waiting = store.acquire(FILE, { signal: stop.signal });
    stop.abort(new Error("enough"));
    await assert.rejects(waiting, /enough/);
  });
  await blocker;
  proxy.close();
  assert.equal((await timed(() => store.acquire(FILE))).code, "store_unavailable");
  await direct.close();
});

test("the server ends a transaction in which nothing happens, so that others get their turn", async () => {
  const { server, direct, open } = await stores();
  await using store = open({ timeoutMs: 1000 });
  let tries = 0;
  const paused = store.transaction(async (inside) => {
    if (++tries > 1) throw new Error("it is done again");
    await inside.incrementServerEpoch();
    // Until the server has lost its patience.
    const isOpen = () => server.sql("select 1 from pg_stat_activity where state = 'idle in transaction'") !== "";
    while (isOpen()) await new Promise((resolve) => setTimeout(resolve, 50));
    await inside.acquire(FILE);
  });
  const other = direct.acquire({ ...FILE, ownerId: "other" });
  await assert.rejects(paused, /it is done again|cannot be used: /);
  const lock = await other;
  assert.deepEqual(await direct.listLocks(), [lock]);
  assert.equal(await direct.getServerEpoch(), 0n);
  await direct.close();
});

test("who waits hears of a release, and goes on without hearing anything", async () => {
  const { server, direct, open } = await stores();
  await using store = open({ system: neverLooking() });
  const held = await direct.acquire(FILE);
  const waiting = store.acquire({ ...FILE, ownerId: "second" }, { waitMs: 600_000 });
  await listening(server);
  await new Promise((resolve) => setTimeout(resolve, 500)); // by now it waits for a word
  await direct.deleteLock(held.id);
  const second = await waiting;
  // The listening connection is cut while somebody waits.
  const third = store.acquire({ ...FILE, ownerId: "third" }, { waitMs: 600_000 });
  server.sql("select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen lattice_locks'");
  await direct.deleteLock(second.id);
  assert.ok((await third).fencingToken > second.fencingToken);
  await direct.close();
});

test("who waits for a lock sleeps on while others are released, and is woken for its own", async () => {
  const { server, direct, open } = await stores();
  await using store = open({ system: neverLooking() });
  const held = await direct.acquire(FILE);
  let tries = 0;
  const onTry = () => tries++;
  const waiting = store.acquire({ ...FILE, ownerId: "second" }, { waitMs: 600_000, onTry });
  await listening(server);
  await new Promise((resolve) => setTimeout(resolve, 500)); // by now it waits for a word
  const before = tries;
  // One that is told of wakes it: so would the others, which were told of before.
  for (let i = 0; i < 20; i++) await direct.deleteLock((await direct.acquire({ ...FILE, fileId: `other ${i}` })).id);
  await direct.deleteLock(held.id);
  assert.equal((await waiting).ownerId, "second");
  assert.equal(tries, before + 1);
  await direct.close();
});

test("a lock expires by the server's clock, however wrong those of its clients are", async () => {
  const { server, schema, direct } = await stores();
  const ahead = new ClockAhead(realSystem);
  ahead.goTo(new Date(realSystem.clock.nowMs() + 24 * 3_600_000));
  await using fast = openLockStore(server.url({ schema }), { system: ahead.system });
  const lock = await fast.acquire({ ...FILE, ttlMs: 60_000 });
  assert.ok(Math.abs(lock.acquiredAt.getTime() - realSystem.clock.nowMs()) < 3_600_000);
  assert.equal((await fast.listLocks()).length, 1, "it has not expired, whatever this client believes");
  await assert.rejects(fast.acquire({ ...FILE, ownerId: "other" }), /is locked by/);
  await direct.putLock({ ...lock, expiresAt: new Date(realSystem.clock.nowMs() - 1000) });
  assert.deepEqual(await fast.listLocks(), []);
  const next = await direct.acquire({ ...FILE, ownerId: "other" });
  // What the first holder does now comes too late, and is refused in the transaction that would do it.
  await assert.rejects(
    fast.transaction(async (inside) => {
      await inside.documents.put("deployed", bytes("old"));
      await inside.requireFencingToken(lock.id, lock.fencingToken);
    }),
    FencingTokenRefusedError,
  );
  assert.equal(await direct.transaction(({ documents }) => documents.read("deployed")), null);
  assert.ok(next.fencingToken > lock.fencingToken);
  await direct.close();
});

test("a server that crashes and is started again has all that it acknowledged, and stores go on using it", async () => {
  const server = await PostgresServer.start({ durable: true });
  const schema = server.freshSchema();
  await using store = openLockStore(server.url({ schema, host: "127.0.0.1" }), { timeoutMs: 20_000 });
  await store.migrate("up");
  const held = await store.acquire(FILE);
  server.stop("immediate");
  await using late = openLockStore(server.url({ schema, host: "127.0.0.1" }));
  const down = await failureOf(late.listLocks());
  assert.deepEqual([down.code, down instanceof StoreUnavailableError], ["store_unavailable", true]);
  server.resume();
  assert.deepEqual(await store.listLocks(), [held]);
  let tries = 0;
  const epoch = await store.transaction(async (inside) => {
    const next = await inside.incrementServerEpoch();
    if (++tries === 1) {
      server.stop("immediate");
      server.resume();
    }
    return next;
  });
  assert.deepEqual([epoch, await store.getServerEpoch(), tries], [1n, 1n, 2]); // what the crash ended was looked up
  await assert.rejects(store.acquire({ ...FILE, ownerId: "other" }), /is locked by/);
  await store.close();
  server.stop("fast");
});

test("a migration has its time as a whole, however many statements it takes, and leaves nothing when that is up", async () => {
  const { server, schema, direct, open } = await stores();
  await direct.migrate("down");
  server.sql(`create function ${schema}.linger() returns event_trigger language plpgsql as $$
    begin if current_setting('search_path') = '${schema}' then perform pg_sleep(0.4); end if; end $$;
    create event trigger ${schema}_slow on ddl_command_start execute function ${schema}.linger()`);
  await using store = open({ timeoutMs: 1500 });
  const startedMs = realSystem.clock.monotonicMs();
  const error = await failureOf(store.migrate("up"));
  const tookMs = realSystem.clock.monotonicMs() - startedMs;
  server.sql(`drop event trigger ${schema}_slow`);
  assert.equal(error.code, "store_unavailable", error.message);
  assert.match(`${error.message} ${error.hint}`, /nothing was changed/);
  assert.ok(tookMs >= 1400, `${tookMs} ms`);
  assert.deepEqual((await direct.migrate("up", { dryRun: true })).from, 0);
  await direct.close();
});

test("who waits for a lock goes on waiting while others keep the store busy, and gets it", async () => {
  const { direct, open } = await stores();
  const held = await direct.acquire(FILE);
  await using store = open({ timeoutMs: 1000 });
  let tries = 0;
  let isRefused = false;
  const waiting = store.acquire({ ...FILE, ownerId: "second" }, { waitMs: 600_000, onTry: () => tries++ });
  waiting.catch(() => isRefused = true);
  while (tries < 2) await new Promise((resolve) => setTimeout(resolve, 10)); // the first was answered
  await direct.transaction(async (inside) => {
    const before = tries;
    // One that is under way now had its turn before, or has not; the next has none in its time, and there is one more.
    while (tries < before + 3 && !isRefused) {
      await inside.listLocks();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await inside.deleteLock(held.id);
  });
  assert.equal((await waiting).ownerId, "second");
  await direct.close();
});

test("who waits for a lock goes on waiting while the server is started again, and gets it", async () => {
  const server = await PostgresServer.start();
  const schema = server.freshSchema();
  const address = server.url({ schema, host: "127.0.0.1" });
  await using holder = openLockStore(address);
  await holder.migrate("up");
  const held = await holder.acquire(FILE);
  // Tells when the store was found to be away, and will be tried again.
  let isAway = () => {};
  const foundAway = new Promise<void>((resolve) => isAway = resolve);
  let isStopped = false;
  const clock = Object.create(realSystem.clock, {
    sleep: {
      value: (ms: number) => {
        if (isStopped && ms >= 1000) isAway();
        return realSystem.clock.sleep(ms);
      },
    },
  });
  await using store = openLockStore(address, {
    timeoutMs: 1000,
    system: Object.create(realSystem, { clock: { value: clock } }),
  });
  const waiting = store.acquire({ ...FILE, ownerId: "second" }, { waitMs: 600_000 });
  waiting.catch(() => {});
  await listening(server);
  server.stop("fast");
  isStopped = true;
  await Promise.race([waiting, foundAway]);
  server.resume();
  await holder.deleteLock(held.id);
  assert.equal((await waiting).ownerId, "second");
  server.stop("fast");
});

test("a server that only reads is said to do so, and a standby is called one", async () => {
  const server = await PostgresServer.start();
  const schema = server.freshSchema();
  const address = server.url({ schema });
  await using store = openLockStore(address);
  await store.migrate("up");
  server.beStandby();
  for (const call of [() => store.incrementServerEpoch(), () => store.listLocks(), () => store.migrate("up")]) {
    const error = await failureOf(call());
    assert.equal(error.code, "store_unavailable");
    assert.match(`${error.message} ${error.hint}`, /(?:standby|recovery).* name the primary server/);
  }
  server.stop("fast");
});

/** What is told of a commit in PostgreSQL that got no answer, and of statements that were sent without waiting for any. */
import assert from "node:assert/strict";
import { StoreUnavailableError } from "../../src/lock_store/errors.ts";
import { openLockStore } from "../../src/lock_store/open.ts";
import { test } from "../harness.ts";
import { failureOf, FILE, once, stores } from "./postgres_stores.ts";

test("a commit without an answer, whose name was forgotten meanwhile, is told as what it is and not repeated", async () => {
  const { server, schema, direct, open, proxy } = await stores({ proxied: true });
  await using store = open({ timeoutMs: 60_000 });
  let arrived = () => {};
  const isCut = new Promise<void>((resolve) => arrived = resolve);
  proxy.judge = (text) => {
    if (!/commit/.test(text)) return "pass";
    proxy.isDown = true;
    arrived();
    return "cut after";
  };
  let tries = 0;
  const suspended = failureOf(store.transaction(async (inside) => {
    tries++;
    return await inside.incrementServerEpoch();
  }));
  await isCut;
  while (await direct.getServerEpoch() !== 1n) continue;
  // For one store it is two hours later, as if this one had slept.
  server.sql(`create function ${schema}.now() returns timestamptz language sql stable
    as 'select pg_catalog.now() + interval ''2 hours'''`);
  await using late = openLockStore(server.url({ schema: `${schema},pg_catalog` }));
  await late.incrementServerEpoch();
  proxy.judge = () => "pass";
  proxy.isDown = false;
  const error = await suspended;
  assert.ok(error instanceof StoreUnavailableError, String(error));
  assert.match(error.message, /it may have been done, or not/);
  assert.deepEqual([error.mayHaveBeenDone, error.details["may_have_been_done"], tries], [true, true, 1]);
  assert.equal(await direct.getServerEpoch(), 2n, "each was done once");
  // What began after that is told as before, also when names are forgotten again.
  let again = 0;
  proxy.judge = once(/commit/, "cut before");
  await store.transaction(async (inside) => {
    again++;
    await inside.incrementServerEpoch();
  });
  await using later = openLockStore(server.url({ schema: `${schema},pg_catalog` }));
  await later.incrementServerEpoch();
  assert.deepEqual([again, await direct.getServerEpoch()], [2, 4n]);
  await direct.close();
  proxy.close();
});

for (
  const [what, fate, told] of [
    ["was done", "cut after", "its value"],
    ["was not done", "cut before", "the abort"],
    ["is not known", "cut after", "that it may have been done"],
  ] as const
) {
  test(`a call that is aborted while its commit is without an answer tells ${told}, where it ${what}`, async () => {
    const { direct, open, proxy } = await stores({ proxied: true });
    await using store = open({ timeoutMs: 2000 });
    await store.getServerEpoch();
    const stop = new AbortController();
    const reason = new Error("enough");
    proxy.judge = (text) => {
      if (!/commit/.test(text)) return "pass";
      proxy.judge = () => "pass";
      proxy.isDown = what === "is not known";
      setTimeout(() => stop.abort(reason)); // when it is on its way
      return fate === "cut after" ? "silence" : fate;
    };
    let tries = 0;
    const call = store.transaction(async (inside) => {
      if (++tries > 1) stop.abort(reason);
      return await inside.incrementServerEpoch();
    }, { signal: stop.signal });
    if (what === "was done") assert.equal(await call, 1n);
    else if (what === "was not done") await assert.rejects(call, (error: unknown) => error === reason);
    else {
      const error = await failureOf(call);
      assert.ok(error instanceof StoreUnavailableError && error.mayHaveBeenDone, error.message);
    }
    assert.equal(await direct.getServerEpoch(), what === "was not done" ? 0n : 1n);
    await direct.close();
    proxy.close();
  });
}

test("a commit is looked up also where transactions only read by default", async () => {
  const { server, schema, direct, proxy } = await stores({ proxied: true });
  const url = server.url({ schema, host: "127.0.0.1", port: proxy.port });
  await using store = openLockStore(url.replace("options=", "options=-c%20default_transaction_read_only%3Don%20"), {
    timeoutMs: 5000,
  });
  proxy.judge = once(/commit/, "cut after");
  assert.equal(await store.incrementServerEpoch(), 1n);
  assert.equal(await direct.getServerEpoch(), 1n);
  await direct.close();
  proxy.close();
});

test("a change that the server refuses is told by its own reason, though its commit was sent with it, and nothing is done", async () => {
  const { server, schema, direct, open } = await stores();
  await using store = open();
  const held = await store.acquire({ ...FILE, ownerId: "other", fileId: "another" });
  server.sql(`alter table ${schema}.locks add constraint none check (owner_id <> 'owner')`);
  const refused = await failureOf(store.acquire(FILE));
  assert.match(refused.message, /refuses a statement: .*violates check constraint/);
  server.sql(`alter table ${schema}.locks drop constraint none`);
  assert.deepEqual(await store.listLocks(), [held]);
  const lock = await store.acquire(FILE);
  assert.equal(lock.fencingToken, held.fencingToken + 1n, "what was refused has left nothing");
  // A table that is in use: the reason is the wait for a turn, not what was sent behind it.
  await direct.transaction(async () => {
    await using impatient = open({ timeoutMs: 0 });
    const inUse = await failureOf(impatient.deleteLock(lock.id));
    assert.deepEqual([inUse.code, /could not obtain lock/.test(inUse.message)], ["locked", true], inUse.message);
  });
  await direct.close();
});

test("a connection that has lost what was prepared on it is given up, and its transaction is done again", async () => {
  const { server, schema, direct, open } = await stores();
  await using store = open();
  const takeAndGive = async () => await store.deleteLock((await store.acquire(FILE)).id);
  await takeAndGive(); // all is prepared
  // As a pooler does that puts another server process behind a connection, but in the middle of what is sent at once.
  server.sql(`create function ${schema}.lose() returns trigger language plpgsql as
      $$ begin execute 'deallocate all'; return null; end $$;
    create trigger lose before delete on ${schema}.locks for each statement execute function ${schema}.lose()`);
  for (let round = 0; round < 3; round++) await takeAndGive();
  server.sql(`drop trigger lose on ${schema}.locks`);
  await takeAndGive();
  // A statement whose columns are no longer what they were.
  server.sql(`alter table ${schema}.locks alter column share_name type varchar(2000)`);
  await takeAndGive();
  assert.deepEqual(await direct.listLocks(), []);
  await direct.close();
});

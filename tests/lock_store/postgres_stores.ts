/**
 * PostgreSQL stores whose network can be cut, for tests.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type LockStoreOptions, openLockStore } from "../../src/lock_store/open.ts";
import type { LockRequest, LockStore } from "../../src/lock_store/store.ts";
import { LatticeError } from "../../src/platform/errors.ts";
import { realSystem } from "../../src/platform/real_system.ts";
import type { System } from "../../src/platform/system.ts";
import { type PostgresServer, sharedServer } from "../postgres_server.ts";
import { type Fate, TcpProxy } from "../tcp_proxy.ts";

/** A lock that is wanted. */
export const FILE: LockRequest = { shareName: "share", fileId: "file", ownerId: "owner", clientId: "client" };

export const bytes = (text: string) => new TextEncoder().encode(text);

/** A fresh schema with tables, and stores on it. */
export async function stores(options: { proxied?: boolean } = {}) {
  const server = await sharedServer();
  const schema = server.freshSchema();
  const proxy = await TcpProxy.start(server.port);
  const direct = openLockStore(server.url({ schema }));
  await direct.migrate("up");
  const open = (more: LockStoreOptions = {}): LockStore =>
    options.proxied === true
      ? openLockStore(server.url({ schema, host: "127.0.0.1", port: proxy.port }), more)
      : openLockStore(server.url({ schema }), more);
  return { server, schema, proxy, direct, open };
}

/** Makes the fate of the first statements that match be that, and of all others to pass. */
export function once(pattern: RegExp, fate: Fate): (text: string) => Fate {
  let isDone = false;
  return (text) => {
    if (isDone || !pattern.test(text)) return "pass";
    isDone = true;
    return fate;
  };
}

/** What a call is refused with. */
export async function failureOf(promise: Promise<unknown>): Promise<LatticeError> {
  const error = await promise.then(() => assert.fail("it succeeded"), (thrown: unknown) => thrown);
  assert.ok(error instanceof LatticeError, String(error));
  return error;
}

/** The machine with a clock by which the looks that are taken while one listens never come. */
export function neverLooking(): System {
  const clock = Object.create(realSystem.clock, {
    sleep: { value: (ms: number) => ms < 400 ? realSystem.clock.sleep(ms) : new Promise(() => {}) },
  });
  return Object.create(realSystem, { clock: { value: clock } }) as System;
}

/** Waits until somebody listens. */
export async function listening(server: PostgresServer): Promise<void> {
  const count = () => Number(server.sql("select count(*) from pg_stat_activity where query = 'listen lattice_locks'"));
  while (count() === 0) await new Promise((resolve) => setTimeout(resolve, 10));
}

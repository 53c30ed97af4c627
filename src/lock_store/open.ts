/**
 * Opens a store of lock records by the text that says where it is. A new backend is added here, and nowhere else.
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import { realSystem } from "../platform/real_system.ts";
import type { System } from "../platform/system.ts";
import { Locks } from "./locks.ts";
import { MemoryBackend } from "./memory.ts";
import { PostgresLater } from "./postgres_later.ts";
import { SqliteBackend } from "./sqlite.ts";
import type { LockStore } from "./store.ts";
import { absolutePath } from "../platform/paths.ts";

/** How a store is used. */
export interface LockStoreOptions {
  /** Longest wait for transactions of others in milliseconds; 10,000 when nothing is said. */
  readonly timeoutMs?: number;
  /** Whether the tables of a PostgreSQL database are made, or brought to the present version, when that is needed. */
  readonly autoMigrate?: boolean;
  /** The world; this machine, when nothing is said. */
  readonly system?: System;
}

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):/;

/** What SQLite calls a database that is no file; here it would become a file of that name. */
const SQLITE_IN_MEMORY = ":memory:";

/**
 * Opens a store of lock records; nothing is opened or made before it is first used.
 *
 * @param address `memory:`, `sqlite:<path>`, or `postgres://<user>@<host>/<database>`; a relative path counts from the working
 *   folder, and what a URL leaves out is told by the variables that PostgreSQL's own programs read (`PGPASSWORD`).
 * @throws {LatticeError} `usage`: the text names no store; `unsupported`: it names one that is not to be had. The text may
 *   hold a password: no message repeats it.
 *
 * @example One job at a time for a deployment, told by a token from whoever comes later
 * ```ts
 * import { openLockStore } from "../mod.ts";
 *
 * async function deployAlone(deploy: (token: bigint) => Promise<void>): Promise<void> {
 *   await using locks = openLockStore("sqlite:/var/lib/deploy/locks.db");
 *   const request = { shareName: "deploy", fileId: "production", ownerId: "job 17", clientId: "runner 3", ttlMs: 60_000 };
 *   const lock = await locks.acquire(request, { waitMs: 300_000 });
 *   await deploy(lock.fencingToken);
 *   await locks.deleteLock(lock.id);
 * }
 * ```
 */
export function openLockStore(address: string, options: LockStoreOptions = {}): LockStore {
  const { system = realSystem, timeoutMs, autoMigrate } = options;
  const scheme = SCHEME.exec(address)?.[1]?.toLowerCase();
  const rest = address.slice(address.indexOf(":") + 1);
  switch (scheme) {
    case "memory":
      return new Locks(system, new MemoryBackend(system, timeoutMs));
    case "sqlite": {
      if (rest === "" || rest.includes("\0")) {
        throw new LatticeError("usage", "the store names no file", { hint: "name one, as --store sqlite:./locks.db" });
      }
      if (rest === SQLITE_IN_MEMORY) {
        throw new LatticeError("usage", `the store names no file: ${JSON.stringify(address)}`, {
          hint: "name one, as --store sqlite:./locks.db; lock records can be kept in memory: as well",
        });
      }
      const path = absolutePath(system, rest);
      return new Locks(
        system,
        new SqliteBackend(system, path, timeoutMs === undefined ? {} : { busyTimeoutMs: timeoutMs }),
      );
    }
    case "postgres":
    case "postgresql":
      return new Locks(
        system,
        new PostgresLater(system, address, {
          ...(timeoutMs === undefined ? {} : { timeoutMs }),
          ...(autoMigrate === undefined ? {} : { autoMigrate }),
        }),
      );
    default:
      throw new LatticeError("usage", "the text names no store of lock records", {
        hint: "name one: sqlite:<path>, postgres://<server>/<database> or memory:",
        details: { scheme: scheme ?? null },
      });
  }
}

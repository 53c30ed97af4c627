/**
 * Opens a state repository by the text that says where it is kept. A new backend is added here, and nowhere else.
 *
 * @module
 */
import { documentsOf } from "./database_store.ts";
import type { DocumentStore } from "./document_store.ts";
import { JsonFileStore } from "./json_files/json_file_store.ts";
import { MemoryStore } from "./memory_store.ts";
import type { StateRepository, StateSchema } from "./repository.ts";
import { TypedRepository } from "./typed_repository.ts";
import { FILE_LOCK_TIMEOUT_MS_DEFAULT, type LockObserver } from "../locks/file_lock.ts";
import { openLockStore } from "../lock_store/open.ts";
import { LatticeError } from "../platform/errors.ts";
import { realSystem } from "../platform/real_system.ts";
import type { System } from "../platform/system.ts";
import { absolutePath } from "../platform/paths.ts";

/** How a repository is used. */
export interface StateOptions {
  /** What the program is doing, for the messages of those who wait for it. */
  readonly command?: string;
  /** Longest wait for another writer in milliseconds; 10,000 when nothing is said, 0 fails at once. */
  readonly lockTimeoutMs?: number;
  /** Whether the tables of a PostgreSQL database are made, or brought to the present version, when that is needed. */
  readonly autoMigrate?: boolean;
  /** Told of waiting for another writer, and of its end. */
  readonly observer?: LockObserver;
  /** The world; this machine, when nothing is said. */
  readonly system?: System;
}

/** What stands before the first colon of a store that is no folder. (One letter is a drive.) */
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]+):/;

/** Databases, which keep documents beside lock records. */
const DATABASES: ReadonlySet<string> = new Set(["sqlite", "postgres", "postgresql"]);

/**
 * Opens a repository of documents of one type.
 *
 * @param store Where: the path of a folder, or `file:` and such a path, which need not exist before something is saved; or
 *   `sqlite:` and the path of a file, or `postgres://<user>@<host>/<database>`. A relative path counts from the working folder.
 * @param schema What a document must be; a schema of zod fits.
 * @param options How.
 * @throws {LatticeError} `usage`: the text names no store.
 *
 * @example What is deployed where, as one of many jobs notes it
 * ```ts
 * import * as z from "zod";
 * import { openStateRepository } from "../mod.ts";
 *
 * const Environment = z.object({ version: z.string(), deployedAt: z.iso.datetime() });
 *
 * async function deployed(environment: string, version: string): Promise<void> {
 *   const states = openStateRepository("/var/lib/deploy/data", Environment, { command: "deploy" });
 *   const before = await states.read(environment);
 *   const next = { version, deployedAt: new Date().toISOString() };
 *   await states.save(environment, next, before?.digest ?? null); // unless somebody else deployed meanwhile
 * }
 * ```
 */
export function openStateRepository<T>(
  store: string,
  schema: StateSchema<T>,
  options: StateOptions = {},
): StateRepository<T> {
  return new TypedRepository(openDocumentStore(store, options), schema);
}

/**
 * Opens a repository in memory, which is gone with the object: for tests of programs that use one.
 *
 * @param schema What a document must be; a schema of zod fits.
 *
 * @example
 * ```ts
 * import * as z from "zod";
 * import { openMemoryStateRepository } from "../mod.ts";
 *
 * const states = openMemoryStateRepository(z.object({ version: z.string() }));
 * await states.save("production", { version: "1.4.0" });
 * if ((await states.load("production"))?.version !== "1.4.0") throw new Error("it is not what was saved");
 * ```
 */
export function openMemoryStateRepository<T>(schema: StateSchema<T>): StateRepository<T> {
  return new TypedRepository(new MemoryStore(), schema);
}

/** Whether a text names a database. */
export function isDatabase(store: string): boolean {
  return DATABASES.has(SCHEME.exec(store)?.[1]?.toLowerCase() ?? "");
}

/**
 * Opens the backend that a text names.
 *
 * @throws {LatticeError} As {@link openStateRepository}. The text may hold a password: no message repeats it.
 */
export function openDocumentStore(store: string, options: StateOptions): DocumentStore {
  const scheme = SCHEME.exec(store)?.[1]?.toLowerCase();
  if (scheme === undefined) return openFolder(store, options);
  if (scheme === "file") return openFolder(store.slice("file:".length).replace(/^\/\/(?=\/)/, ""), options);
  if (isDatabase(store)) {
    const { lockTimeoutMs, autoMigrate, system = realSystem } = options;
    return documentsOf(
      openLockStore(store, {
        system,
        ...(lockTimeoutMs === undefined ? {} : { timeoutMs: lockTimeoutMs }),
        ...(autoMigrate === undefined ? {} : { autoMigrate }),
      }),
    );
  }
  throw new LatticeError("usage", `there is no state store of the kind ${JSON.stringify(`${scheme}:`)}`, {
    hint: "name a folder, file:<path>, sqlite:<path>, or postgres://<server>/<database>; a folder whose name has a " +
      `colon is written ./${scheme}:…`,
    details: { scheme },
  });
}

function openFolder(path: string, options: StateOptions): DocumentStore {
  const { command = "", lockTimeoutMs = FILE_LOCK_TIMEOUT_MS_DEFAULT, observer, system = realSystem } = options;
  if (path === "" || path.includes("\0")) {
    throw new LatticeError("usage", "the state store names no folder", { hint: "name one, as --store ./data" });
  }
  const folder = absolutePath(system, path.replace(/^(?:\.\/+)+/, "") || ".");
  return new JsonFileStore(system, folder, {
    command,
    timeoutMs: lockTimeoutMs,
    ...(observer === undefined ? {} : { observer }),
  });
}

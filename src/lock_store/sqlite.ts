/**
 * Lock records in a SQLite file, for all processes of one machine.
 *
 * The file is in WAL mode with `synchronous = FULL`: a transaction that was acknowledged is durable. Each transaction that
 * writes begins with `BEGIN IMMEDIATE`, so transactions happen one after the other, in whichever process; each has a
 * connection of its own, and who meets another one waits without keeping its own program from going on.
 *
 * Reading makes nothing: a file that is not there, or has no tables yet, is an empty store. SQLite reads a WAL file only
 * where it can write beside it; elsewhere the file is read as it stands, if no `-wal` file adds to it.
 *
 * @module
 */
import { sleepUnlessAborted, startWaiting } from "../locks/waiting.ts";
import {
  openSqlite,
  rollBack,
  type SqliteConnection,
  SqliteError,
  type SqliteFailure,
  type SqliteRow,
  type SqliteValue,
} from "../platform/sqlite.ts";
import type { System } from "../platform/system.ts";
import type { LockSession, LockStoreBackend, Pause, TransactOptions } from "./backend.ts";
import type { DocumentRecords } from "./documents.ts";
import { lastByte } from "./conflict.ts";
import { StoreUnavailableError } from "./errors.ts";
import type { LockType, PersistedLock, ShareReservation } from "./lock.ts";
import { MemoryBackend } from "./memory.ts";
import { hasFile, isOnReadOnlyDisk, makeFile, Unchanging } from "./sqlite_file.ts";
import { migrateSqlite, planMigration, requireSchema, schemaVersionOf } from "./sqlite_schema.ts";
import type { Migration } from "./store.ts";
import { Turns } from "./turns.ts";

/** How long a transaction waits for others, in milliseconds, when nothing is said. */
export const BUSY_TIMEOUT_MS_DEFAULT = 10_000;

/** Longest pause between two attempts to begin, in milliseconds: a transaction takes as long as its flush. */
const BUSY_DELAY_MS_MAX = 4;

/** Failures to open a file that can perhaps be read as it stands. */
const UNOPENED: ReadonlySet<SqliteFailure> = new Set(["cannot-open", "readonly", "readonly-disk"]);

/** How the file is used. */
export interface SqliteOptions {
  /** Longest wait for transactions of others, in milliseconds. */
  readonly busyTimeoutMs?: number;
}

/** Keeps lock records in a SQLite file. It is opened when it is first used, and made when something is first written. */
export class SqliteBackend implements LockStoreBackend {
  readonly address: string;
  private readonly turns: Turns;
  private readonly idleReaders: SqliteConnection[] = [];
  private readonly idleWriters: SqliteConnection[] = [];
  private inode: bigint | null = null;
  private readonly busyTimeoutMs: number;

  /**
   * Opens nothing yet.
   *
   * @param path The file, absolute; its folder must exist.
   */
  constructor(private readonly system: System, private readonly path: string, options: SqliteOptions = {}) {
    this.address = `sqlite:${path}`;
    this.busyTimeoutMs = options.busyTimeoutMs ?? BUSY_TIMEOUT_MS_DEFAULT;
    this.turns = new Turns(system);
  }

  async transact<T>(action: (session: LockSession) => Promise<T>, options: TransactOptions): Promise<T> {
    if (options.readOnly) return await this.read(action, options);
    const { signal } = options;
    using _turn = await this.turns.take(this.busyTimeoutMs, signal);
    const connection = this.idleWriters.pop() ?? await this.patiently(signal, () => this.openToWrite());
    return await this.run(connection, "begin immediate", action, signal, this.idleWriters);
  }

  private async read<T>(action: (session: LockSession) => Promise<T>, options: TransactOptions): Promise<T> {
    const { signal } = options;
    let connection = this.idleReaders.pop();
    try {
      connection ??= await this.patiently(signal, () => this.openToRead(false)) ?? undefined;
    } catch (error) {
      if (!(error instanceof SqliteError) || !UNOPENED.has(error.failure)) throw error;
      return await this.patiently(signal, () => this.readFrozen(action, options, error));
    }
    if (connection === undefined) return await this.readNothing(action, options);
    return await this.run(connection, "begin", action, signal, this.idleReaders);
  }

  /** @param cause Why it cannot be read in the usual way. */
  private async readFrozen<T>(
    action: (session: LockSession) => Promise<T>,
    options: TransactOptions,
    cause: SqliteError,
  ): Promise<T> {
    const file = new Unchanging(this.system.disk, this.path, cause);
    try {
      const connection = this.openToRead(true);
      if (connection === null) return await this.readNothing(action, options);
      return await this.run(connection, "begin", action, options.signal, null);
    } catch (error) {
      throw error instanceof SqliteError && UNOPENED.has(error.failure) ? cause : error;
    } finally {
      file.requireUnchanged(); // else what was read may be neither old nor new
    }
  }

  private readNothing<T>(action: (session: LockSession) => Promise<T>, options: TransactOptions): Promise<T> {
    return new MemoryBackend(this.system).transact(action, options);
  }

  /** @param idle Where the connection goes when it can be used again; `null`: it is closed. */
  private async run<T>(
    connection: SqliteConnection,
    begin: string,
    action: (session: LockSession) => Promise<T>,
    signal: AbortSignal | undefined,
    idle: SqliteConnection[] | null,
  ): Promise<T> {
    let isSound = false;
    try {
      await this.patiently(signal, () => connection.exec(begin));
      try {
        this.requireSameFile();
        const result = await action(sessionOf(this.system, connection));
        signal?.throwIfAborted();
        this.requireSameFile();
        connection.exec("commit");
        isSound = true;
        return result;
      } catch (error) {
        isSound = rollBack(connection);
        throw error;
      }
    } finally {
      if (isSound && idle !== null) idle.push(connection);
      else connection.close();
    }
  }

  /** Other processes do not tell. */
  changesHeard(): number {
    return 0;
  }

  async waitForChange({ delayMs, signal }: Pause): Promise<void> {
    await sleepUnlessAborted(this.system, delayMs, signal);
  }

  async migrate(direction: "up" | "down", { dryRun }: { readonly dryRun: boolean }): Promise<Migration> {
    const connection = await this.patiently(undefined, () => dryRun ? this.openAsItIs(false) : this.connect());
    if (connection === null) return planMigration(0, direction);
    try {
      return await this.patiently(
        undefined,
        () =>
          dryRun
            ? planMigration(schemaVersionOf(connection, this.address), direction)
            : migrateSqlite(connection, this.address, direction),
      );
    } finally {
      connection.close();
    }
  }

  close(): Promise<void> {
    for (const idle of [this.idleReaders, this.idleWriters]) {
      for (const connection of idle.splice(0)) connection.close();
    }
    return Promise.resolve();
  }

  /** A connection to tables of the present version. */
  private openToWrite(): SqliteConnection {
    return this.withSchema(this.connect());
  }

  /** The same, to read with. `null`: there is nothing to read. */
  private openToRead(isFrozen: boolean): SqliteConnection | null {
    const connection = this.openAsItIs(isFrozen);
    return connection === null ? null : this.withSchema(connection);
  }

  private withSchema(connection: SqliteConnection): SqliteConnection {
    try {
      requireSchema(connection, this.address);
      this.inode ??= this.system.disk.stat(this.path)?.inode ?? null;
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** A connection that makes nothing. `null`: there is no file, or there are no tables in it. */
  private openAsItIs(isFrozen: boolean): SqliteConnection | null {
    if (!hasFile(this.system.disk, this.path)) {
      if (this.inode !== null) this.requireSameFile();
      return null;
    }
    const connection = this.openFile(isFrozen);
    try {
      if (schemaVersionOf(connection, this.address) > 0) return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
    connection.close();
    return null;
  }

  private openFile(isFrozen: boolean): SqliteConnection {
    return openSqlite(this.path, { isFrozen, isReadOnlyDisk: () => isOnReadOnlyDisk(this.system.disk, this.path) });
  }

  private connect(): SqliteConnection {
    makeFile(this.system.disk, this.path);
    const connection = this.openFile(false);
    try {
      connection.exec("pragma journal_mode = wal; pragma synchronous = full");
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** What is written to a file that was moved away or replaced would be lost, and SQLite does not notice. */
  private requireSameFile(): void {
    const inode = this.system.disk.stat(this.path)?.inode ?? null;
    if (inode === this.inode) return;
    throw new StoreUnavailableError(this.address, "its file was moved away or replaced while it was in use", {
      hint: "nothing was changed; put the file back, or start again with the one that is there",
    });
  }

  /** Tries again while others are at work. */
  private async patiently<T>(signal: AbortSignal | undefined, call: () => T | Promise<T>): Promise<T> {
    const waiting = startWaiting(this.system, this.busyTimeoutMs, BUSY_DELAY_MS_MAX);
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof SqliteError) || error.failure !== "busy") throw error;
        const delayMs = waiting.nextDelayMs();
        if (delayMs === null) {
          error.details["waited_ms"] = Math.round(waiting.waitedMs());
          throw error;
        }
        await sleepUnlessAborted(this.system, delayMs, signal);
      }
    }
  }
}

const COLUMNS = "id, share_name, file_id, owner_id, client_id, lock_type, range_offset, range_length, " +
  "share_reservation, acquired_at, server_epoch, expires_at, fencing_token";

function sessionOf(system: System, connection: SqliteConnection): LockSession {
  const rows = (where: string, ...values: SqliteValue[]): Promise<PersistedLock[]> =>
    Promise.resolve(connection.all(`select ${COLUMNS} from locks where ${where}`, ...values).map(lockOf));
  const counter = (name: string): Promise<bigint> => {
    const row = connection.all("select value from counters where name = ?", name)[0];
    return Promise.resolve(row === undefined ? 0n : BigInt(row["value"] as string));
  };
  const setCounter = (name: string, value: bigint): Promise<void> => {
    connection.run("insert or replace into counters (name, value) values (?, ?)", name, fixedWidth(value));
    return Promise.resolve();
  };
  const put = (lock: PersistedLock): Promise<void> => {
    connection.run(
      `insert or replace into locks (${COLUMNS}, range_last) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      lock.id,
      lock.shareName,
      lock.fileId,
      lock.ownerId,
      lock.clientId,
      lock.lockType,
      fixedWidth(lock.offset),
      fixedWidth(lock.length),
      lock.shareReservation,
      lock.acquiredAt.getTime(),
      fixedWidth(lock.serverEpoch),
      lock.expiresAt?.getTime() ?? null,
      fixedWidth(lock.fencingToken),
      fixedWidth(lastByte(lock.offset, lock.length)),
    );
    return Promise.resolve();
  };
  return {
    documents: documentsOf(connection),
    now: () => Promise.resolve(new Date(system.clock.nowMs())),
    add: put,
    put,
    get: async (id) => (await rows("id = ?", id))[0] ?? null,
    remove: (id) => {
      connection.run("delete from locks where id = ?", id);
      return Promise.resolve();
    },
    list: ({ fileId, ownerId, clientId, shareName }) => {
      const given = Object.entries({
        file_id: fileId,
        owner_id: ownerId,
        client_id: clientId,
        share_name: shareName,
      }).filter((entry): entry is [string, string] => entry[1] !== undefined);
      const where = given.map(([column]) => `${column} = ?`).join(" and ");
      return rows(where === "" ? "true" : where, ...given.map(([, value]) => value));
    },
    rivals: ({ shareName, fileId, offset, length, shareReservation }) =>
      rows(
        "file_id = ? and share_name = ? and (range_offset <= ? and range_last >= ? or share_reservation > 0 or ? > 0)",
        fileId,
        shareName,
        fixedWidth(lastByte(offset, length)),
        fixedWidth(offset),
        shareReservation,
      ),
    removeExpired: (shareName, fileId, now) => {
      connection.run(
        "delete from locks where file_id = ? and share_name = ? and expires_at <= ?",
        fileId,
        shareName,
        now.getTime(),
      );
      return Promise.resolve();
    },
    lastFencingToken: () => counter("fencing_token"),
    setLastFencingToken: (token) => setCounter("fencing_token", token),
    epoch: () => counter("server_epoch"),
    setEpoch: (epoch) => setCounter("server_epoch", epoch),
  };
}

function documentsOf(connection: SqliteConnection): DocumentRecords {
  return {
    read: (name) => {
      const row = connection.all("select content from state_documents where name = ?", name)[0];
      return Promise.resolve(row === undefined ? null : new Uint8Array(row["content"] as Uint8Array));
    },
    put: (name, content) => {
      connection.run("insert or replace into state_documents (name, content) values (?, ?)", name, content);
      return Promise.resolve();
    },
    remove: (name) => {
      connection.run("delete from state_documents where name = ?", name);
      return Promise.resolve();
    },
    list: () => Promise.resolve(connection.all("select name from state_documents").map((row) => row["name"] as string)),
  };
}

/** Digits of the largest unsigned 64-bit number: texts of this width sort as the numbers do. */
const UINT64_DIGITS = 20;

function fixedWidth(value: bigint): string {
  return value.toString().padStart(UINT64_DIGITS, "0");
}

function lockOf(row: SqliteRow): PersistedLock {
  const expiresAt = row["expires_at"] as number | null;
  return {
    id: row["id"] as string,
    shareName: row["share_name"] as string,
    fileId: row["file_id"] as string,
    ownerId: row["owner_id"] as string,
    clientId: row["client_id"] as string,
    lockType: row["lock_type"] as LockType,
    offset: BigInt(row["range_offset"] as string),
    length: BigInt(row["range_length"] as string),
    shareReservation: row["share_reservation"] as ShareReservation,
    acquiredAt: new Date(row["acquired_at"] as number),
    serverEpoch: BigInt(row["server_epoch"] as string),
    expiresAt: expiresAt === null ? null : new Date(expiresAt),
    fencingToken: BigInt(row["fencing_token"] as string),
  };
}

/**
 * Lock records in a PostgreSQL database, for many hosts.
 *
 * Transactions are SERIALIZABLE. Those that write take turns besides, by a lock on the table of counters that is taken
 * before their view of the data is: the fencing token makes any two of them meet, and who waits for his turn is served in
 * order, where who meets another one is sent back to the beginning. Those that only read wait for nobody. What has expired is
 * told by the server's clock alone.
 *
 * @module
 */
import { sleepUnlessAborted, startWaiting } from "../locks/waiting.ts";
import { LatticeError } from "../platform/errors.ts";
import type { PostgresConnection, PostgresValue } from "../platform/postgres.ts";
import { PostgresError } from "../platform/postgres_error.ts";
import type { System } from "../platform/system.ts";
import type { LockSession, LockStoreBackend, Pause, TransactOptions } from "./backend.ts";
import { StoreUnavailableError } from "./errors.ts";
import { newLockId } from "./locks.ts";
import type { PostgresAddress } from "./postgres_address.ts";
import { isPassing, needsMigration, storeError } from "./postgres_failure.ts";
import { CHANNEL, PostgresListener } from "./postgres_listener.ts";
import { PostgresPool, type TimeLeft } from "./postgres_pool.ts";
import { migratePostgres, requireVersion } from "./postgres_schema.ts";
import { type Facts, PostgresSession } from "./postgres_session.ts";
import type { Migration } from "./store.ts";
import { Turns } from "./turns.ts";

/** How long a call may take when nothing is said, in milliseconds. */
const TIMEOUT_MS_DEFAULT = 10_000;

/** A server is given so much time at least, in milliseconds, also to who will not wait for locks. */
const TIMEOUT_MS_MIN = 1000;

/** A connection comes about within this, in milliseconds, also for who would wait for ever. */
const CONNECT_MS_MAX = 30_000;

/**
 * A transaction in which nothing happens for so long is ended by the server, in milliseconds: others wait for it, and must get
 * their turn before their own time is up.
 */
const IDLE_MS_MAX = 5000;

/** A transaction is tried so many times at most. */
const TRIES_MAX = 100;

/** So much longer than the server waits for a lock do we wait for it to say so, in milliseconds. */
const ANSWER_MS = 500;

/** For so long at least is asked what became of a transaction whose end got no answer, in milliseconds. */
const RESOLVE_MS_MIN = 2000;

/** The server counts no longer times than that, in milliseconds: some 24 days. */
const SERVER_MS_MAX = 2 ** 31 - 1 - ANSWER_MS;

/** How a store is used. */
export interface PostgresOptions {
  /** Longest time of a call in milliseconds, waiting for transactions of others included; 0 waits for none. */
  readonly timeoutMs?: number;
  /** Whether the tables are made, or brought to the present version, when that is needed. */
  readonly autoMigrate?: boolean;
}

/** What a try of a transaction came to. */
type Outcome<T> = { readonly done: true; readonly value: T } | {
  readonly done: false;
  readonly because: PostgresError;
};

/** Keeps lock records in a PostgreSQL database. It is connected to when it is first used. */
export class PostgresBackend implements LockStoreBackend {
  readonly address: string;
  private readonly pool: PostgresPool;
  private readonly listener: PostgresListener;
  private readonly turns: Turns;
  private readonly timeoutMs: number;
  private readonly callMs: number;
  private readonly autoMigrate: boolean;

  /**
   * Connects to nothing yet.
   *
   * @param server Where it is.
   */
  constructor(private readonly system: System, server: PostgresAddress, options: PostgresOptions) {
    const { shown, target, connectTimeoutMs } = server;
    this.address = shown;
    this.timeoutMs = options.timeoutMs ?? TIMEOUT_MS_DEFAULT;
    this.callMs = Math.max(this.timeoutMs, TIMEOUT_MS_MIN);
    this.autoMigrate = options.autoMigrate === true;
    this.pool = new PostgresPool(system, target, connectTimeoutMs ?? CONNECT_MS_MAX);
    this.listener = new PostgresListener(system, target);
    this.turns = new Turns(system);
  }

  get changesHeard(): number {
    return this.listener.changesHeard;
  }

  async transact<T>(action: (session: LockSession) => Promise<T>, options: TransactOptions): Promise<T> {
    const { signal } = options;
    const waiting = startWaiting(this.system, this.callMs);
    const leftMs = () => Math.max(1, this.callMs - waiting.waitedMs());
    // Before a connection is taken: one of a program that waits at the server is enough.
    using _turn = options.readOnly ? null : await this.turns.take(this.callMs, signal);
    let wasConnected = false;
    let hasMigrated = false;
    let failure: PostgresError | null = null;
    for (let tries = 1;; tries++) {
      try {
        const outcome = await this.pool.using(leftMs, signal, async (connection) => {
          try {
            return await this.attempt(connection, action, options, leftMs);
          } finally {
            wasConnected ||= connection.hasAnswered;
          }
        });
        if (outcome.done) return outcome.value;
        failure = outcome.because;
      } catch (error) {
        signal?.throwIfAborted();
        if (this.autoMigrate && !hasMigrated && needsMigration(error)) {
          hasMigrated = true; // a server that was just being started may have had no answer before
          await this.migrate("up", { dryRun: false });
          continue;
        }
        if (!(error instanceof PostgresError)) throw error;
        // A server that was there a moment ago is being started again.
        const isPassingBy = isPassing(error) || wasConnected && error.failure === "unreachable";
        if (!isPassingBy) {
          // That there is no time left for another try says less than why there had to be one.
          const reason = error.failure === "silent" ? failure ?? error : error;
          throw storeError(this.address, reason, waiting.waitedMs());
        }
        failure = error;
      }
      const delayMs = tries < TRIES_MAX ? waiting.nextDelayMs() : null;
      if (delayMs === null) throw storeError(this.address, failure, waiting.waitedMs());
      await sleepUnlessAborted(this.system, delayMs, signal);
    }
  }

  waitForChange(pause: Pause): Promise<void> {
    return this.listener.wait(pause);
  }

  async migrate(direction: "up" | "down", { dryRun }: { readonly dryRun: boolean }): Promise<Migration> {
    const waiting = startWaiting(this.system, this.callMs);
    const leftMs = () => Math.max(1, this.callMs - waiting.waitedMs());
    try {
      const connection = await this.pool.connect(leftMs, undefined);
      try {
        return await migratePostgres(connection, this.address, direction, { dryRun, timeoutMs: leftMs() });
      } finally {
        await connection.close(); // and with it a transaction that failed
      }
    } catch (error) {
      if (error instanceof PostgresError) throw storeError(this.address, error, waiting.waitedMs());
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.pool.close(), this.listener.close()]);
  }

  /**
   * One try.
   *
   * @throws {PostgresError} It was not done.
   * @throws {unknown} What the action threw; it was not done.
   */
  private async attempt<T>(
    connection: PostgresConnection,
    action: (session: LockSession) => Promise<T>,
    { readOnly, signal }: TransactOptions,
    leftMs: TimeLeft,
  ): Promise<Outcome<T>> {
    const facts = await this.begin(connection, readOnly, leftMs);
    let failure: unknown = null;
    let isOver = false;
    const session = new PostgresSession(facts, async (statement, values: readonly PostgresValue[]) => {
      if (isOver) throw new LatticeError("internal", "a transaction was used after its end");
      try {
        return await connection.query(statement, values, leftMs() + ANSWER_MS);
      } catch (error) {
        failure ??= error;
        throw error;
      }
    });
    let value: T;
    try {
      value = await action(session);
      signal?.throwIfAborted();
      // The action may have caught what failed; the server keeps nothing of such a transaction.
      if (failure !== null) throw failure;
    } catch (error) {
      isOver = true;
      await rollBack(connection, leftMs);
      throw failure ?? error;
    } finally {
      isOver = true;
    }
    const name = newLockId(this.system);
    try {
      const { command } = await connection.run(commitStatements(session, name), leftMs() + ANSWER_MS);
      if (command === "COMMIT") return { done: true, value };
      throw new LatticeError("internal", `the server answered ${command} to a commit`);
    } catch (error) {
      if (!(error instanceof PostgresError)) throw error;
      if (error.failure === "server") {
        await rollBack(connection, leftMs); // where a statement before the commit failed, nothing has ended it yet
        throw error;
      }
      // Without an answer it may have been done or not.
      const isDone = session.hasWritten && await this.wasCommitted(name, error, leftMs);
      return isDone ? { done: true, value } : { done: false, because: error };
    }
  }

  /** Begins a transaction, waits for its turn if it writes, and only then takes its view of the data. */
  private async begin(connection: PostgresConnection, readOnly: boolean, leftMs: TimeLeft): Promise<Facts> {
    const waitMs = leftMs() < SERVER_MS_MAX ? Math.ceil(leftMs()) : 0; // the server's 0 is for ever
    const idleMs = Math.min(Math.ceil(this.callMs), IDLE_MS_MAX);
    const statements = [
      `begin isolation level serializable ${readOnly ? "read only" : "read write"}`,
      `set local lock_timeout = ${waitMs}`,
      `set local statement_timeout = ${waitMs === 0 ? 0 : waitMs + ANSWER_MS / 2}`,
      `set local idle_in_transaction_session_timeout = ${idleMs}`,
      ...(readOnly
        ? []
        : [`lock table server_epoch in share row exclusive mode${this.timeoutMs === 0 ? " nowait" : ""}`]),
      FACTS,
    ];
    try {
      const { rows } = await connection.run(statements.join("; "), leftMs() + ANSWER_MS);
      const [row] = rows as readonly Record<string, string>[];
      if (row === undefined) {
        throw new LatticeError("invalid_data", `the store ${JSON.stringify(this.address)} has lost its counters`, {
          hint: "the one row of its table server_epoch is gone: restore it from a backup",
        });
      }
      requireVersion(Number(row["version"]), this.address);
      return {
        now: new Date(Number(row["now"])),
        epoch: BigInt(row["epoch"]!),
        lastFencingToken: BigInt(row["token"]!),
      };
    } catch (error) {
      await rollBack(connection, leftMs);
      throw error;
    }
  }

  /**
   * What became of a transaction whose commit got no answer. It noted its name; where nothing is noted by that name we do it,
   * as one that was not done, and should it arrive yet, it cannot note it any more. (What the server itself calls a
   * transaction would not do: after a crash another one may be called the same.)
   *
   * @throws {StoreUnavailableError} It cannot be learned.
   */
  private async wasCommitted(name: string, error: PostgresError, leftInCallMs: TimeLeft): Promise<boolean> {
    const resolveMs = Math.max(Math.min(leftInCallMs(), CONNECT_MS_MAX), RESOLVE_MS_MIN);
    const waiting = startWaiting(this.system, resolveMs);
    const leftMs = () => Math.max(1, resolveMs - waiting.waitedMs());
    for (;;) {
      try {
        const connection = await this.pool.connect(leftMs, undefined);
        try {
          await connection.query(NOTE_AS_NOT_DONE, [name], leftMs());
          const [row] = await connection.query("select is_done from lattice_commits where id = $1", [name], leftMs());
          if (typeof row?.["is_done"] === "boolean") return row["is_done"];
        } finally {
          connection.cut();
        }
      } catch (failed) {
        if (!(failed instanceof PostgresError)) throw failed;
      }
      const delayMs = waiting.nextDelayMs();
      if (delayMs === null) break;
      await this.system.clock.sleep(delayMs);
    }
    throw new StoreUnavailableError(
      this.address,
      `the connection was lost while a transaction was being completed: ${error.message}; ` +
        "it may have been done, or not",
      { hint: "look what is there (lattice lease list, lattice state load) before you do it again", cause: error },
    );
  }
}

const FACTS = "select floor(extract(epoch from clock_timestamp()) * 1000)::bigint::text as now, " +
  "server_epoch.epoch::text as epoch, server_epoch.last_fencing_token::text as token, " +
  "lattice_schema.version::text as version from server_epoch, lattice_schema";

const NOTE_AS_NOT_DONE = "insert into lattice_commits (id, is_done) values ($1, false) on conflict (id) do nothing";

/** The end of a transaction, in one message: its name is noted, who waits for locks is told. */
function commitStatements({ hasWritten, mayFreeLocks }: PostgresSession, name: string): string {
  return [
    ...(hasWritten ? [`insert into lattice_commits (id, is_done) values ('${name}', true)`, FORGET] : []),
    ...(mayFreeLocks ? [`notify ${CHANNEL}`] : []),
    "commit",
  ].join("; ");
}

/** Nobody asks for a name any more by then. */
const FORGET = "delete from lattice_commits where noted_at < clock_timestamp() - interval '1 hour'";

/** Ends a transaction of which nothing is to be kept. Where that fails, the end of the connection does it. */
async function rollBack(connection: PostgresConnection, leftMs: TimeLeft): Promise<void> {
  if (!connection.isOpen) return;
  try {
    await connection.run("rollback", leftMs() + ANSWER_MS);
  } catch (error) {
    connection.cut();
    if (!(error instanceof PostgresError)) throw error;
  }
}

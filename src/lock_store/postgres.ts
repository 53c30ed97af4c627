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
import { PostgresError } from "../platform/postgres_error.ts";
import type { System } from "../platform/system.ts";
import type { LockSession, LockStoreBackend, Pause, Place, TransactOptions } from "./backend.ts";
import { StoreUnavailableError } from "./errors.ts";
import { newLockId } from "./locks.ts";
import type { PostgresAddress } from "./postgres_address.ts";
import { type Commit, fateOf } from "./postgres_commit.ts";
import { isPassing, needsMigration, storeError } from "./postgres_failure.ts";
import { PostgresListener } from "./postgres_listener.ts";
import { PostgresPool, type TimeLeft } from "./postgres_pool.ts";
import { migratePostgres } from "./postgres_schema.ts";
import { type Outcome, type Try, tryTransaction } from "./postgres_transaction.ts";
import type { Migration } from "./store.ts";
import { Turns } from "./turns.ts";

/** How long a call may take when nothing is said, in milliseconds. */
const TIMEOUT_MS_DEFAULT = 10_000;

/** A server is given so much time at least, in milliseconds, also to who will not wait for locks. */
const TIMEOUT_MS_MIN = 1000;

/** A connection comes about within this, in milliseconds, also for who would wait for ever. */
const CONNECT_MS_MAX = 30_000;

/** A transaction is tried so many times at most. */
const TRIES_MAX = 100;

/** For so long at least is asked what became of a transaction whose end got no answer, in milliseconds. */
const RESOLVE_MS_MIN = 2000;

/** Names of earlier transactions are forgotten by every transaction that comes so long after the last that did, in milliseconds. */
const FORGET_EVERY_MS = 10_000;

/** How a store is used. */
export interface PostgresOptions {
  /** Longest time of a call in milliseconds, waiting for transactions of others included; 0 waits for none. */
  readonly timeoutMs?: number;
  /** Whether the tables are made, or brought to the present version, when that is needed. */
  readonly autoMigrate?: boolean;
}

/** Keeps lock records in a PostgreSQL database. It is connected to when it is first used. */
export class PostgresBackend implements LockStoreBackend {
  readonly address: string;
  private readonly pool: PostgresPool;
  private readonly listener: PostgresListener;
  private readonly turns: Turns;
  private readonly timeoutMs: number;
  private readonly callMs: number;
  private readonly autoMigrate: boolean;
  private forgotAtMs = -Infinity;

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

  changesHeard(place: Place): number {
    return this.listener.changesHeard(place);
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
      let outcome: Outcome<T>;
      try {
        outcome = await this.pool.using(leftMs, signal, async (connection) => {
          try {
            return await tryTransaction(connection, action, this.nextTry(options, leftMs));
          } finally {
            wasConnected ||= connection.hasAnswered;
          }
        });
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
        outcome = { kind: "not done", because: error };
      }
      if (outcome.kind === "done") return outcome.value;
      // Also where the call was aborted meanwhile: who does not learn what was done would do it again, or not at all.
      if (outcome.kind === "unanswered" && await this.wasCommitted(outcome, leftMs)) return outcome.value;
      failure = outcome.because;
      const delayMs = tries < TRIES_MAX ? waiting.nextDelayMs() : null;
      signal?.throwIfAborted();
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
        return await migratePostgres(connection, this.address, direction, { dryRun, leftMs });
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

  private nextTry(options: TransactOptions, leftMs: TimeLeft): Try {
    const nowMs = this.system.clock.monotonicMs();
    const isForgetting = !options.readOnly && nowMs - this.forgotAtMs >= FORGET_EVERY_MS;
    if (isForgetting) this.forgotAtMs = nowMs;
    return {
      ...options,
      address: this.address,
      name: newLockId(this.system),
      leftMs,
      isImpatient: this.timeoutMs === 0,
      callMs: this.callMs,
      isForgetting,
    };
  }

  /** @throws {StoreUnavailableError} It cannot be learned. */
  private async wasCommitted(
    { commit, because }: { readonly commit: Commit; readonly because: PostgresError },
    leftMs: TimeLeft,
  ): Promise<boolean> {
    const lookMs = Math.max(Math.min(leftMs(), CONNECT_MS_MAX), RESOLVE_MS_MIN);
    const fate = await fateOf(this.system, (left) => this.pool.connect(left, undefined), commit, lookMs);
    if (fate !== "unknown") return fate === "done";
    throw new StoreUnavailableError(
      this.address,
      `the connection was lost while a transaction was being completed: ${because.message}; it may have been done, or not`,
      {
        hint: "look what is there (lattice lease list, lattice state load) before you do it again",
        cause: because,
        mayHaveBeenDone: true,
      },
    );
  }
}

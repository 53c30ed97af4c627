/**
 * Connections to the server of a store: kept while they may be needed again, and never more than a few.
 *
 * @module
 */
import { connectPostgres, type PostgresConnection, type PostgresTarget } from "../platform/postgres.ts";
import { PostgresError } from "../platform/postgres_error.ts";
import type { System } from "../platform/system.ts";
import { Turns } from "./turns.ts";

/** Connections that are used at once by one store; transactions that write take turns anyway. */
const CONNECTIONS_MAX = 10;

/** A connection that was idle for longer is asked whether it still reaches the server, in milliseconds. */
const TRUSTED_IDLE_MS = 1000;

/** How long the server may take to answer that, in milliseconds; then a new connection is made. */
const PING_MS = 2000;

/** Asks how much time is left, in milliseconds. */
export type TimeLeft = () => number;

/** Connections of one store. */
export class PostgresPool {
  private readonly idle: { connection: PostgresConnection; sinceMs: number }[] = [];
  private isClosed = false;
  private readonly turns: Turns;

  /** @param connectTimeoutMs Longest time to connect. */
  constructor(
    private readonly system: System,
    private readonly target: PostgresTarget,
    private readonly connectTimeoutMs: number,
  ) {
    this.turns = new Turns(system, CONNECTIONS_MAX);
  }

  /**
   * Uses a connection. Afterwards it is kept, if it is still open.
   *
   * @param signal When it is aborted, the connection is cut.
   * @throws {PostgresError}
   * @throws {LatticeError} `locked`: none became free in time.
   * @throws {unknown} The reason of the signal.
   */
  async using<T>(
    leftMs: TimeLeft,
    signal: AbortSignal | undefined,
    work: (connection: PostgresConnection) => Promise<T>,
  ): Promise<T> {
    using _turn = await this.turns.take(leftMs(), signal);
    const connection = await this.idleOne(leftMs) ?? await this.connect(leftMs, signal);
    const cut = () => connection.cut();
    signal?.addEventListener("abort", cut);
    try {
      signal?.throwIfAborted();
      return await work(connection);
    } finally {
      signal?.removeEventListener("abort", cut);
      await this.keep(connection);
    }
  }

  /** A connection that is not kept. */
  connect(leftMs: TimeLeft, signal: AbortSignal | undefined): Promise<PostgresConnection> {
    return connectPostgres(this.target, { timeoutMs: Math.min(leftMs(), this.connectTimeoutMs), signal });
  }

  /** Closes what is idle, and what is in use as soon as it is not. */
  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all(this.idle.splice(0).map(({ connection }) => connection.close()));
  }

  private async idleOne(leftMs: TimeLeft): Promise<PostgresConnection | null> {
    for (;;) {
      const found = this.idle.pop();
      if (found === undefined) return null;
      const { connection, sinceMs } = found;
      if (!connection.isOpen) continue;
      connection.holdProgram(true);
      if (this.system.clock.monotonicMs() - sinceMs < TRUSTED_IDLE_MS) return connection;
      try {
        await connection.run("select 1", Math.min(leftMs() / 2, PING_MS));
        return connection;
      } catch (error) {
        if (!(error instanceof PostgresError)) throw error;
        connection.cut();
      }
    }
  }

  private async keep(connection: PostgresConnection): Promise<void> {
    if (!connection.isOpen) return;
    if (this.isClosed) return await connection.close();
    connection.holdProgram(false);
    this.idle.push({ connection, sinceMs: this.system.clock.monotonicMs() });
  }
}

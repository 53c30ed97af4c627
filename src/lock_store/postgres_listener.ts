/**
 * Hears from the server that locks may have become free (`LISTEN`).
 *
 * Where that is not to be had, be it that the connection is lost or that a pooler between us and the server passes no
 * notifications on, who waits looks by himself from time to time.
 *
 * @module
 */
import { sleepUnlessAborted } from "../locks/waiting.ts";
import { connectPostgres, type PostgresConnection, type PostgresTarget } from "../platform/postgres.ts";
import { PostgresError } from "../platform/postgres_error.ts";
import type { System } from "../platform/system.ts";
import type { Pause } from "./backend.ts";

/** The channel on which it is told that locks may have become free; in a database all stores share it. */
export const CHANNEL = "lattice_locks";

/** While we listen, a look is taken after so long anyway, in milliseconds: locks expire without a word. */
const LOOK_MS = 1000;

/** When listening failed, it is tried again after so long, in milliseconds. */
const TRY_AGAIN_MS = 5000;

/** How long it may take to begin to listen, in milliseconds. */
const BEGIN_MS = 5000;

/** Listens from when somebody first waits until nobody has waited for a while, or the store is closed. */
export class PostgresListener {
  /** Grows with each notification, and when listening begins: what was told before that, nobody heard. */
  changesHeard = 0;
  private connection: PostgresConnection | null = null;
  private isBeginning = false;
  private isClosed = false;
  private failedAtMs = -Infinity;
  private waiting = 0;
  private readonly sleepers = new Set<() => void>();

  constructor(private readonly system: System, private readonly target: PostgresTarget) {}

  /** Waits until something was told, or it is time to look. */
  async wait({ delayMs, leftMs, since, signal }: Pause): Promise<void> {
    signal?.throwIfAborted();
    void this.begin();
    if (this.changesHeard !== since) return;
    const isListening = this.connection?.isOpen === true;
    const jitter = 0.5 + this.system.randomBytes(1)[0]! / 256;
    const lookMs = isListening ? Math.min(LOOK_MS * jitter, leftMs) : delayMs;
    let wake = () => {};
    const told = new Promise<void>((resolve) => wake = resolve);
    this.sleepers.add(wake);
    this.hold(1);
    try {
      await Promise.race([told, sleepUnlessAborted(this.system, lookMs, signal)]);
    } finally {
      this.hold(-1);
      this.sleepers.delete(wake);
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.connection?.close();
  }

  /** Never rejects but for a bug: without listening, looking from time to time does. */
  private async begin(): Promise<void> {
    const { clock } = this.system;
    if (this.isClosed || this.isBeginning || this.connection?.isOpen === true) return;
    if (clock.monotonicMs() - this.failedAtMs < TRY_AGAIN_MS) return;
    this.isBeginning = true;
    let connection: PostgresConnection | null = null;
    try {
      connection = await connectPostgres(this.target, {
        timeoutMs: BEGIN_MS,
        signal: undefined,
        onNotification: () => this.tell(),
        onEnd: () => this.tell(),
      });
      await connection.run(`listen ${CHANNEL}`, BEGIN_MS);
      if (this.isClosed) return await connection.close();
      this.connection = connection;
      connection.holdProgram(this.waiting > 0);
      this.tell();
    } catch (error) {
      if (!(error instanceof PostgresError)) throw error;
      this.failedAtMs = clock.monotonicMs();
      connection?.cut(); // who refuses to let us listen has kept it open
    } finally {
      this.isBeginning = false;
    }
  }

  private tell(): void {
    this.changesHeard++;
    for (const wake of this.sleepers) wake();
  }

  private hold(change: 1 | -1): void {
    this.waiting += change;
    this.connection?.holdProgram(this.waiting > 0);
  }
}

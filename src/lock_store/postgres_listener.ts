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
import type { Pause, Place } from "./backend.ts";
import { CHANNEL, readTopic, topicOf, TOPICS } from "./postgres_channel.ts";

/** While we listen, a look is taken after so long anyway, in milliseconds: locks expire without a word. */
const LOOK_MS = 1000;

/** When listening failed, it is tried again after so long, in milliseconds. */
const TRY_AGAIN_MS = 5000;

/** How long it may take to begin to listen, in milliseconds. */
const BEGIN_MS = 5000;

/** Listens from when somebody first waits until nobody has waited for a while, or the store is closed. */
export class PostgresListener {
  /** How often each topic was told of. */
  private readonly told = new Uint32Array(TOPICS);
  private connection: PostgresConnection | null = null;
  private isBeginning = false;
  private isClosed = false;
  private failedAtMs = -Infinity;
  private waiting = 0;
  private readonly sleepers = new Set<{ readonly topic: number; readonly wake: () => void }>();

  constructor(private readonly system: System, private readonly target: PostgresTarget) {}

  /** Grows with what is told of a file, and when listening begins or ends: what was told before or after, nobody heard. */
  changesHeard(place: Place): number {
    return this.told[topicOf(place)]!;
  }

  /** Waits until something was told, or it is time to look. */
  async wait({ place, delayMs, leftMs, since, signal }: Pause): Promise<void> {
    signal?.throwIfAborted();
    void this.begin();
    if (this.changesHeard(place) !== since) return;
    const isListening = this.connection?.isOpen === true;
    const jitter = 0.5 + this.system.randomBytes(1)[0]! / 256;
    const lookMs = isListening ? Math.min(LOOK_MS * jitter, leftMs) : delayMs;
    let wake = () => {};
    const told = new Promise<void>((resolve) => wake = resolve);
    const sleeper = { topic: topicOf(place), wake };
    this.sleepers.add(sleeper);
    this.hold(1);
    try {
      await Promise.race([told, sleepUnlessAborted(this.system, lookMs, signal)]);
    } finally {
      this.hold(-1);
      this.sleepers.delete(sleeper);
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
        onNotification: (text) => this.tell(readTopic(text)),
        onEnd: () => this.tell(null),
      });
      await connection.run(`listen ${CHANNEL}`, BEGIN_MS);
      if (this.isClosed) return await connection.close();
      this.connection = connection;
      connection.holdProgram(this.waiting > 0);
      this.tell(null);
    } catch (error) {
      if (!(error instanceof PostgresError)) throw error;
      this.failedAtMs = clock.monotonicMs();
      connection?.cut(); // who refuses to let us listen has kept it open
    } finally {
      this.isBeginning = false;
    }
  }

  /** @param about A topic; `null`: all of them. */
  private tell(about: number | null): void {
    const [from, to] = about === null ? [0, TOPICS] : [about, about + 1];
    for (let topic = from; topic < to; topic++) this.told[topic]!++;
    for (const { topic, wake } of this.sleepers) if (about === null || topic === about) wake();
  }

  private hold(change: 1 | -1): void {
    this.waiting += change;
    this.connection?.holdProgram(this.waiting > 0);
  }
}

/**
 * A PostgreSQL store whose code is loaded when it is first used: commands on other stores need not pay for it.
 *
 * @module
 */
import type { System } from "../platform/system.ts";
import type { LockSession, LockStoreBackend, Pause, Place, TransactOptions } from "./backend.ts";
import type { PostgresBackend, PostgresOptions } from "./postgres.ts";
import { type PostgresAddress, readPostgresUrl } from "./postgres_address.ts";
import type { Migration } from "./store.ts";

/** See {@link PostgresBackend}. */
export class PostgresLater implements LockStoreBackend {
  readonly address: string;
  private readonly server: PostgresAddress;
  private loading: Promise<PostgresBackend> | null = null;
  private backend: PostgresBackend | null = null;

  /**
   * Loads and connects to nothing yet.
   *
   * @throws {LatticeError} The URL cannot be read.
   */
  constructor(private readonly system: System, url: string, private readonly options: PostgresOptions) {
    this.server = readPostgresUrl(url, system);
    this.address = this.server.shown;
  }

  changesHeard(place: Place): number {
    return this.backend?.changesHeard(place) ?? 0;
  }

  async transact<T>(action: (session: LockSession) => Promise<T>, options: TransactOptions): Promise<T> {
    return await (await this.load()).transact(action, options);
  }

  async waitForChange(pause: Pause): Promise<void> {
    await (await this.load()).waitForChange(pause);
  }

  async migrate(direction: "up" | "down", options: { readonly dryRun: boolean }): Promise<Migration> {
    return await (await this.load()).migrate(direction, options);
  }

  async close(): Promise<void> {
    await (await this.loading)?.close();
  }

  private load(): Promise<PostgresBackend> {
    return this.loading ??= this.loadNow();
  }

  private async loadNow(): Promise<PostgresBackend> {
    const { PostgresBackend } = await import("./postgres.ts");
    return this.backend = new PostgresBackend(this.system, this.server, this.options);
  }
}

/**
 * The records of a PostgreSQL store as one transaction sees them.
 *
 * @module
 */
import type { LockSession } from "./backend.ts";
import type { DocumentRecords } from "./documents.ts";
import { lastByte } from "./conflict.ts";
import type { LockType, PersistedLock, ShareReservation } from "./lock.ts";
import type { PostgresRow, PostgresValue } from "../platform/postgres.ts";

/** What was found out when the transaction began, by the same statement that gave it its view. */
export interface Facts {
  /** The server's clock. */
  readonly now: Date;
  readonly epoch: bigint;
  readonly lastFencingToken: bigint;
}

/** Runs a statement of the transaction. */
type Ask = (statement: string, values: readonly PostgresValue[]) => Promise<PostgresRow[]>;

/** A time in milliseconds since 1970, whatever the server's settings make of it as text. */
const ms = (column: string) => `floor(extract(epoch from ${column}) * 1000)::bigint::text as ${column}`;

const COLUMNS = [
  "id",
  "share_name",
  "file_id",
  "owner_id",
  "client_id",
  "lock_type",
  "range_offset",
  "range_length",
  "share_reservation",
  "acquired_at",
  "server_epoch",
  "expires_at",
  "fencing_token",
  "range_last",
];

const SELECTED = COLUMNS.slice(0, -1).map((column) => column.endsWith("_at") ? ms(column) : column).join(", ");

const PUT = `insert into locks (${COLUMNS.join(", ")}) values (${COLUMNS.map((_, index) => `$${index + 1}`).join(", ")})
on conflict (id) do update set ${COLUMNS.slice(1).map((column) => `${column} = excluded.${column}`).join(", ")}
returning xmax = 0 as is_new`;

/** One transaction's view. */
export class PostgresSession implements LockSession {
  readonly documents: DocumentRecords;
  /** Whether somebody who waits for a lock may find it free now. */
  mayFreeLocks = false;
  /** Whether there is anything to commit. */
  hasWritten = false;
  private token: bigint;
  private currentEpoch: bigint;

  constructor(private readonly facts: Facts, private readonly ask: Ask) {
    this.token = facts.lastFencingToken;
    this.currentEpoch = facts.epoch;
    this.documents = this.documentRecords();
  }

  now(): Promise<Date> {
    return Promise.resolve(new Date(this.facts.now));
  }

  async put(lock: PersistedLock): Promise<void> {
    const [row] = await this.change(PUT, [
      lock.id,
      lock.shareName,
      lock.fileId,
      lock.ownerId,
      lock.clientId,
      lock.lockType,
      lock.offset,
      lock.length,
      lock.shareReservation,
      lock.acquiredAt.toISOString(),
      lock.serverEpoch,
      lock.expiresAt?.toISOString() ?? null,
      lock.fencingToken,
      lastByte(lock.offset, lock.length),
    ]);
    if (row?.["is_new"] !== true) this.mayFreeLocks = true; // what it replaces may have been in somebody's way
  }

  async get(id: string): Promise<PersistedLock | null> {
    return (await this.select("id = $1", [id]))[0] ?? null;
  }

  async remove(id: string): Promise<boolean> {
    const rows = await this.change("delete from locks where id = $1 returning id", [id]);
    if (rows.length > 0) this.mayFreeLocks = true;
    return rows.length > 0;
  }

  list({ fileId, ownerId, clientId, shareName }: Parameters<LockSession["list"]>[0]): Promise<PersistedLock[]> {
    const given = Object.entries({ file_id: fileId, owner_id: ownerId, client_id: clientId, share_name: shareName })
      .filter((entry): entry is [string, string] => entry[1] !== undefined);
    const where = given.map(([column], index) => `${column} = $${index + 1}`).join(" and ");
    return this.select(where === "" ? "true" : where, given.map(([, value]) => value));
  }

  rivals({ shareName, fileId, offset, length, shareReservation }: Parameters<LockSession["rivals"]>[0]) {
    return this.select(
      "file_id = $1 and share_name = $2 and " +
        "(range_offset <= $3::numeric and range_last >= $4::numeric or share_reservation > 0 or $5::int > 0)",
      [fileId, shareName, lastByte(offset, length), offset, shareReservation],
    );
  }

  async removeExpired(shareName: string, fileId: string, now: Date): Promise<void> {
    await this.change(
      "delete from locks where file_id = $1 and share_name = $2 and expires_at <= $3::timestamptz",
      [fileId, shareName, now.toISOString()],
    );
  }

  lastFencingToken(): Promise<bigint> {
    return Promise.resolve(this.token);
  }

  async setLastFencingToken(token: bigint): Promise<void> {
    await this.change("update server_epoch set last_fencing_token = $1", [token]);
    this.token = token;
  }

  epoch(): Promise<bigint> {
    return Promise.resolve(this.currentEpoch);
  }

  async setEpoch(epoch: bigint): Promise<void> {
    await this.change("update server_epoch set epoch = $1", [epoch]);
    this.currentEpoch = epoch;
  }

  private async select(where: string, values: readonly PostgresValue[]): Promise<PersistedLock[]> {
    return (await this.ask(`select ${SELECTED} from locks where ${where}`, values)).map(lockOf);
  }

  /** @returns What the statement says to return for each row that it changed. */
  private change(statement: string, values: readonly PostgresValue[]): Promise<PostgresRow[]> {
    this.hasWritten = true;
    return this.ask(statement, values);
  }

  private documentRecords(): DocumentRecords {
    return {
      read: async (name) => {
        const [row] = await this.ask("select content from state_documents where name = $1", [name]);
        return row === undefined ? null : new Uint8Array(row["content"] as Uint8Array);
      },
      put: async (name, content) => {
        await this.change(
          "insert into state_documents (name, content) values ($1, $2) " +
            "on conflict (name) do update set content = excluded.content",
          [name, content],
        );
      },
      remove: async (name) => {
        await this.change("delete from state_documents where name = $1", [name]);
      },
      list: async () => (await this.ask("select name from state_documents", [])).map((row) => row["name"] as string),
    };
  }
}

function lockOf(row: PostgresRow): PersistedLock {
  const time = (column: string) => new Date(Number(row[column]));
  return {
    id: row["id"] as string,
    shareName: row["share_name"] as string,
    fileId: row["file_id"] as string,
    ownerId: row["owner_id"] as string,
    clientId: row["client_id"] as string,
    lockType: Number(row["lock_type"]) as LockType,
    offset: BigInt(row["range_offset"] as string),
    length: BigInt(row["range_length"] as string),
    shareReservation: Number(row["share_reservation"]) as ShareReservation,
    acquiredAt: time("acquired_at"),
    serverEpoch: BigInt(row["server_epoch"] as string),
    expiresAt: row["expires_at"] === null ? null : time("expires_at"),
    fencingToken: BigInt(row["fencing_token"] as string),
  };
}

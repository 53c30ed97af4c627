/**
 * The records of a PostgreSQL store as one transaction sees them.
 *
 * @module
 */
import type { LockSession } from "./backend.ts";
import { lastByte } from "./conflict.ts";
import type { DocumentRecords } from "./documents.ts";
import type { LockType, PersistedLock, ShareReservation } from "./lock.ts";
import { ALL_FILES, topicOf } from "./postgres_channel.ts";
import type { PostgresRow, PostgresValue } from "../platform/postgres.ts";

/** What was found out when the transaction began, by the same statement that gave it its view. */
export interface Facts {
  /** The server's clock. */
  readonly now: Date;
  readonly epoch: bigint;
  readonly lastFencingToken: bigint;
}

/** What a session does its work with. */
export interface SessionMeans {
  /** What was found out when the transaction began: nothing is changed before it is known. */
  readonly facts: Promise<Facts>;
  /** Runs a statement of the transaction that returns rows. */
  ask(statement: string, values: readonly PostgresValue[]): Promise<PostgresRow[]>;
  /** Runs a statement that changes something; whether its answer is waited for is not the session's business. */
  tell(statement: string, values: readonly PostgresValue[]): Promise<void>;
}

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

const ADD = `insert into locks (${COLUMNS.join(", ")}) values (${
  COLUMNS.map((_, index) => `$${index + 1}`).join(", ")
})`;

const PUT = `${ADD}
on conflict (id) do update set ${COLUMNS.slice(1).map((column) => `${column} = excluded.${column}`).join(", ")}`;

/** One transaction's view. */
export class PostgresSession implements LockSession {
  readonly documents: DocumentRecords;
  /** What is to be told to who waits for a lock, since it may be free now. */
  readonly freed: Set<string> = new Set<string>();
  /** Whether there is anything to commit. */
  hasWritten = false;
  private token: bigint | null = null;
  private currentEpoch: bigint | null = null;
  /** What the records that were read are about, by their ids. */
  private readonly topics = new Map<string, string>();

  constructor(private readonly means: SessionMeans) {
    this.documents = this.documentRecords();
  }

  async now(): Promise<Date> {
    return new Date((await this.means.facts).now);
  }

  async add(lock: PersistedLock): Promise<void> {
    await this.change(ADD, valuesOf(lock));
  }

  async put(lock: PersistedLock): Promise<void> {
    this.free(lock.id); // what it replaces may have been in somebody's way
    await this.change(PUT, valuesOf(lock));
  }

  async get(id: string): Promise<PersistedLock | null> {
    return (await this.select("id = $1", [id]))[0] ?? null;
  }

  async remove(id: string): Promise<void> {
    this.free(id);
    await this.change("delete from locks where id = $1", [id]);
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

  async lastFencingToken(): Promise<bigint> {
    return this.token ?? (await this.means.facts).lastFencingToken;
  }

  async setLastFencingToken(token: bigint): Promise<void> {
    this.token = token;
    await this.change("update server_epoch set last_fencing_token = $1", [token]);
  }

  async epoch(): Promise<bigint> {
    return this.currentEpoch ?? (await this.means.facts).epoch;
  }

  async setEpoch(epoch: bigint): Promise<void> {
    this.currentEpoch = epoch;
    await this.change("update server_epoch set epoch = $1", [epoch]);
  }

  private async select(where: string, values: readonly PostgresValue[]): Promise<PersistedLock[]> {
    const found = (await this.means.ask(`select ${SELECTED} from locks where ${where}`, values)).map(lockOf);
    for (const lock of found) this.topics.set(lock.id, String(topicOf(lock)));
    return found;
  }

  private async change(statement: string, values: readonly PostgresValue[]): Promise<void> {
    await this.means.facts;
    this.hasWritten = true;
    await this.means.tell(statement, values);
  }

  private free(id: string): void {
    this.freed.add(this.topics.get(id) ?? ALL_FILES);
  }

  private documentRecords(): DocumentRecords {
    return {
      read: async (name) => {
        const [row] = await this.means.ask("select content from state_documents where name = $1", [name]);
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
      list: async () => {
        const rows = await this.means.ask("select name from state_documents", []);
        return rows.map((row) => row["name"] as string);
      },
    };
  }
}

/** In the order of {@link COLUMNS}. */
function valuesOf(lock: PersistedLock): PostgresValue[] {
  return [
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
  ];
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

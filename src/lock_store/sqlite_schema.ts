/**
 * The tables of a SQLite store, and their versions. Described in `docs/formats.md`.
 *
 * @module
 */
import { rollBack, type SqliteConnection } from "../platform/sqlite.ts";
import { SchemaVersionError } from "./errors.ts";
import type { Migration } from "./store.ts";

/** What leads from one version to the next, and back. */
interface Step {
  readonly up: readonly string[];
  readonly down: readonly string[];
}

/** The first step leads from an empty file to version 1. */
const STEPS: readonly Step[] = [{
  up: [
    `create table locks (
  id text primary key,
  share_name text not null,
  file_id text not null,
  owner_id text not null,
  client_id text not null,
  lock_type integer not null check (lock_type in (0, 1)),
  range_offset text not null check (length(range_offset) = 20),
  range_length text not null check (length(range_length) = 20),
  range_last text not null check (length(range_last) = 20),
  share_reservation integer not null check (share_reservation between 0 and 3),
  acquired_at integer not null,
  server_epoch text not null check (length(server_epoch) = 20),
  expires_at integer,
  fencing_token text not null check (length(fencing_token) = 20)
) strict, without rowid`,
    "create index locks_by_file on locks (file_id, share_name)",
    "create index locks_by_owner on locks (owner_id)",
    "create index locks_by_client on locks (client_id)",
    "create index locks_by_share on locks (share_name)",
    `create table counters (
  name text primary key,
  value text not null check (length(value) = 20)
) strict, without rowid`,
    `create table state_documents (
  name text primary key,
  content blob not null
) strict`,
  ],
  down: ["drop table state_documents", "drop table counters", "drop table locks"],
}];

/** The version that this program reads and writes; the file's `user_version`. */
export const SQLITE_SCHEMA_VERSION: number = STEPS.length;

/**
 * Makes the tables, or brings them to the present version, if they are not of that already.
 *
 * @throws {SchemaVersionError} A newer program made the file; nothing is changed.
 */
export function requireSchema(connection: SqliteConnection, address: string): void {
  if (schemaVersionOf(connection, address) === SQLITE_SCHEMA_VERSION) return;
  migrateSqlite(connection, address, "up");
}

/** See {@link LockStore.migrate}. */
export function migrateSqlite(connection: SqliteConnection, address: string, direction: "up" | "down"): Migration {
  connection.exec("begin immediate"); // of several that start at once the first does the work
  try {
    const plan = planMigration(schemaVersionOf(connection, address), direction);
    for (const statement of plan.statements) connection.exec(statement);
    connection.exec(`pragma user_version = ${plan.to}`);
    connection.exec("commit");
    return plan;
  } catch (error) {
    rollBack(connection); // where it cannot, who is told of the error closes the connection
    throw error;
  }
}

/** What a migration would do. @param from The version that is there. */
export function planMigration(from: number, direction: "up" | "down"): Migration {
  return direction === "up"
    ? { from, to: SQLITE_SCHEMA_VERSION, statements: STEPS.slice(from).flatMap(({ up }) => up) }
    : { from, to: 0, statements: STEPS.slice(0, from).toReversed().flatMap(({ down }) => down) };
}

/** The version of the tables; 0: there are none. @throws {SchemaVersionError} A newer program made them. */
export function schemaVersionOf(connection: SqliteConnection, address: string): number {
  const version = Number(connection.all("pragma user_version")[0]?.["user_version"]);
  if (version > SQLITE_SCHEMA_VERSION) throw new SchemaVersionError(address, version, SQLITE_SCHEMA_VERSION);
  return version;
}

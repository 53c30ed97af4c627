/**
 * The tables of a SQLite store, and their versions. Described in `docs/formats.md`.
 *
 * @module
 */
import type { SqliteConnection } from "../platform/sqlite.ts";
import { SchemaVersionError } from "./errors.ts";

/** The version that this program reads and writes; the file's `user_version`. */
export const SQLITE_SCHEMA_VERSION = 1;

/** What leads from one version to the next: the first from an empty file to version 1. */
const STEPS: readonly string[] = [
  `
  create table locks (
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
  ) strict, without rowid;
  create index locks_by_file on locks (file_id, share_name);
  create index locks_by_owner on locks (owner_id);
  create index locks_by_client on locks (client_id);
  create index locks_by_share on locks (share_name);
  create table counters (
    name text primary key,
    value text not null check (length(value) = 20)
  ) strict, without rowid;
  create table state_documents (
    name text primary key,
    content blob not null
  ) strict, without rowid;
  `,
];

/**
 * Makes the tables, or brings them to the present version.
 *
 * @throws {SchemaVersionError} A newer program made the file; nothing is changed.
 */
export function migrateSqlite(connection: SqliteConnection, path: string): void {
  if (versionOf(connection, path) === SQLITE_SCHEMA_VERSION) return;
  connection.exec("begin immediate");
  try {
    // Again, now that nobody else can change it: of several that start at once the first does the work.
    for (let version = versionOf(connection, path); version < SQLITE_SCHEMA_VERSION; version++) {
      connection.exec(STEPS[version]!);
      connection.exec(`pragma user_version = ${version + 1}`);
    }
    connection.exec("commit");
  } catch (error) {
    connection.exec("rollback");
    throw error;
  }
}

function versionOf(connection: SqliteConnection, path: string): number {
  const version = Number(connection.all("pragma user_version")[0]?.["user_version"]);
  if (version > SQLITE_SCHEMA_VERSION) throw new SchemaVersionError(path, version, SQLITE_SCHEMA_VERSION);
  return version;
}

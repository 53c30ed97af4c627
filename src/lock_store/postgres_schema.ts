/**
 * The tables of a PostgreSQL store, and their versions. Described in `docs/formats.md`.
 *
 * A migration is one transaction under an advisory lock: of several that start at once the first does the work, and the
 * others find it done.
 *
 * @module
 */
import { SchemaVersionError, StoreUnavailableError } from "./errors.ts";
import type { TimeLeft } from "./postgres_pool.ts";
import { ANSWER_MS, setTimeouts } from "./postgres_timeouts.ts";
import type { Migration } from "./store.ts";
import type { PostgresConnection, PostgresOutcome } from "../platform/postgres.ts";
import { PostgresError } from "../platform/postgres_error.ts";

/** What leads from one version to the next, and back. */
interface Step {
  readonly up: readonly string[];
  readonly down: readonly string[];
}

const UINT64_MAX = "18446744073709551615";

/** The first step leads from an empty schema to version 1. */
const STEPS: readonly Step[] = [{
  up: [
    `create table server_epoch (
  only_row boolean primary key default true check (only_row),
  epoch numeric(20) not null default 0 check (epoch between 0 and ${UINT64_MAX}),
  last_fencing_token numeric(20) not null default 0 check (last_fencing_token between 0 and ${UINT64_MAX})
)`,
    "insert into server_epoch default values",
    `create table locks (
  id uuid primary key,
  share_name text not null check (share_name <> ''),
  file_id text not null check (file_id <> ''),
  owner_id text not null check (owner_id <> ''),
  client_id text not null check (client_id <> ''),
  lock_type smallint not null check (lock_type in (0, 1)),
  range_offset numeric(20) not null check (range_offset between 0 and ${UINT64_MAX}),
  range_length numeric(20) not null check (range_length between 0 and ${UINT64_MAX}),
  range_last numeric(20) not null check (range_last between range_offset and ${UINT64_MAX}),
  share_reservation smallint not null check (share_reservation between 0 and 3),
  acquired_at timestamptz not null,
  server_epoch numeric(20) not null check (server_epoch between 0 and ${UINT64_MAX}),
  expires_at timestamptz,
  fencing_token numeric(20) not null check (fencing_token between 0 and ${UINT64_MAX}),
  check (range_last = case range_length when 0 then ${UINT64_MAX} else range_offset + range_length - 1 end)
)`,
    // By hash: names are asked for as a whole alone, and an entry of the other kind holds no name of 3,000 bytes.
    "create index locks_by_file on locks using hash (file_id)",
    "create index locks_by_owner on locks using hash (owner_id)",
    "create index locks_by_client on locks using hash (client_id)",
    "create index locks_by_share on locks using hash (share_name)",
    `create table state_documents (
  name text primary key check (name <> ''),
  content bytea not null
)`,
    `create table lattice_commits (
  id uuid primary key,
  is_done boolean not null,
  noted_at timestamptz not null default clock_timestamp()
)`,
    "create index lattice_commits_by_time on lattice_commits (noted_at)",
  ],
  down: ["drop table lattice_commits", "drop table state_documents", "drop table locks", "drop table server_epoch"],
}];

/** The table that says which version the others are of; it comes with the first version, and goes with it. */
const VERSION_TABLE = {
  up:
    "create table lattice_schema (only_row boolean primary key default true check (only_row), version integer not null)",
  insert: "insert into lattice_schema (version) values (0)",
  down: "drop table lattice_schema",
};

/** The version that this program reads and writes. */
export const POSTGRES_SCHEMA_VERSION: number = STEPS.length;

/** The advisory lock of all migrations of a database: the bytes of `lattice`. */
const MIGRATION_LOCK = "30506450281915237";

/** @throws {SchemaVersionError} The tables are of another version. */
export function requireVersion(found: number, address: string): void {
  if (found !== POSTGRES_SCHEMA_VERSION) throw new SchemaVersionError(address, found, POSTGRES_SCHEMA_VERSION);
}

/**
 * See {@link LockStore.migrate}.
 *
 * @param leftMs How much time there is for all of it, waiting for other migrations included, in milliseconds.
 * @throws {SchemaVersionError} A newer program made the tables; nothing is changed.
 */
export async function migratePostgres(
  connection: PostgresConnection,
  address: string,
  direction: "up" | "down",
  { dryRun, leftMs }: { readonly dryRun: boolean; readonly leftMs: TimeLeft },
): Promise<Migration> {
  // Where the database prefers another isolation, our view would be older than the work of whom we waited for.
  await connection.run("begin isolation level read committed read write", leftMs() + ANSWER_MS);
  await run(connection, `select pg_advisory_xact_lock(${MIGRATION_LOCK})`, leftMs);
  const from = await versionOf(connection, leftMs);
  if (from > POSTGRES_SCHEMA_VERSION) throw new SchemaVersionError(address, from, POSTGRES_SCHEMA_VERSION);
  const to = direction === "up" ? POSTGRES_SCHEMA_VERSION : 0;
  const statements = direction === "up" ? statementsUp(from) : statementsDown(from);
  if (!dryRun) { for (const statement of statements) await run(connection, statement, leftMs); }
  await end(connection, dryRun ? "rollback" : "commit", address, leftMs);
  return { from, to, statements };
}

/**
 * Runs a statement of the migration within the time that is left; the server gives it up then as well, and first a wait for
 * somebody's lock.
 */
async function run(connection: PostgresConnection, statement: string, leftMs: TimeLeft): Promise<PostgresOutcome> {
  if (leftMs() <= TIME_UP_MS) throw new PostgresError("silent", "the time for the migration is up");
  return await connection.run([...setTimeouts(leftMs), statement].join("; "), leftMs() + ANSWER_MS);
}

/** Who asks how much time is left is never told less. */
const TIME_UP_MS = 1;

/** @throws {StoreUnavailableError} The commit got no answer. */
async function end(
  connection: PostgresConnection,
  command: "rollback" | "commit",
  address: string,
  leftMs: TimeLeft,
): Promise<void> {
  try {
    await connection.run(command, leftMs() + ANSWER_MS);
  } catch (error) {
    const isKnown = command === "rollback" || !(error instanceof PostgresError) || connection.isOpen;
    if (isKnown) throw error;
    throw new StoreUnavailableError(
      address,
      `the connection was lost while a migration was being completed: ${error.message}; it may have been done, or not`,
      { hint: "look at it with lattice lease migrate --dry-run", cause: error, mayHaveBeenDone: true },
    );
  }
}

function statementsUp(from: number): string[] {
  if (from === POSTGRES_SCHEMA_VERSION) return [];
  return [
    ...(from === 0 ? [VERSION_TABLE.up, VERSION_TABLE.insert] : []),
    ...STEPS.slice(from).flatMap(({ up }) => up),
    `update lattice_schema set version = ${POSTGRES_SCHEMA_VERSION}`,
  ];
}

function statementsDown(from: number): string[] {
  if (from === 0) return [];
  return [...STEPS.slice(0, from).toReversed().flatMap(({ down }) => down), VERSION_TABLE.down];
}

async function versionOf(connection: PostgresConnection, leftMs: TimeLeft): Promise<number> {
  const table = await run(connection, "select to_regclass('lattice_schema') is not null as is_there", leftMs);
  if (table.rows[0]?.["is_there"] !== true) return 0;
  const { rows } = await run(connection, "select version from lattice_schema", leftMs);
  return Number(rows[0]?.["version"] ?? 0);
}

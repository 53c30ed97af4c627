/**
 * What a failure of a PostgreSQL server means to who uses a store.
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import { PostgresError } from "../platform/postgres_error.ts";
import { SchemaVersionError, StoreUnavailableError } from "./errors.ts";
import { POSTGRES_SCHEMA_VERSION } from "./postgres_schema.ts";

/** Two transactions met, and this one has to give way: it was not done (SQLSTATE, as all that follow). */
const MEETINGS: ReadonlySet<string> = new Set(["40001", "40P01"]);

/** The server is about to end, or not ready yet, or full: another try may succeed. */
const PASSING: ReadonlySet<string> = new Set(["53300", "57P01", "57P02", "57P03"]);

const LOCK_NOT_AVAILABLE = "55P03";

/** The tables are not there, or not the ones that we know. */
const OTHER_TABLES: ReadonlySet<string> = new Set(["42P01", "42703"]);

/** Whether a transaction that failed so was surely not done, and may succeed when it is done again. */
export function isPassing({ failure, sqlState }: PostgresError): boolean {
  return failure === "lost" || failure === "server" && (MEETINGS.has(sqlState) || PASSING.has(sqlState));
}

/** Whether the tables are not there, or of an earlier version. */
export function needsMigration(error: unknown): boolean {
  if (error instanceof SchemaVersionError) return error.found < error.known;
  return error instanceof PostgresError && OTHER_TABLES.has(error.sqlState);
}

/**
 * The error for users. Whatever it was, the transaction was not done.
 *
 * @param store The store's address without any password.
 * @param waitedMs How long the call took, in milliseconds.
 */
export function storeError(store: string, error: PostgresError, waitedMs: number): LatticeError {
  const { failure, message, sqlState } = error;
  const mayPass = failure === "unreachable" || isPassing(error) || failure === "silent";
  const unavailable = (reason: string, hint: string) =>
    new StoreUnavailableError(store, reason, { hint, cause: error, mayPass });
  switch (failure) {
    case "unreachable":
      return unavailable(`no connection: ${message}`, "check that the server runs, its host and its port");
    case "tls":
      return unavailable(
        `TLS: ${message}`,
        "sslmode in the URL says what is asked of the server; sslrootcert names the authority of its certificate",
      );
    case "lost":
      return unavailable(`${message}; nothing was changed`, "check that the server runs, then try again");
    case "silent":
      return unavailable(`${message}; nothing was changed`, "try again, or wait longer with --lock-timeout 60s");
    case "server":
      break;
  }
  if (MEETINGS.has(sqlState) || sqlState === LOCK_NOT_AVAILABLE) {
    return new LatticeError(
      "locked",
      `the store ${JSON.stringify(store)} is in use by other transactions: ${message}`,
      {
        hint: "wait longer with --lock-timeout 60s",
        details: { store, holder: null, waited_ms: Math.round(waitedMs) },
        cause: error,
      },
    );
  }
  if (OTHER_TABLES.has(sqlState)) return new SchemaVersionError(store, 0, POSTGRES_SCHEMA_VERSION);
  const refused = REFUSALS.find(([states]) => states.test(sqlState));
  if (refused === undefined) {
    return new LatticeError("internal", `the server refuses a statement: ${message} (${sqlState})`, {
      details: { store, sql_state: sqlState },
      cause: error,
    });
  }
  const [, code, hint] = refused;
  if (code === "store_unavailable") return unavailable(message, hint);
  return new LatticeError(code, `the store ${JSON.stringify(store)} cannot be used: ${message}`, {
    hint,
    details: { store, sql_state: sqlState },
    cause: error,
  });
}

/** What the server refuses, and what helps. */
const REFUSALS: readonly (readonly [states: RegExp, code: LatticeError["code"], hint: string])[] = [
  [
    /^28/,
    "store_unavailable",
    "check user and password: in the URL, in PGUSER and PGPASSWORD, or in ~/.pgpass, which nobody else may read",
  ],
  [/^3D000$/, "store_unavailable", "create the database, or name another one"],
  [/^3F000$/, "store_unavailable", "create the schema, or name another one in search_path"],
  [
    /^(?:25006|0A000)$/,
    "store_unavailable",
    "name the primary server if this one is a standby (select pg_is_in_recovery()); " +
    "else see that its user may write (show transaction_read_only)",
  ],
  [/^42501$/, "io", "let this user have the tables and the schema they are in, or use another user"],
  [/^53100$/, "io", "free some space on the server; nothing was changed"],
  [
    /^(?:42P07|42710)$/,
    "unsupported",
    "something else has that name: give lattice a schema of its own, " +
    "by ?options=-c%20search_path%3D<schema> in the URL",
  ],
  [/^XX00[12]$/, "invalid_data", "look at the server's log before you try again"],
  [/^57014$/, "store_unavailable", "nothing was changed; wait longer with --lock-timeout 60s"],
  [/^(?:08|53|57|58)/, "store_unavailable", "look at the server's log, then try again"],
];

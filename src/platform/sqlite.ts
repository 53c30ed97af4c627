/**
 * SQLite, as both runtimes have it built in (`node:sqlite`), loaded when it is first needed.
 *
 * @module
 */
import { LatticeError } from "./errors.ts";

/** What a column can hold. */
export type SqliteValue = string | number | null | Uint8Array;

/** A row, by the names of its columns. */
export type SqliteRow = Record<string, SqliteValue>;

/** An open database. */
export interface SqliteConnection {
  /** Runs statements that take no values and return nothing. */
  exec(sql: string): void;
  /** Runs a statement. @returns How many rows it changed. */
  run(sql: string, ...values: SqliteValue[]): number;
  /** Runs a query. */
  all(sql: string, ...values: SqliteValue[]): SqliteRow[];
  /** Closes it. */
  close(): void;
}

/** What kind of failure SQLite tells of. */
export type SqliteFailure =
  | "busy"
  | "full"
  | "corrupt"
  | "cannot-open"
  | "readonly"
  | "readonly-disk"
  | "io"
  | "other";

/** What SQLite says went wrong. */
export class SqliteError extends LatticeError {
  /** Tells the class apart. */
  override readonly name = "SqliteError";

  /** @param failure Its kind. */
  constructor(readonly failure: SqliteFailure, path: string, cause: unknown) {
    const text = cause instanceof Error ? cause.message : String(cause);
    const about = ABOUT[failure];
    super(about.code, `the database ${JSON.stringify(path)} ${about.what}: ${text}`, {
      ...(about.hint === undefined ? {} : { hint: about.hint }),
      details: failure === "busy" ? { path, holder: null, waited_ms: 0 } : { path },
      cause,
    });
  }
}

const ABOUT: Readonly<Record<SqliteFailure, { code: LatticeError["code"]; what: string; hint?: string }>> = {
  busy: { code: "locked", what: "is in use by another process", hint: "wait longer with --lock-timeout 60s" },
  full: { code: "io", what: "cannot grow", hint: "free some space and run the command again; nothing was changed" },
  corrupt: {
    code: "invalid_data",
    what: "is damaged or no database",
    hint: "nothing was changed; restore it from a backup, or move it away to begin anew",
  },
  "cannot-open": {
    code: "io",
    what: "cannot be opened",
    hint: "check that its folder exists, the permissions of both, and that the disk has room for more files",
  },
  readonly: {
    code: "io",
    what: "cannot be written",
    hint: "check its permissions, those of its folder, and the mount",
  },
  "readonly-disk": {
    code: "io",
    what: "lies on a read-only file system (EROFS)",
    hint: "remount it, or work on a copy of the file, and of its -wal file where there is one",
  },
  io: {
    code: "io",
    what: "cannot be read or written",
    hint: "check that the disk has room, and the system's log, before you try again",
  },
  other: { code: "internal", what: "refuses a statement" },
};

/** SQLite's messages (sqlite3_errstr); only one of the runtimes passes the number on. */
const FAILURES: readonly (readonly [RegExp, SqliteFailure])[] = [
  [/database (?:schema |table )?is locked|database is busy/, "busy"],
  [/disk is full/, "full"],
  [/malformed|not a database|file is encrypted/, "corrupt"],
  [/unable to open database/, "cannot-open"],
  [/readonly database|read-only/, "readonly"],
  [/disk I\/O error|locking protocol/, "io"],
];

interface Statement {
  run(...values: SqliteValue[]): { changes: number | bigint };
  all(...values: SqliteValue[]): SqliteRow[];
}

interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

/** How a database file is opened. */
export interface OpenSqliteOptions {
  /**
   * Whether nobody changes the file while it is open. Then it is read as it is, without locks, without a file beside it,
   * and without what a file beside it would add to it.
   */
  readonly isFrozen?: boolean;
  /** Tells whether the file system of the file is read-only: SQLite does not say why it cannot open or write. */
  readonly isReadOnlyDisk?: () => boolean;
}

/**
 * Opens a database file, which must exist.
 *
 * @param path Absolute.
 * @throws {SqliteError}
 */
export function openSqlite(path: string, options: OpenSqliteOptions = {}): SqliteConnection {
  const { isFrozen = false, isReadOnlyDisk = () => false } = options;
  const { getBuiltinModule } =
    (globalThis as unknown as { process: { getBuiltinModule(id: string): unknown } }).process;
  const { DatabaseSync } = getBuiltinModule("node:sqlite") as {
    DatabaseSync: new (path: string, options: { readOnly: boolean }) => Database;
  };
  const attempt = <T>(call: () => T): T => {
    try {
      return call();
    } catch (cause) {
      const failure = failureOf(cause);
      const isRefused = failure === "cannot-open" || failure === "readonly";
      throw new SqliteError(isRefused && isReadOnlyDisk() ? "readonly-disk" : failure, path, cause);
    }
  };
  // Deno takes a URI only where it is allowed everything; else it finds no file of that name.
  const name = isFrozen ? `file:${path.split("/").map(encodeURIComponent).join("/")}?immutable=1` : path;
  const database = attempt(() => new DatabaseSync(name, { readOnly: isFrozen }));
  const statements = new Map<string, Statement>();
  const prepare = (sql: string): Statement => {
    let statement = statements.get(sql);
    if (statement === undefined) statements.set(sql, statement = database.prepare(sql));
    return statement;
  };
  return {
    exec: (sql) => attempt(() => database.exec(sql)),
    run: (sql, ...values) => attempt(() => Number(prepare(sql).run(...values).changes)),
    all: (sql, ...values) => attempt(() => prepare(sql).all(...values)),
    close: () => attempt(() => database.close()),
  };
}

/**
 * Takes back the transaction that is open, after something in it went wrong.
 *
 * @returns Whether the connection can be used again: where it cannot roll back, closing it does.
 */
export function rollBack(connection: SqliteConnection): boolean {
  try {
    connection.exec("rollback");
    return true;
  } catch (error) {
    if (!(error instanceof SqliteError)) throw error;
    return false; // SQLite has rolled back already (a full disk), or cannot any more
  }
}

function failureOf(error: unknown): SqliteFailure {
  const text = error instanceof Error ? error.message : String(error);
  return FAILURES.find(([pattern]) => pattern.test(text))?.[1] ?? "other";
}

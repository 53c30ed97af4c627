/**
 * Empty stores in PostgreSQL: in the server that `LATTICE_TEST_POSTGRES` names (a URL of a user who may make schemas), else in
 * a private one. What needs to stop a server, or to cut its connections, always takes a private one.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import process from "node:process";
import { sharedServer } from "./postgres_server.ts";

const given = process.env["LATTICE_TEST_POSTGRES"] ?? "";

/** The schemas that were made in the given server; they are dropped when the process ends. */
const made: string[] = [];

/** The URL of a store without tables. */
export async function emptyPostgresStore(): Promise<string> {
  if (given === "") {
    const server = await sharedServer();
    return server.url({ schema: server.freshSchema() });
  }
  const schema = `lattice_test_${randomBytes(8).toString("hex")}`;
  runSql(`create schema ${schema}`);
  if (made.push(schema) === 1) process.on("exit", dropAll);
  return `${given}${given.includes("?") ? "&" : "?"}options=-c%20search_path%3D${schema}`;
}

function dropAll(): void {
  runSql(made.map((schema) => `drop schema ${schema} cascade`).join("; "));
}

function runSql(statements: string): void {
  const { hostname, port, username, password, pathname } = new URL(given);
  const { status, stderr, error } = spawnSync("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", statements], {
    encoding: "utf8",
    // Not as an argument, where everybody could read a password.
    env: {
      PATH: process.env["PATH"] ?? "/usr/bin:/bin",
      PGHOST: hostname,
      PGPORT: port === "" ? "5432" : port,
      PGUSER: decodeURIComponent(username),
      PGPASSWORD: decodeURIComponent(password),
      PGDATABASE: decodeURIComponent(pathname.slice(1)),
    },
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`LATTICE_TEST_POSTGRES: ${stderr}`);
}

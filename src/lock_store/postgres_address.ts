/**
 * Where a PostgreSQL store is, told by a URL and the environment as PostgreSQL's own programs read them ("Connection
 * Strings" and "Environment Variables" in the documentation of libpq).
 *
 * No message repeats a part of the URL that could be a password: not even one that was written in the wrong place.
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import type { PostgresTarget } from "../platform/postgres.ts";
import type { PostgresTls } from "../platform/postgres_socket.ts";
import type { System } from "../platform/system.ts";
import { passwordFromFile } from "./postgres_passfile.ts";
import { absolutePath } from "../platform/paths.ts";

/** A store's server, and what it is called in messages. */
export interface PostgresAddress {
  /** Without any password. */
  readonly shown: string;
  readonly target: PostgresTarget;
  /** Longest time to connect in milliseconds; `null`: nothing is said. */
  readonly connectTimeoutMs: number | null;
}

/** What can be said by a parameter of the URL, and by which variable else. */
const PARAMETERS: ReadonlyMap<string, string> = new Map([
  ["application_name", "PGAPPNAME"],
  ["connect_timeout", "PGCONNECT_TIMEOUT"],
  ["dbname", "PGDATABASE"],
  ["host", "PGHOST"],
  ["options", "PGOPTIONS"],
  ["passfile", "PGPASSFILE"],
  ["password", "PGPASSWORD"],
  ["port", "PGPORT"],
  ["sslcert", "PGSSLCERT"],
  ["sslkey", "PGSSLKEY"],
  ["sslmode", "PGSSLMODE"],
  ["sslrootcert", "PGSSLROOTCERT"],
  ["user", "PGUSER"],
]);

const PORT_DEFAULT = 5432;

/** Where a server's socket file is: Debian's place, and that of PostgreSQL itself. */
const SOCKET_FOLDERS = ["/var/run/postgresql", "/tmp"];

/**
 * Reads a URL `postgres://[<user>[:<password>]@][<host>][:<port>][/<database>][?<parameter>=<value>…]`.
 *
 * @throws {LatticeError} `usage`: it cannot be read; `io`: a file that it names cannot be.
 */
export function readPostgresUrl(text: string, system: System): PostgresAddress {
  const given = partsOf(text);
  const value = (name: string): string | undefined => {
    const found = given.get(name) ?? system.env[PARAMETERS.get(name)!];
    return found === "" ? undefined : found;
  };
  const place = value("host") ??
    SOCKET_FOLDERS.find((folder) => system.disk.stat(socketIn(folder, PORT_DEFAULT)) !== null) ??
    "localhost";
  if (place.includes(",")) throw unreadable("it names several hosts, and one is taken");
  const port = portOf(value("port"));
  const user = value("user") ?? system.env["USER"] ?? system.env["LOGNAME"];
  if (user === undefined || user === "") throw unreadable("nothing says who the user is");
  const database = value("dbname") ?? user;
  const isFolder = place.startsWith("/");
  const target: PostgresTarget = {
    host: isFolder ? "localhost" : place,
    port,
    socketFile: isFolder ? socketIn(place, port) : null,
    tls: isFolder ? null : tlsOf(value, system),
    user,
    password: value("password") ?? passwordFromFile(system, value("passfile"), [
      isFolder ? "localhost" : place,
      String(port),
      database,
      user,
    ]) ?? "",
    database,
    applicationName: value("application_name") ?? "lattice",
    options: value("options") ?? "",
  };
  const shownPlace = isFolder ? `/${encodeURIComponent(database)}?host=${place}&port=${port}` : null;
  const host = place.includes(":") ? `[${place}]` : place;
  return {
    shown: `postgres://${encodeURIComponent(user)}@` +
      (shownPlace ?? `${host}:${port}/${encodeURIComponent(database)}`),
    target,
    connectTimeoutMs: secondsOf(value("connect_timeout")),
  };
}

function socketIn(folder: string, port: number): string {
  return `${folder}/.s.PGSQL.${port}`;
}

/** What a URL says, by the names of parameters. */
function partsOf(text: string): Map<string, string> {
  const rest = text.slice(text.indexOf(":") + 1);
  if (!rest.startsWith("//")) throw unreadable("there is no // behind the first colon");
  const [beforeQuery = "", query = "", ...more] = rest.slice(2).split("?");
  const slash = beforeQuery.indexOf("/");
  const authority = slash < 0 ? beforeQuery : beforeQuery.slice(0, slash);
  const path = slash < 0 ? "" : beforeQuery.slice(slash + 1);
  // Where these stand unencoded, a part of the password has most likely become something that messages would show.
  const isSpaced = /\s/.test(authority) || /password=[^&]*\s/.test(query);
  if (isSpaced || text.includes("#") || more.length > 0 || /@/.test(path + query) || path.includes("/")) {
    throw unreadable("a character in it means something else there");
  }
  const at = authority.lastIndexOf("@");
  const parts = new Map<string, string>();
  const set = (name: string, value: string) => {
    if (value !== "") parts.set(name, decoded(value));
  };
  const [user = "", ...password] = at < 0 ? [] : authority.slice(0, at).split(":");
  set("user", user);
  set("password", password.join(":"));
  const place = /^(\[[0-9A-Fa-f:.]+\]|[^:[\]]*)(?::(\d*))?$/.exec(authority.slice(at + 1));
  if (place === null) throw unreadable("its host or its port is none");
  set("host", place[1]!.replace(/^\[|\]$/g, ""));
  set("port", place[2] ?? "");
  set("dbname", path);
  for (const parameter of query.split("&")) {
    if (parameter === "") continue;
    const equals = parameter.indexOf("=");
    const name = equals < 0 ? "" : parameter.slice(0, equals);
    if (!PARAMETERS.has(name)) {
      throw unreadable(/^[a-z_]{2,32}$/.test(name) ? `parameter ${name} is not known` : "a parameter in it is none");
    }
    set(name, parameter.slice(equals + 1));
  }
  return parts;
}

function decoded(text: string): string {
  try {
    const value = decodeURIComponent(text);
    if (!value.includes("\0")) return value;
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
  }
  throw unreadable("a percent sign in it does not begin an encoded character");
}

function portOf(text: string | undefined): number {
  if (text === undefined) return PORT_DEFAULT;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65535) throw unreadable("its port is none");
  return port;
}

function secondsOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (!/^\d{1,6}$/.test(text)) throw unreadable("connect_timeout is no number of seconds");
  const seconds = Number(text);
  return seconds === 0 ? null : seconds * 1000;
}

const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/** As libpq has it: `require` looks at the certificate where authorities are named. */
function tlsOf(value: (name: string) => string | undefined, system: System): PostgresTls | null {
  const mode = value("sslmode") ?? "prefer";
  if (!SSL_MODES.includes(mode)) throw unreadable(`sslmode is none of ${SSL_MODES.join(", ")}`);
  if (mode === "disable") return null;
  const named = value("sslrootcert");
  const usual = `${system.env["HOME"] ?? ""}/.postgresql/root.crt`;
  const rootFile = named ?? (system.disk.stat(usual) === null ? undefined : usual);
  const checksChain = mode.startsWith("verify-") || mode === "require" && named !== undefined;
  const certificate = value("sslcert");
  const key = value("sslkey");
  return {
    optional: mode === "prefer" || mode === "allow",
    checkChain: checksChain,
    checkName: mode === "verify-full",
    ...(checksChain && rootFile !== undefined && rootFile !== "system"
      ? { authorities: readText(system, rootFile) }
      : {}),
    ...(certificate === undefined ? {} : { certificate: readText(system, certificate) }),
    ...(key === undefined ? {} : { key: readText(system, key) }),
  };
}

function readText(system: System, path: string): string {
  const full = absolutePath(system, path);
  const bytes = system.disk.readFile(full);
  if (bytes !== null) return new TextDecoder().decode(bytes);
  throw new LatticeError("io", `the file ${JSON.stringify(full)} for TLS is not there`, {
    hint: "name one that is: sslrootcert, sslcert and sslkey in the URL, or PGSSLROOTCERT, PGSSLCERT and PGSSLKEY",
    details: { path: full },
  });
}

function unreadable(reason: string): LatticeError {
  return new LatticeError("usage", `the URL of the PostgreSQL store cannot be used: ${reason}`, {
    hint: "postgres://<user>:<password>@<host>:<port>/<database>?sslmode=verify-full; " +
      "in a password write : / ? # @ % and a space as %3A %2F %3F %23 %40 %25 %20, or put it into PGPASSWORD",
  });
}

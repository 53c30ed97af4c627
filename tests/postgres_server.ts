/**
 * A PostgreSQL server for tests: one of its own, in a temporary folder, that is gone with the test's process, however that
 * ends. As root it runs as the user `postgres`, since the server refuses to be root.
 *
 * @module
 */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** The password of the user `guarded`; it must never be seen in any output. */
export const PASSWORD = "s3cr3t-Pa:ss/w@rd";

/** What a server is to be like. */
export interface ServerOptions {
  /** Whether it offers TLS, by a certificate for `localhost` that it signed itself. */
  readonly tls?: boolean;
  /** Where it listens; `127.0.0.1` when nothing is said. */
  readonly listen?: string;
  /** Whether what it acknowledges is flushed to the disk; a server that is killed needs no power cut to lose the rest. */
  readonly durable?: boolean;
}

/** Stops the server and removes its folder, when the other end of the pipe is closed. */
const WATCH = `cat >/dev/null
kill -QUIT "$(head -n1 "$1/data/postmaster.pid" 2>/dev/null)" 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do [ -e "$1/data/postmaster.pid" ] || break; sleep 0.1; done
rm -rf "$1"`;

/** Schemas are made so many at a time: to ask the server costs more than a schema. */
const SCHEMAS = 64;

/** Folder of the server's programs. */
const programs: string = (() => {
  const installed = "/usr/lib/postgresql";
  const versions = existsSync(installed) ? readdirSync(installed).sort((a, b) => Number(b) - Number(a)) : [];
  for (const version of versions) {
    const folder = join(installed, version, "bin");
    if (existsSync(join(folder, "initdb"))) return folder;
  }
  const asked = spawnSync("pg_config", ["--bindir"], { encoding: "utf8" });
  const folder = asked.stdout?.trim() ?? "";
  if (!existsSync(join(folder, "initdb"))) throw new Error("there is no PostgreSQL server: apt-get install postgresql");
  return folder;
})();

/** A running server. */
export class PostgresServer {
  private schemas = 0;

  private constructor(readonly folder: string, readonly port: number) {}

  /** Makes and starts one. */
  static async start(options: ServerOptions = {}): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), "lattice-postgres-"));
    const watcher = spawn("/bin/sh", ["-c", WATCH, "sh", folder], {
      cwd: "/",
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    watcher.unref();
    (watcher.stdin as unknown as { unref?(): void } | null)?.unref?.();
    if (process.getuid?.() === 0) mustRun("chown", ["postgres", folder]);
    chmodSync(folder, 0o755);
    const server = new PostgresServer(folder, await freePort());
    server.initialise(options);
    server.resume();
    server.sql(`create role tester login; create role guarded login password '${PASSWORD}'`);
    return server;
  }

  /** The URL of the server; by the socket file where no host is given. */
  url(options: { host?: string; port?: number; user?: string; schema?: string; parameters?: string } = {}): string {
    const { host, port = this.port, user = "tester", schema, parameters = "" } = options;
    const place = host === undefined ? "" : `${host}:${port}`;
    const all = [
      host === undefined ? `host=${encodeURIComponent(this.folder)}&port=${port}` : "sslmode=disable",
      schema === undefined ? "" : `options=-c%20search_path%3D${schema}`,
      parameters,
    ].filter((part) => part !== "");
    return `postgres://${user}@${place}/postgres?${all.join("&")}`;
  }

  /** The name of a schema that nobody has used. */
  freshSchema(): string {
    const number = this.schemas++;
    if (number % SCHEMAS === 0) {
      const names = Array.from({ length: SCHEMAS }, (_, index) => `s${number + index}`);
      this.sql(names.map((name) => `create schema ${name} authorization tester`).join("; "));
    }
    return `s${number}`;
  }

  /** Runs statements as the administrator. @returns What they return, one line a row. */
  sql(statements: string): string {
    return mustRun(join(programs, "psql"), [
      ...["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"],
      ...["-h", this.folder, "-p", String(this.port), "-U", "postgres", "-d", "postgres", "-c", statements],
    ]).trim();
  }

  /** Stops it; `immediate` is as a crash. */
  stop(mode: "fast" | "immediate"): void {
    mustRun(...this.asServer("pg_ctl", ["-D", this.data, "-m", mode, "-w", "stop"]));
  }

  /** Starts it again as a standby of nobody, which takes no writes. */
  beStandby(): void {
    this.stop("fast");
    writeFileSync(join(this.data, "standby.signal"), "");
    this.resume();
  }

  /** Starts it again. */
  resume(): void {
    const log = join(this.folder, "log");
    mustRun(...this.asServer("pg_ctl", ["-D", this.data, "-l", log, "-w", "-t", "60", "start"]));
  }

  /** The server's own certificate. */
  get certificate(): string {
    return join(this.folder, "server.crt");
  }

  /** What the server wrote about itself. */
  get logFile(): string {
    return join(this.folder, "log");
  }

  private get data(): string {
    return join(this.folder, "data");
  }

  private initialise({ tls = false, listen = "127.0.0.1", durable = false }: ServerOptions): void {
    const { data, folder } = this;
    mustRun(...this.asServer("initdb", [
      ...["-D", data, "-U", "postgres", "--locale=C", "--encoding=UTF8", "--no-sync", "-A", "trust"],
    ]));
    if (tls) this.makeCertificate();
    writeFileSync(
      join(data, "postgresql.auto.conf"),
      [
        `port = ${this.port}`,
        `listen_addresses = '${listen}'`,
        `unix_socket_directories = '${folder}'`,
        `fsync = ${durable ? "on" : "off"}`,
        "shared_buffers = 16MB",
        "max_connections = 120",
        "timezone = 'Asia/Kathmandu'", // no whole hours from UTC, and a style of dates that nobody expects
        "datestyle = 'German'",
        ...(tls ? ["ssl = on", `ssl_cert_file = '${this.certificate}'`, `ssl_key_file = '${folder}/server.key'`] : []),
        "",
      ].join("\n"),
    );
    writeFileSync(
      join(data, "pg_hba.conf"),
      [
        "local all all trust",
        "host all guarded 0.0.0.0/0 scram-sha-256",
        "host all all 0.0.0.0/0 trust",
        "",
      ].join("\n"),
    );
  }

  private makeCertificate(): void {
    const { folder } = this;
    mustRun("openssl", [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
      ...["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
      ...["-keyout", join(folder, "server.key"), "-out", this.certificate],
    ]);
    chmodSync(join(folder, "server.key"), 0o600);
    if (process.getuid?.() === 0) mustRun("chown", ["postgres", join(folder, "server.key"), this.certificate]);
  }

  private asServer(program: string, args: readonly string[]): [string, string[]] {
    const command = [join(programs, program), ...args];
    if (process.getuid?.() !== 0) return [command[0]!, command.slice(1)];
    return ["setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", ...command]];
  }
}

let shared: Promise<PostgresServer> | undefined;

/** The server that all tests of a process share. */
export function sharedServer(): Promise<PostgresServer> {
  return shared ??= PostgresServer.start();
}

function mustRun(program: string, args: readonly string[]): string {
  // What the server inherits must not be what the test's runner waits for: its output goes to a file.
  const result = spawnSync(program, args, {
    cwd: "/",
    encoding: "utf8",
    env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) throw new Error(`${program} ${args.join(" ")}: ${result.stdout}${result.stderr}`);
  return result.stdout;
}

/** A port of this machine that nobody listens at. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address() as { port: number };
      server.close(() => resolve(address.port));
    });
  });
}

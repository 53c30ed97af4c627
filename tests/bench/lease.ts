/**
 * Lock records: taken and given back by one client and by sixteen, each with a file of its own, on every backend; and asked
 * for by client among 100,000. All in one process, whose start does not count. The floor is what the database itself needs
 * for a lock that lasts no longer than a connection or a transaction, by raw SQL.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Competitor, Workload } from "./runner/workload.ts";

const [CLIENT, SERVER] = ["lease_client.ts", "lease_server.ts"].map((name) =>
  fileURLToPath(new URL(`competitors/${name}`, import.meta.url))
) as [string, string];

/** What a client prints, in milliseconds. */
const METRICS = {
  each: "over all",
  p50: "median",
  p99: "99th percentile",
} as const;

/** How long the server has to start, in milliseconds. */
const START_MS_MAX = 60_000;

let serverUrl: string | undefined;

/** The URL of a server that runs until this process ends. */
function postgresUrl(folder: () => string): string {
  if (serverUrl !== undefined) return serverUrl;
  const file = join(folder(), "url");
  const child = spawn(process.execPath, [SERVER, file], { stdio: ["pipe", "ignore", "inherit"], detached: true });
  child.unref();
  (child.stdin as unknown as { unref?(): void }).unref?.();
  const untilMs = performance.now() + START_MS_MAX;
  while (!existsSync(file)) {
    if (performance.now() > untilMs) throw new Error("the PostgreSQL server does not start");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  }
  return serverUrl = readFileSync(file, "utf8");
}

interface Way {
  readonly name: string;
  readonly way: string;
}

function workload(
  name: string,
  work: string,
  metric: keyof typeof METRICS,
  { clients, cycles, records = 0 }: { clients: number; cycles: number; records?: number },
  address: (folder: () => string) => string,
  ways: readonly [Way, ...Way[]],
): Workload {
  return {
    name,
    work: `${work}, ${METRICS[metric]}`,
    rounds: 3,
    prepare({ folder }) {
      const at = address(folder);
      const [first, ...others] = ways.map(({ name, way }): Competitor => ({
        name,
        turn: () => ({
          command: {
            program: process.execPath,
            args: [CLIENT, way, at, String(clients), String(cycles), String(records)],
            cwd: folder(),
          },
          tookMs: (stdout) => (JSON.parse(stdout) as Record<string, number>)[metric]!,
          verify: (stdout) => assert.ok(JSON.parse(stdout) !== null),
        }),
      }));
      return [first!, ...others];
    },
  };
}

const LATTICE = { name: "lattice", way: "lattice" };

const sqliteFile = (folder: () => string) => `sqlite:${join(folder(), "locks.db")}`;

const cyclesOf = (clients: number) => clients === 1 ? 300 : 40;

/** Rows for each backend, number of clients, and measure. */
export const leaseWorkloads: readonly Workload[] = [
  ...[1, 16].flatMap((clients) =>
    (Object.keys(METRICS) as (keyof typeof METRICS)[]).flatMap((metric) => {
      const how = { clients, cycles: cyclesOf(clients) };
      const who = `${clients} client${clients === 1 ? "" : "s"}`;
      return [
        workload(`lease-memory-${clients}-${metric}`, `lock taken and given back, memory, ${who}`, metric, {
          clients,
          cycles: 2000,
        }, () =>
          "memory:", [LATTICE]),
        workload(`lease-sqlite-${clients}-${metric}`, `the same, SQLite, ${who}`, metric, how, sqliteFile, [
          LATTICE,
          { name: "two transactions, raw SQL", way: "sqlite" },
        ]),
        workload(`lease-postgres-${clients}-${metric}`, `the same, PostgreSQL, ${who}`, metric, how, postgresUrl, [
          LATTICE,
          { name: "pg_advisory_lock", way: "advisory" },
          { name: "select … for update", way: "for-update" },
        ]),
      ];
    })
  ),
  workload(
    "lease-query-sqlite",
    "10 of 100,000 records by client, SQLite",
    "p50",
    {
      clients: 1,
      cycles: 200,
      records: 100_000,
    },
    sqliteFile,
    [{ name: "lattice", way: "query" }, { name: "the index, raw SQL", way: "sqlite-query" }],
  ),
  workload(
    "lease-query-postgres",
    "10 of 100,000 records by client, PostgreSQL",
    "p50",
    {
      clients: 1,
      cycles: 200,
      records: 100_000,
    },
    postgresUrl,
    [{ name: "lattice", way: "query" }, { name: "the index, raw SQL", way: "raw-query" }],
  ),
];

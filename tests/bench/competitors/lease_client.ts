/**
 * Takes and gives back locks, each client one of its own, and prints how long that took as JSON:
 *
 *     lease_client.ts <way> <address> <clients> <cycles of each> <records that lie there>
 *
 * Ways: `lattice` (any address), `advisory` and `for-update` (PostgreSQL by raw SQL), `sqlite` (two transactions by raw
 * SQL), and `query`, which asks for the records of one client instead.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import process from "node:process";
import postgres from "postgres";
import { openLockStore } from "../../../src/mod.ts";

const [way, address, clients, cycles, records] = process.argv.slice(2) as [string, string, string, string, string];

/** All clients are of one program, which has one store. */
const shared = openLockStore(address);

/** What one client does again and again. */
type Cycle = () => Promise<void> | void;

const makers: Readonly<Record<string, (client: number) => Promise<Cycle>>> = {
  async lattice(client) {
    await shared.migrate("up");
    return async () => {
      const request = { shareName: "bench", fileId: `file ${client}`, ownerId: "owner", clientId: `client ${client}` };
      const lock = await shared.acquire(request);
      await shared.deleteLock(lock.id);
    };
  },
  async query(client) {
    await fill(client === 0 ? Number(records) : 0);
    const store = openLockStore(address);
    return async () => {
      const found = await store.listLocks({ clientId: "client 7" });
      if (found.length !== RECORDS_OF_EACH) throw new Error(`${found.length} records`);
    };
  },
  advisory(client) {
    const sql = postgres(address, { max: 1 });
    return Promise.resolve(async () => {
      await sql`select pg_advisory_lock(${client})`;
      await sql`select pg_advisory_unlock(${client})`;
    });
  },
  async "for-update"(client) {
    const sql = postgres(address, { max: 1, onnotice: () => {} });
    await sql`create table if not exists bench_rows (id integer primary key)`;
    await sql`insert into bench_rows values (${client}) on conflict do nothing`;
    return async () => {
      await sql.begin((inside) => inside`select id from bench_rows where id = ${client} for update`);
    };
  },
  "raw-query"() {
    const sql = postgres(address, { max: 1 });
    return Promise.resolve(async () => {
      const found = await sql`select * from locks where client_id = 'client 7'`;
      if (found.length !== RECORDS_OF_EACH) throw new Error(`${found.length} records`);
    });
  },
  sqlite(client) {
    const database = new DatabaseSync(address.slice("sqlite:".length));
    database.exec("pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 60000");
    database.exec("create table if not exists bench_rows (id integer primary key)");
    const [insert, remove] = ["insert into bench_rows values (?)", "delete from bench_rows where id = ?"].map((text) =>
      database.prepare(text)
    );
    return Promise.resolve(() => {
      for (const statement of [insert!, remove!]) {
        database.exec("begin immediate");
        statement.run(client);
        database.exec("commit");
      }
    });
  },
  async "sqlite-query"(client) {
    await fill(client === 0 ? Number(records) : 0);
    const database = new DatabaseSync(address.slice("sqlite:".length));
    const select = database.prepare("select * from locks where client_id = ?");
    return () => {
      const found = select.all("client 7");
      if (found.length !== RECORDS_OF_EACH) throw new Error(`${found.length} records`);
    };
  },
};

/** So many of the records belong to one client. */
const RECORDS_OF_EACH = 10;

/** Puts so many records into the store, unless they are there. */
async function fill(count: number): Promise<void> {
  if (count === 0) return;
  await using store = openLockStore(address);
  await store.migrate("up");
  const present = await store.listLocks({ clientId: "client 7" });
  if (present.length > 0) return;
  const lock = { lockType: 1, offset: 0n, length: 0n, shareReservation: 0, serverEpoch: 0n, expiresAt: null } as const;
  for (let from = 0; from < count; from += 5000) {
    await store.transaction(async (inside) => {
      for (let i = from; i < Math.min(from + 5000, count); i++) {
        await inside.putLock({
          ...lock,
          id: `00000000-0000-4000-8000-${i.toString(16).padStart(12, "0")}`,
          shareName: "filled",
          fileId: `filled ${i}`,
          ownerId: "owner",
          clientId: `client ${Math.floor(i / RECORDS_OF_EACH)}`,
          acquiredAt: new Date(0),
          fencingToken: BigInt(i + 1),
        });
      }
    });
  }
}

const all: Cycle[] = [];
for (let client = 0; client < Number(clients); client++) all.push(await makers[way]!(client));
for (const cycle of all) await cycle(); // opens what is opened at first use
const tookMs: number[] = [];
const startedMs = performance.now();
await Promise.all(all.map(async (cycle) => {
  for (let i = 0; i < Number(cycles); i++) {
    const beganMs = performance.now();
    await cycle();
    tookMs.push(performance.now() - beganMs);
  }
}));
const totalMs = performance.now() - startedMs;
tookMs.sort((a, b) => a - b);
const percentile = (part: number) => tookMs[Math.floor((tookMs.length - 1) * part)]!;
console.log(JSON.stringify({ each: totalMs / tookMs.length, p50: percentile(0.5), p99: percentile(0.99) }));
process.exit(0);

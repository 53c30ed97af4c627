/**
 * What becomes of a transaction whose commit gets no answer.
 *
 * Each transaction that writes notes its name as its last act. Where nothing is noted by a name, whoever asks for it notes it
 * as that of one that was not done, and should the commit arrive yet, it cannot note it any more. (What the server itself calls
 * a transaction would not do: after a crash another one may be called the same.)
 *
 * Names are forgotten after an hour. Until when they are, is kept in a row of its own, in the times at which transactions
 * began: who asks for an older one is told that nobody knows, however long he slept and whatever became of the clocks.
 *
 * @module
 */
import { startWaiting } from "../locks/waiting.ts";
import type { PostgresConnection } from "../platform/postgres.ts";
import { PostgresError } from "../platform/postgres_error.ts";
import type { System } from "../platform/system.ts";
import type { TimeLeft } from "./postgres_pool.ts";

/** A transaction that may be asked for. */
export interface Commit {
  /** A random UUID. */
  readonly name: string;
  /** When it began, by the server's clock. */
  readonly begun: Date;
}

/** What became of a transaction. */
export type Fate = "done" | "not done" | "unknown";

/** The name of the row that tells since when names are remembered. */
const FORGOTTEN = "00000000-0000-0000-0000-000000000000";

/** For so long at least a name is remembered: an interval of PostgreSQL. */
const REMEMBERED = "1 hour";

/** The statement by which a transaction notes its name. */
export function noteAsDone({ name, begun }: Commit): string {
  return `insert into lattice_commits (id, is_done, noted_at) values ('${name}', true, ${timeText(begun)})`;
}

/** So many names are forgotten at once at most: whoever does it is waited for. */
const FORGOTTEN_AT_ONCE = 10_000;

/** Forgets names that nobody asks for any more. (`now()`, since by a time that goes on no index is searched.) */
export const FORGET: string = `with forgotten as (
  delete from lattice_commits where id in (
    select id from lattice_commits where noted_at < now() - interval '${REMEMBERED}' and id <> '${FORGOTTEN}'
    order by noted_at limit ${FORGOTTEN_AT_ONCE}
  ) returning noted_at
)
insert into lattice_commits (id, is_done, noted_at)
select '${FORGOTTEN}', true, max(noted_at) from forgotten having count(*) > 0
on conflict (id) do update set noted_at = greatest(lattice_commits.noted_at, excluded.noted_at)`;

/**
 * Learns what became of a transaction, on connections of its own.
 *
 * @param connect Makes one; it is cut afterwards.
 * @param lookMs For how long it is tried, in milliseconds.
 */
export async function fateOf(
  system: System,
  connect: (leftMs: TimeLeft) => Promise<PostgresConnection>,
  commit: Commit,
  lookMs: number,
): Promise<Fate> {
  const waiting = startWaiting(system, lookMs);
  const leftMs = () => Math.max(1, lookMs - waiting.waitedMs());
  for (;;) {
    try {
      const connection = await connect(leftMs);
      try {
        const fate = await ask(connection, commit, leftMs);
        if (fate !== null) return fate;
      } finally {
        connection.cut();
      }
    } catch (error) {
      if (!(error instanceof PostgresError)) throw error;
    }
    const delayMs = waiting.nextDelayMs();
    if (delayMs === null) return "unknown";
    await system.clock.sleep(delayMs);
  }
}

/** @returns `null`: it was forgotten just now. */
async function ask(connection: PostgresConnection, { name, begun }: Commit, leftMs: TimeLeft): Promise<Fate | null> {
  // Whatever transactions are by default: a note that is written, and each statement with a view of its own.
  await connection.run("begin isolation level read committed read write", leftMs());
  await connection.run(
    `insert into lattice_commits (id, is_done) values ('${name}', false) on conflict (id) do nothing`,
    leftMs(),
  );
  const { rows: [row] } = await connection.run(
    `select is_done, exists (
  select from lattice_commits where id = '${FORGOTTEN}' and noted_at >= ${timeText(begun)}
) as is_old from lattice_commits where id = '${name}'`,
    leftMs(),
  );
  await connection.run("commit", leftMs());
  if (row === undefined) return null;
  if (row["is_done"] === true) return "done";
  return row["is_old"] === true ? "unknown" : "not done";
}

function timeText(time: Date): string {
  return `timestamptz '${time.toISOString()}'`;
}

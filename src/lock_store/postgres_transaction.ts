/**
 * One try of a transaction on a PostgreSQL connection.
 *
 * As little as possible is waited for, since each answer takes a journey to the server and back. What our own operations
 * ask for first is sent together with the beginning of the transaction, and what they change last together with its end. The
 * server carries out one after the other, and nothing of a transaction in which a statement failed: so it is enough to look
 * at all answers at the end.
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import type { PostgresConnection, PostgresRow, PostgresValue } from "../platform/postgres.ts";
import { PostgresError } from "../platform/postgres_error.ts";
import type { LockSession, TransactOptions } from "./backend.ts";
import { CHANNEL } from "./postgres_channel.ts";
import { type Commit, FORGET, noteAsDone } from "./postgres_commit.ts";
import type { TimeLeft } from "./postgres_pool.ts";
import { requireVersion } from "./postgres_schema.ts";
import { type Facts, PostgresSession } from "./postgres_session.ts";
import { ANSWER_MS, setTimeouts } from "./postgres_timeouts.ts";

/**
 * A transaction in which nothing happens for so long is ended by the server, in milliseconds: others wait for it, and must get
 * their turn before their own time is up.
 */
const IDLE_MS_MAX = 5000;

/**
 * The answer to all that follows a failure in a transaction (SQLSTATE). Where it is the first that is heard, the package keeps
 * back the failure itself, since it tries again what is no longer prepared.
 */
const FAILED_BEFORE = "25P02";

/** What a try came to. */
export type Outcome<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "not done"; readonly because: PostgresError }
  /** The commit of a transaction that writes got no answer. */
  | { readonly kind: "unanswered"; readonly value: T; readonly commit: Commit; readonly because: PostgresError };

/** How a try is made. */
export interface Try extends TransactOptions {
  /** The store, for messages. */
  readonly address: string;
  /** The name that it notes. */
  readonly name: string;
  /** How much time there is, in milliseconds. */
  readonly leftMs: TimeLeft;
  /** Whether it does not wait for its turn. */
  readonly isImpatient: boolean;
  /** The longest time of a call in milliseconds. */
  readonly callMs: number;
  /** Whether names of earlier transactions are to be forgotten. */
  readonly isForgetting: boolean;
}

/**
 * Tries a transaction once.
 *
 * @throws {PostgresError} It was not done.
 * @throws {unknown} What the action threw; it was not done.
 */
export async function tryTransaction<T>(
  connection: PostgresConnection,
  action: (session: LockSession) => Promise<T>,
  given: Try,
): Promise<Outcome<T>> {
  const { isOwn, leftMs, signal } = given;
  const answers = new Answers();
  const facts = answers.expect(begin(connection, given));
  let isOver = false;
  const ask = async (statement: string, values: readonly PostgresValue[]): Promise<PostgresRow[]> => {
    if (isOver) throw new LatticeError("internal", "a transaction was used after its end");
    return await answers.expect(connection.query(statement, values, leftMs() + ANSWER_MS));
  };
  const session = new PostgresSession({
    facts,
    ask,
    async tell(statement, values) {
      const answer = ask(statement, values);
      if (isOwn) answer.catch(() => {}); // it is looked at before the transaction counts as done
      else await answer;
    },
  });
  let value: T;
  try {
    if (!isOwn) await facts;
    value = await action(session);
    await facts;
    signal?.throwIfAborted();
    // The action may have caught what failed; the server keeps nothing of such a transaction.
    answers.throwFirstFailure();
  } catch (error) {
    isOver = true;
    await rollBack(connection, leftMs);
    answers.throwFirstFailure();
    throw error;
  }
  isOver = true;
  const commit = { name: given.name, begun: (await facts).now };
  return await complete(connection, session, answers, value, commit, given);
}

async function complete<T>(
  connection: PostgresConnection,
  session: PostgresSession,
  answers: Answers,
  value: T,
  commit: Commit,
  { leftMs, isForgetting }: Try,
): Promise<Outcome<T>> {
  const { hasWritten } = session;
  const statements = [
    ...(hasWritten ? [noteAsDone(commit)] : []),
    ...(hasWritten && isForgetting ? [FORGET] : []),
    ...[...session.freed].map((topic) => `notify ${CHANNEL}, '${topic}'`),
    "commit",
  ];
  try {
    const { command } = await answers.expect(connection.run(statements.join("; "), leftMs() + ANSWER_MS));
    if (command === "COMMIT" && !answers.haveFailed) return { kind: "done", value };
    if (command !== "COMMIT") answers.throwFirstFailure();
    throw new LatticeError("internal", `the server answered ${command} to a commit of what had failed`);
  } catch (error) {
    if (!(error instanceof PostgresError)) throw error;
    const failure = answers.firstRefusal();
    if (failure?.sqlState === FAILED_BEFORE) {
      connection.cut();
      throw new PostgresError("lost", "what was prepared on the connection is gone");
    }
    if (failure !== null) {
      await rollBack(connection, leftMs); // where a statement before the commit failed, nothing has ended it yet
      throw failure;
    }
    // Without an answer it may have been done or not; where nothing was written, that makes no difference.
    return hasWritten ? { kind: "unanswered", value, commit, because: error } : { kind: "not done", because: error };
  }
}

/** The answers to what was sent, in its order: of several failures the first one is the reason of the others. */
class Answers {
  private readonly failures: unknown[] = [];
  private count = 0;

  expect<T>(answer: Promise<T>): Promise<T> {
    const position = this.count++;
    const expected = answer.catch((error: unknown) => {
      this.failures[position] = error;
      throw error;
    });
    expected.catch(() => {}); // whoever waits for it is told; nobody need wait
    return expected;
  }

  get haveFailed(): boolean {
    return this.failures.length > 0;
  }

  throwFirstFailure(): void {
    const failure = this.failures.find((error) => error !== undefined);
    if (failure !== undefined) throw failure;
  }

  /** The first statement that the server answered, and refused. */
  firstRefusal(): PostgresError | null {
    const refused = this.failures.find((error) => error instanceof PostgresError && error.failure === "server");
    return refused instanceof PostgresError ? refused : null;
  }
}

/** Begins a transaction, waits for its turn if it writes, and only then takes its view of the data. */
async function begin(
  connection: PostgresConnection,
  { readOnly, leftMs, isImpatient, callMs, address }: Try,
): Promise<Facts> {
  const idleMs = Math.min(Math.ceil(callMs), IDLE_MS_MAX);
  const statements = [
    `begin isolation level serializable ${readOnly ? "read only" : "read write"}`,
    ...setTimeouts(leftMs),
    `set local idle_in_transaction_session_timeout = ${idleMs}`,
    ...(readOnly ? [] : [`lock table server_epoch in share row exclusive mode${isImpatient ? " nowait" : ""}`]),
    FACTS,
  ];
  const { rows } = await connection.run(statements.join("; "), leftMs() + ANSWER_MS);
  const [row] = rows as readonly Record<string, string | null>[];
  if (row === undefined) {
    throw new LatticeError("invalid_data", `the store ${JSON.stringify(address)} has lost its counters`, {
      hint: "the one row of its table server_epoch is gone: restore it from a backup",
    });
  }
  requireVersion(Number(row["version"] ?? 0), address);
  return {
    now: new Date(Number(row["now"])),
    epoch: BigInt(row["epoch"]!),
    lastFencingToken: BigInt(row["token"]!),
  };
}

/**
 * Each table has one row, which the server does not know of a fresh one: for the thousands that it would expect of a join it
 * would make machine code first, which takes it ten times as long as all the rest.
 */
const FACTS =
  "select floor(extract(epoch from clock_timestamp()) * 1000)::bigint::text as now, epoch::text as epoch, " +
  "last_fencing_token::text as token, (select version from lattice_schema limit 1)::text as version " +
  "from server_epoch limit 1";

/** Ends a transaction of which nothing is to be kept. Where that fails, the end of the connection does it. */
async function rollBack(connection: PostgresConnection, leftMs: TimeLeft): Promise<void> {
  if (!connection.isOpen) return;
  try {
    await connection.run("rollback", leftMs() + ANSWER_MS);
  } catch (error) {
    connection.cut();
    if (!(error instanceof PostgresError)) throw error;
  }
}

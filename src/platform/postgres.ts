/**
 * One connection to a PostgreSQL server, by the package `postgres`, loaded when it is first needed.
 *
 * The package pools and reconnects by itself. Neither is wanted here, since whoever waits must know what became of what was
 * under way: so each connection is a pool of one that may open its socket once, and nothing is sent once the socket is gone.
 *
 * Statements are sent in the order in which they are given, without waiting for the answers to those before, and carried
 * out one after the other. Of a transaction in which one fails, all that follow fail too, and its "commit" is answered
 * `ROLLBACK`.
 *
 * @module
 */
import { PostgresError } from "./postgres_error.ts";
import { PostgresGreeting } from "./postgres_greeting.ts";
import { type ConnectedSocket, connectSocket, type PostgresPlace, type Socket } from "./postgres_socket.ts";

/** A server, and who we are to it. */
export interface PostgresTarget extends PostgresPlace {
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Shown by the server to its administrator. */
  readonly applicationName: string;
  /** Options for the server's process, as `-c search_path=…`; may be empty. */
  readonly options: string;
}

/** What a parameter may be. */
export type PostgresValue = string | number | bigint | Date | Uint8Array | null;

/** A row, by the names of its columns. What a driver does not know better is text. */
export type PostgresRow = Record<string, unknown>;

/** What a statement without values came to. */
export interface PostgresOutcome {
  /** The command that was carried out last: `COMMIT`. */
  readonly command: string;
  /** Rows of the statement that was carried out last. */
  readonly rows: readonly PostgresRow[];
}

/** An open connection. */
export interface PostgresConnection {
  /** Whether it can be used. */
  readonly isOpen: boolean;
  /** Whether the server has let us in. */
  readonly hasAnswered: boolean;
  /**
   * Runs a statement with parameters `$1`, `$2`, ….
   *
   * @param timeoutMs When there is no answer within it, the connection is cut.
   * @throws {PostgresError}
   */
  query(statement: string, values: readonly PostgresValue[], timeoutMs: number): Promise<PostgresRow[]>;
  /** Runs fixed statements without values, separated by semicolons. @throws {PostgresError} */
  run(statements: string, timeoutMs: number): Promise<PostgresOutcome>;
  /** Whether it keeps the program from ending. */
  holdProgram(holds: boolean): void;
  /** Says good-bye. */
  close(): Promise<void>;
  /** Cuts it, whatever is under way. */
  cut(): void;
}

/** What else there is to a connection. */
export interface ConnectOptions {
  /** No longer than this, in milliseconds; it counts for the socket and TLS. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** Told of each notification, with its text. */
  readonly onNotification?: (text: string) => void;
  /** Told when the connection is gone. */
  readonly onEnd?: () => void;
}

interface Rows extends Array<PostgresRow> {
  command?: string;
}

interface Client {
  unsafe(statement: string, values?: PostgresValue[], options?: { prepare: boolean }): PromiseLike<Rows | Rows[]>;
  end(options: { timeout: number }): Promise<void>;
}

type MakeClient = (options: Record<string, unknown>) => Client;

const builtin = (globalThis as unknown as { process: { getBuiltinModule(id: string): unknown } }).process;

/** How long good-bye may take, in seconds. */
const GOODBYE_SECONDS = 1;

/**
 * Opens a connection. Who we are is shown with the first statement.
 *
 * @throws {PostgresError}
 * @throws {unknown} The reason of the signal, when it was aborted.
 */
export async function connectPostgres(target: PostgresTarget, options: ConnectOptions): Promise<PostgresConnection> {
  const { timeoutMs, signal, onEnd } = options;
  signal?.throwIfAborted();
  const { default: makeClient } = await import("postgres") as unknown as { default: MakeClient };
  let raw: Socket | null = null;
  const connecting = connectSocket(target, (made) => raw = made);
  const connected = await within(timeoutMs, signal, () => raw?.destroy(), connecting);
  return new Connection(target, connected, makeClient, options.onNotification, onEnd);
}

class Connection implements PostgresConnection {
  isOpen = true;
  hasAnswered = false;
  private readonly client: Client;
  /** Why we do not talk to this server. */
  private refusal: PostgresError | null = null;
  /** What is called for each statement that has no answer when the connection ends. */
  private readonly unanswered = new Set<(reason: PostgresError) => void>();

  constructor(
    target: PostgresTarget,
    private readonly connected: ConnectedSocket,
    makeClient: MakeClient,
    onNotification: ((text: string) => void) | undefined,
    onEnd: (() => void) | undefined,
  ) {
    connected.socket.once("close", () => {
      this.isOpen = false;
      onEnd?.();
      // The package does not notice the end of a socket that it was not given yet; what it does notice, it tells before that.
      setTimeout(() => {
        for (const giveUp of this.unanswered) giveUp(new PostgresError("lost", "the connection was closed"));
      });
    });
    const greeting = new PostgresGreeting(target.socketFile !== null || connected.socket !== connected.raw);
    filterData(connected.socket, (bytes) => {
      try {
        return greeting.take(bytes);
      } catch (error) {
        if (!(error instanceof PostgresError)) throw error;
        this.refusal = error;
        this.cut();
        return new Uint8Array(0);
      }
    });
    try {
      this.client = makeClient(clientOptions(target, connected, onNotification));
    } catch (error) { // a variable of the environment that the package reads by itself
      this.cut();
      throw new PostgresError("unreachable", error instanceof Error ? error.message : String(error));
    }
  }

  query(statement: string, values: readonly PostgresValue[], timeoutMs: number): Promise<PostgresRow[]> {
    // As texts, whose types the server finds out: the package would take each bigint for one of 64 bits with a sign.
    const given = values.map((value) => typeof value === "bigint" ? String(value) : value);
    return this.send(timeoutMs, () => this.client.unsafe(statement, given, { prepare: true }) as never);
  }

  async run(statements: string, timeoutMs: number): Promise<PostgresOutcome> {
    const result = await this.send<Rows | Rows[]>(timeoutMs, () => this.client.unsafe(statements));
    const isOne = (rows: Rows | Rows[]): rows is Rows => (rows as Rows).command !== undefined;
    const rows = isOne(result) ? result : result.at(-1) ?? [];
    return { command: rows.command ?? "", rows };
  }

  holdProgram(holds: boolean): void {
    if (!this.isOpen) return; // it holds nothing, and its sockets would wait for a connection to be told
    for (const socket of [this.connected.socket, this.connected.raw]) {
      if (holds) socket.ref();
      else socket.unref();
    }
  }

  async close(): Promise<void> {
    if (this.isOpen) await this.client.end({ timeout: GOODBYE_SECONDS });
    this.cut();
  }

  cut(): void {
    this.isOpen = false;
    this.connected.socket.destroy();
    this.connected.raw.destroy();
  }

  private async send<T>(timeoutMs: number, send: () => PromiseLike<T>): Promise<T> {
    if (!this.isOpen) throw new PostgresError("lost", "the connection is closed");
    let giveUp = (_reason: PostgresError) => {};
    try {
      const answer = new Promise<T>((resolve, reject) => {
        giveUp = reject;
        send().then(resolve, reject);
      });
      this.unanswered.add(giveUp);
      const value = await within(timeoutMs, undefined, () => this.cut(), answer);
      this.hasAnswered = true;
      return value;
    } catch (error) {
      const failure = this.refusal ?? failureOf(error);
      if (failure.failure !== "server" || isLastWord(error)) this.cut();
      throw failure;
    } finally {
      this.unanswered.delete(giveUp);
    }
  }
}

/** Lets who listens to a socket from now on hear what a filter leaves of it. */
function filterData(socket: Socket, filter: (bytes: Uint8Array) => Uint8Array): void {
  const filtered = new Map<unknown, (bytes: never) => void>();
  const listen = socket.on.bind(socket);
  const forget = socket.removeListener.bind(socket);
  socket.on = (event, listener) => {
    if (event !== "data") return listen(event, listener);
    const hear = (bytes: Uint8Array) => {
      const left = filter(bytes);
      if (left.length > 0) (listener as (bytes: Uint8Array) => void)(asBuffer(left));
    };
    filtered.set(listener, hear);
    return listen(event, hear);
  };
  socket.removeListener = (event, listener) => forget(event, filtered.get(listener) ?? listener);
}

/** As the package wants it, without a copy. */
function asBuffer(bytes: Uint8Array): Uint8Array {
  const { Buffer } = builtin.getBuiltinModule("node:buffer") as {
    Buffer: { from(buffer: ArrayBufferLike, offset: number, length: number): Uint8Array };
  };
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** So many statements are sent before the first is answered; more of them wait until it is. */
const STATEMENTS_UNANSWERED_MAX = 100;

/** Everything is said: what is not, the package would take from the environment. */
function clientOptions(
  { host, port, user, password, database, applicationName, options }: PostgresTarget,
  { socket }: ConnectedSocket,
  onNotification: ((text: string) => void) | undefined,
): Record<string, unknown> {
  let isTaken = false;
  return {
    host,
    port,
    user,
    password,
    database,
    socket: () => {
      if (isTaken) throw new PostgresError("lost", "the connection was closed");
      isTaken = true;
      return socket;
    },
    connection: { application_name: applicationName, ...(options === "" ? {} : { options }) },
    max: 1,
    ssl: false, // there is TLS below, where that was wanted
    sslnegotiation: null,
    idle_timeout: null,
    connect_timeout: 0,
    max_lifetime: null,
    max_pipeline: STATEMENTS_UNANSWERED_MAX,
    backoff: false,
    keep_alive: 30,
    prepare: true,
    debug: false,
    fetch_types: false,
    publications: "",
    target_session_attrs: undefined,
    no_subscribe: true,
    onnotice: () => {},
    onnotify: (_channel: string, text: string) => onNotification?.(text),
  };
}

/** Waits no longer than that, and not beyond an abort; gives up then. */
function within<T>(
  timeoutMs: number,
  signal: AbortSignal | undefined,
  giveUp: () => void,
  answer: PromiseLike<T>,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    };
    const stop = (error: unknown) => {
      end();
      reject(error);
      giveUp();
    };
    const abort = () => stop(signal?.reason);
    const silent = () => stop(new PostgresError("silent", `no answer within ${Math.round(timeoutMs)} ms`));
    const timer = Number.isFinite(timeoutMs) ? setTimeout(silent, Math.min(timeoutMs, TIMER_MS_MAX)) : undefined;
    signal?.addEventListener("abort", abort);
    answer.then((value) => {
      end();
      resolve(value);
    }, (error: unknown) => {
      end();
      reject(error);
    });
  });
}

/** A timer cannot be set for longer. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Whether the server closes the connection after that. */
function isLastWord(error: unknown): boolean {
  const { severity } = error as { severity?: string };
  return severity === "FATAL" || severity === "PANIC";
}

/**
 * Where the server says that what was prepared on a connection is gone, or no longer what it was: a pooler has put another
 * server process behind it, or somebody has changed the tables. The package prepares such a statement anew and sends it once
 * more, which helps in no transaction, and of several at once the second is never answered. So the connection is given up.
 */
const STALE_ROUTINES: ReadonlySet<string> = new Set(["FetchPreparedStatement", "RevalidateCachedQuery"]);

/** What the package throws holds statements and values; what we throw does not. */
function failureOf(error: unknown): PostgresError {
  if (error instanceof PostgresError) return error;
  const { message = String(error), code = "", severity, routine = "" } = error as {
    message?: string;
    code?: string;
    severity?: string;
    routine?: string;
  };
  if (severity === undefined || STALE_ROUTINES.has(routine)) return new PostgresError("lost", message);
  return new PostgresError("server", message, code);
}

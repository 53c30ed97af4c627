/**
 * A socket to a PostgreSQL server, with TLS agreed on where that is wanted: what is made before the protocol itself begins.
 *
 * The order of bytes is that of "SSL Session Encryption" in PostgreSQL's documentation of its protocol: the client asks,
 * the server answers with one byte, and either goes on without or begins TLS at once.
 *
 * @module
 */
import { PostgresError } from "./postgres_error.ts";

/** How the server has to show who it is. */
export interface PostgresTls {
  /** Whether the connection goes on without TLS where the server has none. */
  readonly optional: boolean;
  /** Whether its certificate must lead to an authority that is trusted. */
  readonly checkChain: boolean;
  /** Whether its certificate must be one for its host name. */
  readonly checkName: boolean;
  /** The authorities, in PEM; without them, those of the runtime. */
  readonly authorities?: string;
  /** Our own certificate and its key, in PEM. */
  readonly certificate?: string;
  readonly key?: string;
}

/** Where a server listens. */
export interface PostgresPlace {
  /** Name or address; for a socket file, what messages call it. */
  readonly host: string;
  readonly port: number;
  /** The socket file, when it is no network address. */
  readonly socketFile: string | null;
  /** `null`: no TLS. */
  readonly tls: PostgresTls | null;
}

/** The part of a socket of either runtime that is used. */
export interface Socket {
  on(event: string, listener: (value: never) => void): unknown;
  once(event: string, listener: (value: never) => void): unknown;
  removeListener(event: string, listener: (value: never) => void): unknown;
  write(bytes: Uint8Array): unknown;
  destroy(): unknown;
  ref(): unknown;
  unref(): unknown;
  setNoDelay?(on: boolean): unknown;
}

interface Net {
  connect(options: { host: string; port: number } | { path: string }): Socket;
  isIP(text: string): number;
}

interface Tls {
  connect(options: Record<string, unknown>): Socket;
}

const builtin = (globalThis as unknown as { process: { getBuiltinModule(id: string): unknown } }).process;

/** Length, and the number by which TLS is asked for. */
const SSL_REQUEST = Uint8Array.of(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f);

const YES = "S".charCodeAt(0);
const NO = "N".charCodeAt(0);

/** A connected socket, and the one below it where TLS is between them. */
export interface ConnectedSocket {
  readonly socket: Socket;
  readonly raw: Socket;
}

/**
 * Connects.
 *
 * @param onRaw Is given the socket as soon as there is one, so that it can be destroyed when the time is up.
 * @throws {PostgresError} `unreachable` or `tls`.
 */
export async function connectSocket(place: PostgresPlace, onRaw: (raw: Socket) => void): Promise<ConnectedSocket> {
  const net = builtin.getBuiltinModule("node:net") as Net;
  const { host, port, socketFile, tls } = place;
  const raw = net.connect(socketFile === null ? { host, port } : { path: socketFile });
  onRaw(raw);
  await eventOf(raw, "connect", (cause) => new PostgresError("unreachable", textOf(cause)));
  raw.setNoDelay?.(true);
  raw.on("error", nothing); // what is wrong is told by the end that follows
  if (tls === null || socketFile !== null) return { socket: raw, raw };
  const answered = eventOf<Uint8Array>(raw, "data", (cause) => new PostgresError("unreachable", textOf(cause)));
  raw.write(SSL_REQUEST);
  const answer = await answered;
  // More than the one byte would be text that somebody put before the beginning of TLS.
  if (answer.length === 1 && answer[0] === NO) {
    if (tls.optional) return { socket: raw, raw };
    raw.destroy();
    throw new PostgresError("tls", "the server has no TLS");
  }
  if (answer.length !== 1 || answer[0] !== YES) {
    raw.destroy();
    throw new PostgresError("unreachable", "what listens there is no PostgreSQL server");
  }
  const socket = beginTls(raw, tlsOptions(raw, host, tls, net.isIP(host) !== 0));
  await eventOf(socket, "secureConnect", (cause) => {
    raw.destroy();
    return new PostgresError("tls", textOf(cause));
  });
  socket.on("error", nothing);
  return { socket, raw };
}

function beginTls(raw: Socket, options: Record<string, unknown>): Socket {
  try {
    return (builtin.getBuiltinModule("node:tls") as Tls).connect(options);
  } catch (cause) { // certificates or a key that are none
    raw.destroy();
    throw new PostgresError("tls", textOf(cause));
  }
}

function tlsOptions(raw: Socket, host: string, tls: PostgresTls, isAddress: boolean): Record<string, unknown> {
  return {
    socket: raw,
    host,
    ...(isAddress ? {} : { servername: host }),
    rejectUnauthorized: tls.checkChain,
    ...(tls.checkName ? {} : { checkServerIdentity: () => undefined }),
    ...(tls.authorities === undefined ? {} : { ca: tls.authorities }),
    ...(tls.certificate === undefined ? {} : { cert: tls.certificate }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
  };
}

/** The next event of a kind; the end of the socket, or an error, rejects. */
function eventOf<T>(socket: Socket, event: string, failure: (cause: unknown) => PostgresError): Promise<T> {
  return new Promise((resolve, reject) => {
    const forget = () => {
      socket.removeListener(event, succeed);
      socket.removeListener("error", fail);
      socket.removeListener("close", end);
    };
    const succeed = (value: never) => {
      forget();
      resolve(value as T);
    };
    const fail = (cause: never) => {
      forget();
      socket.on("error", nothing);
      reject(failure(cause));
    };
    const end = () => {
      forget();
      reject(failure(new Error("the connection was closed")));
    };
    socket.once(event, succeed);
    socket.once("error", fail);
    socket.once("close", end);
  });
}

/** Hears an error that is told of in another way. */
function nothing(): void {
  return;
}

function textOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const { message, code } = cause as Error & { code?: string };
  return message !== "" ? message : code ?? cause.name; // the error of several addresses says nothing itself
}

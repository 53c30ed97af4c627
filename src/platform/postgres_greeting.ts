/**
 * Looks at what a server says before it has let us in, since who answers may be anybody.
 *
 * The package `postgres` takes these messages as they come: one that is malformed would end the program, a count of rounds
 * beyond all reason would keep it busy for ever, and a request for the password in the clear would be followed. (Formats:
 * "Message Formats" in PostgreSQL's documentation; SCRAM: RFC 5802.)
 *
 * @module
 */
import { PostgresError } from "./postgres_error.ts";

/** Longer messages are none of a server that greets, in bytes. */
const MESSAGE_BYTES_MAX = 65536;

/** More rounds than this are not counted for a password; PostgreSQL's own default is 4096. */
const ROUNDS_MAX = 1_000_000;

const AUTHENTICATION = "R".charCodeAt(0);

/** Authentication, error, notice, parameter, key of the process, version of the protocol. */
const TYPES: ReadonlySet<number> = new Set([..."RENSKv"].map((type) => type.charCodeAt(0)));

const ERROR = "E".charCodeAt(0);

/** Bytes of a message's type and length. */
const HEAD_BYTES = 5;

/** The beginning of one connection, as the server tells it. */
export class PostgresGreeting {
  private rest: Uint8Array = new Uint8Array(0);
  private isOver = false;

  /** @param isPrivate Whether nobody between us and the server can listen. */
  constructor(private readonly isPrivate: boolean) {}

  /**
   * Takes bytes as they come.
   *
   * @returns Those that are whole messages and sound; from when we are let in, all.
   * @throws {PostgresError} `unreachable`: this is no server that we can talk to.
   */
  take(bytes: Uint8Array): Uint8Array {
    if (this.isOver) return bytes;
    const all = new Uint8Array(this.rest.length + bytes.length);
    all.set(this.rest);
    all.set(bytes, this.rest.length);
    const view = new DataView(all.buffer);
    let end = 0;
    while (!this.isOver && all.length - end >= HEAD_BYTES) {
      const type = all[end]!;
      const length = view.getUint32(end + 1);
      if (!TYPES.has(type) || length < 4 || length > MESSAGE_BYTES_MAX) {
        throw refused("no PostgreSQL server answers there");
      }
      const next = end + 1 + length;
      if (next > all.length) break;
      if (type === AUTHENTICATION) this.judge(all.subarray(end + HEAD_BYTES, next));
      if (type === ERROR) this.isOver = true;
      end = next;
    }
    if (this.isOver) end = all.length;
    this.rest = all.slice(end);
    return all.subarray(0, end);
  }

  /** @param body What an authentication message says. */
  private judge(body: Uint8Array): void {
    if (body.length < 4) throw refused("no PostgreSQL server answers there");
    const kind = new DataView(body.buffer, body.byteOffset).getUint32(0);
    const text = new TextDecoder("latin1").decode(body.subarray(4));
    switch (kind) {
      case 0:
        this.isOver = true;
        return;
      case 3:
        if (this.isPrivate) return;
        throw refused("the server asks for the password in the clear, and there is no TLS");
      case 5:
        if (body.length === 8) return;
        break;
      case 10:
        if (text.split("\0").includes("SCRAM-SHA-256")) return;
        break;
      case 11: {
        const rounds = /^r=[!-+\--~]+,s=[A-Za-z0-9+/]+={0,2},i=([1-9]\d{0,6})$/.exec(text)?.[1];
        if (rounds !== undefined && Number(rounds) <= ROUNDS_MAX) return;
        break;
      }
      case 12:
        if (text.startsWith("v=")) return;
        break;
    }
    throw refused(`the server asks for a way to show who we are that is not supported, or malformed (${kind})`);
  }
}

function refused(reason: string): PostgresError {
  return new PostgresError("unreachable", reason);
}

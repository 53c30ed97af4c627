/**
 * What can go wrong between us and a PostgreSQL server.
 *
 * @module
 */

/** What kind of failure it is. */
export type PostgresFailure =
  /** The server refuses something, and says why by an SQLSTATE. */
  | "server"
  /** No connection came about. */
  | "unreachable"
  /** TLS could not be agreed on, or the certificate is not believed. */
  | "tls"
  /** A connection that was there is gone. What was under way may have been done or not. */
  | "lost"
  /** No answer within the time. The same holds for what was under way. */
  | "silent";

/** Neither statements nor their values are in it, since these may be anybody's secrets. */
export class PostgresError extends Error {
  /** Tells the class apart. */
  override readonly name = "PostgresError";

  /**
   * @param failure Its kind.
   * @param message What the server, or the system, says.
   * @param sqlState The server's code for it (appendix A of PostgreSQL's documentation); empty when it did not say.
   */
  constructor(readonly failure: PostgresFailure, message: string, readonly sqlState: string = "") {
    super(message);
  }
}

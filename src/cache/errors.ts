/**
 * The error of the cache.
 *
 * @module
 */
import { DiskError, isDiskError } from "../platform/disk.ts";
import { LatticeError, type LatticeErrorOptions } from "../platform/errors.ts";

/**
 * Something about a cache entry went wrong. `code` says what kind of thing: `locked` (somebody else refreshes it and the
 * wait ran out), `io` (the disk), `usage` (its name), `invalid_data` (something else stands in its place).
 *
 * @example
 * ```ts
 * import { Cache, CacheError } from "../mod.ts";
 *
 * // The present content, refreshed if that is possible within a second.
 * async function schema(cache: Cache, load: () => Promise<string>): Promise<Uint8Array | undefined> {
 *   try {
 *     await cache.refresh("schema", load, { ttlMs: 60_000, timeoutMs: 1000 });
 *   } catch (error) {
 *     if (!(error instanceof CacheError && error.code === "locked")) throw error; // else another process is at it
 *   }
 *   return cache.get("schema")?.content;
 * }
 * ```
 */
export class CacheError extends LatticeError {
  /** Tells the class apart. */
  override readonly name = "CacheError";
  /** The entry that it is about. */
  readonly entry: string;
  /** The file or folder that it is about. */
  readonly path: string;

  /**
   * Made where something fails.
   *
   * @param code The stable code.
   * @param message What failed.
   * @param facts The entry, the path, and what else is known.
   */
  constructor(
    code: LatticeError["code"],
    message: string,
    { entry, path, ...options }: LatticeErrorOptions & { entry: string; path: string },
  ) {
    super(code, message, { ...options, details: { name: entry, path, ...options.details } });
    this.entry = entry;
    this.path = path;
  }
}

/**
 * The error about something that failed while an entry was worked on; what is none of the system's passes as it is.
 *
 * @param entry The entry; empty: all of them.
 * @param action What was done: `refresh`.
 * @param cause Why it failed.
 */
export function cacheFailure(entry: string, action: string, cause: unknown): unknown {
  if (!(cause instanceof LatticeError) || cause instanceof CacheError || cause.code === "internal") return cause;
  const { path, ...details } = cause.details;
  const what = entry === "" ? "cache" : `cache entry ${JSON.stringify(entry)}`;
  return new CacheError(cause.code, `cannot ${action} the ${what}: ${cause.message}`, {
    entry,
    path: cause instanceof DiskError ? cause.path : String(path ?? ""),
    ...hintOf(cause),
    details,
    cause,
  });
}

/** A lock that is held is contention; so is a file that is in use. */
function hintOf(cause: LatticeError): { hint?: string } {
  if (cause.code === "locked") {
    return { hint: `somebody else works on this entry; ${cause.hint ?? "wait for it to end"}` };
  }
  if (isDiskError(cause, "EISDIR", "ENOTDIR", "EFTYPE", "ELOOP")) {
    return { hint: "something else stands in the way: move it away, or name another folder with --dir" };
  }
  return cause.hint === undefined ? {} : { hint: cause.hint };
}

/** Does something on the disk; what fails is told of as a {@link CacheError}. */
export function attempt<T>(entry: string, action: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw cacheFailure(entry, action, error);
  }
}

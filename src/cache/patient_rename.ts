/**
 * Renaming where something keeps the target busy for a moment: a virus scanner, an indexer, a network file system.
 *
 * @module
 */
import { describeErrno, isDiskError } from "../platform/disk.ts";
import type { System } from "../platform/system.ts";
import { CacheError } from "./errors.ts";

/** How systems say that a name or a file is in use. `EACCES` and `EPERM` may mean just what they say as well. */
const REFUSALS = ["EBUSY", "ETXTBSY", "EACCES", "EPERM"];

const DELAY_MS_FIRST = 50;
const DELAY_MS_MAX = 1000;

/** No longer than this, also where the wait for a lock may take for ever: what is refused for so long stays refused. */
const PATIENCE_MS_MAX = 60_000;

/** For how long may still be tried; shared by the renames of one write. */
export interface Patience {
  /** The end, by the clock that never goes back. */
  readonly untilMs: number;
}

/** @param timeoutMs How long is waited for a lock, in milliseconds. */
export function newPatience({ clock }: System, timeoutMs: number): Patience {
  return { untilMs: clock.monotonicMs() + Math.min(timeoutMs, PATIENCE_MS_MAX) };
}

/**
 * Renames a file. Where it is refused as if for a moment, it is tried again: after 50 ms, 100 ms, and so on up to 1 s,
 * as long as the patience lasts.
 *
 * @param entry The entry, for the error.
 * @throws {CacheError} It was refused to the end.
 * @throws {DiskError} It failed in another way.
 */
export async function renamePatiently(
  system: System,
  entry: string,
  [from, to]: readonly [from: string, to: string],
  patience: Patience,
): Promise<void> {
  const { clock, disk } = system;
  const startedMs = clock.monotonicMs();
  let delayMs = DELAY_MS_FIRST;
  for (let attempts = 1;; attempts++) {
    try {
      return disk.rename(from, to);
    } catch (cause) {
      if (!isDiskError(cause, ...REFUSALS)) throw cause;
      const nowMs = clock.monotonicMs();
      const leftMs = patience.untilMs - nowMs;
      if (!(leftMs > 0)) throw refusedFor(entry, to, cause, { attempts, waitedMs: nowMs - startedMs });
      await clock.sleep(Math.min(delayMs, leftMs));
      delayMs = Math.min(2 * delayMs, DELAY_MS_MAX);
    }
  }
}

function refusedFor(
  entry: string,
  path: string,
  cause: { errno: string },
  { attempts, waitedMs }: { attempts: number; waitedMs: number },
): CacheError {
  const waited = Math.round(waitedMs);
  const tries = attempts === 1 ? "one attempt" : `${attempts} attempts in ${waited} ms`;
  const message = `cannot put ${JSON.stringify(path)} in place after ${tries}: ${describeErrno(cause.errno)}`;
  const mayBePermission = cause.errno === "EACCES" || cause.errno === "EPERM";
  const contention =
    "another program that keeps the file open (a scanner, an indexer, a synchroniser) is the likely reason";
  return new CacheError("io", message, {
    entry,
    path,
    hint: `${contention}: try again, or longer with --lock-timeout 60s` +
      (mayBePermission ? "; else check the owner and the permissions of the folder" : ""),
    details: { errno: cause.errno, attempts, waited_ms: waited },
    cause,
  });
}

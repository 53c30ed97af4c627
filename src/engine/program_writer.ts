/**
 * Opens a repository for change on behalf of a program that uses lattice as a library.
 *
 * @module
 */
import type { Repository } from "../git/repository.ts";
import type { LockHolder } from "../locks/holder.ts";
import { LOCK_TOKEN_VARIABLE } from "../locks/repo_lock.ts";
import { openWriter, type Writer } from "./writer.ts";

/** How writes are made, and how long they wait for others. */
export interface WriteOptions {
  /** What the operation is called in `op list` and in messages about locks; `library` when nothing is said. */
  readonly command?: string;
  /**
   * Longest wait in milliseconds, for the repository lock and for git's own locks; 0 fails at once, `Infinity` never
   * gives up. When nothing is said, 10,000 for the repository lock, and for git's what its configuration says.
   */
  readonly lockTimeoutMs?: number;
  /** Token of a repository lock that the program itself holds: writes then happen inside it. */
  readonly lockToken?: string;
  /**
   * Called when a wait for the repository lock begins, and again whenever another holder is seen; `null`: the holder's
   * text cannot be read. What it throws ends the wait.
   */
  readonly onContention?: (holder: LockHolder | null) => void;
  /** Ends the wait for locks when it is aborted, with the signal's reason. What has begun by then is done as a whole. */
  readonly signal?: AbortSignal;
}

const LOCK_TIMEOUT_MS_DEFAULT = 10_000;

/** What `op list` calls the operation of a program. */
export function commandOf(options: WriteOptions): string {
  return options.command ?? "library";
}

/**
 * Takes the repository lock and recovers what a crash left.
 *
 * @param evenIfPaused Goes on although an operation is paused.
 * @throws {LatticeError} As `openWriter` says.
 * @throws {unknown} The reason of the signal, when that was aborted.
 */
export async function openProgramWriter(
  repository: Repository,
  options: WriteOptions,
  evenIfPaused = false,
): Promise<Writer> {
  const { lockTimeoutMs, onContention, signal } = options;
  return await openWriter(insideLock(repository, options.lockToken), {
    command: commandOf(options),
    arguments: [],
    lockTimeoutMs: lockTimeoutMs ?? LOCK_TIMEOUT_MS_DEFAULT,
    ...(lockTimeoutMs === undefined ? {} : { gitLockTimeoutMs: lockTimeoutMs }),
    ...(onContention === undefined ? {} : { onContention }),
    ...(signal === undefined ? {} : { signal }),
    evenIfPaused,
  });
}

/** The same repository, seen by a command inside the lock of that token: it takes turns with its siblings. */
function insideLock(repository: Repository, token: string | undefined): Repository {
  if (token === undefined) return repository;
  const env = { ...repository.system.env, [LOCK_TOKEN_VARIABLE]: token };
  const system = Object.create(repository.system, { env: { value: env } }) as Repository["system"];
  return Object.create(repository, { system: { value: system } }) as Repository;
}

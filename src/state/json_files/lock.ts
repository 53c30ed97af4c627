/**
 * The lock of one document: a PID lock file beside it.
 *
 * @module
 */
import { LockAcquisitionFailed, StaleLockDetected } from "../errors.ts";
import { FileLock, type LockObserver } from "../../locks/file_lock.ts";
import {
  AcquisitionTimeoutError,
  CreateFailedError,
  InvalidLockFileError,
  LockHeldError,
} from "../../locks/file_lock_errors.ts";
import { isDiskError } from "../../platform/disk.ts";
import { LatticeError } from "../../platform/errors.ts";
import type { System } from "../../platform/system.ts";

/** How documents are locked. */
export interface LockOptions {
  /** What the program is doing, for the messages of those who wait. */
  readonly command: string;
  /** Longest wait in milliseconds. */
  readonly timeoutMs: number;
  /** Told of waiting and of success. */
  readonly observer?: LockObserver;
}

/** Nobody but the owner. */
const LOCK_MODE = 0o600;

/**
 * Does something while a document is locked.
 *
 * @returns `false`: the document's folder is not there, and nothing was done.
 * @throws {LockAcquisitionFailed}
 * @throws {StaleLockDetected}
 * @throws {ReleaseFailedError} Somebody broke the lock meanwhile.
 */
export async function underLock(
  system: System,
  path: string,
  options: LockOptions,
  action: () => void,
): Promise<boolean> {
  const lock = new FileLock(path, { ...options, backend: "pid", mode: LOCK_MODE }, system);
  try {
    await lock.acquire();
  } catch (cause) {
    if (cause instanceof CreateFailedError && isDiskError(cause.cause, "ENOENT")) return false;
    throw lockError(lock.path, cause);
  }
  await lock.whileHeld(action);
  return true;
}

function lockError(path: string, cause: unknown): unknown {
  if (!(cause instanceof LatticeError)) return cause; // what an observer threw
  const isHeld = cause instanceof LockHeldError || cause instanceof AcquisitionTimeoutError;
  const isDoubtful = cause instanceof InvalidLockFileError || (isHeld && !cause.isKnownToLive);
  return isDoubtful ? new StaleLockDetected(path, cause) : new LockAcquisitionFailed(path, cause);
}

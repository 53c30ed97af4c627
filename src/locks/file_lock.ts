/**
 * A lock on a file, by flock or by a PID lock file, with waiting.
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import { realSystem } from "../platform/real_system.ts";
import type { System } from "../platform/system.ts";
import {
  AcquisitionTimeoutError,
  InvalidLockFileError,
  LockHeldError,
  ReleaseFailedError,
} from "./file_lock_errors.ts";
import { Contention } from "./contention.ts";
import { flockBackend } from "./flock_file.ts";
import type { LockHolder } from "./holder.ts";
import type { BackendName, HeldLock, LockBackend, Refusal } from "./lock_backend.ts";
import { pidLockBackend } from "./pid_lock_file.ts";
import { automaticBackend } from "./automatic_backend.ts";
import { sleepUnlessAborted, startWaiting } from "./waiting.ts";
import { folderOf } from "../platform/paths.ts";

/** Longest wait in milliseconds, when nothing else is said. */
export const FILE_LOCK_TIMEOUT_MS_DEFAULT = 10_000;

/** For how long a lock file that names nobody is waited for, in milliseconds: other programs write theirs in two steps. */
export const INVALID_LOCK_GRACE_MS = 1000;

/** What was done to get the lock. */
export interface AcquiredFacts {
  /** How it is held. */
  readonly backend: BackendName;
  /** How long was waited, in milliseconds. */
  readonly waitedMs: number;
  /** Whose lock was taken over, since that process had died; `null`: nobody's. */
  readonly takenOverFrom: LockHolder | null;
}

/** Is told what happens to a lock; what it throws ends the wait. */
export interface LockObserver {
  /** Waiting begins, or another holder is seen. `null`: the holder's text cannot be read. */
  onContention?(holder: LockHolder | null): void;
  /** The lock is held. */
  onAcquired?(facts: AcquiredFacts): void;
}

/** How a file is locked. */
export interface FileLockOptions {
  /**
   * `flock`, `pid` (a PID lock file), or `auto` (default): flock, but on file systems that several hosts share the PID
   * lock file, and where there is no flock. All who lock the same file must do so in the same way.
   */
  readonly backend?: BackendName | "auto";
  /** What the program is doing, for the messages of those who wait. */
  readonly command?: string;
  /** Longest wait in milliseconds; 10,000 when nothing is said, 0 fails at once, `Infinity` never gives up. */
  readonly timeoutMs?: number;
  /** Told of waiting and of success. */
  readonly observer?: LockObserver;
  /**
   * Permissions of the file that stands for the lock, less what the umask takes (default 0666). A PID lock file for the
   * owner alone, as by 0600, has them whole.
   */
  readonly mode?: number;
  /**
   * Whether SIGHUP, SIGINT and SIGTERM give the lock back while it is held, and then end the process with 128 + n (default
   * `true`). A program that handles them itself turns it off, and releases the lock.
   */
  readonly releaseOnSignals?: boolean;
}

/** How one acquisition waits. */
export interface AcquireFileLockOptions {
  /** Longest wait in milliseconds, instead of that of the lock. */
  readonly timeoutMs?: number;
  /** Ends the wait when it is aborted, with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * A lock on a file, which need not exist; its folder must.
 *
 * Held by one object at a time, in one process: a second one in the same process waits like any other. It is given back
 * when the process ends, also by a signal. After a kill the kernel does so (flock), or the next one who wants it takes it
 * over (PID lock file).
 *
 * @example
 * ```ts
 * import { FileLock } from "../mod.ts";
 *
 * async function deploy(folder: string, work: () => Promise<void>): Promise<void> {
 *   const lock = new FileLock(`${folder}/deploy`, { command: "deploy", timeoutMs: 5000 });
 *   await lock.using(work); // nobody else who locks this file works meanwhile
 * }
 * ```
 */
export class FileLock implements Disposable {
  readonly #system: System;
  readonly #lockedPath: string;
  readonly #options: FileLockOptions;
  #chosen: LockBackend | null = null;
  #held: HeldLock | null = null;
  #forget: () => void = () => {};

  /**
   * Does nothing yet.
   *
   * @param path What is locked; the lock is a file beside it: `<path>.lock` or `<path>.flock`.
   * @param options How.
   * @param system The world; this machine, when nothing is said.
   * @throws {LatticeError} `usage`: no file can have this path.
   */
  constructor(path: string, options: FileLockOptions = {}, system: System = realSystem) {
    requireLockedPath(path);
    this.#system = system;
    this.#options = options;
    this.#lockedPath = path;
  }

  /** Chosen when it is first needed: the folder may not be there before. */
  get #backend(): LockBackend {
    return this.#chosen ??= chooseBackend(this.#system, this.#lockedPath, this.#options);
  }

  /** How the file is locked. */
  get backend(): BackendName {
    return this.#backend.name;
  }

  /** The file that stands for the lock. */
  get path(): string {
    return this.#backend.path;
  }

  /** Whether this object holds the lock. */
  get isHeld(): boolean {
    return this.#held !== null;
  }

  /**
   * Takes the lock, waiting for it.
   *
   * @throws {LockHeldError} Somebody holds it, and the time to wait is 0.
   * @throws {AcquisitionTimeoutError} The time is up.
   * @throws {InvalidLockFileError} The lock file has named nobody for a second, or for as long as was to be waited.
   * @throws {CreateFailedError} The lock file cannot be made.
   * @throws {ReadFailedError} The lock file cannot be read.
   * @throws {unknown} The reason of `options.signal`, when that was aborted.
   */
  async acquire(options: AcquireFileLockOptions = {}): Promise<void> {
    const timeoutMs = options.timeoutMs ?? this.#options.timeoutMs ?? FILE_LOCK_TIMEOUT_MS_DEFAULT;
    const waiting = startWaiting(this.#system, timeoutMs);
    const { observer } = this.#options;
    const contention = new Contention((holder) => observer?.onContention?.(holder));
    const garbled = new Garbled(this.#system);
    for (;;) {
      options.signal?.throwIfAborted();
      const outcome = this.#backend.tryTake();
      if ("held" in outcome) return this.#keep(outcome.held, waiting.waitedMs());
      const { refusal } = outcome;
      // A lock that goes from hand to hand is soon free again.
      if (contention.isOfAnother(refusal.holder)) waiting.startAgain();
      const delayMs = waiting.nextDelayMs();
      const isInvalid = garbled.hasStayed(refusal) || delayMs === null;
      if (isInvalid && refusal.garbled !== undefined) throw new InvalidLockFileError(this.path, refusal.garbled);
      if (delayMs === null) {
        if (timeoutMs === 0) throw new LockHeldError(this.path, refusal);
        throw new AcquisitionTimeoutError(this.path, refusal, timeoutMs, waiting.waitedMs());
      }
      contention.tell(refusal.holder);
      await sleepUnlessAborted(this.#system, delayMs, options.signal);
    }
  }

  /**
   * Takes the lock if it is free.
   *
   * @returns Whether it is held now. A lock file that names nobody counts as held.
   * @throws {CreateFailedError} The lock file cannot be made.
   * @throws {ReadFailedError} The lock file cannot be read.
   */
  tryAcquire(): boolean {
    const outcome = this.#backend.tryTake();
    if ("held" in outcome) this.#keep(outcome.held, 0);
    return "held" in outcome;
  }

  /**
   * Gives the lock back; does nothing when it is not held.
   *
   * @throws {ReleaseFailedError} It cannot be given back, or was broken by somebody.
   */
  release(): void {
    const held = this.#held;
    this.#held = null;
    this.#forget();
    this.#forget = () => {};
    held?.release();
  }

  /**
   * Does something while the lock is held.
   *
   * @returns What the action returns.
   * @throws As {@link FileLock.acquire} and {@link FileLock.release}, and what the action throws.
   */
  async using<T>(action: () => T | Promise<T>, options: AcquireFileLockOptions = {}): Promise<T> {
    await this.acquire(options);
    return await this.whileHeld(action);
  }

  /**
   * Does something while the lock, which is held already, is still held, and gives it back. What the action throws is told,
   * whatever becomes of the lock.
   *
   * @returns What the action returns.
   * @throws {ReleaseFailedError} As {@link FileLock.release}.
   * @throws {unknown} What the action throws.
   */
  async whileHeld<T>(action: () => T | Promise<T>): Promise<T> {
    let result: T;
    try {
      result = await action();
    } catch (error) {
      this.#releaseAfterFailure();
      throw error;
    }
    this.release();
    return result;
  }

  /** Gives the lock back, at the end of `using`. */
  [Symbol.dispose](): void {
    this.release();
  }

  /** Gives the lock back when something has failed: that is what is to be told, whatever becomes of the lock. */
  #releaseAfterFailure(): void {
    try {
      this.release();
    } catch (error) {
      if (!(error instanceof ReleaseFailedError)) throw error; // the lock is stale when this process has ended
    }
  }

  #keep(held: HeldLock, waitedMs: number): void {
    this.#held = held;
    this.#forget = this.#system.onEnd(() => held.release(), this.#options.releaseOnSignals !== false);
    try {
      this.#options.observer?.onAcquired?.({ backend: this.backend, waitedMs, takenOverFrom: held.takenOverFrom });
    } catch (error) {
      this.release();
      throw error;
    }
  }
}

/** Lock files that name nobody. */
class Garbled {
  #text: string | undefined;
  #sinceMs = 0;

  constructor(private readonly system: System) {}

  /** Whether the lock file has held the same text, which names nobody, for the grace time. */
  hasStayed({ garbled }: Refusal): boolean {
    const nowMs = this.system.clock.monotonicMs();
    if (this.#text !== garbled) this.#sinceMs = nowMs;
    this.#text = garbled;
    return garbled !== undefined && nowMs - this.#sinceMs >= INVALID_LOCK_GRACE_MS;
  }
}

/** @throws {LatticeError} `usage`: no file can have this path. */
export function requireLockedPath(path: string): void {
  if (path !== "" && !path.includes("\0")) return;
  throw new LatticeError("usage", `the path of what is to be locked ${path === "" ? "is empty" : "has a NUL in it"}`, {
    hint: "name a file, which need not exist; the lock is a file beside it",
  });
}

function chooseBackend(system: System, path: string, options: FileLockOptions): LockBackend {
  const { backend = "auto", command = "", mode = 0o666 } = options;
  const name = backend === "auto" ? automaticBackend(system, folderOf(path)) : backend;
  const open = name === "flock" ? flockBackend : pidLockBackend;
  return open(system, path, command, mode);
}

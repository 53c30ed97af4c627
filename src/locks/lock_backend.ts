/**
 * What the two ways of locking a file have in common: one attempt, and what is held when it succeeds.
 *
 * @module
 */
import type { LockHolder } from "./holder.ts";

/** How a file is locked. */
export type BackendName = "flock" | "pid";

/** A lock that is held. */
export interface HeldLock {
  /** Whose lock was taken over, since that process had died; `null`: nobody's. */
  readonly takenOverFrom: LockHolder | null;
  /** Gives it back. @throws {ReleaseFailedError} */
  release(): void;
}

/** Why the lock was not taken. */
export interface Refusal {
  /** Who holds it; `null`: that cannot be read. */
  readonly holder: LockHolder | null;
  /** Whether the holder lives; `false`: that cannot be told from here. */
  readonly isKnownToLive: boolean;
  /** What the lock file holds where that names nobody; absent where it does. */
  readonly garbled?: string;
}

/** One way of locking a file. */
export interface LockBackend {
  readonly name: BackendName;
  /** The file that stands for the lock. */
  readonly path: string;
  /**
   * Tries once.
   *
   * @throws {CreateFailedError}
   * @throws {ReadFailedError}
   */
  tryTake(): { readonly held: HeldLock } | { readonly refusal: Refusal };
}

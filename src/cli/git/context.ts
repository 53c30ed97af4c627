/**
 * What the plumbing commands (`lattice git …`) are given, and how they end early.
 *
 * @module
 */
import type { Repository } from "../../git/repository.ts";
import type { Streams } from "../../platform/streams.ts";
import type { System } from "../../platform/system.ts";

/** What a plumbing command works with. */
export interface GitContext {
  readonly system: System;
  readonly streams: Streams;
  /** Finds, trusts and opens the repository once; later calls give the same one. */
  repository(): Repository;
  /** Like `repository`, but `null` where there is none (`hash-object` and `check-ref-format` work without). */
  repositoryIfAny(): Repository | null;
  /** How long to wait for git's own locks, in milliseconds, when the command line says so; else `undefined`. */
  readonly lockTimeoutMs: number | undefined;
}

/** A plumbing command: git's own arguments in, git's own exit code out. */
export type GitCommand = (context: GitContext, args: readonly string[]) => number | Promise<number>;

/**
 * Ends a plumbing command as git's `die()` and `usage()` do: a message on standard error, and 128 or 129 or 1.
 */
export class GitExit extends Error {
  override readonly name = "GitExit";

  /**
   * @param exitCode 128 for a failure, 129 for bad usage, 1 where git says so.
   * @param message The whole text for standard error, such as `fatal: not a valid object name x`; empty for none.
   */
  constructor(readonly exitCode: number, message: string) {
    super(message);
  }
}

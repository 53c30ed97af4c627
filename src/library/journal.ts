/**
 * What happened in a repository: its journal and the marker of an unfinished operation, for reading. Only the engine
 * writes them.
 *
 * @module
 */
import { effectiveUpdates, operations, type OperationSummary } from "../engine/history.ts";
import { readJournal } from "../engine/journal.ts";
import type { JournalRecord } from "../engine/journal_format.ts";
import { type OpState as Marker, readOpState } from "../engine/op_state.ts";
import { opsFolder, opStatePath } from "../engine/paths.ts";
import type { Repository } from "../git/repository.ts";
import { LatticeError } from "../platform/errors.ts";

/** A ref that an operation changed. */
export interface RefSnapshot {
  /** Full name. */
  readonly name: string;
  /** What it held before: an object name, `ref: <target>` for a symbolic ref, or `null` when it did not exist. */
  readonly before: string | null;
  /** What it held afterwards, likewise. */
  readonly after: string | null;
}

/** An operation and the refs that it changed; none when it was rolled back. */
export interface JournaledOperation extends OperationSummary {
  /** Sorted by when they were first changed; lattice's own refs are not among them. */
  readonly refs: readonly RefSnapshot[];
}

/**
 * A journal, or the marker of an unfinished operation, cannot be read; the cause says why.
 *
 * @example
 * ```ts
 * import { Journal, JournalError, type Repository } from "../mod.ts";
 *
 * function countOperations(repository: Repository): number | string {
 *   try {
 *     return new Journal(repository).list().length;
 *   } catch (error) {
 *     if (error instanceof JournalError) return `${error.path} is damaged: ${error.message}`;
 *     throw error;
 *   }
 * }
 * ```
 */
export class JournalError extends LatticeError {
  /** Tells the class apart. */
  override readonly name = "JournalError";

  /**
   * Made where reading fails.
   *
   * @param path The folder of the journals, or the marker.
   * @param cause What reading it threw, whose code, hint and details this error has too.
   */
  constructor(readonly path: string, cause: LatticeError) {
    super(cause.code, `cannot read what happened: ${cause.message}`, {
      ...(cause.hint === undefined ? {} : { hint: cause.hint }),
      details: { path, ...cause.details },
      cause,
    });
  }
}

/**
 * The operations of a repository.
 *
 * @example What has moved a branch lately?
 * ```ts
 * import { Journal, type Repository } from "../mod.ts";
 *
 * function whatMoved(repository: Repository, branch: string): string[] {
 *   const operations = new Journal(repository).list(100);
 *   return operations.filter(({ refs }) => refs.some(({ name }) => name === `refs/heads/${branch}`))
 *     .map(({ started_at, command }) => `${started_at} ${command}`);
 * }
 * ```
 */
export class Journal {
  /**
   * Made for one repository.
   *
   * @param repository Where they happened.
   */
  constructor(private readonly repository: Repository) {}

  /**
   * The operations, newest first.
   *
   * @param limit How many at most.
   * @throws {JournalError} A journal is damaged, or cannot be read.
   */
  list(limit: number = Infinity): JournaledOperation[] {
    return this.#reading((newestFirst) => {
      const found: JournaledOperation[] = [];
      if (limit < 1) return found;
      for (const summary of newestFirst) {
        const operation = this.#withRefs(summary);
        if (operation !== undefined) found.push(operation);
        if (found.length >= limit) break;
      }
      return found;
    });
  }

  /**
   * Reads one operation.
   *
   * @param opId Its whole id.
   * @returns `undefined`: there is none of that id.
   * @throws {JournalError} A journal is damaged, or cannot be read.
   */
  read(opId: string): JournaledOperation | undefined {
    return this.#reading((newestFirst) => {
      for (const operation of newestFirst) if (operation.op_id === opId) return this.#withRefs(operation);
      return undefined;
    });
  }

  /** `undefined`: somebody pruned it a moment ago. */
  #withRefs(summary: OperationSummary): JournaledOperation | undefined {
    if (summary.phase === "rolled_back") return { ...summary, refs: [] };
    const records = readJournal(this.repository.system, this.repository.commonDir, summary.op_id);
    return records === null ? undefined : { ...summary, refs: snapshots(records) };
  }

  #reading<T>(read: (newestFirst: Iterable<OperationSummary>) => T): T {
    const { system, commonDir } = this.repository;
    try {
      return read(operations(system, commonDir));
    } catch (error) {
      throw journalError(opsFolder(commonDir), error);
    }
  }
}

/**
 * The marker of the operation that is unfinished, if one is.
 *
 * @example Does somebody have to decide about an operation first?
 * ```ts
 * import { OpState, type Repository } from "../mod.ts";
 *
 * function whyPaused(repository: Repository): string | null {
 *   const state = new OpState(repository).read();
 *   return state?.phase === "paused" ? `${state.command}: ${state.awaiting_reason}` : null;
 * }
 * ```
 */
export class OpState {
  /**
   * Made for one repository.
   *
   * @param repository Where it happens.
   */
  constructor(private readonly repository: Repository) {}

  /**
   * Reads the marker.
   *
   * @returns `undefined`: every operation came to its end.
   * @throws {JournalError} A crash left the marker torn (the next change recovers), or it cannot be read.
   */
  read(): Marker | undefined {
    const { system, commonDir } = this.repository;
    const path = opStatePath(commonDir);
    let marker: ReturnType<typeof readOpState>;
    try {
      marker = readOpState(system, commonDir);
    } catch (error) {
      throw journalError(path, error);
    }
    if (marker !== "unreadable") return marker ?? undefined;
    const torn = new LatticeError("invalid_data", `a crash left ${JSON.stringify(path)} torn`, {
      hint: "type `lattice recover`; every command that changes refs does so by itself",
    });
    throw new JournalError(path, torn);
  }
}

function snapshots(records: readonly JournalRecord[]): RefSnapshot[] {
  return effectiveUpdates(records).map(({ ref, old, new: value }) => ({ name: ref, before: old, after: value }));
}

function journalError(path: string, error: unknown): unknown {
  return error instanceof LatticeError ? new JournalError(path, error) : error;
}

/**
 * The door to every change of refs: takes the repository lock, recovers what was left, and runs transactions.
 *
 * @module
 */
import { startWaiting } from "../locks/waiting.ts";
import { acquireRepoLock, childrenPath, type LockHolder, type RepoLock, repoLockPath } from "../locks/repo_lock.ts";
import { isDiskError } from "../platform/disk.ts";
import type { Repository } from "../git/repository.ts";
import { type EngineContext, share } from "./context.ts";
import { refuseInsideHook } from "./hooks.ts";
import { type OpState, readOpState } from "./op_state.ts";
import { newOperationId } from "./operation_id.ts";
import { refuseStrangeFolders } from "./paths.ts";
import { recover, type RecoveredOperation } from "./recovery.ts";
import { divergedError, pausedError } from "./paused.ts";
import { isForeignLock } from "./ref_locks.ts";
import { type PreparedTransaction, prepareTransaction } from "./transaction.ts";
import type { TransactionRequest, TransactionResult } from "./update.ts";

/** Who changes refs, and how patiently. */
export interface WriterOptions {
  /** What the person typed, such as `meta set feature-b`. */
  readonly command: string;
  /** Its arguments, without secrets. */
  readonly arguments: readonly string[];
  /** Longest wait for the repository lock, in milliseconds. */
  readonly lockTimeoutMs: number;
  /** Longest wait for git's own locks, in milliseconds, where the caller says so. */
  readonly gitLockTimeoutMs?: number;
  readonly log?: (message: string) => void;
  /** Called once when the wait for the repository lock begins. */
  readonly onContention?: (holder: LockHolder | null) => void;
  /** Allows to go on although an operation is paused: for `continue`, `abort` and `recover`. */
  readonly evenIfPaused?: boolean;
}

/** The right to change refs. `using` gives it back. */
export interface Writer extends Disposable {
  readonly repository: Repository;
  readonly context: EngineContext;
  readonly lock: RepoLock;
  /** What recovery did when the writer was opened. */
  readonly recovered: readonly RecoveredOperation[];
  /** The operation that waits for a person, or `null`. */
  readonly paused: OpState | null;
  /**
   * Runs a transaction: all of it or nothing.
   *
   * @throws {LatticeError} As `prepareTransaction` says.
   */
  transact(request: TransactionRequest): TransactionResult;
  /** Runs the first half of a transaction: refs are locked and verified. `null`: nothing would change. */
  prepare(request: TransactionRequest): PreparedTransaction | null;
  /**
   * Does something with this writer again and again while one of git's own locks is in the way, as long as the caller
   * wanted to wait (`gitLockTimeoutMs`). Signals are heard in between.
   *
   * @param action Calls `transact`, perhaps through others; it is refused as a whole or done as a whole.
   */
  patiently<T>(action: () => T): Promise<T>;
  /** Gives the lock back; a second call does nothing. */
  close(): void;
}

/**
 * Opens a repository for change.
 *
 * @throws {LatticeError} `locked`; `op_in_progress`: an operation is paused, or this runs inside a hook of ours;
 *   `diverged`: recovery met refs that somebody else moved; `io`, `invalid_data`, `unsupported`.
 */
export async function openWriter(repository: Repository, options: WriterOptions): Promise<Writer> {
  const { system } = repository;
  refuseInsideHook(system.env);
  const log = options.log ?? (() => {});
  const lock = await acquireRepoLock(system, {
    commonDir: repository.commonDir,
    command: options.command,
    timeoutMs: options.lockTimeoutMs,
    ...(options.onContention === undefined ? {} : { onContention: options.onContention }),
  });
  try {
    log(`repository lock taken (flock) after ${Math.round(lock.waitedMs)} ms`);
    return openLocked(repository, options, lock, log);
  } catch (error) {
    lock.release();
    throw error;
  }
}

function openLocked(
  repository: Repository,
  options: WriterOptions,
  lock: RepoLock,
  log: (message: string) => void,
): Writer {
  const context: EngineContext = {
    system: repository.system,
    repository,
    command: options.command,
    arguments: options.arguments,
    gitLockTimeoutMs: options.gitLockTimeoutMs,
    log,
  };
  refuseStrangeFolders(repository.system, repository.commonDir);
  share(context, `${repository.commonDir}/lattice`, "directory");
  share(context, repoLockPath(repository.commonDir), "file");
  share(context, childrenPath(repository.commonDir), "file");
  const recovered = recover(context, lock, options.evenIfPaused === true);
  const state = readOpState(repository.system, repository.commonDir);
  const paused = state === "unreadable" || state?.phase !== "paused" ? null : state;
  if (paused !== null && options.evenIfPaused !== true) {
    const now = recovered.find(({ op, outcome }) => op === paused.op_id && outcome === "paused");
    throw now === undefined
      ? pausedError(repository.system, repository.commonDir, paused)
      : divergedError(now.op, now.diverged);
  }
  const prepare = (request: TransactionRequest) => prepareNext(context, lock, request);
  return {
    repository,
    context,
    lock,
    recovered,
    paused,
    prepare,
    transact(request) {
      return prepare(request)?.commit() ?? { op: null, updates: [] };
    },
    patiently: (action) => actPatiently(context, action),
    close: () => lock.release(),
    [Symbol.dispose]: () => lock.release(),
  };
}

async function actPatiently<T>(context: EngineContext, action: () => T): Promise<T> {
  const waiting = startWaiting(context.system, context.gitLockTimeoutMs ?? 0);
  for (;;) {
    try {
      return action();
    } catch (error) {
      if (!isForeignLock(error)) throw error;
      const delayMs = waiting.nextDelayMs();
      if (delayMs === null) {
        error.details["waited_ms"] = Math.round(Math.max(waiting.waitedMs(), Number(error.details["waited_ms"])));
        throw error;
      }
      await context.system.clock.sleep(delayMs);
    }
  }
}

/** Gives the transaction an id behind the last one, and notes how it ended for the next. */
function prepareNext(context: EngineContext, lock: RepoLock, request: TransactionRequest): PreparedTransaction | null {
  const previous = lock.notes.lastOperation;
  const opId = newOperationId(context.system, previous?.id ?? null);
  const noteEnd = (outcome: string) => {
    try {
      lock.writeNotes({ sweptBootId: lock.notes.sweptBootId, lastOperation: { id: opId, outcome } });
    } catch (error) {
      if (!isDiskError(error)) throw error;
      context.log(`the note for the next command was not written: ${error.message}`); // it only saves time
    }
  };
  const prepared = prepareTransaction(context, { opId, previous }, request);
  if (prepared === null) return null;
  return {
    commit() {
      const result = prepared.commit();
      noteEnd("committed");
      return result;
    },
    abort() {
      prepared.abort();
      noteEnd("rolled_back");
    },
  };
}

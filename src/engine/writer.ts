/**
 * The door to every change of refs: takes the repository lock, recovers what was left, and runs transactions.
 *
 * @module
 */
import { sleepUnlessAborted, startWaiting } from "../locks/waiting.ts";
import type { LockHolder } from "../locks/holder.ts";
import { acquireRepoLock, childrenPath, type RepoLock, repoLockPath } from "../locks/repo_lock.ts";
import { isDiskError } from "../platform/disk.ts";
import { invariant, LatticeError } from "../platform/errors.ts";
import type { Repository } from "../git/repository.ts";
import { joinClaim } from "./claim.ts";
import { type EngineContext, share } from "./context.ts";
import { refuseInsideHook } from "./hooks.ts";
import { type OpState, readOpState } from "./op_state.ts";
import { newOperationId } from "./operation_id.ts";
import { refuseStrangeFolders } from "./paths.ts";
import { recover, type RecoveredOperation } from "./recovery.ts";
import { divergedError, pausedError } from "./paused.ts";
import { isForeignLock } from "./ref_locks.ts";
import { type PreparedTransaction, prepareTransaction } from "./transaction.ts";
import type { SpanEnd } from "./span_end.ts";
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
  /** Told now and then how far a long step has come. */
  readonly progress?: (what: string, done: number, total: number) => void;
  /** Called when the wait for the repository lock begins, and again whenever another holder is seen. */
  readonly onContention?: (holder: LockHolder | null) => void;
  /** Ends every wait for a lock when it is aborted. */
  readonly signal?: AbortSignal;
  /** Allows to go on although an operation is paused: for `continue`, `abort` and `recover`. */
  readonly evenIfPaused?: boolean;
  /** Transactions are operations of their own even where `LATTICE_OP` names one to join: for `abort`. */
  readonly isOwnOperation?: boolean;
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
  /** Id of the operation that this command is a part of (`LATTICE_OP`), or `null`. */
  readonly joined: string | null;
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
  /** Takes note of an operation of several transactions that has ended, for the next command. */
  noteEnd(opId: string, outcome: "committed" | "rolled_back"): void;
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
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  try {
    log(`repository lock taken (${lock.backend}) after ${Math.round(lock.waitedMs)} ms`);
    const spans = await loadSpansIfNeeded(repository, lock);
    return openLocked(repository, options, lock, log, spans);
  } catch (error) {
    lock.release();
    throw error;
  }
}

type Spans = typeof import("./span.ts") & typeof import("./span_end.ts");

/** Operations of several transactions are rare, and what they need costs every command time to load. */
async function loadSpansIfNeeded({ system, commonDir }: Repository, lock: RepoLock): Promise<Spans | null> {
  const rebooted = lock.notes.sweptBootId !== system.host.bootId || system.host.bootId === null;
  const needed = rebooted || joinClaim(system.env) !== undefined || readOpState(system, commonDir) !== null;
  return needed ? { ...await import("./span.ts"), ...await import("./span_end.ts") } : null;
}

function openLocked(
  repository: Repository,
  options: WriterOptions,
  lock: RepoLock,
  log: (message: string) => void,
  spans: Spans | null,
): Writer {
  const context: EngineContext = {
    system: repository.system,
    repository,
    command: options.command,
    arguments: options.arguments,
    gitLockTimeoutMs: options.gitLockTimeoutMs,
    log,
    ...(options.progress === undefined ? {} : { progress: options.progress }),
  };
  refuseStrangeFolders(repository.system, repository.commonDir);
  share(context, `${repository.commonDir}/lattice`, "directory");
  share(context, repoLockPath(repository.commonDir), "file");
  share(context, childrenPath(repository.commonDir), "file");
  const claim = joinClaim(repository.system.env);
  const member = claim === undefined || spans === null ? null : spans.checkJoin(context, claim);
  const recovered = recover(context, lock, options.evenIfPaused === true, (inside, journal) => {
    invariant(spans !== null, "what recovers an operation of several transactions is loaded");
    const goesOn = journal.begin.op_id === member || lock.joined; // the ancestor that holds the lock lives
    const end = spans.recoverSpan(inside, journal, goesOn);
    return end === null ? null : recoveredSpan(journal.begin.op_id, end);
  });
  const state = readOpState(repository.system, repository.commonDir);
  const paused = state === "unreadable" || state?.phase !== "paused" ? null : state;
  if (paused !== null && options.evenIfPaused !== true && paused.op_id !== member) {
    const now = recovered.find(({ op, outcome }) => op === paused.op_id && outcome === "paused");
    throw now === undefined
      ? pausedError(repository.system, repository.commonDir, paused)
      : divergedError(now.op, now.diverged);
  }
  if (state !== null && state !== "unreadable" && state.phase === "in_progress" && state.op_id !== member) {
    throw new LatticeError("op_in_progress", `this runs inside operation ${state.op_id} without being a part of it`, {
      hint: "leave LATTICE_OP in the environment as it was",
      details: { op: state.op_id },
    });
  }
  const joined = options.isOwnOperation === true ? null : member;
  const prepare = (request: TransactionRequest) =>
    joined === null ? prepareNext(context, lock, request) : prepareJoined(context, spans!, joined, request);
  return {
    repository,
    context,
    lock,
    recovered,
    paused,
    joined,
    prepare,
    transact(request) {
      return prepare(request)?.commit() ?? { op: null, updates: [] };
    },
    noteEnd: (opId, outcome) => noteEnd(context, lock, opId, outcome),
    patiently: (action) => actPatiently(context, options.signal, action),
    close: () => lock.release(),
    [Symbol.dispose]: () => lock.release(),
  };
}

function recoveredSpan(op: string, { outcome, others }: SpanEnd): RecoveredOperation {
  const diverged = outcome === "paused"
    ? others.map(({ ref, old, new: actual }) => ({ ref, old, new: old, actual }))
    : [];
  return { op, outcome, diverged };
}

/** The error for what a command that is a part of an operation cannot do. */
export function insideOperation(opId: string): LatticeError {
  return new LatticeError("op_in_progress", `this is a part of operation ${opId}, and cannot end or undo another one`, {
    hint: "do it before or after that operation, without LATTICE_OP in the environment",
    details: { op: opId },
  });
}

/** A transaction of the operation that this command has joined. */
function prepareJoined(
  context: EngineContext,
  spans: Spans,
  opId: string,
  request: TransactionRequest,
): PreparedTransaction | null {
  if (request.undoes !== undefined || request.resumes !== undefined) {
    throw insideOperation(opId);
  }
  return prepareTransaction(context, { opId, previous: null }, request, spans.openForTransaction(context, opId));
}

async function actPatiently<T>(
  context: EngineContext,
  signal: AbortSignal | undefined,
  action: () => T,
): Promise<T> {
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
      await sleepUnlessAborted(context.system, delayMs, signal);
    }
  }
}

/** Gives the transaction an id behind the last one, and notes how it ended for the next. */
function prepareNext(context: EngineContext, lock: RepoLock, request: TransactionRequest): PreparedTransaction | null {
  const previous = lock.notes.lastOperation;
  const opId = newOperationId(context.system, previous?.id ?? null);
  const prepared = prepareTransaction(context, { opId, previous }, request);
  if (prepared === null || !prepared.changes) return prepared;
  return {
    changes: true,
    commit() {
      const result = prepared.commit();
      noteEnd(context, lock, opId, "committed");
      return result;
    },
    abort() {
      prepared.abort();
      noteEnd(context, lock, opId, "rolled_back");
    },
  };
}

/** Leaves a note to the next command of how the last operation ended. */
function noteEnd(context: EngineContext, lock: RepoLock, id: string, outcome: "committed" | "rolled_back"): void {
  try {
    lock.writeNotes({ sweptBootId: lock.notes.sweptBootId, lastOperation: { id, outcome } });
  } catch (error) {
    if (!isDiskError(error)) throw error;
    context.log(`the note for the next command was not written: ${error.message}`); // it only saves time
  }
}

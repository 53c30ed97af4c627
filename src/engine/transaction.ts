/**
 * A transaction in its own course: planned, journaled, locked, verified, and then made visible and durable.
 *
 * Guarantee: the refs end all old or all new, whatever happens and wherever it happens, and when `commit()` returns
 * they are durable (proof: `tests/crash/`). The order of the steps is the proof; each says why it stands where it
 * stands. What goes wrong after the journal exists is brought to an end by `settle.ts`, as after a crash.
 *
 * @module
 */
import { isDiskError } from "../platform/disk.ts";
import { LatticeError } from "../platform/errors.ts";
import type { RefValue } from "../git/refs/store.ts";
import { commitBatch, isBatch } from "./batch_path.ts";
import { type EngineContext, packedLockTimeoutMs, refLockTimeoutMs, share } from "./context.ts";
import { lockPath, packedLockPath } from "./files_refs.ts";
import { flushFound } from "./found_values.ts";
import { ReferenceTransactionHook, refuseInsideHook } from "./hooks.ts";
import { Journal } from "./journal.ts";
import type { UpdatesRecord } from "./journal_format.ts";
import { commitLoose } from "./loose_path.ts";
import { checkNewValues, keepRefs, newObjects, objectsToStore, refuseVanished } from "./objects_of.ts";
import { writeOpState } from "./op_state.ts";
import { writePlannedLogs } from "./only_logged.ts";
import { NotDurableError, PausedError, undecided } from "./outcome_errors.ts";
import {
  KEEP_PREFIX,
  makeDurableFolder,
  makeFolder,
  opsFolder,
  opStatePath,
  removeIfThere,
  removeTree,
  temporaryFolder,
  temporaryRoot,
} from "./paths.ts";
import { type Plan, type PlannedUpdate, planTransaction, recordedValue } from "./plan.ts";
import { beginRecord, type OperationOrigin, updatesRecord } from "./records.ts";
import {
  announceDeletion,
  announcePackedRefs,
  makeRefFolders,
  refusePackedRefsLink,
  stageValues,
} from "./ref_files.ts";
import { LockMaker, sortForLocking, waitUntilFree } from "./ref_locks.ts";
import { reflogsOf, refuseBlockedReflogs, refuseLinkedReflogs } from "./reflog_lines.ts";
import type { RunningTransaction } from "./running.ts";
import { lastTransaction } from "./situation.ts";
import { clearMarker, rollBackUntouched, settle } from "./settle.ts";
import { StoredObjects } from "./stored_objects.ts";
import type { NewObject } from "../git/objects/store.ts";
import type { RefOutcome, TransactionRequest, TransactionResult } from "./update.ts";
import { MovedRefError, refuseConflicts, verifyUnderLocks } from "./verify.ts";
import { compareNames } from "../platform/text.ts";

/** How often a transaction is planned anew because a ref moved that may hold anything. */
const ATTEMPTS_MAX = 5;

/** A transaction whose refs are locked and verified. Exactly one of the two must be called. */
export interface PreparedTransaction {
  /** Whether refs change. Where none does there is no journal, and nothing but lines in reflogs to be written. */
  readonly changes: boolean;
  /** Makes it visible and durable. */
  commit(): TransactionResult;
  /** Takes it back: refs, reflogs and folders are as before. */
  abort(): void;
}

/**
 * Plans, journals, locks and verifies a transaction.
 *
 * The caller holds the repository lock and has recovered what a crash left.
 *
 * @param joined The journal of the operation of several transactions that this one is to be a part of; it is closed
 *   when the transaction is over. Without it, the transaction is an operation of its own.
 * @returns `null` when every expectation is met and nothing would change.
 * @throws {LatticeError} `cas_failed`, `locked`, `invalid_data`, `usage`, `unsupported`, `op_in_progress` (a hook's
 *   veto), `io`; nothing was changed then.
 */
export function prepareTransaction(
  context: EngineContext,
  origin: OperationOrigin,
  request: TransactionRequest,
  joined: Journal | null = null,
): PreparedTransaction | null {
  let prepared: PreparedTransaction | null = null;
  try {
    return prepared = prepareWith(context, origin, request, joined);
  } finally {
    if (prepared === null) joined?.close();
  }
}

function prepareWith(
  context: EngineContext,
  origin: OperationOrigin,
  request: TransactionRequest,
  joined: Journal | null,
): PreparedTransaction | null {
  const { env } = context.system;
  refuseInsideHook(env);
  if (env["GIT_QUARANTINE_PATH"] !== undefined) {
    throw new LatticeError("unsupported", "refs are not updated while git holds new objects in quarantine", {
      hint: "update refs from an update or post-receive hook, not from pre-receive",
    });
  }
  let plan = planTransaction(context, request);
  const brought = newObjects(context, request);
  if (!plan.updates.some((update) => update.changes)) {
    flushFound(context, plan.updates, brought);
    return plan.logs.length === 0 ? null : onlyLogged(context, plan, joined);
  }
  checkNewValues(context, plan.updates, brought);
  refuseConflicts(plan.view, plan.updates);

  waitForLocks(context, plan);

  const operation = new OperationInProgress(context, origin, request, brought, joined);
  try {
    operation.mark(plan);
    for (let attempt = 1;; attempt++) {
      try {
        return operation.prepare(plan);
      } catch (error) {
        if (!(error instanceof MovedRefError) || attempt === ATTEMPTS_MAX) throw error;
        operation.retreat();
        plan = planTransaction(context, request);
        if (!plan.updates.some((update) => update.changes)) {
          operation.rollBack(); // somebody else made the very change meanwhile
          flushFound(context, plan.updates, brought);
          return null;
        }
        checkNewValues(context, plan.updates, brought);
        refuseConflicts(plan.view, plan.updates);
      }
    }
  } catch (error) {
    throw operation.giveUp(error);
  }
}

function onlyLogged(context: EngineContext, plan: Plan, joined: Journal | null): PreparedTransaction {
  return {
    changes: false,
    commit() {
      joined?.close();
      writePlannedLogs(context, plan);
      return { op: null, updates: [] };
    },
    abort: () => joined?.close(),
  };
}

/** After so many locks it is told how many there are. */
const LOCKS_PER_NEWS = 512;

/** With more refs than this, a lock that stands is only met when ours is to be taken. */
const LOCKS_LOOKED_AT_MAX = 64;

/** A lock that stands already is waited for before anything is written. */
function waitForLocks(context: EngineContext, plan: Plan): void {
  const names = [...plan.updates.map((update) => update.ref), ...plan.locked];
  if (names.length > LOCKS_LOOKED_AT_MAX) return;
  for (const name of names) {
    waitUntilFree(context.system, lockPath(context.repository, name), name, refLockTimeoutMs(context));
  }
}

/** One operation from its marker to its end. */
class OperationInProgress {
  private journal: Journal | null = null;
  private running: RunningTransaction | null = null;
  private made: string[] = [];
  private readonly stored: StoredObjects;
  /** The commits that keep refs lead to. */
  private readonly keeping = new Map<string, NewObject>();
  private transactions = 0;
  private locks: string[] = [];
  private readonly folder: string;
  /** Number of the last transaction before this one in the same operation. */
  private readonly before: number;

  constructor(
    private readonly context: EngineContext,
    private readonly origin: OperationOrigin,
    private readonly request: TransactionRequest,
    private readonly brought: ReadonlyMap<string, NewObject>,
    private readonly joined: Journal | null,
  ) {
    this.folder = temporaryFolder(context.repository.commonDir, origin.opId);
    this.stored = new StoredObjects(context, origin.opId);
    this.before = joined === null ? 0 : lastTransaction(joined.records).transaction?.transaction ?? 0;
  }

  /** The marker appears first, so that a kill from here on is noticed. */
  mark(plan: Plan): void {
    const { system, repository } = this.context;
    const ops = opsFolder(repository.commonDir);
    if (makeDurableFolder(system, ops)) share(this.context, ops, "directory");
    const root = temporaryRoot(repository.commonDir);
    if (makeFolder(system, root)) share(this.context, root, "directory");
    makeFolder(system, this.folder);
    share(this.context, this.folder, "directory");
    if (this.joined !== null) return; // the operation has its marker
    writeOpState(system, repository.commonDir, {
      op_id: this.origin.opId,
      command: this.context.command,
      phase: "in_progress",
      updated_at: new Date(system.clock.nowMs()).toISOString(),
      origin_git_dir: repository.gitDir,
      origin_work_dir: repository.workDir,
      plan_digest: null,
      touched_refs: plan.updates.map(({ ref, old }) => ({ ref, old: recordedValue(old) })),
      awaiting_reason: null,
      ...(this.request.resumes === undefined ? {} : { resumes: this.request.resumes }),
    });
    share(this.context, opStatePath(repository.commonDir), "file");
  }

  /** Steps 2 to 6: objects, journal, values, locks, verification. */
  prepare(asked: Plan): PreparedTransaction {
    const { context, request } = this;
    const { system, repository } = context;
    const plan = request.purpose === "operation" && this.joined === null ? this.withKeepRefs(asked) : asked;
    const changes = plan.updates.filter((update) => update.changes);
    // Every deletion writes `packed-refs` anew, and so may the way back of several refs.
    if (changes.length > 1 || changes.some((update) => update.new === null)) refusePackedRefsLink(context);
    const batch = isBatch(plan.view, changes);
    this.stored.store(new Map([...objectsToStore(context, plan.updates, this.brought), ...this.keeping]));
    // What is to be shown by one step is there before the journal says so, and goes by that step: after a kill, this
    // tells whether it was made, whatever others have done to the refs since.
    const early = changes.length === 1 ? this.stage(changes) : null;
    const record = updatesRecord(
      context,
      plan,
      this.before + ++this.transactions,
      this.brought,
      batch ? announcePackedRefs(context, this.folder) : null,
    );
    refuseLinkedReflogs(context, reflogsOf(record));
    this.writeJournal(record);
    if (changes.length > 1 && this.joined === null) {
      // From the second ref on, a half-done update must be found again even after a power cut.
      system.disk.syncFile(opStatePath(repository.commonDir));
      system.disk.syncDirectory(`${repository.commonDir}/lattice`);
    }
    const staged = batch ? new Map<string, string>() : early ?? this.stage(changes);
    makeRefFolders(context, plan.updates.map((update) => update.ref), this.made);
    const hook = new ReferenceTransactionHook(context, this.origin.opId, changes);
    hook.run("preparing");
    this.lockAll(plan, batch || changes.some((update) => update.new === null));
    const running = {
      context,
      journal: this.journal!,
      record,
      plan,
      changes,
      folder: this.folder,
      staged,
      locks: this.locks,
      made: this.made,
      hook,
      stored: this.stored,
      joined: this.joined !== null,
    };
    this.running = running;
    const view = verifyUnderLocks(context, plan);
    flushFound(context, plan.updates, this.brought);
    refuseBlockedReflogs(context, record.logs);
    this.stored.secure();
    refuseVanished(context, changes, (oid) => this.stored.has(oid));
    if (batch && !isBatch(view, changes)) throw new MovedRefError(); // a loose file appeared: the other path
    return {
      changes: true,
      commit: () => this.commit(running),
      abort: () => {
        hook.run("aborted");
        this.rollBack();
      },
    };
  }

  private stage(changes: readonly PlannedUpdate[]): ReadonlyMap<string, string> {
    if (changes.length === 1 && changes[0]!.new === null) announceDeletion(this.context, this.folder);
    const sets = changes.flatMap(({ ref, new: value }) => value === null ? [] : [{ ref, value }]);
    return stageValues(this.context, this.folder, sets);
  }

  /** After a ref moved that may hold anything: locks off, the transaction is over, the operation goes on. */
  retreat(): void {
    const journal = this.journal!;
    this.unlock();
    journal.append([{ type: "reverted", transaction: this.before + this.transactions }], "lazy");
    removeTree(this.context.system, this.folder); // only now: what is staged tells that nothing was shown
    makeFolder(this.context.system, this.folder);
  }

  /** Ends the operation after a failure, as far as that is possible now. Returns what is to be thrown. */
  giveUp(error: unknown): unknown {
    const failure = error instanceof MovedRefError
      ? new LatticeError("cas_failed", "the refs move faster than they can be locked", {
        hint: "try again, or say which value is expected",
        cause: error,
      })
      : error;
    try {
      if (this.journal === null) this.forget();
      else this.rollBack();
      this.running?.hook.run("aborted");
    } catch (second) {
      this.context.log(`could not clean up: ${second instanceof Error ? second.message : String(second)}`);
      return undecided(failure, second);
    } finally {
      this.journal?.close();
    }
    return failure;
  }

  private withKeepRefs(plan: Plan): Plan {
    const replaced = plan.updates.flatMap((update) =>
      update.changes && update.request.keepContent !== true && update.old?.kind === "direct" ? [update.old.oid] : []
    );
    const kept = keepRefs(this.context, this.origin.opId, replaced);
    if (kept.length === 0) return plan;
    const added = kept.map(({ ref, oid, object }): PlannedUpdate => {
      if (object !== null) this.keeping.set(oid, object);
      const value: RefValue = { kind: "direct", oid };
      return {
        ref,
        old: null,
        new: value,
        oldOid: null,
        newOid: oid,
        changes: true,
        through: [],
        request: { name: ref, expect: { kind: "absent" }, change: { kind: "set", oid }, follow: false },
      };
    });
    const updates = [...plan.updates, ...added].sort((a, b) => compareNames(a.ref, b.ref));
    return { ...plan, updates };
  }

  private writeJournal(record: UpdatesRecord): void {
    const known = this.journal ?? this.joined;
    if (known !== null) {
      known.append([record], "flush");
      this.journal = known; // only now is there something in it to be taken back
      return;
    }
    const { system, repository } = this.context;
    const begin = beginRecord(this.context, this.origin, this.request);
    this.journal = Journal.begin(system, repository.commonDir, [begin, record]);
    share(this.context, this.journal.path, "file");
  }

  /** Locks every ref in sorted order, then `HEAD`, then `packed-refs`: the order that everybody keeps. */
  private lockAll(plan: Plan, needsPacked: boolean): void {
    const { context } = this;
    const journal = this.journal!;
    const makeFolderOf = (ref: string) => makeRefFolders(context, [ref], this.made);
    const maker = new LockMaker(context.system, journal.path, journal, this.folder, makeFolderOf);
    const names = sortForLocking([...plan.updates.map((update) => update.ref), ...plan.locked]);
    const timeoutMs = refLockTimeoutMs(context);
    for (const name of names) {
      const path = lockPath(context.repository, name);
      maker.lock(path, name, timeoutMs);
      this.locks.push(path);
      if (this.locks.length % LOCKS_PER_NEWS === 0) context.progress?.("locking refs", this.locks.length, names.length);
    }
    if (needsPacked) {
      const path = packedLockPath(context.repository);
      maker.lock(path, "packed-refs", packedLockTimeoutMs(context));
      this.locks.push(path);
    }
  }

  private unlock(): void {
    for (const path of this.locks) removeIfThere(this.context.system, path);
    this.locks = [];
  }

  private commit(running: RunningTransaction): TransactionResult {
    const { context } = this;
    try {
      if (running.record.path === "batch") commitBatch(running);
      else commitLoose(running);
      this.removeTraces(running);
    } catch (error) {
      this.recoverCommit(running, error);
    } finally {
      running.journal.close();
    }
    running.hook.run("committed");
    context.log(`${running.record.path} path, ${running.changes.length} refs, operation ${this.origin.opId}`);
    return {
      op: this.request.purpose === "operation" ? this.origin.opId : null,
      updates: running.changes.filter(({ ref }) => !ref.startsWith(KEEP_PREFIX)).map(toOutcome),
    };
  }

  /** A call failed in the middle: back to the old values, or forward where the commit point was passed. */
  private recoverCommit(running: RunningTransaction, error: unknown): void {
    const { journal } = running;
    try {
      const prepared = journal.records.at(-1)?.type === "prepared";
      if (prepared) journal.append([{ type: "reverting", transaction: running.record.transaction }], "flush");
      const settled = settle(this.context, journal, this.made);
      if (settled.outcome === "committed") {
        // A flush that failed once may succeed the second time although nothing was written, so nothing is promised.
        if (isDiskError(error) && error.action.startsWith("flush")) throw new NotDurableError(error);
        return;
      }
      running.hook.run("aborted");
    } catch (second) {
      throw second instanceof NotDurableError || second instanceof PausedError ? second : undecided(error, second);
    }
    throw error;
  }

  /** Ends the operation, of which no ref was changed. */
  rollBack(): void {
    rollBackUntouched(this.context, this.journal!, this.made);
    this.journal!.close();
  }

  /** Before there was a journal, nothing had happened; what was prepared goes. */
  private forget(): void {
    this.removeOwnFiles();
    if (this.joined === null) clearMarker(this.context, this.origin.opId, this.request.resumes);
  }

  private removeOwnFiles(): void {
    const { system } = this.context;
    this.stored.release();
    removeTree(system, this.folder);
  }

  /** Step 12: the marker goes last. */
  private removeTraces(running: RunningTransaction): void {
    const { system, repository } = this.context;
    this.removeOwnFiles();
    if (this.joined !== null) return;
    clearMarker(this.context, this.origin.opId, this.request.resumes);
    if (running.changes.length > 1) system.disk.syncDirectory(`${repository.commonDir}/lattice`);
  }
}

function toOutcome(update: PlannedUpdate): RefOutcome {
  return { ref: update.ref, old: recordedValue(update.old), new: recordedValue(update.new) };
}

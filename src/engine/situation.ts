/**
 * What recovery finds: how far a transaction came, what each of its refs holds, and which of its locks still stand.
 *
 * @module
 */
import { isDamage } from "../platform/errors.ts";
import type { RefValue } from "../git/refs/store.ts";
import type { Repository } from "../git/repository.ts";
import type { EngineContext } from "./context.ts";
import { filesRefs, lockPath, packedLockPath } from "./files_refs.ts";
import type { Journal } from "./journal.ts";
import type { JournalRecord, UpdateRecord, UpdatesRecord } from "./journal_format.ts";
import { stagedPackedRefs, stagedValue, temporaryFolder } from "./paths.ts";
import { isOurLock, type LockProof } from "./ref_locks.ts";
import { parseValueText, sameValue } from "./update.ts";

/** The record that a transaction came to. `end` is `applied`, `reverted` or an end of the operation. */
export type LastRecord = "updates" | "prepared" | "reverting" | "end";

/** `single`: one ref; `several`: a file each; `batch`: one rename shows all of it. */
export type TransactionKind = "single" | "several" | "batch";

/** What a ref holds, compared with what the transaction says. */
export type RefState = "old" | "new" | "third";

/** One ref of the transaction. */
export interface RefSituation {
  readonly update: UpdateRecord;
  readonly actual: RefValue | null;
  readonly state: RefState;
  /** Whether the lock that this operation took still stands. */
  readonly locked: boolean;
}

/** All of it. */
export interface Situation {
  readonly last: LastRecord;
  /** The transaction, or `null` when the journal has none. */
  readonly transaction: UpdatesRecord | null;
  readonly kind: TransactionKind;
  /** A single ref or a batch: whether the one step was made that shows it; `null` when that cannot be told. */
  readonly shown: boolean | null;
  /** The refs that change, in order. */
  readonly refs: readonly RefSituation[];
}

/** The last transaction of a journal and how far it came. */
export function lastTransaction(records: readonly JournalRecord[]): {
  transaction: UpdatesRecord | null;
  last: LastRecord;
} {
  let transaction: UpdatesRecord | null = null;
  let last: LastRecord = "end";
  for (const record of records) {
    switch (record.type) {
      case "updates":
        transaction = record;
        last = "updates";
        break;
      case "prepared":
      case "reverting":
        last = record.type;
        break;
      case "applied":
      case "reverted":
      case "committed":
      case "rolled_back":
        last = "end";
        break;
      case "begin":
      case "checkpoint":
      case "git_process":
      case "paused":
        break;
    }
  }
  return { transaction, last };
}

/** The refs that a transaction changes, not those that it merely looks at. */
export function changingUpdates(transaction: UpdatesRecord): readonly UpdateRecord[] {
  return transaction.updates.filter((update) => update.verify !== true);
}

/** Looks at every ref and every lock of the last transaction. */
export function observe(context: EngineContext, journal: Journal, proof: LockProof): Situation {
  const { transaction, last } = lastTransaction(journal.records);
  if (transaction === null || last === "end") {
    return { last: "end", transaction, kind: "single", shown: null, refs: [] };
  }
  const updates = changingUpdates(transaction);
  const kind = transaction.path === "batch" ? "batch" : updates.length === 1 ? "single" : "several";
  const refs = updates.map((update) => observeRef(context, update, proof));
  const shown = kind === "several" ? null : wasShown(context, journal, transaction, proof);
  // The file that announces a deletion goes right behind the ref; until our lock goes, nobody else deletes it.
  const isDeleted = kind === "single" &&
    refs.some(({ actual, update, locked }) => actual === null && update.new === null && locked);
  return { last, transaction, kind, shown: isDeleted ? true : shown, refs };
}

/**
 * Whether a single ref or a batch became visible.
 *
 * A file in the temporary folder tells: it is there before the journal names the transaction, and gone when the refs
 * are visible. After a restart of the machine it tells nothing, since nobody flushed its folder.
 */
function wasShown(
  context: EngineContext,
  journal: Journal,
  transaction: UpdatesRecord,
  proof: LockProof,
): boolean | null {
  const { system: { disk, host }, repository: { commonDir } } = context;
  const isBatch = transaction.path === "batch";
  if (host.bootId !== null && host.bootId === journal.begin.boot_id) {
    const folder = temporaryFolder(commonDir, journal.begin.op_id);
    return disk.lstat(isBatch ? stagedPackedRefs(folder) : stagedValue(folder, 0)) === null;
  }
  return isBatch ? wasRenamed(context, transaction, proof) : null;
}

/**
 * The inode tells, where the values bear it out: a power cut may have taken our file before it was renamed, and its
 * inode is free then for the `packed-refs` of somebody else. And while our lock of `packed-refs` stands, nobody else
 * can have replaced what we put in place.
 */
function wasRenamed(context: EngineContext, transaction: UpdatesRecord, proof: LockProof): boolean | null {
  const { system, repository } = context;
  const packed = system.disk.lstat(filesRefs(repository).packedRefsPath);
  if (packed !== null && String(packed.inode) === transaction.packed_inode) return holdsValues(repository, transaction);
  return isOurLock(system, packedLockPath(repository), proof) ? false : null;
}

/** Whether `packed-refs` holds what a batch gives its refs. A damaged one was ours: nobody asked what is in it. */
function holdsValues(repository: Repository, transaction: UpdatesRecord): boolean {
  try {
    const packed = filesRefs(repository).packed();
    return changingUpdates(transaction).every((update) => packed.lookup(update.ref)?.oid === update.new);
  } catch (error) {
    if (isDamage(error)) return true;
    throw error;
  }
}

function observeRef(context: EngineContext, update: UpdateRecord, proof: LockProof): RefSituation {
  const read = readRef(context, update.ref);
  const locked = isOurLock(context.system, lockPath(context.repository, update.ref), proof);
  if (read === "broken") return { update, actual: null, state: "third", locked };
  const holds = (value: string | null) => sameValue(read, value === null ? null : parseValueText(value));
  return { update, actual: read, state: holds(update.new) ? "new" : holds(update.old) ? "old" : "third", locked };
}

/** What a ref holds; a damaged one is neither old nor new. */
function readRef(context: EngineContext, ref: string): RefValue | null | "broken" {
  try {
    return context.repository.refs.read(ref)?.value ?? null;
  } catch (error) {
    if (isDamage(error)) return "broken";
    throw error;
  }
}

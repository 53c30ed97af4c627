/**
 * What a transaction puts into its journal before it touches anything.
 *
 * @module
 */
import { committerIdentity } from "../git/identity.ts";
import type { Oid } from "../git/object_format.ts";
import type { NewObject } from "../git/objects/store.ts";
import { isDamage } from "../platform/errors.ts";
import type { EngineContext } from "./context.ts";
import {
  type BeginRecord,
  JOURNAL_FORMAT,
  storeBytes,
  type UpdateRecord,
  type UpdatesRecord,
} from "./journal_format.ts";
import { type Plan, type PlannedUpdate, recordedValue } from "./plan.ts";
import { ReflogPolicy } from "./reflog_lines.ts";
import type { TransactionRequest } from "./update.ts";

/** What an operation is called, and what came before it. */
export interface OperationOrigin {
  readonly opId: string;
  /** The operation before, and how it ended: its own unflushed end may be lost in a power cut. */
  readonly previous: { readonly id: string; readonly outcome: string } | null;
}

/** The first record of a journal. */
export function beginRecord(context: EngineContext, origin: OperationOrigin, request: TransactionRequest): BeginRecord {
  const { system, repository } = context;
  return {
    type: "begin",
    format: JOURNAL_FORMAT,
    op_id: origin.opId,
    command: context.command,
    arguments: context.arguments,
    purpose: request.purpose,
    started_at: new Date(system.clock.nowMs()).toISOString(),
    pid: system.host.pid,
    host: system.host.hostName,
    boot_id: system.host.bootId,
    origin_git_dir: repository.gitDir,
    origin_work_dir: repository.workDir,
    worktree_id: repository.worktreeId,
    undoes: request.undoes ?? null,
    ...(request.resumes === undefined ? {} : { resumes: request.resumes }),
    previous: origin.previous,
  };
}

/**
 * The record of everything that a transaction is about to do.
 *
 * @param transaction Number of the transaction in its operation, from 1 on.
 * @param brought Objects that come with it.
 * @param packedInode Inode of the file that is to become `packed-refs` (batch path); `null` on the loose path.
 */
export function updatesRecord(
  context: EngineContext,
  plan: Plan,
  transaction: number,
  brought: ReadonlyMap<Oid, NewObject>,
  packedInode: string | null,
): UpdatesRecord {
  const path = packedInode === null ? "loose" : "batch";
  const policy = new ReflogPolicy(context);
  const logs = plan.logs.map((log) => policy.lineOf(log)).filter((log) => log !== null);
  const contentOf = (oid: Oid) => brought.get(oid)?.content ?? storedContent(context, oid);
  return {
    type: "updates",
    transaction,
    path,
    updates: plan.updates.map((update) => updateRecord(update, path, contentOf)),
    locked: plan.locked,
    logs,
    identity: logs.length === 0 ? "" : committerIdentity(context.system, context.repository.config),
    ...(packedInode === null ? {} : { packed_inode: packedInode }),
  };
}

function updateRecord(
  update: PlannedUpdate,
  path: "loose" | "batch",
  contentOf: (oid: Oid) => Uint8Array | null,
): UpdateRecord {
  const record = { ref: update.ref, old: recordedValue(update.old), new: recordedValue(update.new) };
  if (update.changes && update.old === null && path === "batch" && update.request.keepContent === true) {
    return { ref: record.ref, old: null, new: record.new, document: true }; // nothing to be kept
  }
  if (!update.changes) return { ...record, verify: true };
  if (update.request.keepContent !== true) return record;
  const before = update.old?.kind === "direct" ? contentOf(update.old.oid) : null;
  // A batch is never redone, and its pack is durable by now: there is no need to write the new documents twice.
  const after = path === "batch" || update.new?.kind !== "direct" ? null : contentOf(update.new.oid);
  return {
    ...record,
    document: true,
    ...(before === null ? {} : { old_content: storeBytes(before) }),
    ...(after === null ? {} : { new_content: storeBytes(after) }),
  };
}

/** Content of a document; a damaged one has none that could be kept, and replacing it is how it is mended. */
function storedContent(context: EngineContext, oid: Oid): Uint8Array | null {
  try {
    const object = context.repository.objects.read(oid);
    return object?.type === "blob" ? object.content : null;
  } catch (error) {
    if (isDamage(error)) return null;
    throw error;
  }
}

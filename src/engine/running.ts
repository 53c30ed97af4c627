/**
 * A transaction whose refs are locked and verified, as the two paths of its commit see it.
 *
 * @module
 */
import type { EngineContext } from "./context.ts";
import type { ReferenceTransactionHook } from "./hooks.ts";
import type { Journal } from "./journal.ts";
import type { JournalRecord, UpdatesRecord } from "./journal_format.ts";
import type { Plan, PlannedUpdate } from "./plan.ts";
import type { StoredObjects } from "./stored_objects.ts";

/** Everything that a running transaction has at hand; the two paths share it. */
export interface RunningTransaction {
  readonly context: EngineContext;
  readonly journal: Journal;
  readonly record: UpdatesRecord;
  readonly plan: Plan;
  /** The refs that change. */
  readonly changes: readonly PlannedUpdate[];
  /** The operation's temporary folder. */
  readonly folder: string;
  /** Value files by ref (loose path). */
  readonly staged: ReadonlyMap<string, string>;
  /** Lock files in the order in which they were taken. */
  readonly locks: readonly string[];
  /** Folders that were made for new refs. */
  readonly made: string[];
  readonly hook: ReferenceTransactionHook;
  /** The objects that it brought. */
  readonly stored: StoredObjects;
  /** Whether this is one of several transactions of its operation. */
  readonly joined: boolean;
}

/** The record that ends a transaction which is visible and durable; of a command's only one it ends the operation. */
export function endRecord({ context, joined, record }: RunningTransaction): JournalRecord {
  const at = new Date(context.system.clock.nowMs()).toISOString();
  return joined ? { type: "applied", transaction: record.transaction, at } : { type: "committed", at };
}

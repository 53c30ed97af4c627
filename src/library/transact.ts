/**
 * Several refs and documents as one compare-and-swap operation.
 *
 * @module
 */
import { commandOf, openProgramWriter, type WriteOptions } from "../engine/program_writer.ts";
import type { TransactionResult } from "../engine/update.ts";
import type { Repository } from "../git/repository.ts";
import { transactGuarded } from "../metadata/guarded_transaction.ts";
import { writeError } from "../metadata/write_error.ts";
import { type Change, planChange } from "./change.ts";

/** How a transaction is made. */
export interface TransactOptions extends WriteOptions {
  /** Text for the reflogs of refs that have one; `lattice: <command>` when nothing is said. */
  readonly message?: string;
}

/**
 * Makes all of the changes, or none of them: nobody sees some without the others after a crash, no value that was not
 * expected is replaced, and when this returns, it survives a power cut. It is one operation, which {@link undo} takes
 * back.
 *
 * What is wrong with the changes themselves is said before anything is locked. Each ref may be named once.
 *
 * @param changes What to do, in any order.
 * @param options How the operation is called, and how long to wait for others.
 * @returns The operation and the refs that changed, sorted by name; the operation is `null` when every ref held its new
 *   value already.
 * @throws {CasFailedError} A ref holds something else than expected; `ref`, `expected` and `actual` say which and what.
 * @throws {SerializeError} A document is not sound, or of another branch.
 * @throws {ForeignDocumentError} Another tool's document is in the place of one, which is never replaced or removed.
 * @throws {AlreadyLockedError} Another process kept the repository lock for longer than `lockTimeoutMs`.
 * @throws {GitError} An object is missing, a ref is in the way of a new one, git's own lock stands for too long, or
 *   git's files cannot be read or written.
 * @throws {LatticeError} `usage`: a name or a value is none, is reserved, or is named twice; `op_in_progress`,
 *   `diverged`: an operation is paused.
 * @throws {unknown} The reason of `options.signal`, when that was aborted while others were waited for.
 *
 * @example Move a branch, and note it in a document, unless the branch has moved on
 * ```ts
 * import { MetadataStore, type Oid, openRepository, transact } from "../mod.ts";
 *
 * async function moveBranch(branch: string, from: Oid, to: Oid): Promise<void> {
 *   const repository = openRepository();
 *   const { oid, metadata } = new MetadataStore(repository).readExisting(branch);
 *   await transact(repository, [
 *     { kind: "set-ref", ref: `refs/heads/${branch}`, expected: from, to },
 *     { kind: "set-metadata", branch, expected: oid, to: { ...metadata, base: { oid: from } } },
 *   ], { command: `move ${branch}` });
 * }
 * ```
 */
export async function transact(
  repository: Repository,
  changes: readonly Change[],
  options: TransactOptions = {},
): Promise<TransactionResult> {
  const planned = changes.map((change) => planChange(change, repository.objectFormat));
  if (planned.length === 0) return { op: null, updates: [] };
  try {
    using writer = await openProgramWriter(repository, options);
    return await transactGuarded(writer, {
      updates: planned.map(({ update }) => update),
      objects: planned.flatMap(({ object }) => object === undefined ? [] : [object]),
      message: options.message ?? `lattice: ${commandOf(options)}`,
      purpose: "operation",
    });
  } catch (error) {
    throw writeError(repository, error, planned.length === 1 ? planned[0]!.update.name : null);
  }
}

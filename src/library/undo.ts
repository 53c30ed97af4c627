/**
 * Undo, for programs that use lattice as a library.
 *
 * @module
 */
import { openProgramWriter, type WriteOptions } from "../engine/program_writer.ts";
import type { Repository } from "../git/repository.ts";
import { writeError } from "../metadata/write_error.ts";
import { undo as undoWith, type UndoResult } from "../operations/undo.ts";

/**
 * Takes an operation back: every ref that it changed gets what it held before. That is an operation itself, so undoing
 * the undo is redo. It works after `git gc --prune=now` and without reflogs.
 *
 * There is no "undo whatever was last" here: the last operation may be another program's. {@link Journal} lists them.
 *
 * @param op Id of the operation, as {@link transact} or `MetadataStore.writeCas` gave it.
 * @param options How the undo is called, and how long to wait for others.
 * @returns The operation that the undo is, and the refs that changed.
 * @throws {LatticeError} `diverged`: somebody moved a ref since, and nothing was changed (`details.refs` has both
 *   sides); `not_found`: there is no such operation, or it is undone already; `op_in_progress`: one is paused.
 * @throws {AlreadyLockedError} Another process kept the repository lock for longer than `lockTimeoutMs`.
 * @throws {GitError} Git's objects or refs could not be read or written.
 * @throws {unknown} The reason of `options.signal`, when that was aborted while others were waited for.
 *
 * @example Take back what a step did when the next one fails
 * ```ts
 * import { type Change, type Repository, transact, undo } from "../mod.ts";
 *
 * async function tryOut(repository: Repository, changes: Change[], isGood: () => boolean): Promise<boolean> {
 *   const { op } = await transact(repository, changes);
 *   if (isGood()) return true;
 *   if (op !== null) await undo(repository, op);
 *   return false;
 * }
 * ```
 */
export async function undo(repository: Repository, op: string, options: WriteOptions = {}): Promise<UndoResult> {
  try {
    using writer = await openProgramWriter(repository, options);
    return await writer.patiently(() => undoWith(writer, op));
  } catch (error) {
    throw writeError(repository, error, null);
  }
}

/**
 * Undo: an operation that gives every ref back what it held before another operation.
 *
 * It is a compare-and-swap like any other. Replaced documents are written again from the journal, and replaced commits
 * were kept reachable, so it works after `git gc --prune=now` with all reflogs expired.
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import type { NewObject } from "../git/objects/store.ts";
import { effectiveUpdates, findOperationId, operations, type OperationSummary, recordsOf } from "../engine/history.ts";
import { type JournalRecord, loadBytes, type UpdateRecord } from "../engine/journal_format.ts";
import { nameEverywhere } from "../engine/files_refs.ts";
import { recordedValue } from "../engine/plan.ts";
import {
  changeTo,
  expectationOf,
  type RefUpdate,
  type TransactionRequest,
  type TransactionResult,
} from "../engine/update.ts";
import { beginSpan, transactIn } from "../engine/span.ts";
import { completeSpan, type SpanEnd, takeBackSpan } from "../engine/span_end.ts";
import { originOf, outcomesOf } from "./span.ts";
import { insideOperation, type Writer } from "../engine/writer.ts";

/** What an undo did. */
export interface UndoResult extends TransactionResult {
  /** The operation that was taken back. */
  readonly undone: string;
}

/**
 * Takes an operation back.
 *
 * @param wanted Id of the operation (or a unique beginning); without it the newest that is neither undone nor an
 *   undo itself, so that repeating walks back. Undoing an undo is redo.
 * @throws {LatticeError} `not_found`: nothing is left to undo, or it is undone already; `diverged`: a ref does not
 *   hold what the operation left (nothing is changed then); as `Writer.transact`.
 */
export function undo(writer: Writer, wanted: string | undefined): UndoResult {
  if (writer.joined !== null) throw insideOperation(writer.joined);
  return takeBack(writer, chooseOperation(writer, wanted), {});
}

/** An operation and what it recorded. */
export interface Target {
  readonly op_id: string;
  readonly command: string;
  readonly records: readonly JournalRecord[];
}

/**
 * Takes back an operation that may be undone.
 *
 * @param resumes The paused operation that ends by that: this very one.
 * @throws {LatticeError} As {@link undo}.
 */
export function takeBack(writer: Writer, target: Target, resumes: { readonly resumes?: string }): UndoResult {
  const links = { undoes: target.op_id, ...resumes };
  const changes = effectiveUpdates(target.records).map((update) => namedFromHere(writer, target, update))
    .filter((update) => !wentWithWorktree(writer, update));
  refuseDiverged(writer, target, changes);
  const result = swapsFolders(changes) ? undoInSteps(writer, target, changes, links) : writer.transact({
    updates: changes.map(inverse),
    objects: changes.flatMap(replacedDocument),
    message: `lattice: undo ${target.command}`,
    purpose: "operation",
    ...links,
  });
  checkRestored(writer, changes);
  return { ...result, undone: target.op_id };
}

/** Whether a ref comes back whose name is a folder of one that goes, or the other way round: `a` and `a/b`. */
function swapsFolders(changes: readonly UpdateRecord[]): boolean {
  const gone = changes.filter((update) => update.old === null).map(({ ref }) => ref);
  const back = changes.filter((update) => update.new === null).map(({ ref }) => ref);
  return folderAmong(gone, new Set(back)) || folderAmong(back, new Set(gone));
}

function folderAmong(names: readonly string[], folders: ReadonlySet<string>): boolean {
  return names.some((name) => {
    for (let slash = name.indexOf("/"); slash !== -1; slash = name.indexOf("/", slash + 1)) {
      if (folders.has(name.slice(0, slash))) return true;
    }
    return false;
  });
}

/**
 * Where one ref is in the way of another, there are two transactions: what goes, then what comes back. They are one
 * operation still: after a crash in between, what was done is taken back.
 */
function undoInSteps(
  writer: Writer,
  target: Target,
  changes: readonly UpdateRecord[],
  links: Pick<TransactionRequest, "undoes" | "resumes">,
): TransactionResult {
  const { context } = writer;
  const message = `lattice: undo ${target.command}`;
  const { opId } = beginSpan(context, originOf(writer), "run", null, links);
  try {
    for (const part of [changes.filter(({ old }) => old === null), changes.filter(({ old }) => old !== null)]) {
      const objects = part.flatMap(replacedDocument);
      transactIn(context, opId, { ...EMPTY, updates: part.map(inverse), objects, message });
    }
  } catch (error) {
    writer.noteEnd(opId, endedAs(takeBackSpan(context, opId)));
    throw error;
  }
  const end = completeSpan(context, opId);
  writer.noteEnd(opId, endedAs(end));
  return { op: opId, updates: outcomesOf(end.own) };
}

const EMPTY: TransactionRequest = { updates: [], objects: [], message: "", purpose: "plumbing" };

function endedAs({ outcome }: SpanEnd): "committed" | "rolled_back" {
  return outcome === "committed" ? outcome : "rolled_back";
}

function chooseOperation(writer: Writer, wanted: string | undefined): Target {
  const { system, commonDir } = writer.repository;
  const id = wanted === undefined ? null : findOperationId(system, commonDir, wanted);
  for (const operation of operations(system, commonDir)) {
    if (id === null ? !mayBeTakenBack(operation) : operation.op_id !== id) continue;
    if (id !== null) insistUndoable(operation);
    const records = recordsOf(system, commonDir, operation.op_id);
    // What changed nothing in the end is passed over, unless somebody names it.
    if (id !== null || effectiveUpdates(records).length > 0) return { ...operation, records };
  }
  throw new LatticeError("not_found", id === null ? "there is nothing left to undo" : `there is no operation ${id}`, {
    hint: "`lattice op list` shows the operations; `lattice undo <id of an undo>` is redo",
  });
}

/** Whether plain `undo` takes such an operation: it stands, and is no undo itself. */
function mayBeTakenBack({ phase, undoes, undone_by }: OperationSummary): boolean {
  return phase === "committed" && undoes === null && undone_by === null;
}

function insistUndoable(operation: OperationSummary): void {
  if (operation.undone_by !== null) {
    throw new LatticeError("not_found", `operation ${operation.op_id} is already undone, by ${operation.undone_by}`, {
      hint: `\`lattice undo ${operation.undone_by}\` brings it back`,
      details: { op: operation.op_id, undone_by: operation.undone_by },
    });
  }
  if (operation.phase !== "committed") {
    throw new LatticeError("not_found", `operation ${operation.op_id} changed nothing: it is ${operation.phase}`, {
      hint: "`lattice op list` shows the operations; those that are committed can be undone",
      details: { op: operation.op_id, phase: operation.phase },
    });
  }
}

/** Refs of the worktree that the operation ran in, by the names that they have in this one. */
function namedFromHere(writer: Writer, { records }: Target, update: UpdateRecord): UpdateRecord {
  const [begin] = records;
  if (begin?.type !== "begin" || begin.worktree_id === writer.repository.worktreeId) return update;
  return { ...update, ref: nameEverywhere(begin.worktree_id, update.ref) };
}

/** Whether the operation saw a ref go with its whole worktree: there is no place to put it back to, nor a use for it. */
function wentWithWorktree({ repository }: Writer, { ref, new: left }: UpdateRecord): boolean {
  const worktree = /^worktrees\/[^/]+(?=\/)/.exec(ref)?.[0];
  return worktree !== undefined && left === null &&
    repository.system.disk.lstat(`${repository.commonDir}/${worktree}`) === null;
}

/** Names every ref that somebody moved since, with both sides. */
function refuseDiverged(writer: Writer, target: Target, changes: readonly UpdateRecord[]): void {
  const { refs } = writer.repository;
  const moved = changes.flatMap((update) => {
    const actual = recordedValue(refs.read(update.ref)?.value ?? null);
    return actual === update.new ? [] : [{ ref: update.ref, expected: update.new, actual }];
  });
  if (moved.length === 0) return;
  const list = moved.map(({ ref, expected, actual }) =>
    `${JSON.stringify(ref)} (left at ${expected ?? "nothing"}, now ${actual ?? "nothing"})`
  );
  throw new LatticeError(
    "diverged",
    `cannot undo ${target.op_id} (${target.command}): moved since: ${list.join(", ")}`,
    {
      hint: "nothing was changed; undo what moved them first, or set the refs yourself",
      details: { op: target.op_id, refs: moved },
    },
  );
}

function inverse(update: UpdateRecord): RefUpdate {
  return {
    name: update.ref,
    expect: expectationOf(update.new),
    change: changeTo(update.old),
    follow: false,
    ...(update.document === undefined ? {} : { keepContent: true }),
  };
}

function replacedDocument(update: UpdateRecord): NewObject[] {
  return update.old_content === undefined ? [] : [{ type: "blob", content: loadBytes(update.old_content) }];
}

/** The refs must equal what they were; anything else is a bug of ours, and worth knowing at once. */
function checkRestored(writer: Writer, changes: readonly UpdateRecord[]): void {
  for (const update of changes) {
    const actual = recordedValue(writer.repository.refs.read(update.ref)?.value ?? null);
    if (actual === update.old) continue;
    throw new LatticeError(
      "cas_failed",
      `${JSON.stringify(update.ref)} was moved by somebody else right after the undo`,
      {
        hint: "look at its reflog; the undo itself is complete",
        details: { ref: update.ref, expected: update.old, actual },
      },
    );
  }
}

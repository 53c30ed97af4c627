/**
 * How operations of several transactions end.
 *
 * Committed, the journal gets one record of what became of every ref that belongs to the operation, first value to
 * last, and refs that keep what was replaced. Taken back, those refs get their first values again by compare-and-swap:
 * created ones go first, since a new `a/b` is in the way of an old `a`. Both ends can be killed at any point, and
 * recovery begins them anew from snapshot and refs.
 *
 * @module
 */
import { type ErrorCode, LatticeError } from "../platform/errors.ts";
import type { Oid } from "../git/object_format.ts";
import { isPerWorktreeRef } from "../git/refs/names.ts";
import type { Repository } from "../git/repository.ts";
import { attribute, type Attributed, type Transition } from "./attribution.ts";
import { readNotes } from "./child_hooks.ts";
import type { EngineContext } from "./context.ts";
import { seenFrom } from "./files_refs.ts";
import { effectiveUpdates } from "./history.ts";
import type { Journal } from "./journal.ts";
import { type DivergedRef, type JournalRecord, loadBytes, type UpdateRecord } from "./journal_format.ts";
import { keepRefs } from "./objects_of.ts";
import { observedRecord, observedUpdate, replacedOids, unlessDamaged } from "./observed.ts";
import { PausedError } from "./outcome_errors.ts";
import { spanFolder } from "./paths.ts";
import { BEGUN_REASON } from "./paused.ts";
import { clearMarker, endOf, pausedRecord, pauseSpan, settle } from "./settle.ts";
import { lastTransaction } from "./situation.ts";
import { describeUnfinished, type Difference, differences, takeSnapshot } from "./snapshot.ts";
import { mustReopen, readSnapshot, settleOpen, transactIn } from "./span.ts";
import { changeTo, expectationOf, type RefUpdate } from "./update.ts";

/** How an operation of several transactions ended. */
export interface SpanEnd {
  readonly outcome: "committed" | "rolled_back" | "paused";
  /** The refs that belong to it, first value to last; of one that was taken back, what had been changed. */
  readonly own: readonly Difference[];
  /** Refs that changed meanwhile and are not its own. */
  readonly others: readonly Difference[];
  /** Why it waits for a person. */
  readonly reason: string | null;
}

/** How often a take-back is planned anew because refs moved. */
const ATTEMPTS_MAX = 5;

/** Errors that a person has to look at: somebody moves a ref, an object is gone, a hook refuses. */
const CANNOT_RESTORE: readonly ErrorCode[] = ["cas_failed", "invalid_data", "op_in_progress", "usage"];

/**
 * Ends an operation whose program succeeded, or that a person declares done.
 *
 * @returns `paused` where git is in the middle of something that was not under way before.
 */
export function completeSpan(context: EngineContext, opId: string): SpanEnd {
  const diverged = pausedByTransaction(context, opId);
  if (diverged !== null) return diverged;
  const { unfinished, own, others } = lookAround(context, opId);
  if (unfinished.length > 0) return pauseUnfinished(context, opId, unfinished);
  try {
    return commitSpan(context, opId, own, others);
  } catch (error) {
    throw pauseInTheWay(context, opId, error, []);
  }
}

/**
 * Ends an operation whose program failed: what it did is taken back.
 *
 * @returns `paused` where git is in the middle of something, or where refs changed that are not the program's.
 */
export function takeBackSpan(context: EngineContext, opId: string): SpanEnd {
  const diverged = pausedByTransaction(context, opId);
  if (diverged !== null) return diverged;
  const first = lookAround(context, opId);
  if (first.unfinished.length > 0) return pauseUnfinished(context, opId, first.unfinished);
  for (let attempt = 1;; attempt++) {
    const { own, others, context: origin } = lookAround(context, opId);
    try {
      restore(origin, opId, own);
    } catch (error) {
      const moved = error instanceof LatticeError && error.code === "cas_failed";
      if (moved && attempt < ATTEMPTS_MAX) continue; // somebody was faster; whose the refs are is asked anew
      if (!(error instanceof LatticeError) || !CANNOT_RESTORE.includes(error.code)) {
        throw pauseInTheWay(context, opId, error, [...own, ...others]);
      }
      return pauseDiverged(context, opId, first.own, [...own, ...others], error.message);
    }
    if (others.length > 0) return pauseDiverged(context, opId, first.own, others, "refs changed that are not its own");
    endSpan(context, opId, { type: "rolled_back", at: now(context) });
    return { outcome: "rolled_back", own: first.own, others: [], reason: null };
  }
}

/** As {@link settleOpen}, for an operation that is about to end. */
function pausedByTransaction(context: EngineContext, opId: string): SpanEnd | null {
  const journal = mustReopen(context, opId);
  try {
    const diverged = settleOpen(context, journal);
    return diverged === null ? null : pausedEnd(diverged);
  } finally {
    journal.close();
  }
}

function pausedEnd(diverged: readonly DivergedRef[]): SpanEnd {
  const others = diverged.map(({ ref, old, actual }) => ({ ref, old, new: actual }));
  return { outcome: "paused", own: [], others, reason: "somebody else moved refs of a step that was killed" };
}

/** What became of the refs since the operation began, and whose it is. */
function lookAround(here: EngineContext, opId: string): Attributed & { context: EngineContext; unfinished: string[] } {
  const journal = mustReopen(here, opId);
  try {
    const context = seenFromOrigin(here, journal);
    const { system, repository } = context;
    const before = readSnapshot(system, repository.commonDir, journal);
    const after = takeSnapshot(repository);
    const found = differences(before, after).filter(({ ref }) => !wentWithWorktree(repository, ref));
    const unfinished = after.unfinished.filter((path) => !before.unfinished.includes(path));
    if (journal.begin.span!.kind === "begun" || lastPause(journal) !== null) {
      // What happened between the commands of a person belongs to the operation, whoever did it.
      const others = found.filter(({ damaged }) => damaged === true);
      return { own: found.filter(({ damaged }) => damaged !== true), others, context, unfinished };
    }
    const noted = readNotes(repository, spanFolder(repository.commonDir, opId));
    return { ...attribute(found, [...noted, ...journaled(journal.records)]), context, unfinished };
  } finally {
    journal.close();
  }
}

/** Whether a ref belonged to the worktree in which the operation began, and that is gone: there is no place for it. */
function wentWithWorktree({ system, gitDir, worktreeId }: Repository, ref: string): boolean {
  return worktreeId !== null && isPerWorktreeRef(ref) && system.disk.lstat(gitDir) === null;
}

/** The context as the worktree sees it in which the operation began: that is whose names are in its journal. */
function seenFromOrigin(context: EngineContext, journal: Journal): EngineContext {
  return { ...context, repository: seenFrom(context.repository, journal.begin.worktree_id) };
}

/** What the operation's own transactions did, those of a take-back included. */
function journaled(records: readonly JournalRecord[]): Transition[] {
  const transitions: Transition[] = [];
  let open: readonly UpdateRecord[] = [];
  for (const record of records) {
    if (record.type === "updates") open = record.path === "observed" ? [] : record.updates;
    else if (record.type === "applied") {
      const { kept = [] } = record;
      transitions.push(...open.filter((update) => update.verify !== true && !kept.includes(update.ref)));
    }
  }
  return transitions.map(({ ref, old, new: next }) => ({ ref, old, new: next }));
}

/** Gives refs their first values again. */
function restore(context: EngineContext, opId: string, own: readonly Difference[]): void {
  const created = own.filter(({ old }) => old === null);
  const changed = own.filter(({ old }) => old !== null);
  const documents = documentsOf(context, opId);
  for (const part of [created, changed]) {
    if (part.length === 0) continue;
    transactIn(context, opId, {
      updates: part.map(({ ref, old, new: now }): RefUpdate => ({
        name: ref,
        expect: expectationOf(now),
        change: changeTo(old),
        follow: false,
      })),
      objects: part.flatMap(({ old }) => old === null ? [] : documents.get(old) ?? []),
      message: `lattice: take back ${context.command}`,
      purpose: "plumbing",
    });
  }
}

/** Replaced documents that the journal keeps, by their names: `git gc` may have taken them. */
function documentsOf(context: EngineContext, opId: string): Map<Oid, { type: "blob"; content: Uint8Array }[]> {
  const journal = mustReopen(context, opId);
  journal.close();
  const kept = new Map<Oid, { type: "blob"; content: Uint8Array }[]>();
  for (const { old, old_content: content } of effectiveUpdates(journal.records)) {
    if (old !== null && content !== undefined) kept.set(old, [{ type: "blob", content: loadBytes(content) }]);
  }
  return kept;
}

/** Records what became of every ref, keeps what was replaced, and ends the operation. */
function commitSpan(
  here: EngineContext,
  opId: string,
  own: readonly Difference[],
  others: readonly Difference[],
): SpanEnd {
  const journal = mustReopen(here, opId);
  const context = seenFromOrigin(here, journal);
  let updates;
  try {
    updates = observe(context, journal, own);
  } finally {
    journal.close();
  }
  keepReplaced(context, opId, updates);
  endSpan(context, opId, { type: "committed", at: now(context) });
  return { outcome: "committed", own, others, reason: null };
}

function observe(
  context: EngineContext,
  journal: Journal,
  own: readonly Difference[],
  more: readonly JournalRecord[] = [],
): UpdateRecord[] {
  const transaction = (lastTransaction(journal.records).transaction?.transaction ?? 0) + 1;
  const updates = own.map(({ ref, old, new: next }) => observedUpdate(context.repository, ref, old, next));
  const end = { type: "applied", transaction, at: now(context) } as const;
  journal.append([observedRecord(transaction, updates), end, ...more], "flush");
  return updates;
}

function keepReplaced(context: EngineContext, opId: string, updates: readonly UpdateRecord[]): void {
  const { objects } = context.repository;
  const replaced = replacedOids(updates).filter((oid) => unlessDamaged(() => objects.info(oid)) !== null);
  const all = unlessDamaged(() => keepRefs(context, opId, replaced));
  if (all === null) context.log("what was replaced is damaged, and is not kept");
  const kept = (all ?? []).filter(({ ref, oid }) => {
    const there = context.repository.refs.read(ref)?.value;
    return there?.kind !== "direct" || there.oid !== oid;
  });
  if (kept.length === 0) return;
  transactIn(context, opId, {
    updates: kept.map(({ ref, oid }) => ({
      name: ref,
      expect: { kind: "any" },
      change: { kind: "set", oid },
      follow: false,
    })),
    objects: kept.flatMap(({ object }) => object ?? []),
    message: "lattice: keep what was replaced",
    purpose: "plumbing",
    mayChangeOwnRefs: true,
  });
}

/**
 * The last record that says that an operation waits for a person. From then on it does: what stands behind that record
 * is of an attempt to end it, which may have been killed, and whoever made it makes it again.
 */
export function lastPause({ records }: Journal): Extract<JournalRecord, { type: "paused" }> | null {
  return records.findLast((record) => record.type === "paused") ?? null;
}

/** Writes the end of the operation and removes what belonged to it. */
function endSpan(
  context: EngineContext,
  opId: string,
  end: Extract<JournalRecord, { type: "committed" | "rolled_back" }>,
): void {
  const { system, repository } = context;
  const journal = mustReopen(context, opId);
  try {
    journal.append([end], "flush");
    settle(context, journal); // sweeps, its folder too
  } finally {
    journal.close();
  }
  if (clearMarker(context, opId, journal.begin.resumes)) system.disk.syncDirectory(`${repository.commonDir}/lattice`);
}

function pauseUnfinished(context: EngineContext, opId: string, unfinished: readonly string[]): SpanEnd {
  const reason = `${describeUnfinished(unfinished[0]!)} is in progress`;
  const journal = mustReopen(context, opId);
  try {
    // One that is paused stays so: since when does not change, nor what a person has to decide about.
    const pause = pausedRecord(journal.records);
    const isKnown = pause !== null && (pause.reason === reason || pause.detail.length > 0);
    if (journal.begin.span!.kind === "run" && !isKnown) pauseSpan(context, journal, reason, []);
  } finally {
    journal.close();
  }
  return { outcome: "paused", own: [], others: [], reason };
}

/** Errors that stay until a person has put something right. */
const IN_THE_WAY: readonly ErrorCode[] = ["unsupported", "cas_failed"];

/**
 * Pauses an operation of a program that cannot end because something is in the way: a `packed-refs` that is a symbolic
 * link by now, a ref `refs/lattice`. It would keep every other command waiting.
 *
 * @param left The refs that a person must decide about.
 * @returns What is to be thrown.
 */
function pauseInTheWay(context: EngineContext, opId: string, error: unknown, left: readonly Difference[]): unknown {
  if (!(error instanceof LatticeError) || !IN_THE_WAY.includes(error.code) || error instanceof PausedError) {
    return error;
  }
  const journal = mustReopen(context, opId);
  try {
    if (journal.begin.span!.kind !== "run") return error; // it is paused as it is
  } finally {
    journal.close();
  }
  pauseDiverged(context, opId, [], left, error.message);
  return new PausedError(opId, error);
}

function pauseDiverged(
  context: EngineContext,
  opId: string,
  own: readonly Difference[],
  others: readonly Difference[],
  reason: string,
): SpanEnd {
  const journal = mustReopen(context, opId);
  try {
    const detail = others.map(({ ref, old, new: actual }) => ({ ref, old, new: old, actual }));
    pauseSpan(context, journal, reason, detail);
  } finally {
    journal.close();
  }
  return { outcome: "paused", own, others, reason };
}

/**
 * Records what became of the refs of a paused operation, so that it can be undone; it stays paused, so that whoever
 * takes it back may die and begin anew.
 *
 * @returns Always `paused`; with a reason where git is in the middle of something.
 */
export function observePaused(here: EngineContext, opId: string): SpanEnd {
  const { own, others, unfinished, context } = lookAround(here, opId);
  if (unfinished.length > 0) return pauseUnfinished(here, opId, unfinished);
  const journal = mustReopen(here, opId);
  try {
    const { reason, detail } = lastPause(journal) ?? { reason: BEGUN_REASON, detail: [] };
    if (own.length > 0) observe(context, journal, own, [{ type: "paused", reason, detail, at: now(here) }]);
  } finally {
    journal.close();
  }
  return { outcome: "paused", own, others, reason: null };
}

/** Ends an operation that was taken back by another one: it happened, and is undone. */
export function endUndone(context: EngineContext, opId: string): void {
  endSpan(context, opId, { type: "committed", at: now(context) });
}

/** Ends a paused operation such that every ref keeps what it has, and it counts as taken back. */
export function leaveSpan(context: EngineContext, opId: string, kept: readonly string[]): void {
  endSpan(context, opId, { type: "rolled_back", at: now(context), ...(kept.length === 0 ? {} : { kept }) });
}

/**
 * Recovers an operation of several transactions: the transaction that was under way, and where its program is dead,
 * all of it.
 *
 * @param journal Its journal, open.
 * @returns `null`: it waits, or goes on in the process that called this one.
 */
export function recoverSpan(context: EngineContext, journal: Journal, goesOn: boolean): SpanEnd | null {
  const { op_id: opId, span } = journal.begin;
  const ended = endOf(journal.records) !== null;
  const waits = lastPause(journal) !== null;
  if (ended) settle(context, journal);
  const diverged = ended ? null : settleOpen(context, journal);
  if (diverged !== null && !waits && !goesOn) return pausedEnd(diverged);
  if (ended || goesOn || span!.kind === "begun" || lastPause(journal) !== null) return null;
  journal.close();
  // What it did was recorded as a whole: the program had succeeded, and only the end is missing.
  const observed = journal.records.findLast((record) => record.type === "updates" && record.path === "observed");
  if (observed?.type === "updates") {
    keepReplaced(seenFromOrigin(context, journal), opId, observed.updates);
    endSpan(context, opId, { type: "committed", at: now(context) });
    return { outcome: "committed", own: observed.updates, others: [], reason: null };
  }
  return takeBackSpan(context, opId);
}

function now(context: EngineContext): string {
  return new Date(context.system.clock.nowMs()).toISOString();
}

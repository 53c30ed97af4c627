/**
 * `continue` and `abort`: how a person ends an operation that recovery paused because somebody else moved a ref.
 *
 * `continue` gives the refs that still hold their old values the new ones and leaves others' values alone; `abort`
 * gives those that hold the new values the old ones back, where that is still possible. The writes are a transaction
 * of their own, so a crash in between leaves the operation paused, and the same command can be repeated.
 *
 * @module
 */
import { isDamage, LatticeError } from "../platform/errors.ts";
import { nameEverywhere } from "../engine/files_refs.ts";
import { Journal, readJournal } from "../engine/journal.ts";
import { loadBytes, type UpdateRecord } from "../engine/journal_format.ts";
import { settle } from "../engine/settle.ts";
import { acceptDiverged } from "../engine/span.ts";
import { completeSpan, endUndone, lastPause, leaveSpan, observePaused } from "../engine/span_end.ts";
import { recordedValue } from "../engine/plan.ts";
import { changingUpdates, lastTransaction } from "../engine/situation.ts";
import { changeTo, expectationOf, type RefOutcome, type RefUpdate } from "../engine/update.ts";
import type { Writer } from "../engine/writer.ts";
import type { NewObject } from "../git/objects/store.ts";
import { outcomesOf } from "./span.ts";
import { takeBack } from "./undo.ts";

/** How the operation ended. */
export interface ResumeResult {
  /** The operation that was paused. */
  readonly paused: string;
  /**
   * The operation that made the updates: the one that was paused, or, where one of several steps was taken back, the
   * operation that did so.
   */
  readonly op: string;
  /** Refs that were changed now. */
  readonly updates: readonly RefOutcome[];
  /** Refs that keep the values that others gave them. */
  readonly kept: readonly string[];
}

/**
 * Ends the paused operation.
 *
 * @param way `continue` or `abort`.
 * @param kind Only an operation that was begun with `op begin` will do.
 * @throws {LatticeError} `not_found`: nothing is paused; `op_in_progress`: it began in another worktree.
 */
export function resume(writer: Writer, way: "continue" | "abort", kind?: "begun"): ResumeResult {
  const { repository, paused } = writer;
  if (paused === null) {
    throw new LatticeError("not_found", "no operation is paused", {
      hint: "`lattice op status` shows what is unfinished",
    });
  }
  const journal = Journal.reopen(repository.system, repository.commonDir, paused.op_id);
  if (journal === null) {
    throw new LatticeError("invalid_data", `the journal of the paused operation ${paused.op_id} is gone`, {
      hint: "`lattice recover` removes the marker of an operation that has no journal",
    });
  }
  try {
    if (kind !== undefined && journal.begin.span?.kind !== kind) {
      throw new LatticeError("not_found", "the operation that is paused was not begun with `lattice op begin`", {
        hint: "`lattice op status` shows what it is, and what to type",
        details: { op: paused.op_id },
      });
    }
    insistOnWorktree(writer, journal);
    if (journal.begin.span !== undefined) return resumeSpan(writer, journal, way);
    return finish(writer, journal, way);
  } finally {
    journal.close();
  }
}

function finish(writer: Writer, journal: Journal, way: "continue" | "abort"): ResumeResult {
  const { transaction } = lastTransaction(journal.records);
  const updates = (transaction === null ? [] : changingUpdates(transaction)).map((update) => ({
    ...update,
    ref: nameFrom(writer, journal, update.ref),
  }));
  const from = (update: UpdateRecord) => way === "continue" ? update.old : update.new;
  const to = (update: UpdateRecord) => way === "continue" ? update.new : update.old;
  const actual = new Map(updates.map((update) => [update.ref, currentValue(writer, update.ref)]));
  const movable = updates.filter((update) => actual.get(update.ref) === from(update));
  const kept = updates.filter((update) => ![from(update), to(update)].includes(actual.get(update.ref) ?? null))
    .map((update) => update.ref);
  const result = writer.transact({
    updates: movable.map((update) => towards(update, from(update), to(update))),
    objects: movable.flatMap((update) => document(update, way)),
    message: `lattice: ${way} ${journal.begin.command}`,
    purpose: "plumbing",
    resumes: journal.begin.op_id,
    mayChangeOwnRefs: true,
  });
  const end = way === "continue" ? "committed" : "rolled_back";
  const at = new Date(writer.repository.system.clock.nowMs()).toISOString();
  journal.append([{ type: end, at, ...(kept.length === 0 ? {} : { kept }) }], "flush");
  settle(writer.context, journal);
  return { paused: journal.begin.op_id, op: journal.begin.op_id, updates: result.updates, kept };
}

/** An operation of several transactions goes on to its end, or is taken back as a whole. */
function resumeSpan(writer: Writer, journal: Journal, way: "continue" | "abort"): ResumeResult {
  const { begin } = journal;
  const isOver = lastTransaction(journal.records).last === "end";
  const left = begin.span?.kind === "run" && isOver ? lastPause(journal)?.detail ?? [] : [];
  journal.close();
  acceptDiverged(writer.context, begin.op_id);
  if (way === "continue" && left.length > 0) {
    // What was its own is taken back already; the rest is others' and stays.
    const kept = left.map(({ ref }) => nameFrom(writer, journal, ref));
    leaveSpan(writer.context, begin.op_id, left.map(({ ref }) => ref));
    writer.noteEnd(begin.op_id, "rolled_back");
    return { paused: begin.op_id, op: begin.op_id, updates: [], kept };
  }
  const { context } = writer;
  const isEnd = way === "continue";
  const end = isEnd ? completeSpan(context, begin.op_id) : observePaused(context, begin.op_id);
  const kept = end.others.map(({ ref }) => ref);
  if (end.outcome === "paused" && end.reason !== null) throw unfinishedError(begin.op_id, end.reason, way);
  if (isEnd) {
    writer.noteEnd(begin.op_id, "committed");
    return { paused: begin.op_id, op: begin.op_id, updates: outcomesOf(end.own), kept };
  }
  // To take it back is an operation itself, so that even that can be undone.
  const records = readJournal(context.system, context.repository.commonDir, begin.op_id) ?? [];
  const target = { op_id: begin.op_id, command: begin.command, records };
  const result = end.own.length === 0 ? null : takeBack(writer, target, { resumes: begin.op_id });
  endUndone(context, begin.op_id);
  return { paused: begin.op_id, op: result?.op ?? begin.op_id, updates: result?.updates ?? [], kept };
}

function unfinishedError(op: string, reason: string, way: "continue" | "abort"): LatticeError {
  const git = /^an? (merge|rebase|cherry-pick|revert) is/.exec(reason)?.[1];
  const command = git === undefined ? "git bisect reset" : `git ${git} --${way}`;
  return new LatticeError("op_in_progress", `operation ${op} cannot end yet: ${reason}`, {
    hint: `finish or abort that with git first, such as by \`${command}\`; then type \`lattice ${way}\` again`,
    details: { op, reason },
  });
}

/** The name of a ref of the worktree that began the operation, as this worktree knows it. */
function nameFrom({ repository }: Writer, { begin }: Journal, ref: string): string {
  return begin.worktree_id === repository.worktreeId ? ref : nameEverywhere(begin.worktree_id, ref);
}

function currentValue(writer: Writer, ref: string): string | null {
  try {
    return recordedValue(writer.repository.refs.read(ref)?.value ?? null);
  } catch (error) {
    // A damaged ref is somebody else's value: it is kept, and `git fsck` names it.
    if (isDamage(error)) return "damaged";
    throw error;
  }
}

function towards(update: UpdateRecord, from: string | null, to: string | null): RefUpdate {
  return {
    name: update.ref,
    expect: expectationOf(from),
    change: changeTo(to),
    follow: false,
  };
}

function document(update: UpdateRecord, way: "continue" | "abort"): NewObject[] {
  const content = way === "continue" ? update.new_content : update.old_content;
  return content === undefined ? [] : [{ type: "blob", content: loadBytes(content) }];
}

/** Only the worktree that began an operation ends it; anywhere once that worktree is gone. */
function insistOnWorktree(writer: Writer, journal: Journal): void {
  const { repository } = writer;
  const { begin } = journal;
  if (begin.worktree_id === repository.worktreeId) return;
  const gone = begin.worktree_id !== null &&
    repository.system.disk.lstat(`${repository.commonDir}/worktrees/${begin.worktree_id}`) === null;
  if (gone) return;
  throw new LatticeError("op_in_progress", `operation ${begin.op_id} began in another worktree`, {
    hint: `run it in ${JSON.stringify(begin.origin_work_dir ?? begin.origin_git_dir)}`,
    details: { op: begin.op_id, origin_work_dir: begin.origin_work_dir, origin_git_dir: begin.origin_git_dir },
  });
}

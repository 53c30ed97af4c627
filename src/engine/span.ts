/**
 * Operations of several transactions: everything that a program does (`op run`), or everything until a person says that
 * it is done (`op begin`).
 *
 * They begin with a snapshot of all refs, and end in one of two ways. Committed, the journal gets one record of what
 * became of every ref that belongs to the operation, first value to last, and refs that keep what was replaced. Taken
 * back, those refs get their first values again by compare-and-swap: created ones go first, since a new `a/b` is in the
 * way of an old `a`. Both ends can be killed at any point, and recovery begins them anew from snapshot and refs.
 *
 * @module
 */
import { type ErrorCode, LatticeError } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";
import { toHex, utf8 } from "../platform/text.ts";
import type { Oid } from "../git/object_format.ts";
import { attribute, type Attributed, type Transition } from "./attribution.ts";
import { readNotes } from "./child_hooks.ts";
import { type EngineContext, share } from "./context.ts";
import { seenFrom } from "./files_refs.ts";
import { effectiveUpdates } from "./history.ts";
import { Journal } from "./journal.ts";
import { type JournalRecord, loadBytes, type SpanOrigin, storeBytes, type UpdateRecord } from "./journal_format.ts";
import { keepRefs } from "./objects_of.ts";
import { writeOpState } from "./op_state.ts";
import { BEGUN_REASON } from "./paused.ts";
import {
  journalPath,
  makeDurableFolder,
  makeFolder,
  opsFolder,
  opStatePath,
  spanFolder,
  temporaryFolder,
  temporaryRoot,
} from "./paths.ts";
import { beginRecord, type OperationOrigin } from "./records.ts";
import { clearMarker, endOf, pausedRecord, pauseSpan, settle } from "./settle.ts";
import { lastTransaction } from "./situation.ts";
import {
  decodeSnapshot,
  describeUnfinished,
  type Difference,
  differences,
  digestOf,
  encodeSnapshot,
  type Snapshot,
  takeSnapshot,
} from "./snapshot.ts";
import { prepareTransaction } from "./transaction.ts";
import { changeTo, expectationOf, parseValueText, type RefUpdate, type TransactionRequest } from "./update.ts";

/** How a begun operation is known to those who may join it. */
export interface BegunSpan {
  readonly opId: string;
  /** The secret that joining takes. */
  readonly token: string;
}

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

/** A document that is kept in the journal is no larger than this, in bytes. */
const DOCUMENT_BYTES_MAX = 1024 * 1024;

const SNAPSHOT_FILE = "snapshot";

/** What identifies a token in a journal. */
export function spanTokenDigest(token: string): string {
  return digestOf(utf8(`lattice operation token ${token}`));
}

/**
 * Begins an operation: snapshot, journal and marker are durable when this returns. The caller holds the repository lock.
 *
 * @param program For `run`: the program's command line, and what it is called.
 * @param undoes The operation that this one takes back.
 * @throws {LatticeError} `invalid_data`: a ref is damaged, so that it could not be put back; `io`.
 */
export function beginSpan(
  context: EngineContext,
  origin: OperationOrigin,
  kind: SpanOrigin["kind"],
  program: { readonly arguments: readonly string[]; readonly description: string } | null,
  undoes?: string,
): BegunSpan {
  const { system, repository } = context;
  const { commonDir } = repository;
  const snapshot = takeSnapshot(repository);
  if (snapshot.damaged.length > 0) throw damagedError(snapshot.damaged);
  const bytes = encodeSnapshot(snapshot);
  const token = toHex(system.randomBytes(16));
  const span = { kind, plan_digest: digestOf(bytes), token_digest: spanTokenDigest(token) };
  if (makeDurableFolder(system, opsFolder(commonDir))) share(context, opsFolder(commonDir), "directory");
  writeMarker(context, origin.opId, kind, span.plan_digest);
  makeFolder(system, spanFolder(commonDir, origin.opId));
  share(context, spanFolder(commonDir, origin.opId), "directory");
  writeSnapshot(context, origin.opId, bytes);
  const begin = {
    ...beginRecord(context, origin, {
      updates: [],
      objects: [],
      message: "",
      purpose: "operation",
      ...(undoes === undefined ? {} : { undoes }),
    }),
    span,
  };
  const at = new Date(system.clock.nowMs()).toISOString();
  const records: JournalRecord[] = program === null ? [] : [{ type: "git_process", ...program, at }];
  Journal.begin(system, commonDir, [begin, ...records]).close();
  share(context, journalPath(commonDir, origin.opId), "file");
  return { opId: origin.opId, token };
}

function writeMarker(context: EngineContext, opId: string, kind: SpanOrigin["kind"], digest: string): void {
  const { system, repository } = context;
  const { commonDir } = repository;
  makeFolder(system, temporaryRoot(commonDir));
  makeFolder(system, temporaryFolder(commonDir, opId));
  writeOpState(system, commonDir, {
    op_id: opId,
    command: context.command,
    phase: kind === "run" ? "in_progress" : "paused",
    updated_at: new Date(system.clock.nowMs()).toISOString(),
    origin_git_dir: repository.gitDir,
    origin_work_dir: repository.workDir,
    plan_digest: digest,
    touched_refs: [],
    awaiting_reason: kind === "run" ? null : BEGUN_REASON,
  });
  share(context, opStatePath(commonDir), "file");
  // Unlike that of a command it must survive a power cut: nothing else leads to what the program did.
  system.disk.syncFile(opStatePath(commonDir));
  system.disk.syncDirectory(`${commonDir}/lattice`);
}

function writeSnapshot(context: EngineContext, opId: string, bytes: Uint8Array): void {
  const { disk } = context.system;
  const folder = spanFolder(context.repository.commonDir, opId);
  using file = disk.create(`${folder}/${SNAPSHOT_FILE}`, 0o600);
  file.write(bytes);
  file.sync();
  disk.syncDirectory(folder); // the folder's own name is flushed with the journal's
}

/** The snapshot that an operation began with. */
function readSnapshot(system: System, commonDir: string, journal: Journal): Snapshot {
  const path = `${spanFolder(commonDir, journal.begin.op_id)}/${SNAPSHOT_FILE}`;
  return decodeSnapshot(system.disk.readFile(path) ?? new Uint8Array(), journal.begin.span!.plan_digest, path);
}

/**
 * Whether a command may join an operation.
 *
 * @param claim What stands in its environment: `<op id>:<token>`.
 * @returns The operation's id.
 * @throws {LatticeError} `not_found`: there is no such operation, or it has ended; `usage`: the token is not its own.
 */
export function checkJoin(context: EngineContext, claim: string): string {
  const colon = claim.indexOf(":");
  const opId = claim.slice(0, colon);
  const journal = colon === -1 ? null : reopen(context, opId);
  journal?.close();
  if (journal === null || journal.begin.span === undefined || endOf(journal.records) !== null) {
    throw new LatticeError("not_found", `LATTICE_OP names no operation that is going on`, {
      hint: "unset LATTICE_OP; `lattice op status` shows what is unfinished",
      details: { op: colon === -1 ? null : opId },
    });
  }
  if (journal.begin.span.token_digest !== spanTokenDigest(claim.slice(colon + 1))) {
    throw new LatticeError("usage", `LATTICE_OP does not have the token of operation ${opId}`, {
      hint: "use exactly what `lattice op begin` printed",
      details: { op: opId },
    });
  }
  if (journal.begin.worktree_id !== context.repository.worktreeId) {
    const { origin_work_dir: folder, origin_git_dir: gitDir } = journal.begin;
    throw new LatticeError("op_in_progress", `operation ${opId} began in another worktree`, {
      hint: `run it in ${JSON.stringify(folder ?? gitDir)}, or without LATTICE_OP once the operation is over`,
      details: { op: opId, origin_work_dir: folder, origin_git_dir: gitDir },
    });
  }
  return opId;
}

function reopen({ system, repository }: EngineContext, opId: string): Journal | null {
  return Journal.reopen(system, repository.commonDir, opId);
}

function mustReopen(context: EngineContext, opId: string): Journal {
  const journal = reopen(context, opId);
  if (journal !== null) return journal;
  throw new LatticeError("invalid_data", `the journal of operation ${opId} is gone`, {
    hint: "`lattice recover` removes the marker of an operation that has no journal",
    details: { op: opId },
  });
}

/** The context as the worktree sees it in which the operation began: that is whose names are in its journal. */
function seenFromOrigin(context: EngineContext, journal: Journal): EngineContext {
  return { ...context, repository: seenFrom(context.repository, journal.begin.worktree_id) };
}

/** Opens the journal for one more transaction; one that was killed before is brought to its end first. */
export function openForTransaction(context: EngineContext, opId: string): Journal {
  const journal = mustReopen(context, opId);
  if (lastTransaction(journal.records).last !== "end") settle(context, journal);
  return journal;
}

/** What became of the refs since the operation began, and whose it is. */
function lookAround(here: EngineContext, opId: string): Attributed & { context: EngineContext; unfinished: string[] } {
  const journal = mustReopen(here, opId);
  try {
    const context = seenFromOrigin(here, journal);
    const { system, repository } = context;
    const before = readSnapshot(system, repository.commonDir, journal);
    const after = takeSnapshot(repository);
    const found = differences(before, after);
    const unfinished = after.unfinished.filter((path) => !before.unfinished.includes(path));
    if (journal.begin.span!.kind === "begun" || pausedRecord(journal.records) !== null) {
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

/** What the operation's own transactions did, those of a take-back included. */
function journaled(records: readonly JournalRecord[]): Transition[] {
  const transitions: Transition[] = [];
  let open: readonly UpdateRecord[] = [];
  for (const record of records) {
    if (record.type === "updates") open = record.path === "observed" ? [] : record.updates;
    else if (record.type === "applied") transitions.push(...open.filter((update) => update.verify !== true));
  }
  return transitions.map(({ ref, old, new: next }) => ({ ref, old, new: next }));
}

/**
 * Ends an operation whose program succeeded, or that a person declares done.
 *
 * @returns `paused` where git is in the middle of something that was not under way before.
 */
export function completeSpan(context: EngineContext, opId: string): SpanEnd {
  const { unfinished, own, others } = lookAround(context, opId);
  if (unfinished.length > 0) return pauseUnfinished(context, opId, unfinished);
  return commitSpan(context, opId, own, others);
}

/**
 * Ends an operation whose program failed: what it did is taken back.
 *
 * @returns `paused` where git is in the middle of something, or where refs changed that are not the program's.
 */
export function takeBackSpan(context: EngineContext, opId: string): SpanEnd {
  const first = lookAround(context, opId);
  if (first.unfinished.length > 0) return pauseUnfinished(context, opId, first.unfinished);
  for (let attempt = 1;; attempt++) {
    const { own, others, context: origin } = lookAround(context, opId);
    try {
      restore(origin, opId, own);
    } catch (error) {
      const moved = error instanceof LatticeError && error.code === "cas_failed";
      if (moved && attempt < ATTEMPTS_MAX) continue; // somebody was faster; whose the refs are is asked anew
      if (!(error instanceof LatticeError) || !CANNOT_RESTORE.includes(error.code)) throw error;
      return pauseDiverged(context, opId, first.own, [...own, ...others], error.message);
    }
    if (others.length > 0) return pauseDiverged(context, opId, first.own, others, "refs changed that are not its own");
    endSpan(context, opId, { type: "rolled_back", at: now(context) });
    return { outcome: "rolled_back", own: first.own, others: [], reason: null };
  }
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

/** Runs one transaction of an operation. @throws {LatticeError} As `prepareTransaction`. */
export function transactIn(context: EngineContext, opId: string, request: TransactionRequest): void {
  const journal = openForTransaction(context, opId);
  prepareTransaction(context, { opId, previous: null }, request, journal)?.commit();
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
  try {
    observe(context, journal, own);
  } finally {
    journal.close();
  }
  keepReplaced(context, opId, own);
  endSpan(context, opId, { type: "committed", at: now(context) });
  return { outcome: "committed", own, others, reason: null };
}

function observe(context: EngineContext, journal: Journal, own: readonly Difference[]): void {
  const transaction = (lastTransaction(journal.records).transaction?.transaction ?? 0) + 1;
  const updates = own.map((difference) => observedUpdate(context, difference));
  journal.append([
    { type: "updates", transaction, path: "observed", updates, locked: [], logs: [], identity: "" },
    { type: "applied", transaction },
  ], "flush");
}

/** A replaced blob is a document: nothing but its ref leads to it, so the journal keeps it. */
function observedUpdate({ repository }: EngineContext, { ref, old, new: now }: Difference): UpdateRecord {
  const value = old === null ? null : parseValueText(old);
  const object = value?.kind === "direct" ? repository.objects.readUpTo(value.oid, DOCUMENT_BYTES_MAX) : null;
  if (object === null || object.type !== "blob" || !("content" in object)) return { ref, old, new: now };
  return { ref, old, new: now, document: true, old_content: storeBytes(object.content) };
}

function keepReplaced(context: EngineContext, opId: string, own: readonly Difference[]): void {
  const { objects } = context.repository;
  const replaced = own.flatMap(({ old }) => {
    const value = old === null ? null : parseValueText(old);
    return value?.kind === "direct" && objects.info(value.oid)?.type !== "blob" ? [value.oid] : [];
  });
  const kept = keepRefs(context, opId, replaced).filter(({ ref, oid }) => {
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
  if (clearMarker(context, opId, undefined)) system.disk.syncDirectory(`${repository.commonDir}/lattice`);
}

function pauseUnfinished(context: EngineContext, opId: string, unfinished: readonly string[]): SpanEnd {
  const reason = `${describeUnfinished(unfinished[0]!)} is in progress`;
  const journal = mustReopen(context, opId);
  try {
    if (journal.begin.span!.kind === "run") pauseSpan(context, journal, reason, []);
  } finally {
    journal.close();
  }
  return { outcome: "paused", own: [], others: [], reason };
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
  if (ended || lastTransaction(journal.records).last !== "end") settle(context, journal);
  if (ended || goesOn || span!.kind === "begun" || pausedRecord(journal.records) !== null) return null;
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

function damagedError(refs: readonly string[]): LatticeError {
  return new LatticeError("invalid_data", `the ref ${JSON.stringify(refs[0])} is damaged and could not be put back`, {
    hint: "`lattice doctor` shows what is wrong with it",
    details: { refs },
  });
}

/**
 * Recovery: what a changing command does before anything else, under the repository lock.
 *
 * The marker names the operation that did not end. Where the machine was restarted since (or the marker is torn), the
 * journals are searched as well, because the marker of a single update is not durable; in between no command's time
 * depends on how many journals there are.
 *
 * @module
 */
import type { RepoLock } from "../locks/repo_lock.ts";
import { LatticeError } from "../platform/errors.ts";
import type { EngineContext } from "./context.ts";
import { Journal, listJournals, readJournal } from "./journal.ts";
import { type EndRecord, readJournalEnds } from "./journal_ends.ts";
import type { BeginRecord, DivergedRef } from "./journal_format.ts";
import { readOpState, removeOpState } from "./op_state.ts";
import { isOperationId } from "./operation_id.ts";
import {
  journalPath,
  opsFolder,
  removeIfThere,
  removeSpanFolder,
  removeTree,
  temporaryFolder,
  temporaryRoot,
} from "./paths.ts";
import {
  clearMarker,
  endOf,
  isSpan,
  markPaused,
  type Outcome,
  pausedRecord,
  removeKeepFiles,
  settle,
} from "./settle.ts";
import { recoverUpkeep } from "./upkeep.ts";

/** An operation that recovery brought to its end, or found waiting. */
export interface RecoveredOperation {
  /** Its id. */
  readonly op: string;
  /** How it ended, or that it waits. */
  readonly outcome: Outcome;
  /** The refs of one that is paused; else empty. */
  readonly diverged: readonly DivergedRef[];
}

/**
 * What recovery needs to know of operations of several transactions, which most commands never load.
 *
 * @returns `null`: the operation waits, or goes on in this very process.
 */
export type RecoverSpan = (context: EngineContext, journal: Journal) => RecoveredOperation | null;

/**
 * Recovers what earlier commands left unfinished.
 *
 * @param lock The repository lock, held; its notes are brought up to date.
 * @param recoverSpan Recovers an operation of several transactions.
 * @param asked Whether a person asked for it (`lattice recover`), which is what the journal of another host on a
 *   shared file system takes: the flock may not tell whether that host still works.
 * @returns What was done; empty when there was nothing.
 * @throws {LatticeError} `invalid_data`: a journal is damaged; `unsupported`: of an unknown version; `io`; `locked`.
 */
export function recover(
  context: EngineContext,
  lock: RepoLock,
  asked: boolean,
  recoverSpan: RecoverSpan,
): RecoveredOperation[] {
  const { system, repository } = context;
  const { bootId } = system.host;
  const marker = readOpState(system, repository.commonDir);
  const searchAll = bootId === null || lock.notes.sweptBootId !== bootId || marker === "unreadable";
  recoverUpkeep(context, asked ? () => {} : (begin) => refuseOtherHost(context, begin));
  const recovered: RecoveredOperation[] = [];
  const { unfinished, told } = searchAll ? searchJournals(context) : NOTHING_FOUND;
  const marked = marker === null || marker === "unreadable" ? [] : [marker.op_id];
  const known = new Set([...unfinished, ...marked]);
  for (const opId of known) {
    const outcome = recoverOperation(context, opId, told.get(opId) ?? null, asked, recoverSpan);
    if (outcome !== null) recovered.push(outcome);
  }
  if (marker === "unreadable") removeTornMarker(context);
  restoreMarker(context, known);
  sweepTemporary(context);
  if (searchAll) {
    removeKeepFiles(context);
    sweepSpanFolders(context, known);
  }
  updateNotes(context, lock, recovered, searchAll);
  return recovered;
}

/**
 * Brings one operation to its end. `null`: there was no more to do than to sweep, or it waits as it did before.
 *
 * @param told How it ended, where another journal tells and its own may not.
 */
function recoverOperation(
  context: EngineContext,
  opId: string,
  told: EndRecord | null,
  asked: boolean,
  recoverSpan: RecoverSpan,
): RecoveredOperation | null {
  const { system, repository } = context;
  const journal = Journal.reopen(system, repository.commonDir, opId);
  if (journal === null) {
    removeIfThere(system, journalPath(repository.commonDir, opId)); // created, but never flushed
    removeKeepFiles(context);
    removeTree(system, temporaryFolder(repository.commonDir, opId));
    removeSpanFolder(system, repository.commonDir, opId);
    const marker = readOpState(system, repository.commonDir);
    if (marker !== null && marker !== "unreadable") clearMarker(context, opId, marker.resumes);
    return null;
  }
  try {
    if (!asked) refuseOtherHost(context, journal.begin);
    if (isSpan(journal)) return recoverSpan(context, journal);
    // What it left is swept, but its refs are not asked how it ended: others may have moved them on since.
    if (told !== null && endOf(journal.records) === null) journal.append([told], "flush");
    const known = endOf(journal.records) !== null || pausedRecord(journal.records) !== null;
    const { outcome, diverged } = settle(context, journal);
    return known ? null : { op: opId, outcome, diverged };
  } finally {
    journal.close();
  }
}

/** The flock of another host may not reach this one on a network file system, so that host may be in the middle of it. */
function refuseOtherHost(context: EngineContext, begin: BeginRecord): void {
  const { system, repository } = context;
  if (begin.host === system.host.hostName || !system.disk.isShared(repository.commonDir)) return;
  throw new LatticeError(
    "op_in_progress",
    `operation ${begin.op_id} (${begin.command}) of host ${JSON.stringify(begin.host)} is unfinished`,
    {
      hint: "this is a network file system; when nothing runs there any more, `lattice recover` brings it to its end",
      details: { op: begin.op_id, host: begin.host, pid: begin.pid, since: begin.started_at },
    },
  );
}

/** What all journals together say. */
interface JournalSearch {
  /** Operations of which no journal says that they ended, and paused ones; oldest first. */
  readonly unfinished: readonly string[];
  /** Ends that only the journal behind an operation tells. */
  readonly told: ReadonlyMap<string, EndRecord>;
}

const NOTHING_FOUND: JournalSearch = { unfinished: [], told: new Map() };

/** Looks through all journals. A successor's `begin` that names an outcome counts as the end. */
function searchJournals(context: EngineContext): JournalSearch {
  const { system, repository } = context;
  const known = new Set<string>();
  const told = new Map<string, EndRecord>();
  const unfinished: string[] = [];
  for (const opId of listJournals(system, repository.commonDir).reverse()) {
    const ends = readJournalEnds(system, repository.commonDir, opId);
    if (ends?.paused === true || ((ends?.end ?? null) === null && !known.has(opId))) unfinished.push(opId);
    if (ends === null || ends.begin.previous === null) continue;
    const { id, outcome } = ends.begin.previous;
    known.add(id);
    if (outcome === "committed" || outcome === "rolled_back") {
      told.set(id, { type: outcome, at: ends.begin.started_at });
    }
  }
  return { unfinished: unfinished.reverse(), told };
}

/** Removes temporary folders: whoever made one held the lock that we hold now. */
function sweepTemporary(context: EngineContext): void {
  const { system, repository } = context;
  for (const entry of system.disk.list(temporaryRoot(repository.commonDir)) ?? []) {
    removeTree(system, `${temporaryRoot(repository.commonDir)}/${entry.name}`);
  }
}

/** Removes folders of operations that have ended: a power cut may have brought one back. */
function sweepSpanFolders(context: EngineContext, unfinished: ReadonlySet<string>): void {
  const { system, repository } = context;
  for (const { name, kind } of system.disk.list(opsFolder(repository.commonDir)) ?? []) {
    const opId = name.endsWith(".d") ? name.slice(0, -".d".length) : "";
    if (kind !== "directory" || !isOperationId(opId) || unfinished.has(opId)) continue;
    removeSpanFolder(system, repository.commonDir, opId);
  }
}

/**
 * Makes the marker say that an operation is paused whose journal says so: a kill may come between the two, and a power
 * cut may take the marker, torn, with that of an operation that helped the paused one to its end.
 */
function restoreMarker(context: EngineContext, known: Iterable<string>): void {
  const { system, repository } = context;
  const marker = readOpState(system, repository.commonDir);
  if (marker === "unreadable" || marker?.phase === "paused") return;
  for (const opId of marker === null ? known : [marker.op_id]) {
    const records = readJournal(system, repository.commonDir, opId);
    if (records !== null && pausedRecord(records) !== null) return markPaused(context, records);
  }
}

function removeTornMarker(context: EngineContext): void {
  if (readOpState(context.system, context.repository.commonDir) === "unreadable") {
    removeOpState(context.system, context.repository.commonDir);
  }
}

function updateNotes(
  context: EngineContext,
  lock: RepoLock,
  recovered: readonly RecoveredOperation[],
  searched: boolean,
): void {
  const ended = recovered.filter(({ outcome }) => outcome !== "paused").at(-1);
  if (ended === undefined && !searched) return;
  const { lastOperation } = lock.notes;
  lock.writeNotes({
    sweptBootId: searched ? context.system.host.bootId : lock.notes.sweptBootId,
    lastOperation: ended === undefined
      ? searched ? newestEnded(context) : lastOperation
      : { id: ended.op, outcome: ended.outcome },
  });
}

/** The newest operation and how it ended, for the `begin` of the next one. */
function newestEnded(context: EngineContext): { id: string; outcome: string } | null {
  const { system, repository } = context;
  const newest = listJournals(system, repository.commonDir).at(-1);
  if (newest === undefined) return null;
  const outcome = readJournalEnds(system, repository.commonDir, newest)?.end?.type;
  return outcome === undefined ? null : { id: newest, outcome };
}

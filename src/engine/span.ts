/**
 * Operations of several transactions: everything that a program does (`op run`), or everything until a person says that
 * it is done (`op begin`). Here: how they begin, who joins, and their transactions; `span_end.ts` ends them.
 *
 * They begin with a snapshot of all refs, which with marker and journal is durable before anything else happens. Their
 * transactions are those of any command, each numbered; one that was killed is settled before the next one.
 *
 * @module
 */
import { isDiskError } from "../platform/disk.ts";
import { LatticeError } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";
import { utf8 } from "../platform/text.ts";
import { isForeignClaim, newSpanToken } from "./claim.ts";
import { type EngineContext, share } from "./context.ts";
import { Journal, JOURNAL_BYTES_MAX } from "./journal.ts";
import type { DivergedRef, JournalRecord, SpanOrigin } from "./journal_format.ts";
import { writeOpState } from "./op_state.ts";
import { readOwnFile } from "../platform/own_file.ts";
import { BEGUN_REASON, divergedError } from "./paused.ts";
import {
  journalPath,
  KEEP_PREFIX,
  makeDurableFolder,
  makeFolder,
  opsFolder,
  opStatePath,
  removeIfThere,
  removeSpanFolder,
  removeTree,
  spanFolder,
  temporaryFolder,
  temporaryRoot,
} from "./paths.ts";
import { beginRecord, type OperationOrigin } from "./records.ts";
import { conflictError, refusePackedRefsLink } from "./ref_files.ts";
import { refuseLinkedReflogs } from "./reflog_lines.ts";
import { clearMarker, endOf, settle } from "./settle.ts";
import { lastTransaction } from "./situation.ts";
import { decodeSnapshot, digestOf, encodeSnapshot, type Snapshot, takeSnapshot } from "./snapshot.ts";
import { prepareTransaction } from "./transaction.ts";
import type { TransactionRequest } from "./update.ts";

/** How a begun operation is known to those who may join it. */
export interface BegunSpan {
  readonly opId: string;
  /** The secret that joining takes. */
  readonly token: string;
}

/** Stands for the branches that a program may make: their reflogs go with them when they are taken back. */
const ANY_BRANCH = "refs/heads/any";

const SNAPSHOT_FILE = "snapshot";

/** What identifies a token in a journal. */
export function spanTokenDigest(token: string): string {
  return digestOf(utf8(`lattice operation token ${token}`));
}

/**
 * Begins an operation: snapshot, journal and marker are durable when this returns. The caller holds the repository lock.
 *
 * @param program For `run`: the program's command line, and what it is called.
 * @param links The operation that this one takes back (`undoes`), and the paused one that is ended by that (`resumes`).
 * @throws {LatticeError} `invalid_data`: a ref is damaged, so that it could not be put back; `unsupported`: `packed-refs`
 *   or a folder of reflogs is a symbolic link; `cas_failed`: a ref is in the way of those that keep what is replaced; `io`.
 */
export function beginSpan(
  context: EngineContext,
  origin: OperationOrigin,
  kind: SpanOrigin["kind"],
  program: { readonly arguments: readonly string[]; readonly description: string } | null,
  links: Pick<TransactionRequest, "undoes" | "resumes"> = {},
): BegunSpan {
  const { system, repository } = context;
  const { commonDir } = repository;
  // Or what it does could not be taken back.
  refusePackedRefsLink(context);
  refuseLinkedReflogs(context, [ANY_BRANCH]);
  refuseObstacle(context, origin.opId);
  const snapshot = takeSnapshot(repository);
  if (snapshot.damaged.length > 0) throw damagedError(snapshot.damaged);
  const bytes = encodeSnapshot(snapshot);
  const token = newSpanToken(repository);
  const span = { kind, plan_digest: digestOf(bytes), token_digest: spanTokenDigest(token) };
  const begin = {
    ...beginRecord(context, origin, {
      updates: [],
      objects: [],
      message: "",
      purpose: "operation",
      ...links,
    }),
    span,
  };
  const at = new Date(system.clock.nowMs()).toISOString();
  const records: JournalRecord[] = program === null ? [] : [{ type: "git_process", ...program, at }];
  if (makeDurableFolder(system, opsFolder(commonDir))) share(context, opsFolder(commonDir), "directory");
  try {
    writeMarker(context, origin.opId, span, links.resumes);
    writeSnapshot(context, origin.opId, bytes);
    Journal.begin(system, commonDir, [begin, ...records]).close();
    share(context, journalPath(commonDir, origin.opId), "file");
  } catch (error) {
    forgetSpan(context, origin.opId, links.resumes);
    throw error;
  }
  return { opId: origin.opId, token };
}

/** Refuses a ref in whose place the folder of our keep refs must be: what is replaced could not be kept at the end. */
function refuseObstacle({ repository }: EngineContext, opId: string): void {
  const kept = `${KEEP_PREFIX}${opId}/0`;
  const other = repository.refs.findConflict(kept);
  if (other !== null) throw conflictError(kept, other);
}

function damagedError(refs: readonly string[]): LatticeError {
  return new LatticeError("invalid_data", `the ref ${JSON.stringify(refs[0])} is damaged and could not be put back`, {
    hint: "`lattice doctor` shows what is wrong with it",
    details: { refs },
  });
}

/** Removes what was made of an operation that could not begin; where that fails too, the next command does it. */
function forgetSpan(context: EngineContext, opId: string, resumes: string | undefined): void {
  const { system, repository } = context;
  const { commonDir } = repository;
  try {
    removeIfThere(system, journalPath(commonDir, opId)); // first: without it, nothing has happened
    removeSpanFolder(system, commonDir, opId);
    removeTree(system, temporaryFolder(commonDir, opId));
    clearMarker(context, opId, resumes);
  } catch (error) {
    if (!isDiskError(error)) throw error;
    context.log(`could not clean up: ${error.message}`);
  }
}

function writeMarker(
  context: EngineContext,
  opId: string,
  { kind, plan_digest: digest }: SpanOrigin,
  resumes: string | undefined,
): void {
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
    ...(resumes === undefined ? {} : { resumes }),
  });
  share(context, opStatePath(commonDir), "file");
  // Unlike that of a command it must survive a power cut: nothing else leads to what the program did.
  system.disk.syncFile(opStatePath(commonDir));
  system.disk.syncDirectory(`${commonDir}/lattice`);
}

function writeSnapshot(context: EngineContext, opId: string, bytes: Uint8Array): void {
  const { disk } = context.system;
  const folder = spanFolder(context.repository.commonDir, opId);
  makeFolder(context.system, folder);
  share(context, folder, "directory");
  using file = disk.create(`${folder}/${SNAPSHOT_FILE}`);
  file.write(bytes);
  file.sync();
  share(context, file.path, "file"); // another user may have to recover
  disk.syncDirectory(folder); // the folder's own name is flushed with the journal's
}

/** The snapshot that an operation began with. @throws {LatticeError} `invalid_data`: it is gone, or not what was written. */
export function readSnapshot(system: System, commonDir: string, journal: Journal): Snapshot {
  const path = `${spanFolder(commonDir, journal.begin.op_id)}/${SNAPSHOT_FILE}`;
  return decodeSnapshot(
    readOwnFile(system.disk, path, JOURNAL_BYTES_MAX) ?? new Uint8Array(),
    journal.begin.span!.plan_digest,
    path,
  );
}

/**
 * Whether a command may join an operation.
 *
 * @param claim What stands in its environment: `<op id>:<token>`.
 * @returns The operation's id; `null`: it is one of another repository, so that the claim counts for nothing here.
 * @throws {LatticeError} `not_found`: there is no such operation, or it has ended; `usage`: the token is not its own;
 *   `op_in_progress`: it began in another worktree.
 */
export function checkJoin(context: EngineContext, claim: string): string | null {
  const colon = claim.indexOf(":");
  const opId = claim.slice(0, colon);
  const journal = colon === -1 ? null : reopen(context, opId);
  journal?.close();
  if (journal === null && isForeignClaim(context.repository, claim)) {
    context.log(`LATTICE_OP names operation ${opId} of another repository`);
    return null;
  }
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

/** Opens the journal of an operation. @throws {LatticeError} `invalid_data`: it is gone; as `Journal.reopen`. */
export function mustReopen(context: EngineContext, opId: string): Journal {
  const journal = reopen(context, opId);
  if (journal !== null) return journal;
  throw new LatticeError("invalid_data", `the journal of operation ${opId} is gone`, {
    hint: "`lattice recover` removes the marker of an operation that has no journal",
    details: { op: opId },
  });
}

/**
 * Opens the journal for one more transaction; one that was killed before is brought to its end first.
 *
 * @throws {LatticeError} `diverged`: it cannot be, since somebody else moved its refs; as {@link settle}.
 */
export function openForTransaction(context: EngineContext, opId: string): Journal {
  const journal = mustReopen(context, opId);
  try {
    const diverged = settleOpen(context, journal);
    if (diverged === null) return journal;
    throw divergedError(opId, diverged);
  } catch (error) {
    journal.close();
    throw error;
  }
}

/**
 * Brings the transaction that was under way to its end, and sweeps what the last one may have left.
 *
 * @returns Its refs, where that needs a person; else `null`.
 */
export function settleOpen(context: EngineContext, journal: Journal): readonly DivergedRef[] | null {
  const isOpen = lastTransaction(journal.records).last !== "end";
  const { outcome, diverged } = settle(context, journal);
  return isOpen && outcome === "paused" ? diverged : null;
}

/**
 * Ends a transaction that was paused because somebody else moved its refs: each ref keeps what it has, and a person has
 * said how the operation goes on.
 */
export function acceptDiverged(context: EngineContext, opId: string): void {
  const journal = mustReopen(context, opId);
  try {
    const diverged = settleOpen(context, journal);
    const { transaction } = lastTransaction(journal.records);
    if (diverged === null || transaction === null) return;
    const kept = diverged.filter((one) => one.actual !== one.new).map(({ ref }) => ref);
    const at = new Date(context.system.clock.nowMs()).toISOString();
    journal.append([{ type: "applied", transaction: transaction.transaction, at, kept }], "flush");
  } finally {
    journal.close();
  }
}

/** Runs one transaction of an operation. @throws {LatticeError} As `prepareTransaction`. */
export function transactIn(context: EngineContext, opId: string, request: TransactionRequest): void {
  const journal = openForTransaction(context, opId);
  prepareTransaction(context, { opId, previous: null }, request, journal)?.commit();
}

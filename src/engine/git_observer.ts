/**
 * Journals for what plain git does, made by a `reference-transaction` hook: so `undo` covers that, too.
 *
 * Git holds its own locks while the hook runs, and lattice's own commands may wait for those, so nothing here takes the
 * repository lock. Everything that is written has a name of its own: a note of the values before (`prepared`), then
 * a journal that is whole from the start and a keep ref (`committed`). Whatever fails is told and does not stop git.
 *
 * Based on githooks ("reference-transaction").
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import { hashHex } from "../platform/hash.ts";
import { replaceFile } from "../platform/replace_file.ts";
import type { System } from "../platform/system.ts";
import { bytesToName, concatBytes, decodeUtf8, nameToBytes, utf8 } from "../platform/text.ts";
import type { Repository } from "../git/repository.ts";
import { makeLatticeFolder } from "../locks/repo_lock.ts";
import { type EngineContext, share } from "./context.ts";
import { filesRefs } from "./files_refs.ts";
import { JOURNAL_BYTES_MAX } from "./journal.ts";
import { encodeRecord, type JournalRecord, type UpdateRecord } from "./journal_format.ts";
import { keepRefs } from "./objects_of.ts";
import { observedRecord, observedUpdate, replacedOids } from "./observed.ts";
import { newOperationId } from "./operation_id.ts";
import { readOwnFile } from "../platform/own_file.ts";
import { folderOf } from "../platform/paths.ts";
import { journalPath, makeDurableFolder, makeFolder, opsFolder, removeIfThere } from "./paths.ts";
import { readOpState } from "./op_state.ts";
import { recordFault } from "./record_check.ts";
import { beginRecord } from "./records.ts";
import { makeRefFolders } from "./ref_files.ts";
import { StoredObjects } from "./stored_objects.ts";
import { valueText } from "./update.ts";

/** A note that no `committed` came for is swept by a later one when it is older than this, in milliseconds. */
const NOTE_AGE_MAX_MS = 3_600_000;

/**
 * Some versions tell the hook that refs are removed when their files go, because the values stand in `packed-refs`. No ref
 * changes by that, and who asks what became of one may meet what another git has made of it since.
 */
const PACKING = "git pack-refs";

const OWN_PREFIX = "refs/lattice/";

/** One line that git gives to the hook. */
interface HookLine {
  readonly ref: string;
  /** As in a journal; `null`: it is to be removed. */
  readonly new: string | null;
}

/**
 * Takes note of what refs hold that git is about to change. Its locks stand, so nobody else changes them now.
 *
 * @throws {LatticeError} `invalid_data`: a line names a ref or a value that git would not; nothing is noted then; `io`.
 */
export function notePrepared(context: EngineContext, input: Uint8Array): void {
  const { system, repository } = context;
  const path = notePath(repository, input);
  removeIfThere(system, path); // of a git that was killed: it tells nothing of this transaction, even if this changes nothing
  if (context.command === PACKING) return;
  const updates = updatesOf(repository, input);
  if (updates.length === 0 || belongsToSpan(repository)) return;
  if (recordFault(observedRecord(1, updates)) !== null) {
    throw new LatticeError("invalid_data", "the hook was given a line that git does not write", {
      hint: "`lattice hook reference-transaction` is for git to call",
    });
  }
  makeLatticeFolder(system, repository.commonDir);
  makeFolder(system, notesFolder(repository));
  share(context, notesFolder(repository), "directory");
  using file = system.disk.create(path, 0o600);
  file.write(utf8(JSON.stringify(updates)));
}

/**
 * Journals what git has changed.
 *
 * @returns The operation's id; `null`: there is nothing to journal.
 */
export function journalCommitted(context: EngineContext, input: Uint8Array): string | null {
  const { system, repository } = context;
  const updates = (takeNote(repository, input) ?? []).filter((update) => !isStillThere(repository, update));
  if (updates.length === 0) return null;
  const opId = newOperationId(system, null);
  const kept = keepRefs(context, opId, replacedOids(updates));
  const stored = new StoredObjects(context, opId);
  stored.store(new Map(kept.flatMap(({ oid, object }) => object === null ? [] : [[oid, object]])));
  for (const { ref, oid } of kept) createRef(context, ref, oid);
  stored.secure();
  stored.release();
  if (makeDurableFolder(system, opsFolder(repository.commonDir))) {
    share(context, opsFolder(repository.commonDir), "directory");
  }
  const request = { updates: [], objects: [], message: "", purpose: "operation" } as const;
  writeWholeJournal(repository, opId, [
    beginRecord(context, { opId, previous: null }, request),
    observedRecord(1, updates),
    { type: "committed", at: new Date(system.clock.nowMs()).toISOString() },
  ]);
  share(context, journalPath(repository.commonDir, opId), "file");
  sweepNotes(repository);
  return opId;
}

/**
 * Puts a journal in place that is whole: nobody holds the repository lock, and recovery would take one that is still
 * empty for what a crash left.
 */
function writeWholeJournal(repository: Repository, opId: string, records: readonly JournalRecord[]): void {
  const { system, commonDir } = repository;
  const unfinished = `${notesFolder(repository)}/${opId}.jsonl`;
  replaceFile(
    system.disk,
    unfinished,
    journalPath(commonDir, opId),
    concatBytes(records.map((each) => encodeRecord(each, 0))),
  );
  system.disk.syncDirectory(opsFolder(commonDir));
}

/**
 * Git removes a ref from `packed-refs` in a transaction of its own, which some versions tell the hook of as if it were
 * the whole; the loose file goes in the next.
 */
function isStillThere({ refs }: Repository, { ref, old, new: next }: UpdateRecord): boolean {
  if (next !== null) return false;
  const entry = refs.read(ref);
  return entry !== null && valueText(entry.value) === old;
}

/** Forgets what was noted of a transaction that git gave up. */
export function forgetAborted({ system, repository }: EngineContext, input: Uint8Array): void {
  removeIfThere(system, notePath(repository, input));
}

/** What git changes meanwhile belongs to an operation of several transactions as it is. */
function belongsToSpan({ system, commonDir }: Repository): boolean {
  const state = readOpState(system, commonDir);
  return state !== null && state !== "unreadable" && state.plan_digest !== null;
}

function notesFolder({ commonDir }: Repository): string {
  return `${commonDir}/lattice/hook`;
}

/**
 * Git gives the same lines in every state. Two transactions may have the same lines all the same: each worktree has
 * refs of its own, and git lets its locks go before it says `committed`. So it counts which worktree and which git it is.
 */
function notePath(repository: Repository, input: Uint8Array): string {
  const { system, worktreeId } = repository;
  const who = nameToBytes(`${callingGit(system)?.pid ?? ""} ${worktreeId ?? ""}\n`);
  return `${notesFolder(repository)}/${hashHex("sha1", concatBytes([who, input]))}.json`;
}

function takeNote(repository: Repository, input: Uint8Array): UpdateRecord[] | null {
  const path = notePath(repository, input);
  const bytes = readOwnFile(repository.system.disk, path, JOURNAL_BYTES_MAX);
  if (bytes === null) return null;
  removeIfThere(repository.system, path);
  const updates = parseNote(bytes);
  // One journal that cannot be read would keep every command from all the others.
  if (updates !== null && recordFault(observedRecord(1, updates)) === null) return updates;
  throw new LatticeError("invalid_data", `the note ${JSON.stringify(path)} is damaged`, {
    hint: "what git has just changed is not in lattice's journal",
    details: { path },
  });
}

/** `null`: it is torn. */
function parseNote(bytes: Uint8Array): UpdateRecord[] | null {
  try {
    return JSON.parse(decodeUtf8(bytes) ?? "") as UpdateRecord[];
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function sweepNotes(repository: Repository): void {
  const { system } = repository;
  const folder = notesFolder(repository);
  for (const { name } of system.disk.list(folder) ?? []) {
    const stat = system.disk.lstat(`${folder}/${name}`);
    if (stat === null || stat.kind !== "file") continue;
    if (system.clock.nowMs() - Number(stat.mtimeNs / 1_000_000n) > NOTE_AGE_MAX_MS) {
      removeIfThere(system, `${folder}/${name}`);
    }
  }
}

/** What changes, with the values that are there now. */
function updatesOf(repository: Repository, input: Uint8Array): UpdateRecord[] {
  const values = new Map(parseLines(repository, input).map(({ ref, new: next }) => [ref, next]));
  const updates: UpdateRecord[] = [];
  for (const [ref, next] of values) {
    if (ref.startsWith(OWN_PREFIX) || !(ref.startsWith("refs/") || ref === "HEAD")) continue;
    const entry = repository.refs.read(ref);
    const old = entry === null ? null : valueText(entry.value);
    // Of a branch that is checked out git tells twice: `HEAD` itself stays as it is.
    if (entry?.value.kind === "symbolic" && values.get(entry.value.target) === next) continue;
    if (old !== next) updates.push(observedUpdate(repository, ref, old, next));
  }
  return updates;
}

function parseLines({ objectFormat: format }: Repository, input: Uint8Array): HookLine[] {
  const lines: HookLine[] = [];
  for (const line of bytesToName(input).split("\n")) {
    const [, next, ref] = line.split(" ");
    if (next === undefined || ref === undefined) continue;
    const value = next.startsWith("ref:") ? `ref: ${next.slice("ref:".length)}` : next === format.zero ? null : next;
    lines.push({ ref, new: value });
  }
  return lines;
}

/** Makes a ref whose name nobody else uses, by git's own lock file. */
function createRef(context: EngineContext, ref: string, oid: string): void {
  makeRefFolders(context, [ref], []);
  const path = filesRefs(context.repository).loosePath(ref);
  replaceFile(context.system.disk, `${path}.lock`, path, nameToBytes(`${oid}\n`));
  context.system.disk.syncDirectory(folderOf(path));
}

/** How many processes above this one are looked at for git's own. */
const ANCESTORS_MAX = 4;

/** Options of git itself that take a value of their own. */
const OPTIONS_WITH_VALUE = ["-C", "-c", "--git-dir", "--work-tree", "--namespace", "--exec-path", "--config-env"];

/**
 * The git command that runs this hook, `git <subcommand>`: its arguments may hold secrets, such as a password in a URL.
 * Where the system does not show it, `git`.
 */
export function callingCommand(system: System): string {
  return callingGit(system)?.command ?? "git";
}

/** The git that runs this hook; `null`: the system does not show it. */
function callingGit(system: System): { readonly pid: string; readonly command: string } | null {
  let pid: string = String(system.host.pid);
  for (let i = 0; i < ANCESTORS_MAX; i++) {
    const status = readProcFile(system, `/proc/${pid}/status`);
    const parent = /^PPid:\s*([1-9][0-9]*)$/m.exec(status ?? "")?.[1];
    if (parent === undefined) return null;
    pid = parent;
    const [program = "", ...args] = (readProcFile(system, `/proc/${pid}/cmdline`) ?? "").split("\0");
    const name = program.slice(program.lastIndexOf("/") + 1);
    if (name.startsWith("git-")) return { pid, command: `git ${name.slice("git-".length)}` };
    if (name === "git") return { pid, command: `git ${subcommand(args)}`.trim() };
  }
  return null;
}

function subcommand(args: readonly string[]): string {
  for (let i = 0; i < args.length; i++) {
    const word = args[i]!;
    if (OPTIONS_WITH_VALUE.includes(word)) i++;
    else if (!word.startsWith("-")) return /^[a-z-]{1,40}$/.test(word) ? word : "";
  }
  return "";
}

function readProcFile(system: System, path: string): string | null {
  const bytes = system.disk.readFile(path);
  return bytes === null ? null : bytesToName(bytes);
}

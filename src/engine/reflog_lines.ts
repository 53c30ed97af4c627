/**
 * Appending to reflogs, once and whole.
 *
 * Reflog lines are not part of the atomic unit of a transaction. They are appended before the refs change, as git
 * does; after a crash a line may be torn or missing, and recovery completes it. A line is never written twice.
 *
 * @module
 */
import { type FileKind, isDiskError } from "../platform/disk.ts";
import { LatticeError } from "../platform/errors.ts";
import { bytesToName, compareBytes, equalBytes, nameToBytes } from "../platform/text.ts";
import { folderOf } from "../platform/paths.ts";
import { formatReflogLine, parseReflogLine } from "../git/refs/reflog.ts";
import { type EngineContext, share } from "./context.ts";
import { filesRefs, rootOf } from "./files_refs.ts";
import type { LogRecord, UpdatesRecord } from "./journal_format.ts";
import { makeFolder } from "./paths.ts";
import type { PlannedLog } from "./plan.ts";
import { findObstacle, removeEmptyFolders, syncFolderOf } from "./ref_files.ts";

/** How much of the end of a reflog is searched for a line that may already be there, in bytes. */
const TAIL_BYTES = 64 * 1024;

/** Refs that get a reflog without being asked for one. */
const LOGGED_PREFIXES = ["refs/heads/", "refs/remotes/", "refs/notes/"];

/** Tells which of the planned lines are due: those of refs that have a reflog, or get one by git's rules. */
export class ReflogPolicy {
  private readonly mode: "none" | "normal" | "always";
  /** Folders of refs that have no folder of reflogs. */
  private readonly missingFolders = new Set<string>();

  constructor(private readonly context: EngineContext) {
    const { config, bare } = context.repository;
    const configured = config.get("core.logallrefupdates");
    if (configured?.toLowerCase() === "always") this.mode = "always";
    else this.mode = config.getBoolean("core.logallrefupdates") ?? !bare ? "normal" : "none";
  }

  /** The record of a line that is to be written; `null` when none is due. */
  lineOf({ ref, old, new: value, message, create }: PlannedLog): LogRecord | null {
    if (this.exists(ref)) return { ref, old, new: value, message };
    return create || this.createsFor(ref) ? { ref, old, new: value, message, create: true } : null;
  }

  private createsFor(ref: string): boolean {
    if (this.mode === "always") return true;
    if (this.mode === "none") return false;
    return ref === "HEAD" || LOGGED_PREFIXES.some((prefix) => ref.startsWith(prefix));
  }

  private exists(ref: string): boolean {
    const refFolder = ref.startsWith("refs/") ? ref.slice(0, ref.lastIndexOf("/")) : null; // others have many homes
    if (refFolder !== null && this.missingFolders.has(refFolder)) return false;
    const path = filesRefs(this.context.repository).logPath(ref);
    const folder = folderOf(path);
    const { disk } = this.context.system;
    if (disk.lstat(path)?.kind === "file") return true;
    if (refFolder !== null && disk.lstat(folder) === null) this.missingFolders.add(refFolder);
    return false;
  }
}

/**
 * Appends lines.
 *
 * @param mode `fresh`: none of them can be there yet; `complete`: after a crash, some may be, whole or torn.
 */
export function appendReflogLines(
  context: EngineContext,
  logs: readonly LogRecord[],
  identity: string,
  mode: "fresh" | "complete",
): void {
  for (const log of logs) {
    const line = formatReflogLine(log.old, log.new, identity, log.message);
    appendLine(context, filesRefs(context.repository).logPath(log.ref), line, mode);
  }
}

function appendLine(context: EngineContext, path: string, line: Uint8Array, mode: "fresh" | "complete"): void {
  const { disk } = context.system;
  removeEmptyFolders(context.system, path);
  if (!makeParents(context, path)) return;
  using file = disk.openOrCreateAppend(path);
  const { size } = file.stat();
  if (size === 0) share(context, path, "file");
  const tail = new Uint8Array(Math.min(size, TAIL_BYTES));
  if (mode === "complete" || size > 0) file.readAt(tail, size - tail.length);
  const torn = tornLength(tail, line);
  if (mode === "complete" && containsLine(tail, line)) return;
  if (torn > 0) file.truncate(size - torn);
  else if (tail.length > 0 && tail[tail.length - 1] !== 10) {
    // Somebody else's torn line; ended, it does not swallow ours.
    file.write(Uint8Array.of(10));
  }
  file.write(line);
}

/** Length of a torn beginning of this very line at the end of the file; 0 when there is none. */
function tornLength(tail: Uint8Array, line: Uint8Array): number {
  const start = tail.lastIndexOf(10) + 1;
  const rest = tail.subarray(start);
  return rest.length > 0 && compareBytes(rest, line.subarray(0, rest.length)) === 0 ? rest.length : 0;
}

function containsLine(tail: Uint8Array, line: Uint8Array): boolean {
  for (let at = 0; at + line.length <= tail.length;) {
    if (equalBytes(tail.subarray(at, at + line.length), line)) return true;
    const newline = tail.indexOf(10, at);
    if (newline === -1) return false;
    at = newline + 1;
  }
  return false;
}

/** Removes the line of a transaction that did not happen, when it is the last one, and a reflog that was made for it. */
export function removeReflogLines(context: EngineContext, logs: readonly LogRecord[], identity: string): void {
  for (const log of logs) {
    const path = filesRefs(context.repository).logPath(log.ref);
    const left = cutLine(context, path, formatReflogLine(log.old, log.new, identity, log.message));
    if (log.create !== true) continue;
    if (left === null) removeEmptyParents(context, path);
    else if (left === 0 || (left < TAIL_BYTES && !holdsLines(context, path))) removeReflog(context, log.ref);
    // One that came back after a power cut would be in the way of refs below its name.
    syncFolderOf(context.system.disk, path);
  }
}

/** Whether a reflog holds anything but what a power cut may leave of a line. */
function holdsLines({ system, repository }: EngineContext, path: string): boolean {
  const text = bytesToName(system.disk.readFile(path) ?? new Uint8Array());
  return text.split("\n").some((line) => parseReflogLine(nameToBytes(line), repository.objectFormat) !== null);
}

/** Cuts a line, whole or torn, from the end of a reflog. Gives what is left in bytes; `null`: there is no reflog. */
function cutLine(context: EngineContext, path: string, line: Uint8Array): number | null {
  if (context.system.disk.lstat(path)?.kind !== "file") return null;
  const file = context.system.disk.openAppend(path);
  if (file === null) return null;
  using _closed = file;
  const { size } = file.stat();
  const tail = new Uint8Array(Math.min(size, TAIL_BYTES));
  file.readAt(tail, size - tail.length);
  const torn = tornLength(tail, line);
  const whole = tail.length >= line.length && equalBytes(tail.subarray(tail.length - line.length), line);
  const cut = torn > 0 ? torn : whole ? line.length : 0;
  if (cut > 0) file.truncate(size - cut);
  return size - cut;
}

/**
 * Refuses a transaction whose reflog lines could not be written, because a folder with files or a file stands where
 * the reflog or its folder should.
 *
 * @throws {LatticeError} `cas_failed`.
 */
export function refuseBlockedReflogs(context: EngineContext, logs: readonly LogRecord[]): void {
  for (const log of logs) {
    if (log.create !== true) continue;
    const path = filesRefs(context.repository).logPath(log.ref);
    const obstacle = findObstacle(context.system, path, rootOf(context.repository, path));
    if (obstacle === null) continue;
    throw new LatticeError(
      "cas_failed",
      `cannot write the reflog of ${JSON.stringify(log.ref)}: ${JSON.stringify(obstacle)} is in the way`,
      {
        hint: hintAbout(obstacle),
        details: { ref: log.ref, expected: null, actual: null, path: obstacle },
      },
    );
  }
}

/** What to do about an obstacle: where reflogs have their folders, it is the reflog of no ref. */
function hintAbout(obstacle: string): string {
  return /\/logs(?:\/refs)?$/.test(obstacle)
    ? "reflogs have their folder there; move what stands in its place out of the way"
    : "it is the reflog of a ref that is gone; remove it";
}

/** The refs whose reflogs a transaction writes or removes. */
export function* reflogsOf({ logs, updates }: UpdatesRecord): Generator<string> {
  for (const { ref } of logs) yield ref;
  for (const { ref, new: value, verify } of updates) if (value === null && verify !== true) yield ref;
}

/**
 * Refuses reflogs in a folder that is a symbolic link, as of `.git/logs`: nothing is written through one.
 *
 * @param refs Those whose reflogs are written or removed.
 * @throws {LatticeError} `unsupported`.
 */
export function refuseLinkedReflogs({ repository, system }: EngineContext, refs: Iterable<string>): void {
  const kinds = new Map<string, FileKind | null>();
  for (const ref of refs) {
    const path = filesRefs(repository).logPath(ref);
    for (let slash = path.indexOf("/", rootOf(repository, path).length + 1); slash !== -1;) {
      const folder = path.slice(0, slash);
      const kind = kinds.has(folder) ? kinds.get(folder) : system.disk.lstat(folder)?.kind ?? null;
      kinds.set(folder, kind ?? null);
      if (kind !== "directory" && kind !== "symlink") break; // there is nothing below it
      if (kind === "symlink") {
        throw new LatticeError(
          "unsupported",
          `${JSON.stringify(folder)} is a symbolic link; reflogs are not written through it`,
          { hint: "replace the link by the folder itself", details: { path: folder, ref } },
        );
      }
      slash = path.indexOf("/", slash + 1);
    }
  }
}

/** Removes the reflog of a deleted ref, and the folders that it leaves empty. */
export function removeReflog(context: EngineContext, ref: string): void {
  const path = filesRefs(context.repository).logPath(ref);
  const { disk } = context.system;
  try {
    disk.unlink(path);
  } catch (error) {
    if (!isDiskError(error, "ENOENT", "ENOTDIR", "EISDIR", "EPERM")) throw error; // there was none
    if (disk.lstat(path)?.kind === "file") throw error;
    return;
  }
  removeEmptyParents(context, path);
}

/**
 * Makes the removal of reflogs durable. Within an operation of several transactions, one that a power cut brings back
 * would be in the way of what the next transaction creates below its name.
 */
export function syncReflogFolders(context: EngineContext, refs: readonly string[]): void {
  const paths = refs.map((ref) => filesRefs(context.repository).logPath(ref));
  const folders = new Map(paths.map((path) => [folderOf(path), path]));
  for (const path of folders.values()) syncFolderOf(context.system.disk, path);
}

function removeEmptyParents(context: EngineContext, path: string): void {
  const { disk } = context.system;
  const root = /^(.*\/logs\/refs\/[^/]+)\//.exec(path)?.[1];
  if (root === undefined) return;
  for (let folder = folderOf(path); folder.length > root.length; folder = folderOf(folder)) {
    try {
      disk.removeDirectory(folder);
    } catch (error) {
      if (isDiskError(error, "ENOTEMPTY", "EEXIST", "ENOENT", "EBUSY")) return; // still in use, or already gone
      throw error;
    }
  }
}

/** Makes the folders of a reflog. `false`: it belongs to a worktree that is gone, of which nothing is made again. */
function makeParents(context: EngineContext, path: string): boolean {
  const { system, repository } = context;
  const missing: string[] = [];
  for (let folder = folderOf(path); system.disk.lstat(folder) === null; folder = folderOf(folder)) {
    if (folderOf(folder) === `${repository.commonDir}/worktrees`) return false;
    missing.push(folder);
  }
  for (const folder of missing.reverse()) {
    if (makeFolder(system, folder)) share(context, folder, "directory");
  }
  return true;
}

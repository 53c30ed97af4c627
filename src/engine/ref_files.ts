/**
 * Writing ref files: values staged beside the journal, folders made and removed, `packed-refs` replaced.
 *
 * Everything here happens under the locks of one operation, either in its own course or in its recovery. A value is
 * complete and flushed before it gets the name of a ref, so another process never sees a ref that is empty or torn.
 *
 * @module
 */
import { type Disk, isDiskError } from "../platform/disk.ts";
import { LatticeError } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";
import { utf8 } from "../platform/text.ts";
import { folderOf } from "../platform/paths.ts";
import { peelTag } from "../git/objects/peel.ts";
import type { RefValue } from "../git/refs/store.ts";
import { type PackedChange, rewritePackedRefs } from "../git/refs/files/packed_writer.ts";
import { type EngineContext, share } from "./context.ts";
import { filesRefs } from "./files_refs.ts";
import { clearPlace, FOLDERS_OF_OWN_REFS, removeIfThere, stagedPackedRefs, stagedValue } from "./paths.ts";
import { valueText } from "./update.ts";

/** From so many values on, one flush of the file system is cheaper than one of each file. */
const VALUES_FOR_SYNCFS = 64;

/** A folder may vanish between its making and its use (git removes empty ones); it is made again so often. */
const FOLDER_ATTEMPTS = 3;

/** A value that should be given to a ref. */
export interface RefTarget {
  readonly ref: string;
  readonly value: RefValue;
}

/**
 * Writes each value to a file of its own, flushed.
 *
 * @param folder The operation's temporary folder.
 * @returns Path of the value file by ref.
 */
export function stageValues(
  context: EngineContext,
  folder: string,
  targets: readonly RefTarget[],
): ReadonlyMap<string, string> {
  const { disk } = context.system;
  const together = targets.length >= VALUES_FOR_SYNCFS;
  const staged = new Map<string, string>();
  targets.forEach(({ ref, value }, index) => {
    const path = stagedValue(folder, index);
    clearPlace(context.system, path); // left by an attempt that was cut short
    using file = disk.create(path);
    file.write(utf8(`${valueText(value)}\n`));
    share(context, path, "file");
    if (!together) file.sync();
    staged.set(ref, path);
  });
  if (together && !disk.syncFileSystem(folder)) { for (const path of staged.values()) disk.syncFile(path); }
  return staged;
}

/**
 * Announces that a single ref will be deleted, by a file where a value would stand: it is there until the ref is gone,
 * so that after a kill it can be told whether that happened.
 *
 * @param folder The operation's temporary folder.
 */
export function announceDeletion({ system }: EngineContext, folder: string): void {
  const path = stagedValue(folder, 0);
  clearPlace(system, path);
  system.disk.create(path).close();
}

/**
 * Makes the folders that the loose files (and locks) of refs need, durably. A symbolic link on the way is refused.
 *
 * @param made Gets the folders that were made, outermost first.
 */
export function makeRefFolders(context: EngineContext, refs: Iterable<string>, made: string[]): void {
  const known = new Set<string>();
  let last = "";
  for (const ref of refs) {
    const above = ref.slice(0, ref.lastIndexOf("/") + 1);
    if (above === last && above.startsWith("refs/")) continue; // its neighbour's folder
    last = above;
    const folder = folderOf(filesRefs(context.repository).loosePath(ref));
    if (!known.has(folder)) makeRefFolder(context, ref, folder, known, made);
  }
}

function makeRefFolder(context: EngineContext, ref: string, folder: string, known: Set<string>, made: string[]): void {
  const { repository, system } = context;
  if (known.has(folder) || folder === repository.commonDir || folder === repository.gitDir) return;
  const stat = system.disk.lstat(folder);
  if (stat?.kind === "symlink") {
    throw new LatticeError(
      "unsupported",
      `${JSON.stringify(folder)} is a symbolic link; refs are not written through it`,
      {
        hint: "replace the link by the folder itself",
        details: { path: folder, ref },
      },
    );
  }
  if (stat === null) {
    if (folderOf(folder) === `${repository.commonDir}/worktrees`) {
      throw new LatticeError("cas_failed", `cannot set ${JSON.stringify(ref)}: its worktree is gone`, {
        hint: "`git worktree list` shows the worktrees",
        details: { ref, path: folder, expected: null, actual: null },
      });
    }
    makeRefFolder(context, ref, folderOf(folder), known, made);
    makeOneFolder(context, folder, made);
  } else if (stat.kind !== "directory") {
    throw conflictError(ref, folder.slice(folder.indexOf("/refs/") + 1));
  }
  known.add(folder);
}

function makeOneFolder(context: EngineContext, folder: string, made: string[]): void {
  const { system } = context;
  for (let attempt = 1;; attempt++) {
    try {
      system.disk.makeDirectory(folder);
      made.push(folder);
      share(context, folder, "directory");
      break;
    } catch (error) {
      if (isDiskError(error, "EEXIST")) break; // another process was first
      if (!isDiskError(error, "ENOENT") || attempt === FOLDER_ATTEMPTS) throw error;
      makeOneFolder(context, folderOf(folder), made);
    }
  }
  system.disk.syncDirectory(folderOf(folder));
}

/** The error for a ref that cannot be created beside another one. */
export function conflictError(ref: string, other: string): LatticeError {
  const leftOver = other.startsWith("refs/branch-metadata/")
    ? `; if it is the left-over of a branch that is gone, remove it with \`lattice meta delete ${other.slice(21)}\``
    : "";
  const hint = FOLDERS_OF_OWN_REFS.includes(other)
    ? `lattice keeps refs below it, so no ref may have that name: remove it with \`git update-ref -d ${other}\``
    : `a ref cannot be both a name and a folder of names; rename or delete the other one first${leftOver}`;
  return new LatticeError("cas_failed", `cannot create ${JSON.stringify(ref)}: ${JSON.stringify(other)} exists`, {
    hint,
    details: { ref, expected: null, actual: null, conflicts_with: other },
  });
}

/** Renames a staged value onto its ref, clearing away empty folders that stand where the file should. */
export function publishValue(context: EngineContext, ref: string, stagedPath: string): void {
  const path = filesRefs(context.repository).loosePath(ref);
  removeEmptyFolders(context.system, path);
  context.system.disk.rename(stagedPath, path);
}

/** Removes a folder (and folders in it) where a file should stand, as long as there is no file in it. */
export function removeEmptyFolders(system: System, path: string): void {
  if (system.disk.lstat(path)?.kind !== "directory") return;
  for (const entry of system.disk.list(path) ?? []) {
    if (entry.kind === "directory") removeEmptyFolders(system, `${path}/${entry.name}`);
  }
  system.disk.removeDirectory(path);
}

/**
 * What keeps a file from being put at a path: a parent that is no folder, or a folder at the path that holds more
 * than empty folders.
 *
 * @param root A folder above that is known to be one.
 * @returns The path of the obstacle, or `null`.
 */
export function findObstacle(system: System, path: string, root: string): string | null {
  for (let slash = path.indexOf("/", root.length + 1); slash !== -1; slash = path.indexOf("/", slash + 1)) {
    const stat = system.disk.lstat(path.slice(0, slash));
    if (stat === null) return null;
    if (stat.kind !== "directory") return path.slice(0, slash);
  }
  return findFileBelow(system, path);
}

function findFileBelow(system: System, path: string): string | null {
  if (system.disk.lstat(path)?.kind !== "directory") return null;
  for (const entry of system.disk.list(path) ?? []) {
    const child = `${path}/${entry.name}`;
    const found = entry.kind === "directory" ? findFileBelow(system, child) : child;
    if (found !== null) return found;
  }
  return null;
}

/**
 * Removes folders that hold nothing, from the innermost outwards, as far as they are empty.
 *
 * @param isRemovable Says where to stop.
 */
export function removeEmptyParents(disk: Disk, folder: string, isRemovable: (folder: string) => boolean): void {
  for (let at = folder; isRemovable(at); at = folderOf(at)) {
    try {
      disk.removeDirectory(at);
    } catch (error) {
      if (isDiskError(error, "ENOTEMPTY", "EEXIST", "EBUSY")) return; // in use
      if (!isDiskError(error, "ENOENT", "ENOTDIR")) throw error; // gone, or a ref has come in its place
    }
  }
}

/** Whether an empty folder of refs may be removed: below `refs/<kind>/`, as git does it. */
export function isRefSubfolder(context: EngineContext, folder: string): boolean {
  const { commonDir, gitDir } = context.repository;
  for (const root of [gitDir, commonDir]) {
    const relative = folder.startsWith(`${root}/refs/`) ? folder.slice(root.length + 6) : "";
    if (relative.includes("/")) return true;
  }
  return false;
}

/** Flushes the folder of a path, or where that is gone, the nearest one above that is there. */
export function syncFolderOf(disk: Disk, path: string): void {
  for (let folder = folderOf(path);; folder = folderOf(folder)) {
    try {
      disk.syncDirectory(folder);
      return;
    } catch (error) {
      if (!isDiskError(error, "ENOENT", "ENOTDIR", "ENAMETOOLONG")) throw error;
    }
  }
}

/**
 * Writes a new `packed-refs` without some refs, flushed, but not yet in place. The caller holds `packed-refs.lock`.
 *
 * @param folder The operation's temporary folder.
 * @returns Path of the new file, or `null` when none of the refs is recorded.
 * @throws {LatticeError} `unsupported`: `packed-refs` is a symbolic link; `invalid_data`: it is damaged.
 */
export function stageRemoval(context: EngineContext, folder: string, names: readonly string[]): string | null {
  refusePackedRefsLink(context);
  const packed = filesRefs(context.repository).packed();
  const recorded = names.filter((name) => packed.lookup(name) !== null);
  return recorded.length === 0
    ? null
    : stageWholePackedRefs(context, folder, new Map(recorded.map((name) => [name, null])));
}

/**
 * Writes a new `packed-refs` with some records changed, flushed, but not yet in place; where nothing would change, the
 * header comes up to date. The caller holds `packed-refs.lock`.
 *
 * @param changes What becomes of each ref; none is left out that is not there.
 * @returns Path of the new file.
 * @throws {LatticeError} As {@link stageRemoval}.
 */
export function stageWholePackedRefs(
  context: EngineContext,
  folder: string,
  changes: ReadonlyMap<string, PackedChange>,
): string {
  const { system, repository } = context;
  refusePackedRefsLink(context);
  const path = stagedPackedRefs(folder);
  using file = system.disk.openAppend(path) ?? system.disk.create(path);
  file.truncate(0); // an attempt that was cut short may have left a part
  const packed = filesRefs(repository).packed();
  for (const chunk of rewritePackedRefs(packed, changes, (oid) => peelTag(repository.objects, oid))) file.write(chunk);
  share(context, path, "file");
  stepModificationTime(context, path);
  file.sync();
  return path;
}

/**
 * Makes the file that a batch will rename onto `packed-refs`, still empty, so that its inode can be recorded: after a
 * crash the inode of `packed-refs` tells whether the rename happened.
 *
 * @returns The inode as a decimal number.
 */
export function announcePackedRefs(context: EngineContext, folder: string): string {
  using file = context.system.disk.create(stagedPackedRefs(folder));
  return String(file.stat().inode);
}

/**
 * Takes refs out of `packed-refs`, durably, and only then their loose files away: a loose file that went before its
 * record would uncover an old value. The caller holds `packed-refs.lock`.
 *
 * @param staged What {@link stageRemoval} made for these refs.
 * @throws {LatticeError} `unsupported`: `packed-refs` has become a symbolic link.
 */
export function removeRefFiles(context: EngineContext, staged: string | null, names: readonly string[]): void {
  const { disk } = context.system;
  refusePackedRefsLink(context);
  if (staged !== null) {
    disk.rename(staged, filesRefs(context.repository).packedRefsPath);
    disk.syncDirectory(context.repository.commonDir);
  }
  for (const name of names) removeLooseFile(context, name);
}

/** Removes the loose file of a ref, where there is one. An empty folder of that name stays. */
function removeLooseFile(context: EngineContext, name: string): void {
  const { system, repository } = context;
  const path = filesRefs(repository).loosePath(name);
  try {
    removeIfThere(system, path);
  } catch (error) {
    if (isDiskError(error, "EISDIR", "EPERM") && system.disk.lstat(path)?.kind === "directory") return;
    throw error;
  }
}

/** Whether `packed-refs` is a symbolic link. */
export function isPackedRefsLink({ system, repository }: EngineContext): boolean {
  return system.disk.lstat(filesRefs(repository).packedRefsPath)?.kind === "symlink";
}

/**
 * Refuses a `packed-refs` that is a symbolic link: replacing it by rename would cut the link, and git's lock stands
 * beside the file that it leads to.
 */
export function refusePackedRefsLink(context: EngineContext): void {
  if (isPackedRefsLink(context)) throw packedRefsLinkError(context);
}

/** The error for a `packed-refs` that is a symbolic link. */
export function packedRefsLinkError({ repository }: EngineContext): LatticeError {
  const path = filesRefs(repository).packedRefsPath;
  return new LatticeError("unsupported", `${JSON.stringify(path)} is a symbolic link; it is not replaced`, {
    hint: "put the file itself in its place",
    details: { path },
  });
}

/** Git takes a `packed-refs` for unchanged by size, inode and seconds, so the new one is a second younger at least. */
function stepModificationTime(context: EngineContext, path: string): void {
  const { disk, clock } = context.system;
  const before = disk.stat(filesRefs(context.repository).packedRefsPath);
  if (before === null) return;
  const least = before.mtimeNs + 1_000_000_000n;
  if (BigInt(Math.floor(clock.nowMs())) * 1_000_000n < least) disk.setTimes(path, least);
}

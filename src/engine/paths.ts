/**
 * Where lattice keeps its own files, all below `<common dir>/lattice/`.
 *
 * @module
 */
import { isDiskError } from "../platform/disk.ts";
import { LatticeError } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";
import { folderOf } from "../platform/paths.ts";

/** The marker of an unfinished operation. */
export function opStatePath(commonDir: string): string {
  return `${commonDir}/lattice/op-state.json`;
}

/** The folder of the journals. */
export function opsFolder(commonDir: string): string {
  return `${commonDir}/lattice/ops`;
}

/** The journal of an operation. */
export function journalPath(commonDir: string, opId: string): string {
  return `${opsFolder(commonDir)}/${opId}.jsonl`;
}

/** What belongs to an operation of several transactions while it lasts: its snapshot, its notes, hooks for its program. */
export function spanFolder(commonDir: string, opId: string): string {
  return `${opsFolder(commonDir)}/${opId}.d`;
}

/** The folder of the temporary folders. */
export function temporaryRoot(commonDir: string): string {
  return `${commonDir}/lattice/tmp`;
}

/** Where an operation keeps values and new files on their way. */
export function temporaryFolder(commonDir: string, opId: string): string {
  return `${temporaryRoot(commonDir)}/${opId}`;
}

/** Where an operation keeps the n-th of its values until it is renamed onto its ref. */
export function stagedValue(folder: string, index: number): string {
  return `${folder}/${index}`;
}

/** Where an operation keeps a new `packed-refs` until it is renamed into place. */
export function stagedPackedRefs(folder: string): string {
  return `${folder}/packed-refs`;
}

/** Prefix of the refs that keep replaced commits reachable. */
export const KEEP_PREFIX = "refs/lattice/keep/";

/** Names that no ref may have: it would keep lattice from storing anything below them. */
export const FOLDERS_OF_OWN_REFS: readonly string[] = ["refs/lattice", "refs/branch-metadata"];

/**
 * Makes a folder of ours where it is not there, and makes its name durable.
 *
 * @param path The folder; its parent must be there.
 * @returns Whether it was made.
 */
export function makeDurableFolder(system: System, path: string): boolean {
  const made = makeFolder(system, path);
  if (made) system.disk.syncDirectory(folderOf(path));
  return made;
}

/** Makes a folder where it is not there, without making its name durable. Says whether it was made. */
export function makeFolder(system: System, path: string): boolean {
  if (system.disk.lstat(path)?.kind === "directory") return false; // an exception costs more than this look
  try {
    system.disk.makeDirectory(path);
    return true;
  } catch (error) {
    if (isDiskError(error, "EEXIST") && system.disk.lstat(path)?.kind === "directory") return false;
    throw error;
  }
}

/**
 * Makes way for a new file where an attempt that was cut short may have left one. It is looked for first: nearly always
 * nothing is there, and an exception costs more than a look.
 */
export function clearPlace(system: System, path: string): void {
  if (system.disk.lstat(path) !== null) removeIfThere(system, path);
}

/** Removes a file that may not be there. */
export function removeIfThere(system: System, path: string): boolean {
  try {
    system.disk.unlink(path);
    return true;
  } catch (error) {
    if (isDiskError(error, "ENOENT", "ENOTDIR")) return false;
    throw error;
  }
}

/**
 * Removes a folder of temporary files and what is in it, as far as it is there. A symbolic link is removed itself and
 * never followed.
 */
export function removeTree(system: System, path: string): void {
  if (system.disk.lstat(path)?.kind !== "directory") {
    removeIfThere(system, path);
    return;
  }
  for (const entry of system.disk.list(path) ?? []) removeTree(system, `${path}/${entry.name}`);
  try {
    system.disk.removeDirectory(path);
  } catch (error) {
    if (!isDiskError(error, "ENOENT", "ENOTDIR")) throw error;
  }
}

/**
 * Removes the folder of an operation of several transactions, durably: once its marker is gone, nothing leads to it.
 */
export function removeSpanFolder(system: System, commonDir: string, opId: string): void {
  const folder = spanFolder(commonDir, opId);
  removeTree(system, folder);
  if (system.disk.lstat(opsFolder(commonDir)) !== null) system.disk.syncDirectory(opsFolder(commonDir));
}

/**
 * Insists that lattice's own folders are folders: through a symbolic link, somebody else's files would be changed.
 *
 * @throws {LatticeError} `unsupported`.
 */
export function refuseStrangeFolders(system: System, commonDir: string): void {
  for (const path of [opsFolder(commonDir), temporaryRoot(commonDir)]) {
    const stat = system.disk.lstat(path);
    if (stat === null || stat.kind === "directory") continue;
    throw new LatticeError("unsupported", `${JSON.stringify(path)} is not a folder`, {
      hint: "move it away; lattice keeps its own files there",
      details: { path },
    });
  }
}

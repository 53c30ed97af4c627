/**
 * Where lattice keeps its own files, all below `<common dir>/lattice/`.
 *
 * @module
 */
import { isDiskError } from "../platform/disk.ts";
import type { System } from "../platform/system.ts";

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

/** The folder of the temporary folders. */
export function temporaryRoot(commonDir: string): string {
  return `${commonDir}/lattice/tmp`;
}

/** Where an operation keeps values and new files on their way. */
export function temporaryFolder(commonDir: string, opId: string): string {
  return `${temporaryRoot(commonDir)}/${opId}`;
}

/** Prefix of the refs that keep replaced commits reachable. */
export const KEEP_PREFIX = "refs/lattice/keep/";

/** The folder that holds a path. */
export function parentFolder(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/**
 * Makes a folder of ours where it is not there, and makes its name durable.
 *
 * @param path The folder; its parent must be there.
 * @returns Whether it was made.
 */
export function makeDurableFolder(system: System, path: string): boolean {
  const made = makeFolder(system, path);
  if (made) system.disk.syncDirectory(parentFolder(path));
  return made;
}

/** Makes a folder where it is not there, without making its name durable. Says whether it was made. */
export function makeFolder(system: System, path: string): boolean {
  try {
    system.disk.makeDirectory(path);
    return true;
  } catch (error) {
    if (isDiskError(error, "EEXIST") && system.disk.lstat(path)?.kind === "directory") return false;
    throw error;
  }
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

/** Removes a folder of temporary files and what is in it, as far as it is there. */
export function removeTree(system: System, path: string): void {
  for (const entry of system.disk.list(path) ?? []) {
    const child = `${path}/${entry.name}`;
    if (entry.kind === "directory") removeTree(system, child);
    else removeIfThere(system, child);
  }
  try {
    system.disk.removeDirectory(path);
  } catch (error) {
    if (!isDiskError(error, "ENOENT", "ENOTDIR")) throw error;
  }
}

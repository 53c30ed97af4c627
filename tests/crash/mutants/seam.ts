/**
 * Changing what a program does by changing the calls that it makes: a simulated machine whose disk leaves calls out, or
 * makes them in another order, while the program believes that all is well.
 *
 * @module
 */
import type { OpenFile } from "../../../src/platform/disk.ts";
import type { SimDisk } from "../../simulation/sim_disk.ts";
import type { SimSystem } from "../../simulation/sim_system.ts";

/** Where the simulated repository is. */
export const GIT_DIR = "/r/.git";
/** The marker. */
export const MARKER = `${GIT_DIR}/lattice/op-state.json`;
/** The folder of the journals. */
export const OPS = `${GIT_DIR}/lattice/ops`;
/** The packed refs. */
export const PACKED_REFS = `${GIT_DIR}/packed-refs`;

/** What a process sees of a machine, changed. */
export type Mutation = (system: SimSystem) => SimSystem;

/** An object with some members replaced; the others act on the object itself. */
export function derive<T extends object>(object: T, members: Partial<T>): T {
  return Object.assign(Object.create(object) as T, members);
}

/** Replaces calls of the disk; the given one is the disk as it is. The function is called once for each process. */
export function mutateDisk(replace: (disk: SimDisk) => Partial<SimDisk>): Mutation {
  return (system) => derive(system, { disk: derive(system.disk, replace(system.disk)) });
}

/** Replaces calls of files that are opened or created; `null` leaves a file as it is. */
export function mutateFiles(replace: (file: OpenFile, disk: SimDisk) => Partial<OpenFile> | null): Mutation {
  return mutateDisk((disk) => openings(disk, (file) => replace(file, disk)));
}

/** The calls that open files, which come with some calls replaced. */
export function openings(disk: SimDisk, replace: (file: OpenFile) => Partial<OpenFile> | null): Partial<SimDisk> {
  const changed = (file: OpenFile): OpenFile => {
    const members = replace(file);
    return members === null ? file : derive(file, members);
  };
  const orNull = (file: OpenFile | null) => file === null ? null : changed(file);
  return {
    create: (path, mode) => changed(disk.create(path, mode)),
    openRead: (path) => orNull(disk.openRead(path)),
    openAppend: (path) => orNull(disk.openAppend(path)),
  };
}

/** Leaves out the flushes of the contents of some files. */
export function withoutFlushOf(isMeant: (path: string) => boolean): Mutation {
  return mutateDisk((disk) => ({
    ...openings(disk, (file) => isMeant(file.path) ? { sync: () => {} } : null),
    syncFile: (path) => isMeant(path) ? undefined : disk.syncFile(path),
  }));
}

/** Leaves out the flushes of some folders. */
export function withoutFlushOfFolder(isMeant: (path: string) => boolean): Mutation {
  return mutateDisk((disk) => ({ syncDirectory: (path) => isMeant(path) ? undefined : disk.syncDirectory(path) }));
}

/** Whether a path is a journal's. */
export function isJournal(path: string): boolean {
  return path.startsWith(`${OPS}/`) && path.endsWith(".jsonl");
}

/** Whether a path is a loose ref, a lock of one, or a folder of them. */
export function isBelowRefs(path: string): boolean {
  return path.startsWith(`${GIT_DIR}/refs/`);
}

/** Whether a path is that of a lock of git's. */
export function isGitLock(path: string): boolean {
  return path.endsWith(".lock") && path.startsWith(`${GIT_DIR}/`);
}

/** Whether a path is a value on its way to a ref. */
export function isStagedValue(path: string): boolean {
  return /\/lattice\/tmp\/[^/]+\/\d+$/.test(path);
}

/** Whether bytes that go into a journal hold a record of a type. */
export function holdsRecord(bytes: Uint8Array, type: string): boolean {
  return new TextDecoder().decode(bytes).includes(`"record":{"type":"${type}"`);
}

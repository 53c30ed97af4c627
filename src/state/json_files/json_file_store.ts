/**
 * Documents as JSON files: `<folder>/<name>/state.json`, and `state.json.lock` beside it while somebody writes.
 *
 * Guarantee: a document is the old one or the new one, whatever is killed or loses power, and the new one once `write()`
 * has returned (proof: `tests/state/crash.test.ts`). Who writes holds the lock from the comparison to the flush, so that
 * none is lost (proof: `tests/state/processes.test.ts`).
 *
 * The order of a write: the folders; the lock; what dead writers left; the comparison; the flush of the folder's own name,
 * where it holds no document yet; the temporary file, flushed; the rename; the flush of the folder; the lock off.
 *
 * @module
 */
import { type LockOptions, underLock } from "./lock.ts";
import { flushIfAllowed, makeFolders, removeIfEmpty, removeMade } from "./folders.ts";
import { readDocument } from "./reading.ts";
import { checkExpectation, type DocumentStore, type Expectation } from "../document_store.ts";
import {
  DeleteStateFailed,
  DirectoryCreationFailed,
  ReadStateFailed,
  StateError,
  WriteStateFailed,
} from "../errors.ts";
import { isStateName } from "../name.ts";
import { sweepTemporaryFiles, temporaryPath } from "../../locks/temporary_file.ts";
import { type FileStat, isDiskError } from "../../platform/disk.ts";
import { LatticeError } from "../../platform/errors.ts";
import { hasOwnFile, hasOwnFolder } from "../../platform/own_file.ts";
import { replaceFile } from "../../platform/replace_file.ts";
import type { System } from "../../platform/system.ts";

/** The document within its folder. */
const FILE = "state.json";

/** Nobody but the owner. */
const FILE_MODE = 0o600;

/** Folders that go while they are about to be used are made again so often. */
const ATTEMPTS_MAX = 100;

/** Documents in the folders of a folder. */
export class JsonFileStore implements DocumentStore {
  readonly #system: System;
  readonly #folder: string;
  readonly #locking: LockOptions;
  /** What the files were that this object wrote: sound, and need not be read to know it. */
  readonly #written = new Map<string, FileStat>();

  /**
   * Does nothing yet.
   *
   * @param folder Absolute. It need not exist before something is written.
   */
  constructor(system: System, folder: string, locking: LockOptions) {
    this.#system = system;
    this.#folder = folder.replace(/(?!^)\/+$/, "");
    this.#locking = locking;
  }

  pathOf(name: string): string {
    return `${this.#folderOf(name)}/${FILE}`;
  }

  // deno-lint-ignore require-await -- what is thrown must reject the promise
  async read(name: string): Promise<Uint8Array | null> {
    return this.#reading(name, () => readDocument(this.#system.disk, this.pathOf(name)));
  }

  // deno-lint-ignore require-await -- what is thrown must reject the promise
  async exists(name: string): Promise<boolean> {
    return this.#reading(name, () => hasOwnFile(this.#system.disk, this.pathOf(name))) ?? false;
  }

  // deno-lint-ignore require-await -- what is thrown must reject the promise
  async list(): Promise<string[]> {
    const { disk } = this.#system;
    return attempt(() => {
      const entries = hasOwnFolder(disk, this.#folder) ? disk.list(this.#folder) ?? [] : [];
      const names = entries.filter(({ name, kind }) => kind === "directory" && isStateName(name))
        .map(({ name }) => name);
      return names.filter((name) => disk.lstat(this.pathOf(name))?.kind === "file").sort();
    }, (cause) => new ReadStateFailed(this.#folder, cause));
  }

  async write(name: string, bytes: Uint8Array, expectation: Expectation): Promise<void> {
    const path = this.pathOf(name);
    const made: string[] = [];
    try {
      for (let tried = 0; tried < ATTEMPTS_MAX; tried++) {
        const isDone = this.#makeFolders(name, made) &&
          await underLock(this.#system, path, this.#locking, () => this.#replace(name, bytes, expectation));
        if (isDone) return;
      }
      const cause = new LatticeError("io", "somebody removes it again and again", {
        hint: "stop the program that does it, then run the command again",
      });
      throw new DirectoryCreationFailed(this.#folderOf(name), cause);
    } catch (error) {
      removeMade(this.#system.disk, made);
      throw error;
    }
  }

  async delete(name: string): Promise<void> {
    const { disk } = this.#system;
    const [folder, path] = [this.#folderOf(name), this.pathOf(name)];
    const failed = (cause: unknown) => new DeleteStateFailed(path, cause);
    const isThere = attempt(
      () => hasOwnFolder(disk, this.#folder) && hasOwnFolder(disk, folder),
      failed,
    );
    const isDone = isThere && await underLock(this.#system, path, this.#locking, () => this.#remove(name));
    // Somebody else may have removed it, and have died before that was durable.
    if (!isDone) attempt(() => hasOwnFolder(disk, this.#folder) && flushIfAllowed(disk, this.#folder), failed);
    else attempt(() => removeIfEmpty(disk, folder), failed);
  }

  #folderOf(name: string): string {
    return `${this.#folder === "/" ? "" : this.#folder}/${name}`;
  }

  /** Reads, where the folders are such. `null`: one is not there. */
  #reading<T>(name: string, read: () => T | null): T | null {
    const { disk } = this.#system;
    return attempt(() => {
      if (!hasOwnFolder(disk, this.#folder)) return null;
      return hasOwnFolder(disk, this.#folderOf(name)) ? read() : null;
    }, (cause) => new ReadStateFailed(this.pathOf(name), cause));
  }

  /** Makes what is missing. @returns Whether it is there: somebody else may have removed some of it meanwhile. */
  #makeFolders(name: string, made: string[]): boolean {
    const { disk } = this.#system;
    const folder = this.#folderOf(name);
    return attempt(() => {
      if (hasOwnFolder(disk, this.#folder) && hasOwnFolder(disk, folder)) return true;
      try {
        makeFolders(disk, folder, made);
        return true;
      } catch (error) {
        if (isDiskError(error, "ENOENT")) return false;
        throw error;
      }
    }, (cause) => new DirectoryCreationFailed(folder, cause));
  }

  /** Compares and replaces, under the lock. */
  #replace(name: string, bytes: Uint8Array, expectation: Expectation): void {
    const { disk } = this.#system;
    const [folder, path] = [this.#folderOf(name), this.pathOf(name)];
    const failed = (cause: unknown) => new WriteStateFailed(path, cause);
    attempt(() => sweepTemporaryFiles(this.#system, folder, (target) => target === FILE), failed);
    const isThere = attempt(() => this.#compare(name, expectation), (cause) => new ReadStateFailed(path, cause));
    attempt(() => {
      // A document stands in no folder whose own name may still be lost: see `folders.ts`.
      if (!isThere) disk.syncDirectory(this.#folder);
      replaceFile(disk, temporaryPath(this.#system, path), path, bytes, {
        mode: FILE_MODE,
        adjust: (temporary) => disk.chmod(temporary, FILE_MODE), // whatever the umask took, or a default ACL added
      });
    }, failed);
    attempt(() => disk.syncDirectory(folder), (cause) => new WriteStateFailed(path, cause, true));
    this.#remember(name);
  }

  /** Notes what was written. Where that cannot be looked at, the next one reads it. */
  #remember(name: string): void {
    this.#written.delete(name);
    try {
      const written = this.#system.disk.lstat(this.pathOf(name));
      if (written !== null) this.#written.set(name, written);
    } catch (error) {
      if (!isDiskError(error)) throw error;
    }
  }

  /**
   * Compares what is there with what must be there, under the lock.
   *
   * A file that is still the one that this object wrote is sound, and whoever wants no more than that is spared the reading.
   * (Somebody who changes it in place, without the lock, by not a single byte in length and within one tick of the kernel's
   * clock, is not noticed; without the lock that could as well happen behind the comparison.)
   *
   * @returns Whether a document is there.
   */
  #compare(name: string, expectation: Expectation): boolean {
    const { disk } = this.#system;
    const path = this.pathOf(name);
    const written = this.#written.get(name);
    if (expectation.kind === "sound" && written !== undefined) {
      const now = disk.lstat(path);
      if (now !== null && isSameFile(now, written)) return true;
    }
    const current = readDocument(disk, path);
    checkExpectation(path, name, current, expectation);
    return current !== null;
  }

  /** Removes the document, under the lock. */
  #remove(name: string): void {
    const { disk } = this.#system;
    const [folder, path] = [this.#folderOf(name), this.pathOf(name)];
    attempt(() => {
      sweepTemporaryFiles(this.#system, folder, (target) => target === FILE);
      if (hasOwnFile(disk, path)) disk.unlink(path);
    }, (cause) => new DeleteStateFailed(path, cause));
    attempt(() => disk.syncDirectory(folder), (cause) => new DeleteStateFailed(path, cause, true));
  }
}

/** Whether nobody replaced a file, or wrote into it. */
function isSameFile(a: FileStat, b: FileStat): boolean {
  return a.inode === b.inode && a.device === b.device && a.size === b.size && a.kind === b.kind &&
    a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs;
}

/** Does something; what the disk refuses becomes an error that says what was to be done. A bug of ours stays one. */
function attempt<T>(action: () => T, failed: (cause: unknown) => StateError): T {
  try {
    return action();
  } catch (cause) {
    throw cause instanceof StateError || !(cause instanceof LatticeError) ? cause : failed(cause);
  }
}

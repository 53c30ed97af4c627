/**
 * Files that nobody but their owner may read: looked at before they are believed, and never made any other way.
 *
 * What is judged is the open file, so that nothing can be put in its place between the look and the reading. A file is
 * private only in a private folder: whoever may write there could put another one in its place.
 *
 * @module
 */
import { temporaryPath } from "../locks/temporary_file.ts";
import { DiskError, isDiskError } from "../platform/disk.ts";
import { LatticeError } from "../platform/errors.ts";
import { openOwnFileToRead, readOpenFile } from "../platform/own_file.ts";
import { replaceFile } from "../platform/replace_file.ts";
import type { System } from "../platform/system.ts";
import { shellWord } from "../platform/text.ts";
import { FILE_MODE, flawOf, FOLDER_MODE, octal } from "./location.ts";
import { folderOf } from "../platform/paths.ts";

/** What group and others need to change what is in a folder. */
const OTHERS_WRITE = 0o022;

/** Names of what lattice keeps in the folder of secrets; with others in it, the folder is somebody's for more than that. */
const OWN_NAMES = /^(?:secrets\.toml|keychain|config\.toml)(?:\.|$)/;

/**
 * Reads a private file.
 *
 * @param bytesMax The largest size in bytes that is read.
 * @returns `null`: it is not there.
 * @throws {LatticeError} `io`: others may read it, or change it; it is somebody else's; the disk fails. `unsupported`: it
 *   is no file, or a symbolic link. `invalid_data`: it is larger.
 */
export function readPrivateFile(system: System, path: string, bytesMax: number): Uint8Array | null {
  const { disk } = system;
  const folder = folderOf(path);
  const stat = disk.stat(folder);
  if (stat === null) return null;
  if (stat.kind !== "directory") throw notAFolder(folder);
  const seen = disk.lstat(path);
  if (seen === null) return null;
  insistPrivate(system, folder, stat, FOLDER_MODE);
  if (seen.kind === "symlink") throw symbolicLink(path);
  using file = openOwnFileToRead(disk, path);
  if (file === null) return null;
  insistPrivate(system, path, file.stat(), FILE_MODE);
  return readOpenFile(file, bytesMax);
}

/**
 * Puts a private file in place, durably. Where that fails, what was there is there again.
 *
 * @param before What the file holds now; `null`: it is not there.
 * @throws {DiskError} The disk fails.
 */
export function writePrivateFile(system: System, path: string, bytes: Uint8Array, before: Uint8Array | null): void {
  const { disk } = system;
  put(system, path, bytes);
  try {
    disk.syncDirectory(folderOf(path));
  } catch (error) {
    // The new content is to be seen and may not last: whoever is told of a failure must find the old one.
    try {
      if (before === null) disk.unlink(path);
      else put(system, path, before);
    } catch (cause) {
      throw new LatticeError("io", `${JSON.stringify(path)} could be written, but neither flushed nor put back`, {
        hint: "the disk reports errors; look at the file before you go on",
        details: { path },
        cause,
      });
    }
    throw error;
  }
}

function put(system: System, path: string, bytes: Uint8Array): void {
  replaceFile(system.disk, temporaryPath(system, path), path, bytes, {
    mode: FILE_MODE,
    // The umask may have taken the owner's own permissions.
    adjust: (temporary) => {
      if (system.disk.lstat(temporary)?.mode !== FILE_MODE) system.disk.chmod(temporary, FILE_MODE);
    },
  });
}

/**
 * Makes sure that a private folder is there.
 *
 * One that others may only look into, and that holds nothing but lattice's own files, is made private. It is refused if
 * there are others in it, since it may have been meant for all, or if others may have put something there.
 *
 * @throws {LatticeError} `io`: it is not private, it is somebody else's, the disk fails; `unsupported`: it is no folder.
 */
export function makePrivateFolder(system: System, folder: string): void {
  const { disk } = system;
  if (disk.stat(folder) === null) makeFolder(system, folder);
  const stat = disk.stat(folder); // of what was made as well: somebody else may have been faster
  if (stat?.kind !== "directory") throw notAFolder(folder);
  const flaw = flawOf(stat, system);
  if (flaw?.kind === "mode" && !isOnlyOurs(system, folder)) throw folderForMore(folder, stat);
  if (flaw?.kind === "mode" && (flaw.mode & OTHERS_WRITE) === 0) return disk.chmod(folder, FOLDER_MODE);
  insistPrivate(system, folder, stat, FOLDER_MODE);
}

function isOnlyOurs({ disk }: System, folder: string): boolean {
  return disk.list(folder)?.every(({ name }) => OWN_NAMES.test(name)) === true;
}

/** Nobody is told to keep others from such a folder: it may be the system's own. */
function folderForMore(folder: string, { mode, uid }: { mode: number; uid: number }): LatticeError {
  const path = JSON.stringify(folder);
  return new LatticeError("io", `${path} may be used by others (mode ${octal(mode)}), and holds more than secrets`, {
    hint: "name a folder for nothing else in LATTICE_HOME; it is made where it is not there",
    details: { path: folder, mode: octal(mode), expected_mode: octal(FOLDER_MODE), uid },
  });
}

function makeFolder(system: System, folder: string): void {
  const { disk } = system;
  const parent = folderOf(folder);
  if (disk.stat(parent) === null) makeFolder(system, parent);
  try {
    disk.makeDirectory(folder, FOLDER_MODE);
  } catch (error) {
    if (!isDiskError(error, "EEXIST")) throw error;
    if (disk.stat(folder) === null) throw linkToNothing(folder);
    // else another process was first
  }
  if (disk.lstat(folder)?.mode !== FOLDER_MODE) disk.chmod(folder, FOLDER_MODE);
  disk.syncDirectory(parent);
}

function insistPrivate(system: System, path: string, stat: { uid: number; mode: number }, wanted: number): void {
  const flaw = flawOf(stat, system);
  if (flaw === null) return;
  const command = `chmod ${wanted.toString(8)} ${shellWord(path)}`;
  const [reason, hint] = flaw.kind === "owner"
    ? [
      `belongs to user ${flaw.uid}, and we are ${system.host.userId}`,
      `as its owner, or as root: chown ${system.host.userId} ${shellWord(path)} && ${command}`,
    ]
    : [
      `may be used by others (mode ${octal(flaw.mode)})`,
      wanted === FILE_MODE ? `${command}, and replace secrets that others may have seen` : command,
    ];
  throw new LatticeError("io", `${JSON.stringify(path)} ${reason}`, {
    hint,
    details: { path, mode: octal(stat.mode), expected_mode: octal(wanted), uid: stat.uid },
  });
}

function symbolicLink(path: string): LatticeError {
  const word = shellWord(path);
  return new LatticeError("unsupported", `${JSON.stringify(path)} is a symbolic link, and is not followed`, {
    hint:
      `put the file itself in its place: cp --remove-destination "$(readlink -f ${word})" ${word} && chmod 600 ${word}`,
    details: { path, kind: "symlink" },
  });
}

function linkToNothing(folder: string): LatticeError {
  return new LatticeError("io", `${JSON.stringify(folder)} is a symbolic link that leads to nothing`, {
    hint: "put back the folder that it led to, or remove the link",
    details: { path: folder, kind: "symlink" },
  });
}

function notAFolder(folder: string): DiskError {
  return new DiskError("ENOTDIR", "look into", folder);
}

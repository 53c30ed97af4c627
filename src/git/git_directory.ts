/**
 * What makes a folder a git directory, and the files that point from one to another (gitrepository-layout).
 *
 * @module
 */
import { closing } from "../platform/closing.ts";
import type { Disk } from "../platform/disk.ts";
import { LatticeError } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";
import { bytesToName } from "../platform/text.ts";
import { folderOf, joinPath } from "../platform/paths.ts";
import { readBounded } from "./bounded_file.ts";

/** A `.git` file is no longer than this, in bytes, as in git. */
const GIT_FILE_BYTES_MAX = 1 << 20;

/** So much of `HEAD` tells whether it makes sense, in bytes, as in git. */
const HEAD_BYTES_LOOKED_AT = 255;

/** The directory that all worktrees share: `GIT_COMMON_DIR`, else what `commondir` names, else the git directory. */
export function commonDirectory(system: System, gitDir: string): string | null {
  const given = system.env["GIT_COMMON_DIR"];
  if (given !== undefined) return system.disk.realPath(joinPath(system.host.workingDirectory, given));
  const bytes = readBounded(system.disk, `${gitDir}/commondir`);
  if (bytes === null) return gitDir;
  return system.disk.realPath(joinPath(gitDir, bytesToName(bytes).replace(/[\r\n]+$/, "")));
}

/** Whether a folder is a git directory: it has a `HEAD` that makes sense, objects and refs. */
export function isGitDirectory(system: System, path: string): boolean {
  const { disk, env, host } = system;
  if (!hasHead(disk, path)) return false;
  const commonDir = commonDirectory(system, path);
  if (commonDir === null) return false;
  const objects = env["GIT_OBJECT_DIRECTORY"];
  return disk.stat(objects === undefined ? `${commonDir}/objects` : joinPath(host.workingDirectory, objects)) !==
      null &&
    disk.stat(`${commonDir}/refs`) !== null;
}

function hasHead(disk: Disk, gitDir: string): boolean {
  const path = `${gitDir}/HEAD`;
  const kind = disk.lstat(path)?.kind;
  if (kind === "symlink") return disk.readLink(path)?.startsWith("refs/") === true;
  if (kind !== "file") return false;
  return closing(disk.openRead(path), (file) => {
    const bytes = new Uint8Array(HEAD_BYTES_LOOKED_AT);
    const text = bytesToName(bytes.subarray(0, file.readAt(bytes, 0)));
    if (text.startsWith("ref: refs/")) return true; // as it is nearly always
    return /^ref:[ \t\n\r]*refs\//.test(text) || /^[0-9a-fA-F]{40}/.test(text);
  }) === true;
}

/**
 * Follows a `.git` file.
 *
 * @param size Its size in bytes.
 * @throws {LatticeError} `not_a_repository`: malformed, or it leads nowhere.
 */
export function readGitFile(system: System, path: string, size: number): string {
  const name = JSON.stringify(path);
  if (size > GIT_FILE_BYTES_MAX) throw badGitFile(path, `the file ${name} is too large to name a repository`);
  const text = bytesToName(readBounded(system.disk, path) ?? new Uint8Array(0));
  if (!text.startsWith("gitdir: ")) throw badGitFile(path, `the file ${name} does not begin with "gitdir: "`);
  const target = text.slice("gitdir: ".length).replace(/[\r\n]+$/, "");
  if (target === "") throw badGitFile(path, `the file ${name} names no git directory`);
  const gitDir = joinPath(folderOf(path), target);
  if (!isGitDirectory(system, gitDir)) {
    throw badGitFile(path, `the file ${name} names ${JSON.stringify(gitDir)}, which is not a git directory`);
  }
  return system.disk.realPath(gitDir) ?? gitDir;
}

function badGitFile(path: string, message: string): LatticeError {
  return new LatticeError("not_a_repository", message, {
    hint: "if the repository was moved, `git worktree repair` or `git submodule init` may mend the file",
    details: { path },
  });
}

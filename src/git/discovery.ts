/**
 * Finds the repository that a working directory belongs to, as git does.
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";
import { folderOf, joinPath } from "../platform/paths.ts";
import type { Config } from "./config/config.ts";
import { environmentSwitch } from "./config/files.ts";
import { isGitDirectory, readGitFile } from "./git_directory.ts";
import { checkBareAllowed, checkOwnership } from "./ownership.ts";
import { normalizePath, pathInside } from "./paths.ts";

/** A git directory that was found and may be trusted. */
export interface FoundRepository {
  /** How: named by the user, by a `.git` below a folder, or the folder itself is one. */
  readonly kind: "explicit" | "dot-git" | "bare";
  /** Absolute. */
  readonly gitDir: string;
  /** The folder where the search ended; of a named one, the working directory. */
  readonly folder: string;
}

/**
 * Looks for a repository.
 *
 * @param cwd Working directory without symbolic links.
 * @param named The git directory that the user named, or `undefined` to search.
 * @param protectedConfig Configuration that no repository can set, for questions of trust.
 * @returns `null`: there is none up to the root, the ceiling or the end of the file system.
 * @throws {LatticeError} `not_a_repository`: what was named, or a `.git` file, leads to none; `unsafe_repository`.
 */
export function discoverRepository(
  system: System,
  cwd: string,
  named: string | undefined,
  protectedConfig: () => Config,
): FoundRepository | null {
  if (named !== undefined) return { kind: "explicit", gitDir: namedGitDir(system, cwd, named), folder: cwd };
  return searchUpwards(system, cwd, (folder) => lookIn(system, folder, protectedConfig));
}

/**
 * Looks for a repository as git does: in the working directory, then in one folder above the other, up to the root, the
 * ceiling or the end of the file system. (No generator: a process's first one takes as long as the whole search.)
 *
 * @param cwd As for {@link discoverRepository}.
 * @param look Looks in one folder; `null`: it goes on.
 * @returns What was found first, or `null`.
 */
export function searchUpwards<Found>(
  system: System,
  cwd: string,
  look: (folder: string) => Found | null,
): Found | null {
  const ceiling = ceilingLength(system, cwd);
  const staysOnDevice = !environmentSwitch(system.env, "GIT_DISCOVERY_ACROSS_FILESYSTEM");
  let startDevice: bigint | null = null;
  for (let folder = cwd;;) {
    const found = look(folder);
    if (found !== null || folder === "/") return found;
    if (staysOnDevice) startDevice ??= system.disk.stat(cwd)?.device ?? null;
    folder = folderOf(folder);
    if (folder.length <= ceiling) return null;
    if (startDevice !== null && system.disk.stat(folder)?.device !== startDevice) return null;
  }
}

function namedGitDir(system: System, cwd: string, named: string): string {
  const path = joinPath(cwd, named);
  const stat = named === "" ? null : system.disk.stat(path);
  if (stat?.kind === "file") return readGitFile(system, path, stat.size);
  if (stat === null || !isGitDirectory(system, path)) {
    throw new LatticeError("not_a_repository", `not a git repository: ${JSON.stringify(named)}`, {
      hint: "GIT_DIR or --git-dir must name a git directory, such as the .git folder of a work tree",
      details: { path },
    });
  }
  return system.disk.realPath(path) ?? path;
}

function lookIn(system: System, folder: string, protectedConfig: () => Config): FoundRepository | null {
  const dotGit = joinPath(folder, ".git");
  const stat = system.disk.stat(dotGit);
  if (stat?.kind === "file") {
    const gitDir = readGitFile(system, dotGit, stat.size);
    checkOwnership(system, { gitFile: dotGit, workTree: folder, gitDir }, protectedConfig);
    return { kind: "dot-git", gitDir, folder };
  }
  if (stat?.kind === "directory" && isGitDirectory(system, dotGit)) {
    checkOwnership(system, { gitFile: null, workTree: folder, gitDir: dotGit }, protectedConfig);
    return { kind: "dot-git", gitDir: dotGit, folder };
  }
  if (!isGitDirectory(system, folder)) return null;
  checkBareAllowed(folder, protectedConfig());
  checkOwnership(system, { gitFile: null, workTree: null, gitDir: folder }, protectedConfig);
  return { kind: "bare", gitDir: folder, folder };
}

/**
 * Length of the longest folder of `GIT_CEILING_DIRECTORIES` above the working directory; the search stays below it.
 * An empty entry means that those behind it are taken as they are, without looking for symbolic links.
 */
function ceilingLength({ env, disk }: System, cwd: string): number {
  let length = 0;
  let resolve = true;
  for (const entry of (env["GIT_CEILING_DIRECTORIES"] ?? "").split(":")) {
    if (entry === "") resolve = false;
    if (!entry.startsWith("/")) continue;
    const ceiling = normalizePath((resolve ? disk.realPath(entry) : null) ?? entry);
    if (ceiling.length > length && ceiling !== cwd && pathInside(ceiling, cwd) !== null) length = ceiling.length;
  }
  return length;
}

/**
 * Where git looks for the hooks of a repository (git-config, `core.hooksPath`).
 *
 * @module
 */
import { expandPath } from "./config/expand_path.ts";
import type { Repository } from "./repository.ts";
import { joinPath } from "../platform/paths.ts";

/**
 * The folder of the hooks, absolute: what `core.hooksPath` names, else `hooks` in the directory that all worktrees
 * share. A relative setting counts from where git runs hooks: the top of the worktree, or a bare repository itself.
 *
 * @throws {LatticeError} `invalid_data`: the setting names the folder of a user who is not there.
 */
export function hooksFolder(repository: Repository): string {
  const { config, system, workDir, gitDir, commonDir } = repository;
  const configured = config.get("core.hookspath");
  if (configured === undefined) return `${commonDir}/hooks`;
  return joinPath(workDir ?? gitDir, expandPath(system, configured)).replace(/(?<=.)\/+$/, "");
}

/** Path of the hook that git would run, or `null`: there is none that may be executed. @throws {LatticeError} As {@link hooksFolder}. */
export function findHook(repository: Repository, name: string): string | null {
  const path = `${hooksFolder(repository)}/${name}`;
  const stat = repository.system.disk.stat(path);
  return stat?.kind === "file" && (stat.mode & 0o111) !== 0 ? path : null;
}

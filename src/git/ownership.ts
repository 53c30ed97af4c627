/**
 * Whether a repository may be trusted: its configuration can run programs, so one that belongs to another user is
 * refused until its user says otherwise (git-config, `safe.directory` and `safe.bareRepository`).
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";
import { joinPath } from "../platform/paths.ts";
import type { Config } from "./config/config.ts";
import { expandPath } from "./config/expand_path.ts";
import { environmentSwitch } from "./config/files.ts";

/** What was found and must belong to the user; `null` where there is no such thing. */
export interface FoundPaths {
  readonly gitFile: string | null;
  readonly workTree: string | null;
  readonly gitDir: string;
}

/**
 * Refuses a repository of another user.
 *
 * @param protectedConfig Gives the configuration that no repository can set; asked only when it matters.
 * @throws {LatticeError} `unsafe_repository`, with the command that allows it as the hint.
 */
export function checkOwnership(system: System, found: FoundPaths, protectedConfig: () => Config): void {
  const foreign = firstForeign(system, [found.gitFile, found.workTree, found.gitDir]);
  const assumed = environmentSwitch(system.env, "GIT_TEST_ASSUME_DIFFERENT_OWNER");
  if (!assumed && foreign === null) return;
  const repository = found.workTree ?? found.gitDir;
  const real = system.disk.realPath(repository) ?? repository;
  if (isListedAsSafe(system, real, protectedConfig())) return;
  const blamed = foreign ?? repository;
  const owner = system.disk.lstat(blamed)?.uid ?? null;
  throw new LatticeError("unsafe_repository", `repository ${JSON.stringify(real)} is owned by someone else`, {
    hint: `to trust it, run: git config --global --add safe.directory ${shellQuoted(real)}`,
    details: { path: real, foreign_path: blamed, owner, user: system.host.userId },
  });
}

/**
 * Refuses a bare repository that was come upon, where only named ones are allowed.
 *
 * @throws {LatticeError} `unsafe_repository`.
 */
export function checkBareAllowed(path: string, protectedConfig: Config): void {
  if (protectedConfig.get("safe.barerepository") !== "explicit" || isImplicitBare(path)) return;
  throw new LatticeError(
    "unsafe_repository",
    `cannot use bare repository ${JSON.stringify(path)}: safe.bareRepository is "explicit"`,
    { hint: `name it: GIT_DIR=${shellQuoted(path)}`, details: { path } },
  );
}

/** Whether a bare repository is a part of one that is not: its git directory, or that of a submodule or worktree. */
function isImplicitBare(path: string): boolean {
  return path.endsWith("/.git") || path.includes("/.git/worktrees/") || path.includes("/.git/modules/");
}

/** The first path that belongs to another user; `null`: there is none. A plain loop, since every command is here. */
function firstForeign(system: System, paths: readonly (string | null)[]): string | null {
  for (const path of paths) {
    if (path !== null && !isOwned(system, path)) return path;
  }
  return null;
}

function isOwned({ disk, host, env }: System, path: string): boolean {
  if (host.userId === null) return true; // no such owners on this platform
  const stat = disk.lstat(path);
  if (stat === null) return false;
  if (host.userId !== 0) return stat.uid === host.userId;
  return stat.uid === 0 || stat.uid === sudoUser(env["SUDO_UID"]);
}

/** Who called sudo; `null` when nobody did. */
function sudoUser(text: string | undefined): number | null {
  return text !== undefined && /^[0-9]+$/.test(text) && Number(text) < 2 ** 32 ? Number(text) : null;
}

function isListedAsSafe(system: System, path: string, config: Config): boolean {
  let safe = false;
  for (const { key, value } of config.entries) {
    if (key !== "safe.directory") continue;
    if (value === null || value === "") safe = false;
    else if (value === "*" || matchesDirectory(system, path, value)) safe = true;
  }
  return safe;
}

function matchesDirectory(system: System, path: string, value: string): boolean {
  const pattern = value === "." ? system.host.workingDirectory : expandPath(system, value);
  if (!pattern.startsWith("/")) return false;
  if (!pattern.endsWith("/*")) return path === (system.disk.realPath(pattern) ?? pattern);
  const folder = pattern.slice(0, -2);
  return path.startsWith(joinPath(system.disk.realPath(folder === "" ? "/" : folder) ?? folder, ""));
}

/** Quoted for the shell, where that is needed, as git prints it. */
function shellQuoted(text: string): string {
  if (/^[\w+,\-./:=@]+$/.test(text)) return text;
  return `'${text.replace(/['!]/g, (mark) => `'\\${mark}'`)}'`;
}

/**
 * What `git rev-parse` says of the repository itself: where it is, and what kind it is.
 *
 * @module
 */
import { readBounded } from "../../git/bounded_file.ts";
import type { Repository } from "../../git/repository.ts";
import type { Disk } from "../../platform/disk.ts";
import { absolutePath, folderOf, joinPath } from "../../platform/paths.ts";
import type { System } from "../../platform/system.ts";
import { GitExit } from "./context.ts";
import { unsupportedOption } from "./unsupported_option.ts";

/** `--path-format`: as git does by itself, or always one way. */
export type PathFormat = "default" | "absolute" | "relative";

/** How a path is written when `--path-format` says nothing. */
type DefaultPath = "unmodified" | "canonical" | "relative-if-shared";

/** The variables that belong to one repository (git's `local_repo_env`). */
export const LOCAL_ENVIRONMENT: readonly string[] = [
  "GIT_ALTERNATE_OBJECT_DIRECTORIES",
  "GIT_CONFIG",
  "GIT_CONFIG_PARAMETERS",
  "GIT_CONFIG_COUNT",
  "GIT_OBJECT_DIRECTORY",
  "GIT_DIR",
  "GIT_WORK_TREE",
  "GIT_IMPLICIT_WORK_TREE",
  "GIT_GRAFT_FILE",
  "GIT_INDEX_FILE",
  "GIT_NO_REPLACE_OBJECTS",
  "GIT_REPLACE_REF_BASE",
  "GIT_PREFIX",
  "GIT_SHALLOW_FILE",
  "GIT_COMMON_DIR",
];

/**
 * Answers an option that asks about the repository.
 *
 * @returns The text, without newline; `null` when git prints nothing; `undefined`: this is no such option.
 */
export function describeRepository(
  repository: Repository,
  option: string,
  format: PathFormat,
): string | null | undefined {
  const place = locate(repository);
  switch (option) {
    case "--git-dir":
      return place.gitDirAsGiven
        ? writePath(repository, place.gitDirShown, format, "unmodified")
        : writePath(repository, repository.gitDir, format, "canonical");
    case "--absolute-git-dir":
      return realPath(repository.system.disk, repository.gitDir);
    case "--git-common-dir":
      return writePath(repository, place.commonDirShown, format, "relative-if-shared");
    case "--show-toplevel":
      if (place.workDir === null) throw new GitExit(128, "fatal: this operation must be run in a work tree");
      return writePath(repository, place.workDir, format, "canonical");
    case "--show-prefix":
      return repository.prefix;
    case "--show-cdup":
      if (!place.insideWorkTree) return place.workDir;
      return "../".repeat(repository.prefix.split("/").length - 1);
    case "--is-inside-git-dir":
      return String(place.insideGitDir);
    case "--is-inside-work-tree":
      return String(place.insideWorkTree);
    case "--is-bare-repository":
      return String(repository.bare);
    case "--is-shallow-repository":
      return String(repository.system.disk.stat(`${repository.commonDir}/shallow`) !== null);
    case "--show-superproject-working-tree":
      return noSuperproject(repository, place.workDir);
    case "--shared-index-path":
      return noSharedIndex(repository);
    default:
      return undefined;
  }
}

/** `--git-path <path>`: where git keeps a file. */
export function gitPath(repository: Repository, path: string, format: PathFormat): string {
  const { env } = repository.system;
  const place = locate(repository);
  const own = (variable: string, name: string): string | undefined =>
    path === name
      ? env[variable]
      : path.startsWith(`${name}/`) && env[variable] !== undefined
      ? env[variable] + path.slice(name.length)
      : undefined;
  const hooks = path === "hooks" || path.startsWith("hooks/") ? repository.config.get("core.hookspath") : undefined;
  const moved = (path === "index" ? env["GIT_INDEX_FILE"] : undefined) ??
    (path === "info/grafts" ? env["GIT_GRAFT_FILE"] : undefined) ??
    own("GIT_OBJECT_DIRECTORY", "objects") ??
    (hooks === undefined ? undefined : hooks + path.slice("hooks".length));
  const folder = isShared(path) ? place.commonDirShown : place.gitDirShown;
  const plain = folder === "." ? path : `${folder}/${path}`;
  return writePath(repository, moved ?? plain, format, "relative-if-shared");
}

/** `--resolve-git-dir <path>`: a git directory, or the file that names one; `null`: neither. */
export function resolveGitDir(system: System, path: string): string | null {
  const { disk } = system;
  const full = absolutePath(system, path);
  if (isGitDir(disk, full)) return path;
  const stat = disk.stat(full);
  if (stat?.kind !== "file" || stat.size > 1 << 20) return null;
  const match = /^gitdir: ([^\n\r]+)[\n\r]*$/.exec(new TextDecoder().decode(readBounded(disk, full) ?? undefined));
  if (match === null) return null;
  const target = joinPath(folderOf(full), match[1]!);
  return isGitDir(disk, target) ? realPath(disk, target) : null;
}

function isGitDir(disk: Disk, path: string): boolean {
  if (disk.lstat(`${path}/HEAD`) === null) return false;
  const common = readBounded(disk, `${path}/commondir`);
  const text = common === null ? "." : new TextDecoder().decode(common).trim();
  const shared = text.startsWith("/") ? text : `${path}/${text}`;
  return disk.stat(`${shared}/refs`)?.kind === "directory" && disk.stat(`${shared}/objects`)?.kind === "directory";
}

interface Place {
  readonly workDir: string | null;
  readonly insideWorkTree: boolean;
  readonly insideGitDir: boolean;
  /** The git directory in the words that git itself uses for it: `.git`, `.`, or an absolute path. */
  readonly gitDirShown: string;
  readonly commonDirShown: string;
  /** Whether `--git-dir` prints it as it stands. */
  readonly gitDirAsGiven: boolean;
}

function locate(repository: Repository): Place {
  const { system, gitDir, commonDir, prefix } = repository;
  const { disk, host, env } = system;
  const cwd = realPath(disk, host.workingDirectory);
  const explicit = env["GIT_DIR"];
  const realGitDir = realPath(disk, gitDir);
  const insideGitDir = isBelow(cwd, realGitDir);
  const chosen = explicit !== undefined || env["GIT_WORK_TREE"] !== undefined ||
    repository.config.get("core.worktree") !== undefined;
  const workDir = insideGitDir && !chosen ? null : repository.workDir;
  const insideWorkTree = workDir !== null && isBelow(cwd, realPath(disk, workDir));
  const top = prefix === "" ? cwd : workDir ?? cwd;
  const plain = disk.stat(`${top}/.git`)?.kind === "directory" && realPath(disk, `${top}/.git`) === realGitDir;
  const gitDirShown = explicit !== undefined && prefix === ""
    ? explicit
    : explicit === undefined && plain
    ? ".git"
    : cwd === realGitDir
    ? "."
    : gitDir;
  const commonDirShown = env["GIT_COMMON_DIR"] ?? (commonDir === gitDir ? gitDirShown : commonDir);
  const gitDirAsGiven = prefix === "";
  return { workDir, insideWorkTree, insideGitDir, gitDirShown, commonDirShown, gitDirAsGiven };
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || folder === "/" || path.startsWith(`${folder}/`);
}

/** @param path Absolute, or relative to the top of the work tree (there git works). */
function writePath(repository: Repository, path: string, format: PathFormat, fallback: DefaultPath): string {
  const { disk, host } = repository.system;
  const top = repository.prefix !== "" && repository.workDir !== null ? repository.workDir : host.workingDirectory;
  const absolute = path.startsWith("/") ? path : `${top}/${path}`;
  if (format === "default") {
    if (fallback === "unmodified") return path;
    // Between the top of the work tree and a folder below it there is a relative way; to elsewhere git shows none.
    if (fallback === "relative-if-shared") return path.startsWith("/") ? path : upFrom(repository.prefix, path);
    return forgivingRealPath(disk, absolute);
  }
  if (format === "absolute") return forgivingRealPath(disk, absolute);
  return relativePath(forgivingRealPath(disk, absolute), realPath(disk, host.workingDirectory));
}

function upFrom(prefix: string, path: string): string {
  return "../".repeat(prefix.split("/").length - 1) + path;
}

function realPath(disk: Disk, path: string): string {
  return disk.realPath(path) ?? path;
}

/** Resolves as much of a path as exists; the rest stays as it stands. */
function forgivingRealPath(disk: Disk, path: string): string {
  const rest: string[] = [];
  for (let head = path; head !== "";) {
    const real = disk.realPath(head);
    if (real !== null) return [real === "/" ? "" : real, ...rest].join("/") || "/";
    const slash = head.lastIndexOf("/");
    const name = head.slice(slash + 1);
    if (name !== "" && name !== ".") rest.unshift(name);
    head = head.slice(0, slash);
  }
  return `/${rest.join("/")}`;
}

/** The way from a folder to a path, both absolute and real. */
function relativePath(path: string, from: string): string {
  const target = path.split("/").filter((part) => part !== "");
  const start = from.split("/").filter((part) => part !== "");
  let shared = 0;
  while (shared < start.length && target[shared] === start[shared]) shared++;
  const up = start.length - shared;
  const down = target.slice(shared).join("/");
  if (up === 0) return down === "" ? "./" : down;
  return "../".repeat(up) + down;
}

/** Whether all work trees share a file of the git directory (gitrepository-layout). */
function isShared(path: string): boolean {
  const below = (folder: string) => path === folder || path.startsWith(`${folder}/`);
  const own = ["logs/HEAD", "info/sparse-checkout"].includes(path) ||
    ["logs/refs", "refs"].some((root) => ["bisect", "rewritten", "worktree"].some((name) => below(`${root}/${name}`)));
  if (own) return false;
  if (["config", "gc.pid", "packed-refs", "shallow"].includes(path)) return true;
  return [
    "branches",
    "common",
    "hooks",
    "info",
    "logs",
    "lost-found",
    "objects",
    "refs",
    "remotes",
    "worktrees",
    "rr-cache",
    "svn",
  ].some(below);
}

/** Without a repository above the work tree there is no superproject; with one, its index would have to be read. */
function noSuperproject(repository: Repository, workDir: string | null): null {
  if (workDir === null) return null;
  for (let folder = workDir; folder !== "";) {
    folder = folder.slice(0, folder.lastIndexOf("/"));
    if (repository.system.disk.lstat(`${folder}/.git`) !== null) {
      throw unsupportedOption("--show-superproject-working-tree");
    }
  }
  return null;
}

/** Without a shared index beside the index the index cannot be split; with one, it would have to be read. */
function noSharedIndex(repository: Repository): null {
  const names = repository.system.disk.list(repository.gitDir) ?? [];
  if (names.some(({ name }) => name.startsWith("sharedindex."))) throw unsupportedOption("--shared-index-path");
  return null;
}

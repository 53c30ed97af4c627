/**
 * Opens a repository: finds it, checks that it may be trusted and is understood, and puts its parts together.
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";
import { folderOf, joinPath } from "../platform/paths.ts";
import type { Config } from "./config/config.ts";
import { type ConfigFiles, createConfigFiles, environmentSwitch } from "./config/files.ts";
import { readConfig, readProtectedConfig } from "./config/read.ts";
import { discoverRepository, type FoundRepository } from "./discovery.ts";
import { readRepositoryFormat, type RepositoryFormat, withWorktreeConfig } from "./format.ts";
import { commonDirectory } from "./git_directory.ts";
import { type OpenObjectStore, openObjectStore } from "./objects/open.ts";
import { pathInside } from "./paths.ts";
import { openRefStore } from "./refs/open.ts";
import type { RefStore } from "./refs/store.ts";
import type { Repository, RepositoryLayout } from "./repository.ts";

/** What a caller may say, in place of the environment. */
export interface OpenOptions {
  /** Working directory, absolute; without it, that of the process. */
  readonly cwd?: string;
  /** As `GIT_DIR`: no search, and no question of trust. */
  readonly gitDir?: string;
  /** As `GIT_WORK_TREE`. */
  readonly workTree?: string;
  /** Whether the repository is to count as bare (git's `--bare`). */
  readonly bare?: boolean;
  /** Settings above all others, each `key=value`, or `key` alone for true. */
  readonly configOverrides?: readonly string[];
}

/**
 * Opens the repository that the working directory belongs to. Objects, refs and configuration are opened when they
 * are first asked for.
 *
 * @throws {LatticeError} `not_a_repository`, `unsafe_repository`, `unsupported` (format), `invalid_data`
 *   (configuration), `io`.
 */
export function openRepository(system: System, options: OpenOptions = {}): Repository {
  const repository = findRepository(system, options);
  if (repository !== null) return repository;
  const cwd = options.cwd ?? system.host.workingDirectory;
  throw new LatticeError(
    "not_a_repository",
    `not a git repository: neither ${JSON.stringify(cwd)} nor a folder above`,
    {
      hint: "go to a repository, name one with --git-dir, or make one with `git init`",
      details: { path: cwd },
    },
  );
}

/**
 * Like {@link openRepository}, but `null` where there is none. A repository that is there but not trusted, not
 * understood or broken still throws.
 */
export function findRepository(system: System, options: OpenOptions = {}): Repository | null {
  const files = createConfigFiles(system, options.configOverrides ?? []);
  const cwd = options.cwd === undefined || options.cwd === system.host.workingDirectory
    ? system.host.workingDirectory
    : system.disk.realPath(options.cwd) ?? options.cwd;
  const named = options.gitDir ?? system.env["GIT_DIR"] ?? (options.bare === true ? "." : undefined);
  const found = discoverRepository(system, cwd, named, () => readProtectedConfig(system, files));
  if (found === null) return null;
  const commonDir = commonDirectory(system, found.gitDir) ?? found.gitDir;
  const format = readFormat(files, found.gitDir, commonDir);
  return assemble(system, files, layOut(system, options, cwd, found, commonDir, format), format);
}

function readFormat(files: ConfigFiles, gitDir: string, commonDir: string): RepositoryFormat {
  const path = `${commonDir}/config`;
  const format = readRepositoryFormat(files.read(path) ?? [], path);
  if (format.worktreeConfig) {
    const own = `${gitDir}/config.worktree`;
    return withWorktreeConfig(
      commonDir === gitDir ? format : withoutPlaces(format),
      files.read(own) ?? [],
      own,
    );
  }
  return commonDir === gitDir ? format : withoutPlaces(format);
}

/** `core.bare` and `core.worktree` of the shared file are about the main worktree, not about linked ones. */
function withoutPlaces(format: RepositoryFormat): RepositoryFormat {
  return { ...format, bare: undefined, workTree: undefined };
}

function layOut(
  system: System,
  options: OpenOptions,
  cwd: string,
  found: FoundRepository,
  commonDir: string,
  format: RepositoryFormat,
): RepositoryLayout {
  const { gitDir } = found;
  const bareSetting = options.bare === true ? true : format.bare;
  const workDir = findWorkDir(system, options, cwd, found, bareSetting, format.workTree);
  const inside = workDir === null ? null : pathInside(workDir, cwd);
  const objects = system.env["GIT_OBJECT_DIRECTORY"];
  return {
    gitDir,
    commonDir,
    workDir,
    worktreeId: linkedWorktreeId(gitDir, commonDir),
    objectsDir: objects === undefined ? `${commonDir}/objects` : joinPath(cwd, objects),
    bare: bareSetting !== false && workDir === null,
    objectFormat: format.objectFormat,
    refStorage: format.refStorage,
    prefix: inside === null || inside === "" ? "" : `${inside}/`,
  };
}

/** The top of the work tree; the order of the questions is git's. */
function findWorkDir(
  system: System,
  options: OpenOptions,
  cwd: string,
  found: FoundRepository,
  bare: boolean | undefined,
  setting: string | undefined,
): string | null {
  const given = options.workTree ?? system.env["GIT_WORK_TREE"];
  if (given !== undefined) return resolved(system, joinPath(cwd, given));
  if (bare === true) return null;
  if (setting !== undefined) return configuredWorkDir(system, found.gitDir, setting);
  switch (found.kind) {
    case "explicit":
      return environmentSwitch(system.env, "GIT_IMPLICIT_WORK_TREE", true) ? cwd : null;
    case "dot-git":
      return found.folder;
    case "bare":
      return null;
  }
}

function configuredWorkDir(system: System, gitDir: string, setting: string): string {
  const path = joinPath(gitDir, setting);
  const real = system.disk.realPath(path);
  if (real === null && !setting.startsWith("/")) {
    throw new LatticeError("invalid_data", `core.worktree is ${JSON.stringify(setting)}, which is not there`, {
      hint: "correct or unset core.worktree in the repository's config",
      details: { path },
    });
  }
  return real ?? path;
}

function resolved(system: System, path: string): string {
  return system.disk.realPath(path) ?? path;
}

function linkedWorktreeId(gitDir: string, commonDir: string): string | null {
  if (gitDir === commonDir || folderOf(folderOf(gitDir)) !== commonDir) return null;
  const id = pathInside(`${commonDir}/worktrees`, gitDir);
  return id === "" ? null : id;
}

/** Gives the layout its parts, each opened when it is first asked for. */
function assemble(system: System, files: ConfigFiles, layout: RepositoryLayout, format: RepositoryFormat): Repository {
  let config: Config | undefined;
  let objects: OpenObjectStore | undefined;
  let refs: RefStore | undefined;
  const repository: Repository = {
    ...layout,
    system,

    get config() {
      return config ??= readConfig(system, files, { ...layout, worktreeConfig: format.worktreeConfig });
    },

    get objects() {
      return objects ??= openObjectStore({
        system,
        objectsDir: layout.objectsDir,
        format: layout.objectFormat,
        config: () => repository.config,
        readReplaceRef(oid) {
          const entry = repository.refs.read(`refs/replace/${oid}`);
          return entry?.value.kind === "direct" ? entry.value.oid : null;
        },
      });
    },

    get refs() {
      return refs ??= openRefStore({ ...layout, system, format: layout.objectFormat });
    },
  };
  return repository;
}

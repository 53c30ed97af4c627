/**
 * Opening a repository that may be broken: what keeps it from being opened is a finding.
 *
 * A `HEAD` that is damaged makes git, and lattice, take the folder for no repository at all. Here it is opened as if
 * its `HEAD` were sound, so that everything else is looked at too.
 *
 * @module
 */
import { createConfigFiles } from "../git/config/files.ts";
import { readProtectedConfig } from "../git/config/read.ts";
import { searchUpwards } from "../git/discovery.ts";
import { openRepository } from "../git/open.ts";
import { checkOwnership } from "../git/ownership.ts";
import { commonDirectory } from "../git/git_directory.ts";
import type { Repository } from "../git/repository.ts";
import type { Disk, FileStat } from "../platform/disk.ts";
import { LatticeError } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";
import { bytesToName, utf8 } from "../platform/text.ts";
import { folderOf, joinPath } from "../platform/paths.ts";
import { type Finding, findingId, quote } from "./finding.ts";
import { brokenHead } from "./head_repair.ts";
import { lookAt } from "./seen_file.ts";

/** Kinds of findings about the repository as a whole. */
export const REPOSITORY_KINDS: Readonly<Record<string, string>> = {
  "repository.unsafe": "the repository belongs to another user, and is not trusted",
  "repository.unsupported": "its format, an extension or its ref storage is not known",
  "repository.config": "git's configuration cannot be read",
  "repository.unreadable": "its files cannot be read",
  "repository.mixed": "git's configuration says that refs are files, and they are in reftables",
  "repository.broken": "what a git directory needs is not there",
  "ref.missing": "there is no HEAD",
};

/** What a look begins with. */
export interface Opened {
  /** `null`: it cannot be opened even so. */
  readonly repository: Repository | null;
  /** Where the repository lock is; `null`: unknown, so that nothing can be mended. */
  readonly commonDir: string | null;
  readonly findings: readonly Finding[];
}

/** What a `HEAD` is taken for that cannot be read. */
const STAND_IN = utf8("ref: refs/heads/main\n");

/** A `.git` file is no longer, in bytes. */
const GIT_FILE_BYTES_MAX = 1 << 20;

/**
 * Opens a repository as far as it can be.
 *
 * @param gitDir The git directory that the user named; absolute.
 * @throws {LatticeError} `not_a_repository`: there is nothing that looks like one.
 */
export function openForExamination(system: System, gitDir: string | undefined): Opened {
  try {
    const repository = openRepository(system, optionsOf(system, gitDir));
    void repository.config;
    void repository.refs; // a backend that is not known is refused here
    const mixed = mixedStorage(repository);
    if (mixed !== null) return { repository: null, commonDir: repository.commonDir, findings: [mixed] };
    return { repository, commonDir: repository.commonDir, findings: [] };
  } catch (error) {
    if (!(error instanceof LatticeError) || error.code === "internal") throw error;
    if (error.code === "not_a_repository") return openBroken(system, gitDir, error);
    return { repository: null, commonDir: null, findings: [refusal(error)] };
  }
}

/** Refs that are in reftables must not be taken for damaged files: what stands in their place is put there by git. */
function mixedStorage({ system, commonDir, gitDir, refStorage }: Repository): Finding | null {
  if (refStorage !== "files" || system.disk.lstat(`${commonDir}/reftable/tables.list`) === null) return null;
  const head = bytesToName(system.disk.readFile(`${gitDir}/HEAD`, GIT_FILE_BYTES_MAX) ?? new Uint8Array(0));
  if (head.trim() !== "ref: refs/heads/.invalid") return null;
  return {
    id: findingId("repository.mixed"),
    severity: "error",
    subject: "config",
    evidence: `${quote(`${commonDir}/config`)} does not say that refs are in reftables, and they are; ` +
      "`git config core.repositoryFormatVersion 1` and `git config extensions.refStorage reftable` say so",
    fix: null,
  };
}

function optionsOf(system: System, gitDir: string | undefined) {
  return { cwd: system.host.workingDirectory, ...(gitDir === undefined ? {} : { gitDir }) };
}

const KIND_BY_CODE: Readonly<Record<string, string>> = {
  unsafe_repository: "repository.unsafe",
  unsupported: "repository.unsupported",
  invalid_data: "repository.config",
};

function refusal(error: LatticeError): Finding {
  const path = error.details["path"];
  return {
    id: findingId(KIND_BY_CODE[error.code] ?? "repository.unreadable"),
    severity: "error",
    subject: typeof path === "string" ? path : "repository",
    evidence: error.hint === undefined ? error.message : `${error.message}; ${error.hint}`,
    fix: null,
  };
}

/** What was not taken for a repository, but looks as if it had been one. */
function openBroken(system: System, named: string | undefined, error: LatticeError): Opened {
  const candidate = findCandidate(system, named ?? system.env["GIT_DIR"]);
  if (candidate === null) throw error;
  const { gitDir, folder } = candidate;
  if (gitDir === null) return { repository: null, commonDir: null, findings: [unknownBreakage(".git", error)] };
  try {
    const trusted = () => readProtectedConfig(system, createConfigFiles(system, []));
    checkOwnership(system, { gitFile: null, workTree: folder, gitDir }, trusted);
  } catch (untrusted) {
    if (untrusted instanceof LatticeError && untrusted.code === "unsafe_repository") {
      return { repository: null, commonDir: null, findings: [refusal(untrusted)] };
    }
    throw untrusted;
  }
  const commonDir = commonDirectory(system, gitDir);
  const missing = commonDir === null ? [] : missingFolders(system, commonDir);
  if (commonDir === null || missing.length > 0) {
    return { repository: null, commonDir, findings: missing.length > 0 ? missing : [unknownBreakage(gitDir, error)] };
  }
  return openWithStandIn(system, gitDir, commonDir, error);
}

/** What may have been a repository. */
interface Candidate {
  /** `null`: a `.git` file leads nowhere. */
  readonly gitDir: string | null;
  /** The top of its work tree; `null`: unknown, or there is none. */
  readonly folder: string | null;
}

/**
 * The `.git` at or above the working folder, or the folder itself where it looks like a bare repository. Where git's
 * search ends, this one ends too: what stands above may be a sound repository.
 */
function findCandidate(system: System, named: string | undefined): Candidate | null {
  const { disk, host } = system;
  if (named !== undefined) {
    const gitDir = joinPath(host.workingDirectory, named);
    // An empty name would be that of the working folder, and is none of a git directory, also for git.
    return named !== "" && holdsPartOfOne(disk, gitDir) ? { gitDir, folder: null } : null;
  }
  return searchUpwards(system, host.workingDirectory, (folder) => candidateIn(system, folder));
}

function candidateIn(system: System, folder: string): Candidate | null {
  const { disk } = system;
  const dotGit = joinPath(folder, ".git");
  const stat = disk.stat(dotGit);
  if (stat?.kind === "directory") return { gitDir: dotGit, folder };
  if (stat?.kind === "file") return followGitFile(system, dotGit, folder, stat);
  return looksBare(disk, folder) ? { gitDir: folder, folder: null } : null;
}

/** What was never a git directory is not a broken one. */
function holdsPartOfOne(disk: Disk, folder: string): boolean {
  if (disk.stat(folder)?.kind !== "directory") return false;
  return ["HEAD", "objects", "refs", "commondir"].some((name) => disk.lstat(joinPath(folder, name)) !== null);
}

/** A name alone is not enough: `objects` or `refs` may be anybody's folder. */
function looksBare(disk: Disk, folder: string): boolean {
  return ["objects", "refs"].every((name) => disk.lstat(joinPath(folder, name))?.kind === "directory") &&
    disk.lstat(joinPath(folder, "config"))?.kind === "file";
}

function followGitFile({ disk }: System, path: string, folder: string, stat: FileStat): Candidate {
  if (stat.size > GIT_FILE_BYTES_MAX) return { gitDir: null, folder };
  const text = bytesToName(disk.readFile(path) ?? new Uint8Array(0));
  const target = /^gitdir: (.+?)[\r\n]*$/s.exec(text)?.[1];
  if (target === undefined) return { gitDir: null, folder };
  const gitDir = joinPath(folderOf(path), target);
  return disk.stat(gitDir)?.kind === "directory"
    ? { gitDir: disk.realPath(gitDir) ?? gitDir, folder }
    : { gitDir: null, folder };
}

/** `objects` and `refs`; programs that copy files may leave an empty `refs` out when all refs are packed. */
function missingFolders(system: System, commonDir: string): Finding[] {
  const findings: Finding[] = [];
  const { disk } = system;
  if (disk.stat(`${commonDir}/refs`) === null && disk.lstat(`${commonDir}/objects`)?.kind === "directory") {
    findings.push({
      id: findingId("repository.broken", "refs"),
      severity: "error",
      subject: "refs",
      evidence: `${quote(`${commonDir}/refs`)} is not there, so that git takes this for no repository`,
      fix: {
        preview: `make the empty folder ${quote(`${commonDir}/refs`)}; refs that stood there are not brought back`,
        repair: {
          kind: "files",
          run: () => {
            disk.makeDirectory(`${commonDir}/refs`);
            disk.syncDirectory(commonDir);
          },
        },
      },
    });
  }
  if (disk.stat(`${commonDir}/objects`) === null) {
    findings.push({
      id: findingId("repository.broken", "objects"),
      severity: "error",
      subject: "objects",
      evidence: `${quote(`${commonDir}/objects`)} is not there, and with it all content; take it from another clone`,
      fix: null,
    });
  }
  return findings;
}

function unknownBreakage(gitDir: string, error: LatticeError): Finding {
  return {
    id: findingId("repository.broken"),
    severity: "error",
    subject: gitDir,
    evidence: error.hint === undefined ? error.message : `${error.message}; ${error.hint}`,
    fix: null,
  };
}

function openWithStandIn(system: System, gitDir: string, commonDir: string, error: LatticeError): Opened {
  const path = `${gitDir}/HEAD`;
  const seen = lookAt(system.disk, path);
  const stat = system.disk.lstat(`${commonDir}/objects`);
  if (stat === null) return { repository: null, commonDir, findings: [unknownBreakage(gitDir, error)] };
  const world = withStandIn(system, path, { ...stat, kind: "file", size: STAND_IN.length });
  let repository: Repository;
  try {
    repository = openRepository(world, optionsOf(world, gitDir));
    void repository.config;
    void repository.refs;
  } catch (second) {
    if (!(second instanceof LatticeError) || second.code === "internal") throw second;
    const found = second.code === "not_a_repository" ? unknownBreakage(gitDir, error) : refusal(second);
    return { repository: null, commonDir, findings: [found] };
  }
  return { repository, commonDir, findings: [brokenHead(system, repository, path, seen)] };
}

/** The same world, in which one file holds what a `HEAD` may hold. */
function withStandIn(system: System, path: string, stat: FileStat): System {
  const { disk } = system;
  const value = <T>(of: T) => ({ value: of, enumerable: true });
  const standing: Disk = Object.create(disk, {
    readFile: value((asked: string, max?: number) => asked === path ? STAND_IN : disk.readFile(asked, max)),
    readLink: value((asked: string) => asked === path ? null : disk.readLink(asked)),
    lstat: value((asked: string) => asked === path ? stat : disk.lstat(asked)),
    stat: value((asked: string) => asked === path ? stat : disk.stat(asked)),
    openRead: value((asked: string) => asked === path ? openBytes(path, stat) : disk.openRead(asked)),
  });
  return Object.create(system, { disk: value(standing) });
}

function openBytes(path: string, stat: FileStat) {
  const close = () => {};
  const refuse = () => {
    throw new LatticeError("internal", "what stands in for HEAD is only read");
  };
  return {
    path,
    readAt: (buffer: Uint8Array, position: number) => {
      const part = STAND_IN.subarray(position, position + buffer.length);
      buffer.set(part);
      return part.length;
    },
    stat: () => stat,
    write: refuse,
    truncate: refuse,
    sync: refuse,
    close,
    [Symbol.dispose]: close,
  };
}

/**
 * What the checks look at, gathered once: loose refs, `packed-refs`, worktrees, open files.
 *
 * @module
 */
import { isRepoLockHeld } from "../locks/repo_lock.ts";
import type { Repository } from "../git/repository.ts";
import { isDiskError } from "../platform/disk.ts";
import { LatticeError } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";
import type { Finding } from "./finding.ts";
import { type LooseScan, scanLooseRefs } from "./loose_scan.ts";
import { type OpenFiles, openFilesOf } from "./open_files.ts";
import { type PackedScan, scanPackedRefs } from "./packed_scan.ts";
import { LostValues } from "./lost_values.ts";

/** A look at a repository. What is expensive is looked at when it is first asked for. */
export interface Examination {
  readonly system: System;
  readonly repository: Repository;
  /** Name of the trunk, where one is configured. */
  readonly trunk: string | undefined;
  /** Whether a living process holds the repository lock, so that what looks unfinished may be under way. */
  readonly busy: boolean;
  /** Milliseconds since 1970 at which the look began. */
  readonly nowMs: number;
  /** Git directories of all worktrees, the main one's (the common dir) first. */
  readonly worktrees: readonly Worktree[];
  /** The loose refs; empty where refs are not kept in files. */
  loose(): LooseScan;
  /** The records of `packed-refs`. */
  packed(): PackedScan;
  /** Which files living processes have open, as far as this one may see. */
  openFiles(): OpenFiles;
  /** What damaged refs may have held. */
  lostValues(): LostValues;
}

/** The git directory of a worktree. */
export interface Worktree {
  /** `null`: the main one. */
  readonly id: string | null;
  /** Absolute. */
  readonly gitDir: string;
}

/** One kind of look. */
export interface Check {
  /** For the finding that says that the look itself failed. */
  readonly name: string;
  /**
   * Whether it lists refs as every command does, which a damaged `packed-refs` forbids. Then it is not made, and only
   * the damage is told.
   */
  readonly listsRefs?: boolean;
  /** Kinds of findings that it may give, each with what it means; `docs/doctor.md` lists them. */
  readonly kinds: Readonly<Record<string, string>>;
  /** Looks. What it throws becomes a finding of its own. */
  examine(examination: Examination): Iterable<Finding>;
}

/**
 * Begins a look.
 *
 * @param trunk Name of the trunk, where one is configured.
 */
export function beginExamination(repository: Repository, trunk?: string): Examination {
  const { system } = repository;
  let loose: LooseScan | undefined;
  let packed: PackedScan | undefined;
  let openFiles: OpenFiles | undefined;
  let lost: LostValues | undefined;
  const examination: Examination = {
    system,
    repository,
    trunk,
    busy: isBusy(repository),
    nowMs: system.clock.nowMs(),
    worktrees: worktreesOf(repository),
    loose: () => loose ??= scanLooseRefs(examination),
    packed: () => packed ??= scanPackedRefs(repository),
    openFiles: () => openFiles ??= openFilesOf(system),
    lostValues: () => lost ??= new LostValues(examination),
  };
  return examination;
}

function isBusy({ system, commonDir }: Repository): boolean {
  try {
    return isRepoLockHeld(system, commonDir);
  } catch (error) {
    // A check of its own says what is wrong with the folder; what stands in its place no command takes a lock in.
    if (isDiskError(error) || error instanceof LatticeError && error.code === "unsupported") return false;
    throw error;
  }
}

function worktreesOf({ system, commonDir }: Repository): Worktree[] {
  const linked = (system.disk.list(`${commonDir}/worktrees`) ?? [])
    .filter(({ kind }) => kind === "directory")
    .map(({ name }): Worktree => ({ id: name, gitDir: `${commonDir}/worktrees/${name}` }));
  return [{ id: null, gitDir: commonDir }, ...linked];
}

/** A path as it is shown: relative to the git directory that all worktrees share. */
export function shownPath({ repository }: Examination, path: string): string {
  const { commonDir } = repository;
  return path.startsWith(`${commonDir}/`) ? path.slice(commonDir.length + 1) : path;
}

/**
 * All loose refs, sound or not: those that all worktrees share, and each worktree's own.
 *
 * @module
 */
import { nameEverywhere, ownName } from "../engine/files_refs.ts";
import { readLooseRef } from "../git/refs/files/loose.ts";
import { walkLooseRefs } from "../git/refs/files/walk.ts";
import { isRootRefSyntax, refPath } from "../git/refs/names.ts";
import type { RefEntry, RefValue } from "../git/refs/store.ts";
import type { Examination, Worktree } from "./examination.ts";
import { isDiskError } from "../platform/disk.ts";
import { LatticeError } from "../platform/errors.ts";

/** A loose ref that cannot be read, or whose name no ref may have. */
export interface BrokenLoose {
  /** Full name, as the worktree that runs knows it. */
  readonly name: string;
  /** Absolute path of its file. */
  readonly path: string;
  /** Why. */
  readonly reason: string;
  /** Where the file may not be read: what to do about that. What it holds is not known then, and may be sound. */
  readonly forbidden?: string;
}

/** What is there. */
export interface LooseScan {
  /** Refs that can be read, by name. */
  readonly refs: ReadonlyMap<string, RefValue>;
  readonly broken: readonly BrokenLoose[];
  readonly misnamed: readonly BrokenLoose[];
}

/** Folders below `refs/` that each worktree has for itself. */
const OWN_FOLDERS = ["refs/bisect/", "refs/rewritten/", "refs/worktree/"];

/** `FETCH_HEAD` and `MERGE_HEAD` hold more than a ref. */
const NO_REFS = ["FETCH_HEAD", "MERGE_HEAD"];

/** Reads all of them. */
export function scanLooseRefs({ system, repository, worktrees }: Examination): LooseScan {
  const refs = new Map<string, RefValue>();
  const broken: BrokenLoose[] = [];
  const misnamed: BrokenLoose[] = [];
  if (repository.refStorage !== "files") return { refs, broken, misnamed };
  const { disk } = system;
  const format = repository.objectFormat;
  const { commonDir } = repository;

  const walk = (worktree: Worktree, prefix: string) => {
    const folders = { gitDir: worktree.gitDir, commonDir };
    const shown = (name: string) => ownName(repository, nameEverywhere(worktree.id, name));
    const report = (to: BrokenLoose[]) => (name: string, error: unknown) => {
      const { root, relative } = refPath(folders, name);
      to.push({ name: shown(name), path: `${root}/${relative}`, ...reasonOf(error) });
    };
    const found: RefEntry[] = walkLooseRefs(
      { disk, folders, format, onBroken: report(broken), onMisnamed: report(misnamed) },
      prefix,
    );
    for (const { name, value } of found) refs.set(shown(name), value);
  };

  const readRoot = (worktree: Worktree, name: string) => {
    const path = `${worktree.gitDir}/${name}`;
    const shown = ownName(repository, nameEverywhere(worktree.id, name));
    try {
      const read = readLooseRef(disk, format, path, shown);
      if (read.kind === "ref") refs.set(shown, read.value);
    } catch (error) {
      broken.push({ name: shown, path, ...reasonOf(error) });
    }
  };

  for (const worktree of worktrees) {
    if (worktree.gitDir === repository.gitDir) walk(worktree, "refs/");
    else for (const prefix of OWN_FOLDERS) walk(worktree, prefix);
    for (const { name, kind } of disk.list(worktree.gitDir) ?? []) {
      if (kind !== "directory" && isRootRef(name)) readRoot(worktree, name);
    }
  }
  return { refs, broken, misnamed };
}

function isRootRef(name: string): boolean {
  if (NO_REFS.includes(name) || !isRootRefSyntax(name)) return false;
  return name === "HEAD" || name.endsWith("_HEAD");
}

/** What is said of a broken ref, without its name and its file, which the finding has. */
function reasonOf(error: unknown): Pick<BrokenLoose, "reason" | "forbidden"> {
  if (!(error instanceof LatticeError)) throw error;
  if (isDiskError(error, "EACCES", "EPERM")) return { reason: error.message, forbidden: error.hint ?? "" };
  const reason = error.message.replace(/^ref ".*" is broken: /s, "").replace(/ \(in ".*"\)$/s, "");
  return { reason };
}

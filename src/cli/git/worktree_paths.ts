/**
 * The worktrees of a repository, and which branch is checked out where.
 *
 * @module
 */
import { readBounded } from "../../git/bounded_file.ts";
import type { Repository } from "../../git/repository.ts";
import { bytesToName, compareNames } from "../../platform/text.ts";
import { isDamagedRef } from "./ref_item.ts";

/** Ids of the linked worktrees, sorted. */
export function linkedWorktreeIds({ system, commonDir }: Repository): string[] {
  return (system.disk.list(`${commonDir}/worktrees`) ?? []).map(({ name }) => name).sort(compareNames);
}

/** Paths of the worktrees by the full names of the refs that are checked out in them. */
export function checkedOutRefs(repository: Repository): Map<string, string> {
  const paths = new Map<string, string>();
  const add = (headName: string, path: string) => {
    const branch = headTarget(repository, headName);
    if (branch !== null && !paths.has(branch)) paths.set(branch, path);
  };
  add("main-worktree/HEAD", withoutDotGit(repository.commonDir));
  for (const id of linkedWorktreeIds(repository)) {
    const path = linkedWorktreePath(repository, `${repository.commonDir}/worktrees/${id}`);
    if (path !== null) add(`worktrees/${id}/HEAD`, path);
  }
  return paths;
}

function headTarget(repository: Repository, headName: string): string | null {
  try {
    const end = repository.refs.resolve(headName);
    return end.name === headName ? null : end.name;
  } catch (error) {
    if (isDamagedRef(error)) return null; // a worktree whose HEAD cannot be read has nothing checked out
    throw error;
  }
}

function linkedWorktreePath(repository: Repository, folder: string): string | null {
  const bytes = readBounded(repository.system.disk, `${folder}/gitdir`);
  if (bytes === null) return null;
  const text = bytesToName(bytes).trimEnd();
  if (text.startsWith("/") || /^[A-Za-z]:/.test(text)) return withoutDotGit(text);
  const resolved = repository.system.disk.realPath(`${folder}/${text}`);
  return resolved === null ? null : withoutDotGit(resolved);
}

function withoutDotGit(path: string): string {
  return path.endsWith("/.git") ? path.slice(0, -5) : path;
}

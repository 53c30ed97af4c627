/**
 * Where the refs of a repository with linked worktrees are: git's rule, told here without lattice's own code, so that it
 * can judge that.
 *
 * A ref is known by its place, the path of its file below the git directory that all share: `refs/heads/main` for
 * everybody, `HEAD` for the main worktree's, `worktrees/w/HEAD` for that of the linked worktree `w`.
 *
 * Based on git-worktree ("refs").
 *
 * @module
 */

/** Id of a linked worktree; `null`: the main one. */
export type Worktree = string | null;

/** Top of the main worktree. */
const MAIN_FOLDER = "/r";

/** The git directory that all worktrees share. */
const COMMON_DIR = `${MAIN_FOLDER}/.git`;

/** Top of a worktree. */
export function folderOf(worktree: Worktree): string {
  return worktree === null ? MAIN_FOLDER : `/${worktree}`;
}

/** The worktree that has its top there. */
export function worktreeAt(folder: string): Worktree {
  return folder === MAIN_FOLDER ? null : folder.slice(1);
}

/** The worktree with this git directory. */
export function worktreeWith(gitDir: string): Worktree {
  return gitDir === COMMON_DIR ? null : gitDir.slice(`${COMMON_DIR}/worktrees/`.length);
}

/** The place of a ref that goes by a name in a worktree. */
export function placeOf(worktree: Worktree, name: string): string {
  if (name.startsWith("main-worktree/")) return name.slice("main-worktree/".length);
  return worktree !== null && isOwn(name) ? `worktrees/${worktree}/${name}` : name;
}

/** Whether each worktree has a ref of that name. */
export function isOwn(name: string): boolean {
  return /^(?:[A-Z_]+$|refs\/(?:bisect|worktree|rewritten)\/)/.test(name);
}

/** The files of a linked worktree beside its refs. */
export function worktreeFiles(id: string): Record<string, string> {
  return {
    [`${COMMON_DIR}/worktrees/${id}/commondir`]: "../..\n",
    [`${COMMON_DIR}/worktrees/${id}/gitdir`]: `${folderOf(id)}/.git\n`,
    [`${folderOf(id)}/.git`]: `gitdir: ${COMMON_DIR}/worktrees/${id}\n`,
  };
}

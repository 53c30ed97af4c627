/**
 * Mutants that only a repository with several worktrees reveals: what belongs to one is taken for another's, or what all
 * share for one's own.
 *
 * @module
 */
import type { SimDisk } from "../../simulation/sim_disk.ts";
import { folderOf } from "../../simulation/worktrees.ts";
import type { Mutant } from "./mutant.ts";
import { derive, GIT_DIR, mutateDisk, type Mutation } from "./seam.ts";

/** A mutant, and what must be said of it by those who try it in several worktrees. */
export interface WorktreeMutant extends Omit<Mutant, "caughtIn"> {
  readonly caughtBy: RegExp;
}

const OWN_REF = /^(\/r\/\.git)\/worktrees\/[^/]+(\/refs\/(?:worktree|bisect)(?:\/|$))/;
const HEAD_LOG = /^(\/r\/\.git)\/worktrees\/[^/]+(\/logs(?:\/HEAD)?)$/;
const HEAD_LOCK = /^(\/r\/\.git)\/worktrees\/[^/]+(\/HEAD\.lock)$/;

/** Mutants that go by the wrong worktree. */
export const worktreeMutants: readonly WorktreeMutant[] = [
  {
    name: "own refs are shared",
    breaks: "A ref of which each worktree has its own is taken for the main worktree's.",
    in: "both",
    mutation: redirected((path) => path.replace(OWN_REF, "$1$2")),
    caughtBy: /no order of the commands explains/,
  },
  {
    name: "recovery takes own refs for the main worktree's",
    breaks: "Recovery reads the names of a journal as the main worktree knows them, whichever wrote it.",
    in: "recovery",
    mutation: redirected((path) => path.replace(OWN_REF, "$1$2")),
    caughtBy: /no order of the commands explains|moved by somebody else right after|is left|did not happen as a whole/,
  },
  {
    name: "recovery looks for HEAD's lock in the main worktree",
    breaks: "Recovery does not take away the HEAD.lock of the linked worktree that a dead operation ran in.",
    in: "recovery",
    mutation: redirected((path) => path.replace(HEAD_LOCK, "$1$2")),
    caughtBy: /worktrees\/[^/]+\/HEAD\.lock is left/,
  },
  {
    name: "HEAD's reflog is shared",
    breaks: "What happens to HEAD in a linked worktree is told in the reflog of the main worktree's.",
    in: "both",
    mutation: redirected((path) => path.replace(HEAD_LOG, "$1$2")),
    caughtBy: /a reflog says/,
  },
  {
    name: "each worktree has a lock of its own",
    breaks: "A command in a linked worktree does not wait for what another worktree holds locked.",
    in: "program",
    mutation: (system) =>
      system.host.workingDirectory === folderOf(null) ? system : derive(system, {
        openExistingLockable(path) {
          const file = system.openExistingLockable(path);
          return file === null ? null : derive(file, { tryLock: () => true });
        },
      }),
    caughtBy: /./, // what goes wrong depends on who comes when
  },
  {
    name: "operations see their own worktree's refs alone",
    breaks: "What an operation of several steps did to another worktree's own refs is not taken back with the rest.",
    in: "both",
    mutation: (system) =>
      mutateDisk((disk) => ({
        list: (path) => isOwnFolderOfAnother(path, system.host.workingDirectory) ? null : disk.list(path),
      }))(system),
    caughtBy: /did not happen as a whole|cannot undo/,
  },
];

/** Whether the folder of a worktree's own refs belongs to another worktree than the one with this top. */
function isOwnFolderOfAnother(path: string, top: string): boolean {
  const own = /^(\/r\/\.git(?:\/worktrees\/([^/]+))?)\/refs\/(?:worktree|bisect)$/.exec(path);
  return own !== null && folderOf(own[2] ?? null) !== top;
}

/** Calls that name files. */
const PATH_CALLS = [
  "readFile",
  "openRead",
  "create",
  "openAppend",
  "openOrCreateAppend",
  "stat",
  "lstat",
  "list",
  "makeDirectory",
  "removeDirectory",
  "link",
  "rename",
  "unlink",
  "setTimes",
  "chmod",
  "syncFile",
  "syncDirectory",
] as const;

/** Does every call to other files than those that it names. */
function redirected(toPath: (path: string) => string): Mutation {
  return mutateDisk((disk) => {
    const calls = disk as unknown as Record<string, (...args: unknown[]) => unknown>;
    const redirect = (name: string) => (...args: unknown[]) =>
      calls[name]!(...args.map((arg) => typeof arg === "string" && arg.startsWith(GIT_DIR) ? toPath(arg) : arg));
    return Object.fromEntries(PATH_CALLS.map((name) => [name, redirect(name)])) as Partial<SimDisk>;
  });
}

/**
 * How `git reflog` is used.
 *
 * @module
 */

/** The lines of the usage by subcommand. */
export const REFLOG_USAGE = {
  show: "git reflog [show] [<log-options>] [<ref>]",
  list: "git reflog list",
  exists: "git reflog exists <ref>",
  delete: "git reflog delete [--rewrite] [--updateref]\n" +
    "                         [--dry-run | -n] [--verbose] <ref>@{<specifier>}...",
  expire: "git reflog expire [--expire=<time>] [--expire-unreachable=<time>]\n" +
    "                         [--rewrite] [--updateref]\n" +
    "                         [--dry-run | -n] [--verbose] [--all [--single-worktree] | <refs>...]",
} as const;

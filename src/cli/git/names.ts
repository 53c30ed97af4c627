/**
 * The plumbing commands that there are.
 *
 * @module
 */

/** Names of the commands of `lattice git`, sorted. */
export const GIT_COMMANDS = [
  "cat-file",
  "check-ref-format",
  "for-each-ref",
  "hash-object",
  "pack-refs",
  "reflog",
  "rev-parse",
  "show-ref",
  "symbolic-ref",
  "update-ref",
] as const;

/** Name of a plumbing command. */
export type GitCommandName = typeof GIT_COMMANDS[number];

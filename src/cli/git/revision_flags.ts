/**
 * Flags that `git rev-list` takes: `git rev-parse` tells them from those of other commands.
 *
 * @module
 */

/** A name that ends with `=` takes a value there; the others stand alone. */
const FLAGS: readonly string[] = [
  "--all",
  "--bisect",
  "--branches",
  "--branches=",
  "--children",
  "--date-order",
  "--dense",
  "--first-parent",
  "--glob=",
  "--header",
  "--ignore-missing",
  "--max-age=",
  "--max-count=",
  "--max-parents=",
  "--merge-order",
  "--min-age=",
  "--min-parents=",
  "--no-max-parents",
  "--no-merges",
  "--no-min-parents",
  "--no-walk",
  "--no-walk=",
  "--not",
  "--objects",
  "--objects-edge",
  "--parents",
  "--pretty",
  "--remotes",
  "--remotes=",
  "--show-breaks",
  "--sparse",
  "--tags",
  "--tags=",
  "--topo-order",
  "--unpacked",
];

/** Whether a flag is one of those. */
export function isRevisionFlag(arg: string): boolean {
  if (/^-(?:[0-9]|n)/.test(arg)) return true;
  return FLAGS.some((flag) => flag.endsWith("=") ? arg.startsWith(flag) : arg === flag);
}

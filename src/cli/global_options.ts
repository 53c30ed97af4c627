/**
 * The options that every command has.
 *
 * @module
 */
import type { OptionDefinition } from "./definition.ts";

/** When colours are used. */
export type ColorChoice = "auto" | "always" | "never";

/** The options that every command has, as they were given. */
export interface GlobalOptions {
  /** Folders of `-C`, in order; each is relative to the one before. */
  readonly directories: readonly string[];
  /** `--git-dir`, as it was given. */
  readonly gitDir: string | undefined;
  readonly json: boolean;
  /** -1 for `--quiet`, 1 for `--verbose`. */
  readonly verbosity: -1 | 0 | 1;
  readonly color: ColorChoice;
  /** `--lock-timeout` in milliseconds; `undefined` when it was not given. */
  readonly lockTimeoutMs: number | undefined;
}

/** Definitions of the global options. */
export const GLOBAL_OPTIONS: readonly OptionDefinition[] = [
  {
    name: "C",
    short: "C",
    value: { name: "dir", kind: "directory" },
    repeatable: true,
    summary: "run as if started in this folder; may repeat, each relative to the one before",
  },
  {
    name: "git-dir",
    value: { name: "dir", kind: "directory" },
    summary: "the repository, instead of looking for one; also GIT_DIR",
  },
  { name: "json", summary: "machine-readable output; errors as JSON on standard error" },
  { name: "quiet", short: "q", summary: "only errors on standard error" },
  { name: "verbose", short: "v", summary: "say on standard error what is done: locks, waiting, recovery, ref paths" },
  {
    name: "color",
    value: { name: "when", kind: "text", choices: ["auto", "always", "never"] },
    summary: "colours; also NO_COLOR, FORCE_COLOR and TERM=dumb",
  },
  {
    name: "lock-timeout",
    value: { name: "duration", kind: "duration" },
    summary: "how long to wait for a lock: 0, a duration, inf (default 10s); also LATTICE_LOCK_TIMEOUT, lock.timeout",
  },
  { name: "version", summary: "print the version" },
  { name: "help", short: "h", summary: "print help" },
];

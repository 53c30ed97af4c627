/**
 * What the rest of lattice may ask of git's configuration.
 *
 * @module
 */

/** Where a value comes from, in the order in which git reads them: later wins. */
export type ConfigScope = "system" | "global" | "local" | "worktree" | "command";

/** One assignment. */
export interface ConfigEntry {
  /** `section.subsection.name`: section and name in lower case, the subsection as it stands. */
  readonly key: string;
  /** The value; `null` for a name without `=`, which means true. */
  readonly value: string | null;
  /** Where it comes from. */
  readonly scope: ConfigScope;
  /** The file, or `null` for the environment and the command line. */
  readonly path: string | null;
}

/** All scopes together. Keys are given in canonical form (`core.bare`, `branch.Topic.remote`). */
export interface Config {
  /** Every assignment, in git's order. */
  readonly entries: readonly ConfigEntry[];
  /** The last value of a key, or `undefined`. A name without `=` gives the empty string. */
  get(key: string): string | undefined;
  /** All values of a key, in order. */
  getAll(key: string): string[];
  /** Boolean by git's rules (`yes`, `on`, `true`, `1`, …). @throws {LatticeError} `invalid_data`. */
  getBoolean(key: string): boolean | undefined;
  /** Integer by git's rules (`k`, `m`, `g` suffixes). @throws {LatticeError} `invalid_data`. */
  getInteger(key: string): number | undefined;
}

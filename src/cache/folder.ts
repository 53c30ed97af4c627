/**
 * Where the cache lies, when nobody says it.
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";

/**
 * The folder of the cache: `LATTICE_CACHE_DIR`, else `$XDG_CACHE_HOME/lattice`, else `~/.cache/lattice`.
 *
 * @param env The environment.
 * @returns As the environment has it: a relative one counts from the working folder.
 * @throws {LatticeError} `usage`: the environment names none of them.
 *
 * @example
 * ```ts
 * import { Cache, cacheFolder } from "../mod.ts";
 *
 * // The cache that `lattice cache` uses in that environment.
 * const cacheOf = (env: Record<string, string>) => new Cache(cacheFolder(env));
 * if (cacheOf({ HOME: "/me" }).folder !== "/me/.cache/lattice") throw new Error("not there");
 * ```
 */
export function cacheFolder(env: System["env"]): string {
  const { LATTICE_CACHE_DIR, XDG_CACHE_HOME, HOME } = env;
  if (LATTICE_CACHE_DIR !== undefined && LATTICE_CACHE_DIR !== "") return LATTICE_CACHE_DIR;
  // The XDG Base Directory Specification tells to ignore a relative path.
  if (XDG_CACHE_HOME?.startsWith("/")) return `${XDG_CACHE_HOME}/lattice`;
  if (HOME !== undefined && HOME !== "") return `${HOME}/.cache/lattice`;
  throw new LatticeError("usage", "nothing says where the cache is", {
    hint: "set LATTICE_CACHE_DIR or HOME, or give --dir",
    details: { variables: ["LATTICE_CACHE_DIR", "XDG_CACHE_HOME", "HOME"] },
  });
}

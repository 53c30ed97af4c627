/**
 * Levels of compression (git-config, `core.compression`, `core.looseCompression`, `pack.compression`).
 *
 * @module
 */
import { LatticeError } from "../../platform/errors.ts";
import type { Config } from "../config/config.ts";

/** Level for what is worth compressing where the configuration says none, as in git: the fastest. */
export const DEFAULT_LEVEL = 1;

/**
 * Where the configuration says no level, contents of up to so many bytes are stored as they are: of a document of some
 * hundred bytes, fast compression takes a fifth off, and needs as long for it as all else that is done to write it.
 */
export const STORED_BYTES_MAX = 1024;

/**
 * Level for loose objects, where the configuration says one.
 *
 * @throws {LatticeError} `invalid_data`: not between -1 and 9.
 */
export function looseCompression(config: Config): number | undefined {
  return level(config, "core.loosecompression") ?? level(config, "core.compression");
}

/**
 * Level for packs, where the configuration says one.
 *
 * @throws {LatticeError} `invalid_data`: not between -1 and 9.
 */
export function packCompression(config: Config): number | undefined {
  return level(config, "pack.compression") ?? level(config, "core.compression");
}

function level(config: Config, key: string): number | undefined {
  const value = config.getInteger(key);
  if (value === undefined || (value >= -1 && value <= 9)) return value;
  throw new LatticeError("invalid_data", `${key} is ${value}; a level of compression is between -1 and 9`, {
    hint: `git config ${key} -1 sets the default`,
  });
}

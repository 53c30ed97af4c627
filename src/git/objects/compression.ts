/**
 * Levels of compression (git-config, `core.compression`, `core.looseCompression`, `pack.compression`).
 *
 * @module
 */
import { LatticeError } from "../../platform/errors.ts";
import type { Config } from "../config/config.ts";

/** Git's own default for loose objects: fastest. */
const LOOSE_DEFAULT = 1;
/** Level for loose objects. @throws {LatticeError} `invalid_data`: not between -1 and 9. */
export function looseCompression(config: Config): number {
  return level(config, "core.loosecompression") ?? level(config, "core.compression") ?? LOOSE_DEFAULT;
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
  throw new LatticeError("invalid_data", `${key} is ${value}; a level of compression is between -1 and 9`);
}

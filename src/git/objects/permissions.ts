/**
 * Modes of files and folders in a repository that several users share (git-config, `core.sharedRepository`).
 *
 * @module
 */
import type { Disk } from "../../platform/disk.ts";
import { LatticeError } from "../../platform/errors.ts";
import type { Config } from "../config/config.ts";

/** How modes are adjusted: not at all, by adding bits, or to exact bits. */
export type SharedRepository =
  | { readonly kind: "umask" }
  | { readonly kind: "add"; readonly bits: number }
  | { readonly kind: "exact"; readonly bits: number };

const GROUP: SharedRepository = { kind: "add", bits: 0o660 };
const EVERYBODY: SharedRepository = { kind: "add", bits: 0o664 };

/**
 * Reads `core.sharedRepository`.
 *
 * @throws {LatticeError} `invalid_data`: it takes reading or writing away from the owner, or is no known word.
 */
export function sharedRepository(config: Config): SharedRepository {
  const value = config.get("core.sharedrepository");
  if (value === undefined || value === "umask") return { kind: "umask" };
  if (value === "group") return GROUP;
  if (value === "all" || value === "world" || value === "everybody") return EVERYBODY;
  if (!/^[0-7]+$/.test(value)) return config.getBoolean("core.sharedrepository") ? GROUP : { kind: "umask" };
  const bits = parseInt(value, 8);
  if (bits === 0) return { kind: "umask" };
  if (bits === 1) return GROUP;
  if (bits === 2) return EVERYBODY;
  if ((bits & 0o600) !== 0o600) {
    throw new LatticeError(
      "invalid_data",
      `core.sharedRepository is ${JSON.stringify(value)}: the owner must read and write`,
      {
        hint: "set it to group, all, or an octal mode such as 0640",
      },
    );
  }
  return { kind: "exact", bits: bits & 0o666 };
}

/**
 * The mode that a file or folder gets.
 *
 * @param mode The mode that it was created with, umask applied.
 */
export function sharedMode(shared: SharedRepository, mode: number, kind: "file" | "directory"): number {
  if (shared.kind === "umask") return mode;
  let bits = shared.bits;
  if ((mode & 0o200) === 0) bits &= ~0o222;
  if ((mode & 0o100) !== 0) bits |= (bits & 0o444) >> 2;
  const adjusted = shared.kind === "exact" ? (mode & ~0o777) | bits : mode | bits;
  return kind === "file" ? adjusted : adjusted | ((adjusted & 0o444) >> 2) | 0o2000;
}

/** Adjusts the mode of something that we have just created; costs nothing where the repository is not shared. */
export function adjustMode(disk: Disk, shared: SharedRepository, path: string, kind: "file" | "directory"): void {
  if (shared.kind === "umask") return;
  const stat = disk.lstat(path);
  if (stat === null) return;
  const mode = sharedMode(shared, stat.mode, kind);
  if (mode !== stat.mode) disk.chmod(path, mode);
}

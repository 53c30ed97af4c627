/**
 * Permissions of new files in a repository that several users share: `core.sharedRepository`, as git-config(1) and
 * git-init(1) describe it.
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";
import type { Config } from "./config/config.ts";

const GROUP_BITS = 0o660;
const EVERYBODY_BITS = 0o664;
const SET_GROUP_ID = 0o2000;

/** How permissions are adjusted: `null` leaves them to the umask. */
interface Sharing {
  readonly bits: number;
  /** Whether the bits replace the permissions (an octal value) or are added to them. */
  readonly replaces: boolean;
}

/**
 * Adjusts the permissions of a file or folder that was just made.
 *
 * @throws {LatticeError} `invalid_data`: the setting makes no sense; `io`.
 */
export function applySharedMode(system: System, config: Config, path: string, kind: "file" | "directory"): void {
  const sharing = sharingOf(config);
  if (sharing === null) return;
  const stat = system.disk.lstat(path);
  if (stat === null) return; // removed by another process in the meantime
  const mode = sharedMode(stat.mode, sharing, kind);
  if (mode !== stat.mode) system.disk.chmod(path, mode);
}

/** The permission bits that a file of some mode should have. */
function sharedMode(mode: number, sharing: Sharing, kind: "file" | "directory"): number {
  let bits = sharing.bits;
  if ((mode & 0o200) === 0) bits &= ~0o222;
  if ((mode & 0o100) !== 0) bits |= (bits & 0o444) >> 2;
  const adjusted = sharing.replaces ? (mode & ~0o777) | bits : mode | bits;
  if (kind === "file") return adjusted;
  return adjusted | ((adjusted & 0o444) >> 2) | ((adjusted & 0o060) === 0 ? 0 : SET_GROUP_ID);
}

function sharingOf(config: Config): Sharing | null {
  const value = config.get("core.sharedrepository");
  switch (value?.toLowerCase()) {
    case undefined:
    case "umask":
    case "false":
    case "no":
    case "off":
    case "0":
      return null;
    case "":
    case "group":
    case "true":
    case "yes":
    case "on":
    case "1":
      return { bits: GROUP_BITS, replaces: false };
    case "all":
    case "world":
    case "everybody":
    case "2":
      return { bits: EVERYBODY_BITS, replaces: false };
  }
  const bits = /^[0-7]+$/.test(value!) ? parseInt(value!, 8) : NaN;
  if (Number.isNaN(bits) || (bits & 0o600) !== 0o600) {
    throw new LatticeError("invalid_data", `core.sharedRepository has the value ${JSON.stringify(value)}`, {
      hint: "use group, all, umask, or an octal number that lets the owner read and write",
    });
  }
  return { bits: bits & 0o666, replaces: true };
}

/**
 * Where the secrets of a user lie, and which permissions keep them from others. The stores and `lattice doctor` ask here.
 *
 * @module
 */
import type { FileStat } from "../platform/disk.ts";
import { LatticeError } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";
import { absolutePath } from "../platform/paths.ts";

/** Permissions of the folder. */
export const FOLDER_MODE = 0o700;

/** Permissions of the file. */
export const FILE_MODE = 0o600;

/** What others than the owner may do. */
const OTHERS = 0o077;

/** The folder of a user's secrets, absolute; `null`: nothing says where it would be. */
export function secretsFolder(system: System): string | null {
  const { LATTICE_HOME, HOME } = system.env;
  if (LATTICE_HOME !== undefined && LATTICE_HOME !== "") {
    return absolutePath(system, LATTICE_HOME.replace(/(?<=.)\/+$/, ""));
  }
  return HOME === undefined || HOME === "" ? null : absolutePath(system, `${HOME.replace(/\/+$/, "")}/.lattice`);
}

/**
 * The folder of a user's secrets.
 *
 * @throws {LatticeError} `usage`: nothing says where it would be.
 */
export function requireSecretsFolder(system: System): string {
  const folder = secretsFolder(system);
  if (folder !== null) return folder;
  throw new LatticeError("usage", "it is not known where secrets are kept: neither HOME nor LATTICE_HOME is set", {
    hint: "set HOME (then it is $HOME/.lattice), or set LATTICE_HOME to the folder itself",
  });
}

/** The file in the folder. */
export function secretsFile(folder: string): string {
  return `${folder}/secrets.toml`;
}

/** What keeps a file or folder from being its owner's alone. */
export type Flaw = { readonly kind: "owner"; readonly uid: number } | { readonly kind: "mode"; readonly mode: number };

/**
 * Whether a file or folder is ours, and nobody else's.
 *
 * @returns `null`: it is, or this platform has no such permissions.
 */
export function flawOf({ uid, mode }: Pick<FileStat, "uid" | "mode">, { host }: System): Flaw | null {
  if (host.userId === null) return null;
  if (uid !== host.userId) return { kind: "owner", uid };
  return (mode & OTHERS) === 0 ? null : { kind: "mode", mode };
}

/** Permissions as people type them, four octal digits. */
export function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

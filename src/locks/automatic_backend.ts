/**
 * How files are locked when nobody says how.
 *
 * @module
 */
import type { System } from "../platform/system.ts";
import type { BackendName } from "./lock_backend.ts";

/**
 * How the files of a folder are locked. Where other hosts may use the file system as well, a flock may reach none of
 * them; Windows has none.
 */
export function automaticBackend({ disk, host }: System, folder: string): BackendName {
  return host.platform === "win32" || disk.isShared(folder) ? "pid" : "flock";
}

/**
 * Which files living processes have open, as `/proc` tells where there is one: of processes of other users, and of
 * those in other containers, it tells nothing.
 *
 * @module
 */
import { isDiskError } from "../platform/disk.ts";
import type { System } from "../platform/system.ts";
import { bytesToName } from "../platform/text.ts";

/** Who has what open. */
export interface OpenFiles {
  /** Whether it could be looked at all. */
  readonly known: boolean;
  /** Processes that have a file open, as `pid 17 (git)`. */
  holders(path: string): readonly string[];
  /**
   * Processes of git whose working folder is one of these, or below one. They may hold a lock that they have closed:
   * `git commit -a` holds `index.lock` while its editor is open.
   */
  gitsIn(folders: readonly string[]): readonly string[];
}

/** Looks through all processes that may be looked at. */
export function openFilesOf(system: System): OpenFiles {
  const byPath = new Map<string, string[]>();
  const gits: { pid: string; folder: string }[] = [];
  const processes = (listed(system, "/proc") ?? []).filter((name) => /^\d+$/.test(name));
  for (const pid of processes) {
    const folder = linkText(system, `/proc/${pid}/cwd`);
    if (folder !== null && nameOf(system, pid).startsWith("git")) gits.push({ pid, folder });
    for (const descriptor of listed(system, `/proc/${pid}/fd`) ?? []) {
      const path = linkText(system, `/proc/${pid}/fd/${descriptor}`);
      if (path === null || !path.startsWith("/")) continue;
      const holders = byPath.get(path) ?? [];
      holders.push(pid);
      byPath.set(path, holders);
    }
  }
  const real = (path: string) => system.disk.realPath(path) ?? path;
  const shown = (pid: string) => `pid ${pid} (${nameOf(system, pid)})`;
  return {
    known: processes.length > 0,
    holders: (path) => [...new Set(byPath.get(real(path)) ?? [])].map(shown),
    gitsIn: (folders) => {
      const inside = (folder: string) => folders.some((top) => `${folder}/`.startsWith(`${real(top)}/`));
      return gits.filter(({ folder }) => inside(folder)).map(({ pid }) => shown(pid));
    },
  };
}

/** Names in a folder of `/proc`; `null`: the process ended meanwhile, or is another user's. */
function listed(system: System, folder: string): string[] | null {
  try {
    return system.disk.list(folder)?.map(({ name }) => name) ?? null;
  } catch (error) {
    if (isDiskError(error)) return null;
    throw error;
  }
}

function linkText(system: System, path: string): string | null {
  try {
    return system.disk.readLink(path);
  } catch (error) {
    if (isDiskError(error)) return null;
    throw error;
  }
}

/** The name of a process; empty: it ended meanwhile. */
function nameOf(system: System, pid: string): string {
  try {
    const bytes = system.disk.readFile(`/proc/${pid}/comm`, 64);
    return bytes === null ? "" : bytesToName(bytes).trim();
  } catch (error) {
    if (isDiskError(error)) return "";
    throw error;
  }
}

/**
 * Folders between the disk of this machine and a simulated one, so that real git can make and judge what is simulated.
 *
 * @module
 */
import type { Disk } from "../../src/platform/disk.ts";
import { realDisk } from "../../src/platform/real_disk.ts";
import type { TreeSource } from "./dump.ts";
import type { SimDisk } from "./sim_disk.ts";

/**
 * Reads a folder of this machine, for `SimDisk.fromTree`. Modes are not kept.
 *
 * @param folder The folder, absolute.
 * @param at Where it stands on the simulated disk; `/` for the root.
 */
export function importFolder(folder: string, at: string): TreeSource {
  const source: TreeSource = {};
  const root = at === "/" ? "" : at;
  if (root !== "") source[root] = null;
  walk(realDisk, folder, (path, value) => source[`${root}${path}`] = value);
  return source;
}

/**
 * Writes what is visible on a simulated disk into a folder of this machine that exists and is empty. Modes are kept.
 *
 * @param disk The simulated disk; it is copied, so that nothing is counted as a call of its process.
 * @param at Which folder of it.
 * @param folder The folder of this machine.
 */
export function exportFolder(disk: SimDisk, at: string, folder: string): void {
  const source = disk.copy();
  walk(source, at === "/" ? "" : at, (path, value) => {
    const target = `${folder}${path}`;
    if (value === null) {
      realDisk.makeDirectory(target);
    } else if (value instanceof Uint8Array) {
      using file = realDisk.create(target);
      file.write(value);
    } else {
      realDisk.symlink(value.link, target);
      return;
    }
    realDisk.chmod(target, source.stat(`${at === "/" ? "" : at}${path}`)!.mode);
  });
}

/** Visits everything below a folder, a folder before what it holds. */
function walk(
  disk: Disk,
  folder: string,
  visit: (path: string, value: Uint8Array | null | { link: string }) => void,
  below = "",
): void {
  const here = `${folder}${below}`;
  for (const { name, kind } of disk.list(here === "" ? "/" : here) ?? []) {
    const path = `${below}/${name}`;
    if (kind === "directory") {
      visit(path, null);
      walk(disk, folder, visit, path);
    } else if (kind === "symlink") {
      visit(path, { link: disk.readLink(`${folder}${path}`)! });
    } else {
      visit(path, disk.readFile(`${folder}${path}`)!);
    }
  }
}

/**
 * Mounts, in a mount namespace of this process alone: programs here are started by `unshare --mount`.
 *
 * @module
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, rmSync, statfsSync } from "node:fs";
import { dirname, join } from "node:path";
import { temporaryFolder } from "../../temporary_folder.ts";

/** Mounts something on a new folder. */
export function mounted(...args: readonly string[]): string {
  const place = join(temporaryFolder(), "mounted");
  mkdirSync(place);
  execFileSync("mount", [...args, place]);
  return place;
}

/** Takes a mount and its folder away. */
export function unmounted(place: string): void {
  execFileSync("umount", [place]);
  rmSync(dirname(place), { recursive: true });
}

/** Changes the options of what is mounted. */
export function remounted(place: string, options: string): void {
  execFileSync("mount", ["-o", `remount,${options}`, place]);
}

/** A file system in memory. */
export function tmpfs(options = "size=64m"): string {
  return mounted("-t", "tmpfs", "-o", options, "tmpfs");
}

/** Options of a {@link tmpfs} with room for everything. */
export const ROOM = "size=64m,nr_inodes=100000";

/** What there is too little of, how much of it, and the option that says so. */
export const SCARCE = {
  pages: (place: string, free: number): string => {
    const { blocks, bfree, bsize } = statfsSync(place);
    return `size=${(blocks - bfree + free) * bsize}`;
  },
  files: (place: string, free: number): string => {
    const { files, ffree } = statfsSync(place);
    return `nr_inodes=${files - ffree + free}`;
  },
};

/** What statfs(2) says of a FUSE file system. */
const FUSE_TYPE = 0x65735546;

/** A FUSE file system that shows a folder, and goes when it is disposed of, or with this process. */
export async function fuse(): Promise<Disposable & { readonly place: string }> {
  const folder = temporaryFolder();
  const [shown, place] = [join(folder, "shown"), join(folder, "mounted")];
  for (const path of [shown, place]) mkdirSync(path);
  const server = spawn("setpriv", ["--pdeathsig", "KILL", "bindfs", "-f", shown, place], { stdio: "inherit" });
  while (statfsSync(place).type !== FUSE_TYPE) {
    if (server.exitCode !== null) throw new Error(`bindfs ended with ${server.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return { place, [Symbol.dispose]: () => void execFileSync("umount", ["--lazy", place]) };
}

/** The layers of an overlay. */
export interface Layers {
  /** The lower layer, which nothing changes. */
  readonly lower: string;
  /** Where the upper layer is kept: a folder of any file system but of an overlay. */
  readonly on: string;
  /** Further options, such as `xino=off`. */
  readonly options: string;
}

/** Mounts an overlay with an upper layer that is empty. */
export function overlay({ lower, on, options }: Layers): string {
  const [upper, work] = [join(on, "upper"), join(on, "work")];
  for (const folder of [upper, work]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
  }
  const layers = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
  return mounted("-t", "overlay", "-o", [layers, ...(options === "" ? [] : [options])].join(","), "overlay");
}

/**
 * Simulated machines with a cache, and what the tests of it share.
 *
 * @module
 */
import { Cache, type CacheOptions } from "../../src/cache/cache.ts";
import { hashHex } from "../../src/platform/hash.ts";
import { utf8 } from "../../src/platform/text.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";

/** The two kinds of file systems: on one that hosts share, the locks are PID lock files. */
export const FILE_SYSTEMS = { "local disk": false, "network file system": true } as const;

/** Name of one of them. */
export type FileSystem = keyof typeof FILE_SYSTEMS;

/** The name of the file of a content. */
export const digestOf = (text: string): string => hashHex("sha256", utf8(text));

/** Where the cache lies. */
export const FOLDER = "/data/cache";

/** A machine with a folder for a cache that does not exist yet. */
export function newMachine(fileSystem: FileSystem = "local disk", tree: Parameters<typeof SimDisk.fromTree>[0] = {}) {
  const disk = SimDisk.fromTree({ "/data": null, ...tree });
  disk.shared = FILE_SYSTEMS[fileSystem];
  return new SimSystem(disk);
}

/** The cache as a process of a machine sees it. It waits for nobody unless that is said. */
export function cacheOn(system: SimSystem, options: CacheOptions = {}): Cache {
  return new Cache(FOLDER, { timeoutMs: 0, command: "test", ...options }, system);
}

/** The content of an entry as text. */
export function textOf(cache: Cache, name = "a"): string | undefined {
  const found = cache.get(name);
  return found && new TextDecoder().decode(found.content);
}

/** Names in the folder of an entry, sorted. */
export function namesOf({ disk }: SimSystem, name = "a"): string[] {
  return (disk.list(`${FOLDER}/${name}`) ?? []).map((entry) => entry.name).sort();
}

/** Lets time pass. */
export function pass(system: SimSystem, ms: number): void {
  system.disk.storage.timeUs += ms * 1000;
}

/** Writes a file as another program would. */
export function plant({ disk }: SimSystem, path: string, bytes: Uint8Array): void {
  if (disk.lstat(path) !== null) disk.unlink(path);
  using file = disk.create(path);
  file.write(bytes);
}

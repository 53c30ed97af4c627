/**
 * A `git gc --prune=now` on the simulated disk, reduced to what matters to those who write meanwhile: one look at the
 * refs and at the packs, and, whenever the test says so, the removal of what no ref led to then.
 *
 * It is greedier than git: between the two it does nothing, so that the time in which objects come too late for it is as
 * long as the test likes.
 *
 * @module
 */
import { type Oid, SHA1 } from "../../src/git/object_format.ts";
import { readReflogBackwards } from "../../src/git/refs/reflog.ts";
import type { Repository } from "../../src/git/repository.ts";
import { openTestRepository } from "../engine/engine_repository.ts";
import type { SimDisk } from "./sim_disk.ts";
import type { SimSystem } from "./sim_system.ts";

/**
 * What runs: `git gc --prune=now`, which says by `gc.pid` that it is under way, or one of its parts by itself, which do
 * not: `git prune --expire=now` for loose objects, `git repack -ad` for packs.
 */
export type Collection = "gc" | "prune" | "repack";

/** A gc that is under way. */
export interface GarbageCollector {
  /** Reads the refs that it did not read when it began, and the reflogs. */
  readOn(): void;
  /** Removes what was unreachable when it read the refs, and ends. */
  finish(): void;
}

/**
 * Begins a gc beside a process.
 *
 * @param system The machine as that process sees it; it is not counted as a call of it.
 * @param upTo The first ref that it does not read at once, but when it is told to read on: git reads them in the order
 *   of their names, each when its turn comes.
 */
export function beginGc(system: SimSystem, kind: Collection, upTo?: string): GarbageCollector {
  const beside = system.neighbour();
  const { disk } = beside;
  const pidFile = "/r/.git/gc.pid";
  if (kind === "gc") disk.create(pidFile).close();
  const repository = openTestRepository(beside);
  const packFolder = `${repository.objectsDir}/pack`;
  const packs = namesIn(disk, packFolder);
  const isKept = (name: string) => packs.includes(name.replace(/pack$/, "keep"));
  const doomed = kind === "prune" ? [] : packs.filter((name) => name.endsWith(".pack") && !isKept(name));
  const reachable = reachableIn(repository, (name) => upTo === undefined || name < upTo);
  return {
    readOn() {
      const later = openTestRepository(beside);
      for (const oid of reachableIn(later, (name) => name >= upTo!)) reachable.add(oid);
      for (const { name } of later.refs.list("refs/")) {
        for (const entry of readReflogBackwards(disk, `/r/.git/logs/${name}`, SHA1) ?? []) {
          for (const oid of [entry.old, entry.new]) walk(later, oid, reachable);
        }
      }
    },
    finish() {
      const { objects } = openTestRepository(beside);
      for (const oid of reachable) { // git packs them; that they are there is what counts
        const object = objects.read(oid);
        if (object !== null) objects.storeLoose(object);
      }
      for (const pack of doomed) {
        for (const ending of ["idx", "pack", "keep"]) {
          removeFile(disk, `${packFolder}/${pack.replace(/pack$/, ending)}`);
        }
      }
      if (kind !== "repack") {
        removeTemporary(disk, packFolder);
        removeUnreachable(disk, repository.objectsDir, reachable);
      }
      if (kind === "gc") disk.unlink(pidFile);
    },
  };
}

function removeUnreachable(disk: SimDisk, objectsDir: string, reachable: ReadonlySet<Oid>): void {
  for (const fan of namesIn(disk, objectsDir).filter((name) => /^[0-9a-f]{2}$/.test(name))) {
    const folder = `${objectsDir}/${fan}`;
    removeTemporary(disk, folder);
    for (const name of namesIn(disk, folder)) if (!reachable.has(fan + name)) disk.unlink(`${folder}/${name}`);
    if (namesIn(disk, folder).length === 0) disk.removeDirectory(folder);
  }
}

/** Unfinished objects, which others may still be writing. */
function removeTemporary(disk: SimDisk, folder: string): void {
  for (const name of namesIn(disk, folder)) if (name.startsWith("tmp_")) disk.unlink(`${folder}/${name}`);
}

function removeFile(disk: SimDisk, path: string): void {
  if (disk.lstat(path) !== null) disk.unlink(path);
}

function namesIn(disk: SimDisk, folder: string): string[] {
  return (disk.list(folder) ?? []).map(({ name }) => name);
}

/** The names of all objects that the refs of a repository lead to, as far as they are there. */
function reachableIn(repository: Repository, reads: (ref: string) => boolean): Set<Oid> {
  const found = new Set<Oid>();
  for (const { name, value } of repository.refs.list("refs/")) {
    if (value.kind === "direct" && reads(name)) walk(repository, value.oid, found);
  }
  return found;
}

/** The refs that lead to what is not there, through commits as well, and what that is. */
export function brokenRefs(repository: Repository): string[] {
  return [...repository.refs.list("refs/")].flatMap(({ name, value }) =>
    value.kind === "direct" ? walk(repository, value.oid, new Set()).map((oid) => `${name}: ${oid}`) : []
  );
}

/** Adds what an object leads to. Returns what of it is missing. */
function walk({ objects }: Repository, from: Oid, found: Set<Oid>): Oid[] {
  const missing: Oid[] = [];
  const pending = [from];
  for (let oid = pending.pop(); oid !== undefined; oid = pending.pop()) {
    if (found.has(oid)) continue;
    const object = objects.read(oid);
    if (object === null) {
      missing.push(oid);
      continue;
    }
    found.add(oid);
    if (object.type !== "commit") continue;
    const text = new TextDecoder().decode(object.content);
    for (const [, next] of text.matchAll(/^(?:tree|parent) ([0-9a-f]+)$/gm)) pending.push(next!);
  }
  return missing;
}

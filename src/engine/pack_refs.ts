/**
 * Packing refs: loose values go into `packed-refs`, and the loose files away. No ref changes its value, for no reader
 * and at no instant.
 *
 * Values are read under `packed-refs.lock`, which every deletion needs, so none that is under way is packed again. A
 * loose file goes only when the record that stands for it is durable, under the ref's own lock, while it still holds
 * the packed value, and while `packed-refs` is still the file that was written here: whoever replaced it may not have
 * flushed it, and may have taken the ref out.
 *
 * @module
 */
import { isDamage, LatticeError } from "../platform/errors.ts";
import { folderOf } from "../platform/paths.ts";
import { checkRefName, isPerWorktreeRef, isSafeName } from "../git/refs/names.ts";
import type { PackedRefs } from "../git/refs/files/packed.ts";
import type { PackedChange } from "../git/refs/files/packed_writer.ts";
import type { EngineContext } from "./context.ts";
import { filesRefs } from "./files_refs.ts";
import { removeIfThere } from "./paths.ts";
import { isRefSubfolder, refusePackedRefsLink, removeEmptyParents, stageWholePackedRefs } from "./ref_files.ts";
import { isForeignLock } from "./ref_locks.ts";
import { doUpkeep, type Upkeep } from "./upkeep.ts";
import type { Writer } from "./writer.ts";

/** Which refs are packed, and how thoroughly. */
export interface PackRequest {
  /** Whether a ref is to be packed, by its full name. */
  readonly isWanted: (name: string) => boolean;
  /** Whether loose files go when their values are packed. */
  readonly prune: boolean;
  /** Packs only where so many loose refs have come together that it is worth it. */
  readonly onlyIfWorthIt: boolean;
}

/** A ref that stays as it is, and why. */
export interface LeftRef {
  readonly name: string;
  /**
   * `broken`: it cannot be read; `missing`: its object is not here. Packed, but with its file still there: `locked`
   * by somebody else, or in a folder that is a symbolic link (`linked`).
   */
  readonly reason: "broken" | "missing" | "locked" | "linked";
  readonly message: string;
}

/** What was done. */
export interface PackResult {
  /** How many loose values were packed. */
  readonly packed: number;
  /** How many loose files are gone. */
  readonly pruned: number;
  readonly left: readonly LeftRef[];
}

/**
 * Packs refs.
 *
 * @throws {LatticeError} `invalid_data`: `packed-refs` is damaged; `locked`; `unsupported`: it is a symbolic link;
 *   `io`. Whatever is thrown, every ref has its value.
 */
export function packRefs({ context }: Writer, request: PackRequest): PackResult {
  refusePackedRefsLink(context);
  const left: LeftRef[] = [];
  const names = packableNames(context, request, left);
  if (request.onlyIfWorthIt && !isWorthIt(context, names.length)) return { packed: 0, pruned: 0, left: [] };
  return doUpkeep(context, names, (upkeep) => packUnderLocks(upkeep, names, request.prune, left));
}

/** Refs that have a loose file, that all worktrees share, and that are wanted. */
function packableNames({ repository }: EngineContext, request: PackRequest, left: LeftRef[]): string[] {
  const isPackable = (name: string) => !isPerWorktreeRef(name) && request.isWanted(name);
  const loose = filesRefs(repository).listLoose("refs/", (name, error) => {
    if (isPackable(name)) left.push(brokenRef(name, error));
  });
  return loose.filter(({ name, value }) => value.kind === "direct" && isPackable(name)).map(({ name }) => name);
}

function brokenRef(name: string, error: unknown): LeftRef {
  if (!(error instanceof LatticeError) || error.code !== "invalid_data") throw error;
  return { name, reason: "broken", message: error.message };
}

/** Git's own measure (git-pack-refs, "--auto"): the more refs are packed, the more it costs to pack again. */
function isWorthIt({ system, repository }: EngineContext, looseCount: number): boolean {
  const bytes = system.disk.stat(filesRefs(repository).packedRefsPath)?.size ?? 0;
  const records = Math.floor(bytes / BYTES_PER_RECORD);
  const limit = records === 0 ? 0 : Math.floor(Math.log2(records)) * 5;
  return looseCount >= Math.max(limit, WORTH_IT_MIN);
}

const BYTES_PER_RECORD = 100;
const WORTH_IT_MIN = 16;

function packUnderLocks(upkeep: Upkeep, names: readonly string[], prune: boolean, left: LeftRef[]): PackResult {
  const { context } = upkeep;
  const { disk } = context.system;
  const refs = filesRefs(context.repository);
  upkeep.lockPacked();
  checkPackedRefs(refs.packed());
  const values = looseValues(context, names, left);
  const changes = new Map<string, PackedChange>([...values].map(([name, oid]) => [name, { oid }]));
  disk.rename(stageWholePackedRefs(context, upkeep.folder, changes), refs.packedRefsPath);
  const written = refs.packed();
  upkeep.unlockPacked();
  disk.syncDirectory(context.repository.commonDir); // before a loose file may go
  const pruned = prune ? pruneLooseFiles(upkeep, values, written, left) : 0;
  return { packed: values.size, pruned, left };
}

/** Insists that every record can be read: damage that is copied would look sound in the new file. */
function checkPackedRefs(packed: PackedRefs): void {
  for (const { name } of packed.iterate("")) {
    if (checkRefName(name, { allowOneLevel: true }) === null || (name.startsWith("refs/") && isSafeName(name))) {
      continue;
    }
    throw new LatticeError("invalid_data", `packed refname is dangerous: ${JSON.stringify(name)} in ${packed.path}`, {
      hint: "take that line out of the file",
      details: { path: packed.path, ref: name },
    });
  }
}

/** The object names that loose files hold now. */
function looseValues(
  { repository }: EngineContext,
  names: readonly string[],
  left: LeftRef[],
): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const name of names) {
    try {
      const value = filesRefs(repository).readLoose(name)?.value;
      if (value?.kind !== "direct") continue; // gone, or symbolic by now
      if (repository.objects.has(value.oid)) values.set(name, value.oid);
      else left.push({ name, reason: "missing", message: `${name} does not point to a valid object!` });
    } catch (error) {
      left.push(brokenRef(name, error));
    }
  }
  return values;
}

/**
 * Takes away the loose files whose values are packed.
 *
 * @param packed The file that was written, which is durable.
 */
function pruneLooseFiles(
  upkeep: Upkeep,
  values: ReadonlyMap<string, string>,
  packed: PackedRefs,
  left: LeftRef[],
): number {
  const { context } = upkeep;
  const refs = filesRefs(context.repository);
  const folders = new Map<string, boolean>();
  let pruned = 0;
  for (const [name, oid] of values) {
    if (!packed.isCurrent()) break;
    const path = refs.loosePath(name);
    const folder = folderOf(path);
    if (!folders.has(folder)) folders.set(folder, isLinked(context, folder));
    if (folders.get(folder) === true) {
      left.push({ name, reason: "linked", message: `${name} stays loose: a folder above it is a symbolic link` });
      continue;
    }
    try {
      upkeep.lockRef(name);
    } catch (error) {
      if (!isForeignLock(error)) throw error;
      left.push({ name, reason: "locked", message: error.message });
      continue;
    }
    if (holds(context, name, oid) && packed.isCurrent() && removeIfThere(context.system, path)) pruned++;
    upkeep.unlockRef(name);
  }
  for (const [folder, linked] of folders) {
    if (!linked) removeEmptyParents(context.system.disk, folder, (at) => isRefSubfolder(context, at));
  }
  return pruned;
}

/** Whether a symbolic link leads to a folder of refs. Another name may stand for the same file then. */
function isLinked({ system, repository }: EngineContext, folder: string): boolean {
  const root = system.disk.realPath(repository.commonDir);
  const real = system.disk.realPath(folder);
  return real !== null && real !== `${root}${folder.slice(repository.commonDir.length)}`;
}

/** Whether a loose file holds a value. A damaged one holds none. */
function holds({ repository }: EngineContext, name: string, oid: string): boolean {
  try {
    const value = filesRefs(repository).readLoose(name)?.value;
    return value?.kind === "direct" && value.oid === oid;
  } catch (error) {
    if (isDamage(error)) return false;
    throw error;
  }
}

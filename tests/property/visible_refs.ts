/**
 * What any program sees of the refs on a simulated disk, read without lattice's own code: whether all are whole, and
 * which files are locks.
 *
 * @module
 */
import { bytesToName } from "../../src/platform/text.ts";
import type { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";
import { openTestRepository } from "../engine/engine_repository.ts";
import { ROOT } from "../simulation/tree.ts";

const GIT_DIR = "/r/.git";

/**
 * Values of all refs but lattice's own, and of every worktree's `HEAD`, by their places, sorted.
 *
 * @throws {Error} A ref is torn, stands beside one that excludes it, or leads to an object that is not there or not whole.
 */
export function visibleRefs(disk: SimDisk): Record<string, string> {
  const refs = new Map<string, string>();
  const packed = textOf(disk, disk.inodeAt(`${GIT_DIR}/packed-refs`));
  if (packed !== "" && !packed.endsWith("\n")) throw new Error(`packed-refs is torn: ${JSON.stringify(packed)}`);
  for (const line of packed.split("\n").slice(0, -1)) {
    if (line.startsWith("#") || line.startsWith("^")) continue;
    refs.set(line.slice(41), wholeOid("packed-refs", line.slice(0, 40)));
  }
  for (const part of ["HEAD", "refs", "worktrees"]) {
    walk(disk, `${GIT_DIR}/${part}`, (path, ino) => {
      const ref = path.slice(GIT_DIR.length + 1);
      if (!/^(?:worktrees\/[^/]+\/)?(?:HEAD$|refs\/)/.test(ref) || ref.endsWith(".lock")) return;
      const text = textOf(disk, ino);
      if (!text.endsWith("\n")) throw new Error(`${ref} is torn: ${JSON.stringify(text)}`);
      const value = text.slice(0, -1);
      refs.set(ref, ref.endsWith("HEAD") && value.startsWith("ref: refs/heads/") ? value : wholeOid(ref, value));
    });
  }
  for (const ref of refs.keys()) {
    for (let slash = ref.indexOf("/"); slash !== -1; slash = ref.indexOf("/", slash + 1)) {
      if (refs.has(ref.slice(0, slash))) throw new Error(`${ref.slice(0, slash)} is there, and ${ref}`);
    }
  }
  requireObjects(disk, refs);
  const shown = [...refs].filter(([ref]) => !ref.startsWith("refs/lattice/"));
  return Object.fromEntries(shown.sort(([a], [b]) => a < b ? -1 : 1));
}

/** Paths of lock files beside refs that are no links of any file of lattice's: somebody else's. */
export function foreignLocks(disk: SimDisk): string[] {
  const ours = new Set<number>();
  walk(disk, `${GIT_DIR}/lattice`, (_path, ino) => void ours.add(ino));
  const found: string[] = [];
  walk(disk, GIT_DIR, (path, ino) => {
    if (path.endsWith(".lock") && !ours.has(ino)) found.push(path);
  });
  return found.sort();
}

function wholeOid(where: string, text: string): string {
  if (!/^[0-9a-f]{40}$/.test(text)) throw new Error(`${where} is torn: ${JSON.stringify(text)}`);
  return text;
}

/** By content of a loose object's file, which is never changed in place: the name of the object that it holds. */
const wholeObjects = new WeakMap<Uint8Array, string>();

/** What was found whole in the packs that were looked at last, whose files are not changed in place either. */
let inPacks: { readonly files: readonly Uint8Array[]; readonly oids: Set<string> } = { files: [], oids: new Set() };

/** Objects that were found whole in the packs that are there now. */
function knownInPacks(disk: SimDisk): Set<string> {
  const files: Uint8Array[] = [];
  walk(disk, `${GIT_DIR}/objects/pack`, (_path, ino) => void files.push(disk.storage.visible.get(ino)!.content));
  if (files.length !== inPacks.files.length || files.some((file, i) => file !== inPacks.files[i])) {
    inPacks = { files, oids: new Set() };
  }
  return inPacks.oids;
}

function requireObjects(disk: SimDisk, refs: ReadonlyMap<string, string>): void {
  const packed = knownInPacks(disk);
  const left = [...refs].filter(([, oid]) => {
    if (oid.startsWith("ref: ") || packed.has(oid)) return false;
    const ino = disk.inodeAt(`${GIT_DIR}/objects/${oid.slice(0, 2)}/${oid.slice(2)}`);
    return ino === null || wholeObjects.get(disk.storage.visible.get(ino)!.content) !== oid;
  });
  if (left.length === 0) return;
  const { objects } = openTestRepository(new SimSystem(disk.copy()));
  for (const [ref, oid] of left) {
    if (objects.read(oid) === null) throw new Error(`${ref} is dangling: there is no ${oid}`);
    const ino = disk.inodeAt(`${GIT_DIR}/objects/${oid.slice(0, 2)}/${oid.slice(2)}`);
    if (ino === null) packed.add(oid);
    else wholeObjects.set(disk.storage.visible.get(ino)!.content, oid);
  }
}

/** Visits every file below a folder, or the file itself. */
export function walk(
  { storage: { visible } }: SimDisk,
  folder: string,
  visit: (path: string, ino: number) => void,
): void {
  const descend = (ino: number | undefined, path: string): void => {
    const node = ino === undefined ? undefined : visible.get(ino);
    if (node === undefined) return;
    if (node.birth.kind === "file") return visit(path, ino!);
    for (const [name, child] of node.entries) descend(child, `${path}/${name}`);
  };
  let ino: number | undefined = ROOT;
  for (const part of folder.slice(1).split("/")) {
    ino = ino === undefined ? undefined : visible.get(ino)?.entries.get(part);
  }
  descend(ino, folder);
}

function textOf({ storage }: SimDisk, ino: number | null): string {
  return ino === null ? "" : bytesToName(storage.visible.get(ino)!.content);
}

/**
 * Other programs on the simulated machine, as far as the mutants need them: git that moves a ref, packs refs, collects
 * garbage; a further command of lattice. Each does all of its work between two calls of the program under test.
 *
 * @module
 */
import { LatticeError } from "../../../src/platform/errors.ts";
import { toHex, utf8 } from "../../../src/platform/text.ts";
import { openTestRepository, openTestWriter } from "../../engine/engine_repository.ts";
import { type SimSystem, textAt } from "../../simulation/sim_system.ts";
import { GIT_DIR, PACKED_REFS } from "./seam.ts";

/** Writes a file as git does that is told to flush: by its lock, which becomes the file. */
export function replaceByLock({ disk }: SimSystem, path: string, content: string): void {
  {
    using file = disk.create(`${path}.lock`);
    file.write(utf8(content));
    file.sync();
  }
  disk.rename(`${path}.lock`, path);
  disk.syncDirectory(path.slice(0, path.lastIndexOf("/")));
}

/**
 * `git update-ref <ref> <to> <from>` of a loose ref, flushed.
 *
 * @returns Whether it was done: not where the ref is locked or holds something else.
 */
export function gitUpdateRef(system: SimSystem, ref: string, from: string, to: string): boolean {
  const path = `${GIT_DIR}/${ref}`;
  if (system.disk.inodeAt(`${path}.lock`) !== null || textAt(system.disk, path) !== `${from}\n`) return false;
  replaceByLock(system, path, `${to}\n`);
  return true;
}

/** The second half of a `git pack-refs --auto` that saw a value when it began: packs it, prunes the file if it may. */
export function gitPackRef(system: SimSystem, ref: string, seen: string): void {
  const others = (textAt(system.disk, PACKED_REFS) ?? "").split("\n").filter((line) => line !== "" && line[0] !== "#")
    .filter((line) => !line.endsWith(` ${ref}`));
  replaceByLock(system, PACKED_REFS, packedRefs([...others, `${seen} ${ref}`]));
  const path = `${GIT_DIR}/${ref}`;
  if (textAt(system.disk, path) !== `${seen}\n`) return;
  system.disk.unlink(path);
  system.disk.syncDirectory(path.slice(0, path.lastIndexOf("/")));
}

/** A `packed-refs` of these records. */
export function packedRefs(records: readonly string[]): string {
  const sorted = [...records].sort((a, b) => (a.slice(41) < b.slice(41) ? -1 : 1));
  return ["# pack-refs with: peeled fully-peeled sorted ", ...sorted].map((line) => `${line}\n`).join("");
}

/** `git gc --prune=now` without reflogs: packs without `.keep` and loose objects go that no ref leads to. */
export function gitGc(system: SimSystem): void {
  const doomedPacks = packsWithoutKeep(system);
  const loose = looseObjects(system);
  if (doomedPacks.length === 0 && loose.length === 0) return;
  const reachable = reachableObjects(system);
  const { disk } = system;
  for (const { name, oids } of doomedPacks) {
    if (oids.some((oid) => reachable.has(oid))) continue;
    for (const ending of ["idx", "pack"]) disk.unlink(`${name}.${ending}`);
    disk.syncDirectory(`${GIT_DIR}/objects/pack`);
  }
  for (const { oid, path } of loose) {
    if (reachable.has(oid)) continue;
    disk.unlink(path);
    disk.syncDirectory(path.slice(0, path.lastIndexOf("/")));
  }
}

const INDEX_HEADER_BYTES = 8 + 1024;
const OID_BYTES = 20;

function packsWithoutKeep({ disk }: SimSystem): { name: string; oids: string[] }[] {
  const folder = `${GIT_DIR}/objects/pack`;
  const names = new Set((disk.list(folder) ?? []).map(({ name }) => name));
  return [...names].filter((name) => name.endsWith(".idx")).map((name) => name.slice(0, -4))
    .filter((name) => names.has(`${name}.pack`) && !names.has(`${name}.keep`))
    .map((name) => ({ name: `${folder}/${name}`, oids: oidsOfIndex(disk.readFile(`${folder}/${name}.idx`)!) }));
}

function oidsOfIndex(index: Uint8Array): string[] {
  const count = new DataView(index.buffer, index.byteOffset).getUint32(INDEX_HEADER_BYTES - 4);
  return Array.from({ length: count }, (_, i) => {
    const start = INDEX_HEADER_BYTES + i * OID_BYTES;
    return toHex(index.subarray(start, start + OID_BYTES));
  });
}

function looseObjects({ disk }: SimSystem): { oid: string; path: string }[] {
  const folders = (disk.list(`${GIT_DIR}/objects`) ?? []).filter(({ name }) => /^[0-9a-f]{2}$/.test(name));
  return folders.flatMap(({ name: folder }) =>
    disk.list(`${GIT_DIR}/objects/${folder}`)!.filter(({ name }) => /^[0-9a-f]{38}$/.test(name))
      .map(({ name }) => ({ oid: `${folder}${name}`, path: `${GIT_DIR}/objects/${folder}/${name}` }))
  );
}

/** Everything that refs lead to, by commits and their trees, which are empty here. */
function reachableObjects(system: SimSystem): ReadonlySet<string> {
  const { refs, objects } = openTestRepository(system);
  const found = new Set<string>();
  const waiting = [...refs.list("refs/")].flatMap(({ value }) => value.kind === "direct" ? [value.oid] : []);
  for (let oid = waiting.pop(); oid !== undefined; oid = waiting.pop()) {
    if (found.has(oid)) continue;
    found.add(oid);
    const object = objects.read(oid);
    if (object?.type !== "commit") continue;
    const text = new TextDecoder().decode(object.content);
    waiting.push(...[...text.matchAll(/^(?:tree|parent) ([0-9a-f]{40})$/gm)].map((match) => match[1]!));
  }
  return found;
}

/** Takes the repository lock where it is free, recovers, and gives it back. */
export async function comeAndGo(system: SimSystem): Promise<void> {
  try {
    (await openTestWriter(openTestRepository(system))).close();
  } catch (error) {
    if (!(error instanceof LatticeError) || error.code !== "locked") throw error;
  }
}

/**
 * The objects that a transaction brings, and how they escape a `git gc --prune=now` that runs beside it.
 *
 * Such a gc looks at the refs once, and later removes what none of them led to then: loose objects, and packs that were
 * there when it began and had no `.keep`. So an object is safe when it is stored after the refs lead to it and no gc is
 * under way, or in a pack that was not there, under any name, when gc began. Git says that a gc is under way by
 * `gc.pid`. Where that stands, objects go into a new pack instead of loose files; and because a gc may begin a moment
 * after the look, there is another look once the refs are visible, before anything is acknowledged. From then on every
 * gc that begins sees the refs.
 *
 * A `git prune` that somebody types has no such file. Of its removals those are noticed, and made good, that come
 * before the last look.
 *
 * @module
 */
import type { Oid } from "../git/object_format.ts";
import type { NewObject } from "../git/objects/store.ts";
import type { EngineContext } from "./context.ts";
import { removeIfThere } from "./paths.ts";

/** From so many objects on, they go into one pack. */
const OBJECTS_FOR_PACK = 64;

/** Git takes a `gc.pid` that is older for one that a dead gc left, in milliseconds. */
const GC_AGE_MAX_MS = 12 * 3_600_000;

/** Content of the `.keep` file of a pack that an operation wrote. */
export function keepText(opId: string): string {
  return `lattice ${opId}\n`;
}

/** The objects of one operation, from before their refs are visible to the time when git's own rules suffice. */
export class StoredObjects {
  /** Those that have a loose file only. */
  private readonly loose = new Map<Oid, NewObject>();
  private readonly known = new Set<Oid>();
  private readonly keepFiles: string[] = [];

  constructor(private readonly context: EngineContext, private readonly opId: string) {}

  /**
   * Stores objects durably; those that this operation stored before are passed over.
   *
   * @throws {LatticeError} `io`.
   */
  store(objects: ReadonlyMap<Oid, NewObject>): void {
    const fresh = new Map([...objects].filter(([oid]) => !this.known.has(oid)));
    if (fresh.size === 0) return;
    if (fresh.size >= OBJECTS_FOR_PACK || isGcUnderWay(this.context)) this.pack(fresh);
    else {
      for (const object of fresh.values()) this.context.repository.objects.storeLoose(object);
      this.expectLoose(fresh);
    }
    for (const oid of fresh.keys()) this.known.add(oid);
  }

  /** Takes note of objects that should be there already, as loose files or in packs of others. */
  expectLoose(objects: ReadonlyMap<Oid, NewObject>): void {
    for (const [oid, object] of objects) this.loose.set(oid, object);
  }

  /** Whether this operation stored an object. */
  has(oid: Oid): boolean {
    return this.known.has(oid);
  }

  /**
   * Stores again what a gc has swept or may sweep: under the locks, so that no reader meets a ref that leads nowhere,
   * and once more when the refs are visible, before that is acknowledged. After that no gc takes the objects for
   * unreachable.
   *
   * @throws {LatticeError} `io`.
   */
  secure(): void {
    if (this.loose.size === 0) return;
    const endangered = isGcUnderWay(this.context)
      ? [...this.loose.keys()]
      : this.context.repository.objects.vanished([...this.loose.keys()]);
    if (endangered.length > 0) this.pack(new Map(endangered.map((oid) => [oid, this.loose.get(oid)!])));
  }

  /** Removes the `.keep` files: the refs lead to what is in their packs. */
  release(): void {
    for (const path of this.keepFiles.splice(0)) removeIfThere(this.context.system, path);
  }

  private pack(objects: ReadonlyMap<Oid, NewObject>): void {
    this.keepFiles.push(this.context.repository.objects.writePack([...objects.values()], keepText(this.opId)));
    for (const oid of objects.keys()) this.loose.delete(oid);
  }
}

/** Whether a `git gc` holds its lock, in this repository or one of its worktrees. */
export function isGcUnderWay({ system, repository }: EngineContext): boolean {
  const stat = system.disk.lstat(`${repository.commonDir}/gc.pid`);
  return stat !== null && system.clock.nowMs() - Number(stat.mtimeNs / 1_000_000n) <= GC_AGE_MAX_MS;
}

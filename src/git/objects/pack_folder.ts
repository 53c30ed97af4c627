/**
 * The packs of one folder of objects, found through its multi-pack-index where there is a sound one, else through
 * the index of each pack.
 *
 * @module
 */
import { isDamage } from "../../platform/errors.ts";
import type { Disk } from "../../platform/disk.ts";
import { compareNames } from "../../platform/text.ts";
import type { ObjectFormat } from "../object_format.ts";
import { damagedFile } from "./damage.ts";
import type { FilePages } from "./file_pages.ts";
import { type MultiPackIndex, openMultiPackIndexes } from "./multi_pack_index.ts";
import { nameAt, rangeOfPrefix } from "./name_table.ts";
import { describePack, type Pack } from "./pack.ts";
import type { PackedPlace } from "./packed_objects.ts";

/** The packs of one folder. */
export interface PackFolder {
  /**
   * Places where an object stands, best first; one index after the other is asked as the caller goes on.
   *
   * @param name Raw object name.
   * @param onDamage Told of each index or pack that cannot be used.
   */
  places(name: Uint8Array, onDamage: (error: unknown) => void): Iterable<PackedPlace>;
  /**
   * The place of an object in the pack that is asked first, which is the one that held the last object found; `null`:
   * it is not there, or the packs are not known, or there is a better way to find it.
   *
   * @throws {LatticeError} `invalid_data`.
   */
  usualPlace(name: Uint8Array): PackedPlace | null;
  /** Whether no pack is there, nor an index that names one. */
  isEmpty(): boolean;
  /** Raw names that begin with some digits, in no order, some perhaps twice. @throws {LatticeError} `invalid_data`. */
  names(digits: string): Iterable<Uint8Array>;
  /** Looks at the folder again. @returns Whether anything changed. */
  rescan(): boolean;
  /** Has the folder looked at again when it is next asked, because there is a new pack in it. */
  expire(): void;
}

/** Describes the packs in `<objects>/pack`; the folder is read when it is first asked. */
export function openPackFolder(disk: Disk, pages: FilePages, objectsDir: string, format: ObjectFormat): PackFolder {
  const folder = `${objectsDir}/pack`;
  let packs: Map<string, Pack> | undefined;
  let signature = "";
  let multi: MultiPackIndex[] = [];
  let multiStamp = "";
  let expired = false;

  function scan(): Map<string, Pack> {
    const files = new Set((disk.list(folder) ?? []).map(({ name }) => name));
    const known = packs;
    packs = new Map();
    expired = false;
    for (const file of [...files].sort(compareNames)) {
      if (!file.endsWith(".idx")) continue;
      const name = file.slice(0, -".idx".length);
      if (!files.has(`${name}.pack`)) continue;
      packs.set(name, known?.get(name) ?? describePack(pages, `${folder}/${name}.pack`, format));
    }
    const hasMulti = files.has("multi-pack-index") || files.has("multi-pack-index.d");
    const stamp = hasMulti ? multiPackIndexStamp(disk, folder) : "";
    if (stamp !== multiStamp) multi = openMultiPackIndexes(disk, pages, folder, format);
    multiStamp = stamp;
    signature = [stamp, ...[...packs.keys()].sort(compareNames)].join("\n");
    return packs;
  }

  function knownPacks(): Map<string, Pack> {
    if (packs === undefined || expired) return scan();
    return packs;
  }

  /** Moves a pack that held something to the front, where the next search begins. */
  function prefer(name: string, pack: Pack): void {
    const all = knownPacks();
    if (all.keys().next().value === name) return;
    packs = new Map([[name, pack], ...all]);
  }

  function* placesInMultiPackIndexes(
    name: Uint8Array,
    onDamage: (error: unknown) => void,
  ): Iterable<PackedPlace> {
    for (const index of multi) {
      try {
        const found = index.find(name);
        if (found === null) continue;
        const pack = knownPacks().get(found.packName);
        if (pack === undefined) {
          throw damagedFile(index.path, `it names the pack ${found.packName}, which is not there`);
        }
        yield { pack, offset: found.offset };
      } catch (error) {
        if (!isDamage(error)) throw error;
        onDamage(error);
      }
    }
  }

  return {
    *places(name, onDamage) {
      const all = knownPacks();
      let damaged = false;
      let found = false;
      for (const place of placesInMultiPackIndexes(name, (error) => (damaged = true, onDamage(error)))) {
        found = true;
        yield place;
      }
      const covered = new Set(found || damaged ? [] : multi.flatMap((index) => index.packNames));
      for (const [packName, pack] of all) {
        if (covered.has(packName)) continue;
        let offset: number | null;
        try {
          offset = pack.index().find(name);
        } catch (error) {
          if (!isDamage(error)) throw error;
          onDamage(error);
          continue;
        }
        if (offset === null) continue;
        prefer(packName, pack);
        yield { pack, offset };
      }
    },

    usualPlace(name) {
      if (packs === undefined || expired || multi.length > 0) return null;
      const pack = packs.values().next().value;
      const offset = pack?.index().find(name) ?? null;
      return pack === undefined || offset === null ? null : { pack, offset };
    },

    isEmpty: () => knownPacks().size === 0 && multi.length === 0,

    *names(digits) {
      for (const pack of knownPacks().values()) {
        const table = pack.index().names;
        const [first, end] = rangeOfPrefix(table, digits);
        for (let index = first; index < end; index++) yield nameAt(table, index);
      }
    },

    rescan() {
      const before = packs === undefined ? null : signature;
      scan();
      return before !== signature;
    },

    expire() {
      expired = true;
    },
  };
}

/** Changes whenever git replaces a multi-pack index, so that one that stands is not opened again. */
function multiPackIndexStamp(disk: Disk, folder: string): string {
  const stats = ["multi-pack-index", "multi-pack-index.d/multi-pack-index-chain"].map((name) =>
    disk.stat(`${folder}/${name}`)
  );
  return stats.map((stat) => stat === null ? "-" : `${stat.device}:${stat.inode}:${stat.mtimeNs}:${stat.size}`).join(
    " ",
  );
}

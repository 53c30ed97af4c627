/**
 * How objects are represented in storage: the space that they take on disk, and what their deltas stand on.
 *
 * @module
 */
import { LatticeError } from "../../platform/errors.ts";
import { fromHex, toHex } from "../../platform/text.ts";
import type { Oid } from "../object_format.ts";
import type { Repository } from "../repository.ts";
import { objectFolders } from "./alternates.ts";
import { createFilePages } from "./file_pages.ts";
import { loosePath } from "./loose.ts";
import { nameAt } from "./name_table.ts";
import { type Pack, readEntry } from "./pack.ts";
import { openPackFolder } from "./pack_folder.ts";
import type { PackedPlace } from "./packed_objects.ts";

/** Answers questions about how objects are represented; each object must be there. */
export interface Representations {
  /** Bytes that an object takes, compressed, with its header. @throws {LatticeError} `invalid_data`. */
  diskSize(oid: Oid): number;
  /** The object that its delta stands on; zeros when it is stored whole. @throws {LatticeError} `invalid_data`. */
  deltaBase(oid: Oid): Oid;
}

/** The entries of a pack in the order in which they stand. */
interface PackOrder {
  /** Offsets in bytes, rising; the last is the end of the entries. */
  readonly offsets: readonly number[];
  /** Index of the name of the entry at an offset. */
  readonly names: ReadonlyMap<number, number>;
}

/** Looks at the packs and loose objects of a repository, borrowed ones too. */
export function openRepresentations(repository: Repository): Representations {
  const { system, objectFormat } = repository;
  const pages = createFilePages(system.disk);
  const sources = objectFolders(repository).map((folder) => ({
    folder,
    packs: openPackFolder(system.disk, pages, folder, objectFormat),
  }));
  const orders = new Map<Pack, PackOrder>();

  const placeOf = (oid: Oid): PackedPlace | null => {
    for (const { packs } of sources) {
      const name = fromHex(oid);
      // An index that is damaged has another copy behind it, or the object would not have been read.
      for (const place of packs.places(name, () => undefined)) return place;
    }
    return null;
  };

  const orderOf = (pack: Pack): PackOrder => {
    let order = orders.get(pack);
    if (order === undefined) orders.set(pack, order = readOrder(pack, objectFormat.rawLength));
    return order;
  };

  return {
    diskSize(oid) {
      if (oid === objectFormat.emptyTree) return 0; // as in git, even where it is stored
      const place = placeOf(oid);
      if (place !== null) {
        const { offsets } = orderOf(place.pack);
        return offsets[positionOf(offsets, place.offset) + 1]! - place.offset;
      }
      for (const { folder } of sources) {
        const stat = system.disk.stat(loosePath(folder, oid));
        if (stat !== null) return stat.size;
      }
      throw new LatticeError("io", `object ${oid} was removed while it was looked at`, {
        hint: "another program tidied up meanwhile: run the command again",
        details: { oid },
      });
    },

    deltaBase(oid) {
      const place = oid === objectFormat.emptyTree ? null : placeOf(oid);
      if (place === null) return objectFormat.zero;
      const { stored } = readEntry(place.pack, place.offset, objectFormat);
      if (stored.kind === "whole") return objectFormat.zero;
      if (stored.kind === "name-delta") return toHex(stored.baseName);
      const index = orderOf(place.pack).names.get(stored.baseOffset);
      if (index !== undefined) return toHex(nameAt(place.pack.index().names, index));
      throw new LatticeError("invalid_data", `${JSON.stringify(place.pack.path)} has no object at its base of ${oid}`);
    },
  };
}

function readOrder(pack: Pack, trailerBytes: number): PackOrder {
  const index = pack.index();
  const names = new Map<number, number>();
  for (let i = 0; i < index.names.count; i++) names.set(index.offsetAt(i), i);
  const offsets = [...names.keys(), pack.file().size - trailerBytes].sort((a, b) => a - b);
  return { offsets, names };
}

/** Where a number stands in a rising list that holds it. */
function positionOf(offsets: readonly number[], offset: number): number {
  let low = 0;
  for (let high = offsets.length - 1; low < high;) {
    const middle = (low + high) >> 1;
    if (offsets[middle]! < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Objects out of packs: chains of deltas followed to their end and applied, one after the other, without recursion.
 *
 * @module
 */
import { isDamage } from "../../platform/errors.ts";
import { toHex } from "../../platform/text.ts";
import type { ObjectFormat, ObjectType, Oid } from "../object_format.ts";
import { damagedFile } from "./damage.ts";
import { applyDelta, parseDeltaHeader } from "./delta.ts";
import { inflateEntry, inflateEntryStart, type Pack, type PackEntry, readEntry } from "./pack.ts";
import type { GitObject, ObjectInfo } from "./store.ts";

/** Where an object stands. */
export interface PackedPlace {
  readonly pack: Pack;
  /** Offset of its entry in bytes. */
  readonly offset: number;
}

/** Gives the base of a delta that its pack does not hold. @throws {LatticeError} It cannot be had. */
export type BaseElsewhere<T> = (oid: Oid) => T;

/** Bases that were read lately. */
export interface BaseCache {
  get(place: PackedPlace): GitObject | undefined;
  put(place: PackedPlace, object: GitObject): void;
}

const BASE_CACHE_BYTES_MAX = 32 * 1024 * 1024;

/** Makes an empty cache of bases, of at most 32 MiB. */
export function createBaseCache(): BaseCache {
  const packs = new Map<Pack, number>();
  const objects = new Map<string, GitObject>();
  let bytes = 0;
  /** The one that was asked for last: deltas side by side often stand on one base. */
  let last: { place: PackedPlace; object: GitObject } | undefined;

  function keyOf({ pack, offset }: PackedPlace): string {
    let number = packs.get(pack);
    if (number === undefined) packs.set(pack, number = packs.size);
    return `${number}:${offset}`;
  }

  return {
    get(place) {
      if (last?.place.pack === place.pack && last.place.offset === place.offset) return last.object;
      const key = keyOf(place);
      const object = objects.get(key);
      if (object === undefined) return undefined;
      objects.delete(key); // to the end of the queue
      objects.set(key, object);
      last = { place, object };
      return object;
    },
    put(place, object) {
      if (object.content.length > BASE_CACHE_BYTES_MAX / 4) return;
      const key = keyOf(place);
      if (objects.has(key)) return;
      objects.set(key, object);
      bytes += object.content.length;
      for (const [oldest, dropped] of objects) {
        if (bytes <= BASE_CACHE_BYTES_MAX) break;
        objects.delete(oldest);
        bytes -= dropped.content.length;
      }
    },
  };
}

/** The entries from an object down to the one that holds a whole content. */
interface Chain {
  /** The deltas, the object's own first. */
  readonly deltas: readonly { offset: number; entry: PackEntry }[];
  /** What the last delta stands on: an entry of this pack, or an object that this pack does not hold. */
  readonly end: { offset: number; entry: PackEntry; type: ObjectType } | { elsewhere: Oid } | {
    cached: GitObject;
  };
}

function followChain(place: PackedPlace, format: ObjectFormat, cache: BaseCache): Chain {
  const { pack } = place;
  const deltas: { offset: number; entry: PackEntry }[] = [];
  let visited: Set<number> | undefined;
  for (let offset = place.offset;;) {
    if (deltas.length > 0) {
      if (visited?.has(offset) === true) throw damagedFile(pack.path, `the delta at byte ${offset} stands on itself`);
      const cached = cache.get({ pack, offset });
      if (cached !== undefined) return { deltas, end: { cached } };
    }
    const entry = readEntry(pack, offset, format);
    const { stored } = entry;
    if (stored.kind === "whole") return { deltas, end: { offset, entry, type: stored.type } };
    if (deltas.length > 0) (visited ??= new Set()).add(offset); // most chains are too short for a circle
    deltas.push({ offset, entry });
    if (stored.kind === "offset-delta") {
      offset = stored.baseOffset;
    } else {
      const found = pack.index().find(stored.baseName);
      if (found === null) return { deltas, end: { elsewhere: toHex(stored.baseName) } };
      offset = found;
    }
  }
}

/**
 * Reads an object out of a pack. Its hash is not checked here.
 *
 * @param elsewhere Gives a base that the pack does not hold.
 * @param bytesMax The largest content that is wanted.
 * @returns `null`: the content is larger than that.
 * @throws {LatticeError} `invalid_data`: damaged; `unsupported`: too large.
 */
export function readPacked(
  place: PackedPlace,
  format: ObjectFormat,
  cache: BaseCache,
  elsewhere: BaseElsewhere<GitObject>,
  bytesMax = Infinity,
): GitObject | null {
  const { pack } = place;
  const { deltas, end } = followChain(place, format, cache);
  // The size that a delta makes is known below, from the delta itself, unless that is large, too.
  const knownBelow = bytesMax === Infinity || (deltas[0] !== undefined && deltas[0].entry.size <= bytesMax);
  if (!knownBelow && contentSize(place, deltas, end, format) > bytesMax) return null;
  let object: GitObject;
  if ("cached" in end) object = end.cached;
  else if ("elsewhere" in end) object = askElsewhere(pack, end.elsewhere, elsewhere);
  else object = { type: end.type, content: inflateEntry(pack, end.entry, format) };
  if (deltas.length > 0 && "entry" in end) cache.put({ pack, offset: end.offset }, object);

  for (let i = deltas.length - 1; i >= 0; i--) {
    const { offset, entry } = deltas[i]!;
    const content = applyEntry({ pack, offset }, object.content, entry, format, i === 0 ? bytesMax : Infinity);
    if (content === null) return null;
    object = { type: object.type, content };
    if (i > 0) cache.put({ pack, offset }, object);
  }
  return object;
}

function askElsewhere<T>(pack: Pack, base: Oid, elsewhere: BaseElsewhere<T>): T {
  try {
    return elsewhere(base);
  } catch (cause) {
    if (!isDamage(cause)) throw cause;
    throw damagedFile(pack.path, `a delta cannot be resolved: ${cause.message}`, cause);
  }
}

/** @returns `null`: what the delta makes is larger than is wanted. */
function applyEntry(
  { pack, offset }: PackedPlace,
  base: Uint8Array,
  entry: PackEntry,
  format: ObjectFormat,
  bytesMax: number,
): Uint8Array | null {
  const delta = inflateEntry(pack, entry, format);
  try {
    return applyDelta(base, delta, bytesMax);
  } catch (cause) {
    if (!isDamage(cause)) throw cause;
    throw damagedFile(pack.path, `entry at byte ${offset}: ${cause.message}`, cause);
  }
}

/**
 * Type and size of an object in a pack, without its content.
 *
 * @param elsewhere Gives the type of a base that the pack does not hold.
 * @throws {LatticeError} `invalid_data`: damaged.
 */
export function packedInfo(
  place: PackedPlace,
  format: ObjectFormat,
  cache: BaseCache,
  elsewhere: BaseElsewhere<ObjectInfo>,
): ObjectInfo {
  const { deltas, end } = followChain(place, format, cache);
  const type = "cached" in end
    ? end.cached.type
    : "elsewhere" in end
    ? askElsewhere(place.pack, end.elsewhere, elsewhere).type
    : end.type;
  return { type, size: contentSize(place, deltas, end, format) };
}

function contentSize(place: PackedPlace, deltas: Chain["deltas"], end: Chain["end"], format: ObjectFormat): number {
  const own = deltas[0];
  if (own !== undefined) return deltaResultSize(place, own.entry, format);
  if ("entry" in end) return end.entry.size;
  throw damagedFile(place.pack.path, `it has no entry at byte ${place.offset}`);
}

function deltaResultSize({ pack, offset }: PackedPlace, entry: PackEntry, format: ObjectFormat): number {
  const start = inflateEntryStart(pack, entry, format);
  try {
    return parseDeltaHeader(start).resultSize;
  } catch (cause) {
    throw damagedFile(pack.path, `the delta at byte ${offset} has no sizes`, cause);
  }
}

/**
 * Reading objects wherever they are: loose or packed, in the repository's own folder or a borrowed one, from whichever
 * copy is sound.
 *
 * @module
 */
import type { Disk } from "../../platform/disk.ts";
import { isDamage, LatticeError } from "../../platform/errors.ts";
import { fromHex, toHex } from "../../platform/text.ts";
import type { ObjectFormat, Oid } from "../object_format.ts";
import { damagedFile } from "./damage.ts";
import { createFilePages, ReplacedFileError } from "./file_pages.ts";
import { listLoose, looseInfo, loosePath, readLoose } from "./loose.ts";
import { openPackFolder, type PackFolder } from "./pack_folder.ts";
import { nameOutsideObject } from "./outside_object.ts";
import { createBaseCache, packedInfo, type PackedPlace, readPacked } from "./packed_objects.ts";
import type { GitObject, ObjectInfo } from "./store.ts";

/** Where an object was found. */
export type ObjectPlace =
  | { readonly kind: "loose"; readonly path: string }
  | { readonly kind: "packed"; readonly packPath: string };

/** Reads the objects of some folders. */
export interface ObjectReader {
  /** Reads an object and checks its hash; `null`: it is in none of the folders. @throws {LatticeError} See `store.ts`. */
  read(oid: Oid): GitObject | null;
  /** The same, but of an object with more content only type and size. */
  readUpTo(oid: Oid, bytesMax: number): GitObject | ObjectInfo | null;
  /** Type and size; `null`: it is in none of the folders. @throws {LatticeError} See `store.ts`. */
  info(oid: Oid): ObjectInfo | null;
  /**
   * Where an object is that is whole as far as its frame tells, without looking twice: what is damaged or new since
   * the last look does not count.
   */
  find(oid: Oid): ObjectPlace | null;
  /** The same, but only of loose objects in the repository's own folder. */
  findOwnLoose(oid: Oid): ObjectPlace | null;
  /** Which of some objects are nowhere, as the files are now. */
  vanished(oids: readonly Oid[]): Oid[];
  /** Names that begin with some digits, sorted, each once. @throws {LatticeError} `invalid_data`. */
  names(digits: string): Oid[];
  /** Takes note that a pack has just been written into the repository's own folder. */
  expectNewPack(): void;
  /** Closes all files. */
  close(): void;
}

interface Source {
  readonly objectsDir: string;
  readonly packs: PackFolder;
  /** Whether its packs are known, so that asking them first costs less than looking for a loose file. */
  packsKnown: boolean;
  /** How many searches began with a loose file. */
  looseSearches: number;
}

/** After so many searches packs are asked first: they are likely to hold what is asked for next. */
const LOOSE_SEARCHES_MAX = 8;

/** A base may be in another pack than its delta, which sound packs never do; no chain of such packs is longer. */
const CROSS_PACK_BASES_MAX = 50;
/** How often a search begins again because files were replaced meanwhile. */
const ATTEMPTS_MAX = 5;

interface Question<T> {
  packed(place: PackedPlace, oid: Oid): T;
  loose(path: string, oid: Oid): T | null;
}

/**
 * Makes a reader.
 *
 * @param objectsDir The repository's own folder of objects.
 * @param alternates Gives the borrowed folders; asked when an object is not found without them.
 */
export function createReader(
  disk: Disk,
  objectsDir: string,
  alternates: () => readonly string[],
  format: ObjectFormat,
): ObjectReader {
  const pages = createFilePages(disk);
  const cache = createBaseCache();
  const own = openSource(objectsDir);
  let borrowed: Source[] | undefined;
  const basesInProgress: Oid[] = [];

  function openSource(folder: string): Source {
    return {
      objectsDir: folder,
      packs: openPackFolder(disk, pages, folder, format),
      packsKnown: false,
      looseSearches: 0,
    };
  }

  function others(): readonly Source[] {
    return borrowed ??= alternates().map(openSource);
  }

  function sources(): readonly Source[] {
    return [own, ...others()];
  }

  const baseContent = (base: Oid): GitObject => baseElsewhere(base, reading);

  const reading: Question<GitObject> = {
    packed(place, oid) {
      return verified(readPacked(place, format, cache, baseContent)!, oid, place.pack.path);
    },
    loose(path, oid) {
      const object = readLoose(disk, path, Infinity) as GitObject | null;
      return object === null ? null : verified(object, oid, path);
    },
  };

  const asking: Question<ObjectInfo> = {
    packed: (place) => packedInfo(place, format, cache, (base) => baseElsewhere(base, asking)),
    loose: (path) => looseInfo(disk, path),
  };

  function readingUpTo(bytesMax: number): Question<GitObject | ObjectInfo> {
    return {
      packed(place, oid) {
        const object = readPacked(place, format, cache, baseContent, bytesMax);
        return object === null ? asking.packed(place, oid) : verified(object, oid, place.pack.path);
      },
      loose(path, oid) {
        const object = readLoose(disk, path, bytesMax);
        return object === null || "size" in object ? object : verified(object, oid, path);
      },
    };
  }

  function verified(object: GitObject, oid: Oid, path: string): GitObject {
    const actual = nameOutsideObject(format, object.type, object.content, path);
    if (actual !== oid) throw damagedFile(path, `what it holds as object ${oid} is named ${actual} by its hash`);
    return object;
  }

  function baseElsewhere<T>(base: Oid, question: Question<T>): T {
    if (basesInProgress.includes(base) || basesInProgress.length >= CROSS_PACK_BASES_MAX) {
      throw new LatticeError("invalid_data", `the base ${base} of a delta stands on itself`);
    }
    basesInProgress.push(base);
    try {
      const answer = search(base, question);
      if (answer === null) throw new LatticeError("invalid_data", `the base ${base} of a delta is missing`);
      return answer;
    } finally {
      basesInProgress.pop();
    }
  }

  /** The answer of the first sound copy in a folder; copies that are damaged are told to `onDamage` and passed over. */
  function answerIn<T>(
    source: Source,
    oid: Oid,
    question: Question<T>,
    onDamage: (error: unknown) => void,
  ): T | null {
    const packsFirst = source.packsKnown || ++source.looseSearches > LOOSE_SEARCHES_MAX;
    if (packsFirst) {
      const packed = packedAnswer(source, oid, question, onDamage);
      if (packed !== null) return packed;
    }
    const path = loosePath(source.objectsDir, oid);
    // Asked first in the first searches, since opening what is not there throws, which takes a short command 1 ms or 2.
    const loose = !packsFirst && disk.lstat(path) === null
      ? null
      : unlessDamaged(() => question.loose(path, oid), onDamage);
    return loose !== null || packsFirst ? loose : packedAnswer(source, oid, question, onDamage);
  }

  function packedAnswer<T>(
    source: Source,
    oid: Oid,
    question: Question<T>,
    onDamage: (error: unknown) => void,
  ): T | null {
    source.packsKnown = true;
    if (source.packs.isEmpty()) return null;
    for (const place of source.packs.places(fromHex(oid), onDamage)) {
      const answer = unlessDamaged(() => question.packed(place, oid), onDamage);
      if (answer !== null) return answer;
    }
    return null;
  }

  function rescan(): boolean {
    let changed = false;
    for (const source of sources()) changed = source.packs.rescan() || changed;
    return changed;
  }

  /** The answer of nearly all searches in a repository whose objects are in one pack; `null`: search everywhere. */
  function usualAnswer<T>(oid: Oid, question: Question<T>): T | null {
    if (!own.packsKnown) return null;
    try {
      const place = own.packs.usualPlace(fromHex(oid));
      return place === null ? null : question.packed(place, oid);
    } catch (error) {
      if (!isDamage(error)) throw error;
      return null; // the search everywhere meets it again
    }
  }

  function firstAnswer<T>(oid: Oid, question: Question<T>, damages: unknown[]): T | null {
    const usual = usualAnswer(oid, question);
    if (usual !== null) return usual;
    const onDamage = (error: unknown) => damages.push(error);
    const ownAnswer = answerIn(own, oid, question, onDamage);
    if (ownAnswer !== null) return ownAnswer;
    for (const source of others()) {
      const answer = answerIn(source, oid, question, onDamage);
      if (answer !== null) return answer;
    }
    return null;
  }

  /** Looks for a sound copy; looks again once when there is none, since packs may have appeared or moved. */
  function search<T>(oid: Oid, question: Question<T>): T | null {
    for (let attempt = 1;; attempt++) {
      const damages: unknown[] = [];
      try {
        const answer = firstAnswer(oid, question, damages);
        if (answer !== null) return answer;
        if (rescan() && attempt < ATTEMPTS_MAX) continue;
      } catch (error) {
        if (!(error instanceof ReplacedFileError) || attempt >= ATTEMPTS_MAX) throw error;
        rescan();
        continue;
      }
      if (damages.length > 0) throw damages[0];
      requireNoDanglingLink(oid);
      return null;
    }
  }

  /** A link that leads nowhere stands where the object should: that is damage, not absence. */
  function requireNoDanglingLink(oid: Oid): void {
    for (const { objectsDir: folder } of sources()) {
      const path = loosePath(folder, oid);
      if (disk.lstat(path)?.kind === "symlink" && disk.stat(path) === null) {
        throw damagedFile(path, "it is a symbolic link to nothing");
      }
    }
  }

  const finding: Question<ObjectPlace> = {
    packed(place) {
      asking.packed(place, "");
      return { kind: "packed", packPath: place.pack.path };
    },
    loose(path) {
      return asking.loose(path, "") === null ? null : { kind: "loose", path };
    },
  };

  function find(oid: Oid, question: Question<ObjectPlace>): ObjectPlace | null {
    try {
      return firstAnswer(oid, question, []);
    } catch (error) {
      if (!(error instanceof ReplacedFileError)) throw error;
      return null; // it was being moved; to store it again is always right
    }
  }

  function findOwnLoose(oid: Oid): ObjectPlace | null {
    const path = loosePath(objectsDir, oid);
    return disk.lstat(path) === null ? null : unlessDamaged(() => finding.loose(path, oid), () => {});
  }

  function vanished(oids: readonly Oid[]): Oid[] {
    const packsThere = new Map<string, boolean>();
    function isPackThere(path: string): boolean {
      let there = packsThere.get(path);
      if (there === undefined) packsThere.set(path, there = disk.lstat(path) !== null);
      return there;
    }
    function isThere(oid: Oid): boolean {
      if (disk.lstat(loosePath(objectsDir, oid)) !== null) return true;
      const place = find(oid, finding);
      return place !== null && (place.kind === "loose" || isPackThere(place.packPath));
    }
    let doubtful = oids.filter((oid) => !isThere(oid));
    for (let attempt = 1; doubtful.length > 0 && rescan() && attempt < ATTEMPTS_MAX; attempt++) {
      packsThere.clear();
      doubtful = doubtful.filter((oid) => !isThere(oid));
    }
    return doubtful;
  }

  return {
    read: (oid) => search(oid, reading),
    readUpTo: (oid, bytesMax) => search(oid, readingUpTo(bytesMax)),
    info: (oid) => search(oid, asking),
    find: (oid) => find(oid, finding),
    findOwnLoose,
    vanished,
    names(digits) {
      const found = new Set<Oid>();
      for (const source of sources()) {
        source.packs.rescan();
        for (const oid of listLoose(disk, source.objectsDir, format, digits)) found.add(oid);
        for (const name of source.packs.names(digits)) found.add(toHex(name));
      }
      return [...found].sort(); // hexadecimal digits: the default order is that of bytes
    },
    expectNewPack: () => own.packs.expire(),
    close: () => pages.close(),
  };
}

function unlessDamaged<T>(ask: () => T | null, onDamage: (error: unknown) => void): T | null {
  try {
    return ask();
  } catch (error) {
    if (!isDamage(error)) throw error;
    onDamage(error);
    return null;
  }
}

/**
 * Opens the objects of a repository.
 *
 * @module
 */
import { LatticeError } from "../../platform/errors.ts";
import type { System } from "../../platform/system.ts";
import type { Config } from "../config/config.ts";
import type { ObjectFormat, Oid } from "../object_format.ts";
import { findAlternates } from "./alternates.ts";
import { DEFAULT_LEVEL, looseCompression, packCompression } from "./compression.ts";
import { promisedObject } from "./damage.ts";
import { flushPlaces, freshen } from "./freshen.ts";
import { flushAndNameLooseFile, writeLooseFile } from "./loose_writer.ts";
import { writeStreamToTemporary } from "./object_stream.ts";
import { nameNewObject } from "./new_object.ts";
import { type NamedObject, writePackFiles } from "./pack_writer.ts";
import { sharedRepository } from "./permissions.ts";
import { createReader } from "./reader.ts";
import { type ObjectStorage, removeQuietly } from "./storage.ts";
import type { GitObject, ObjectStore, PrefixMatch } from "./store.ts";

/** What is needed to open the objects of a repository. */
export interface ObjectStoreOptions {
  readonly system: System;
  /** The repository's own folder of objects, absolute. */
  readonly objectsDir: string;
  readonly format: ObjectFormat;
  /** Git's configuration, or how to get it when it is first needed. */
  readonly config: Config | (() => Config);
  /** The variables that matter here; without it, those of the system. */
  readonly env?: {
    readonly GIT_ALTERNATE_OBJECT_DIRECTORIES?: string | undefined;
    readonly GIT_NO_REPLACE_OBJECTS?: string | undefined;
  };
  /** What `refs/replace/<oid>` holds, or `null`; asked only where replacements count. */
  readonly readReplaceRef: (oid: Oid) => Oid | null;
}

/** The objects of a repository that hold files open until they are closed; the end of the process closes them too. */
export interface OpenObjectStore extends ObjectStore, Disposable {
  /** Closes all files; they open again when they are needed. */
  close(): void;
}

/** Replacements of replacements are followed as far as git follows them. */
const REPLACE_DEPTH_MAX = 5;

/**
 * What stands behind `ObjectFormat.emptyTree`. As in git, it can be asked for wherever it is not stored, and is stored
 * and listed like any other object.
 */
const EMPTY_TREE: GitObject = { type: "tree", content: new Uint8Array(0) };

/** Opens the objects of a repository; nothing is read before something is asked. */
export function openObjectStore(options: ObjectStoreOptions): OpenObjectStore {
  const { system, objectsDir, format } = options;
  const env = options.env ?? system.env;
  const alternates = () =>
    findAlternates(system.disk, objectsDir, env.GIT_ALTERNATE_OBJECT_DIRECTORIES, system.host.workingDirectory);
  const reader = createReader(system.disk, objectsDir, alternates, format);
  let loadedConfig: Config | undefined;
  let storage: ObjectStorage | undefined;

  function config(): Config {
    return loadedConfig ??= typeof options.config === "function" ? options.config() : options.config;
  }

  function writableStorage(): ObjectStorage {
    return storage ??= { system, objectsDir, shared: sharedRepository(config()) };
  }

  function presentOrNull<T>(oid: Oid, found: T | null): T | null {
    if (found === null && isPartialClone(config())) throw promisedObject(oid);
    return found;
  }

  function replacementOf(oid: Oid): Oid {
    if (env.GIT_NO_REPLACE_OBJECTS !== undefined || config().getBoolean("core.usereplacerefs") === false) return oid;
    let current = oid;
    for (let depth = 0; depth < REPLACE_DEPTH_MAX; depth++) {
      const next = options.readReplaceRef(current);
      if (next === null) return current;
      current = next;
    }
    throw new LatticeError("invalid_data", `object ${oid} is replaced more than ${REPLACE_DEPTH_MAX} times over`, {
      hint: "look at the chain with `git replace --list --format=long`",
      details: { oid },
    });
  }

  const store: OpenObjectStore = {
    format,
    read: (oid) => oid === format.emptyTree ? EMPTY_TREE : presentOrNull(oid, reader.read(oid)),
    readUpTo(oid, bytesMax) {
      return oid === format.emptyTree ? EMPTY_TREE : presentOrNull(oid, reader.readUpTo(oid, bytesMax));
    },
    replacementOf,

    readReplaced(oid) {
      const replacement = replacementOf(oid);
      const object = store.read(replacement);
      if (object !== null || replacement === oid) return object;
      throw new LatticeError("invalid_data", `object ${oid} is replaced by ${replacement}, which is missing`, {
        hint: `remove the replacement with \`git replace -d ${oid}\``,
        details: { oid, replacement },
      });
    },

    info(oid) {
      if (oid === format.emptyTree) return { type: "tree", size: 0 };
      return presentOrNull(oid, reader.info(oid));
    },

    has: (oid) => oid === format.emptyTree || reader.info(oid) !== null,
    findPrefix: (digits) => toMatch(reader.names(digits)),
    allOids: () => reader.names(""),

    writeLoose(object) {
      const oid = nameNewObject(format, object);
      const place = reader.find(oid);
      if (place !== null && freshen(system, place)) return oid;
      writeLooseFile(writableStorage(), oid, object, looseCompression(config()));
      return oid;
    },

    storeLoose(object) {
      const oid = nameNewObject(format, object);
      const place = reader.findOwnLoose(oid);
      if (place !== null && freshen(system, place)) return oid;
      writeLooseFile(writableStorage(), oid, object, looseCompression(config()));
      return oid;
    },

    flush: (oids) => flushPlaces(system, oids.filter((oid) => oid !== format.emptyTree), reader.find),

    vanished: (oids) => reader.vanished(oids.filter((oid) => oid !== format.emptyTree)),

    writeLooseStream(type, size, chunks) {
      const target = writableStorage();
      const level = looseCompression(config()) ?? DEFAULT_LEVEL;
      const { oid, path } = writeStreamToTemporary(target, format, type, size, chunks, level);
      let present = true;
      try {
        const place = reader.find(oid);
        present = place !== null && freshen(system, place);
      } finally {
        if (present) removeQuietly(target, path);
      }
      if (!present) flushAndNameLooseFile(target, oid, path);
      return oid;
    },

    writePack(objects, keepText) {
      const named = new Map<Oid, NamedObject>();
      for (const object of objects) {
        const oid = nameNewObject(format, object);
        named.set(oid, { oid, object });
      }
      const keep = writePackFiles(writableStorage(), format, [...named.values()], keepText, packCompression(config()));
      reader.expectNewPack();
      return keep;
    },

    close: reader.close,
    [Symbol.dispose]: reader.close,
  };
  return store;
}

function toMatch(oids: Oid[]): PrefixMatch {
  if (oids.length === 0) return { kind: "none" };
  return oids.length === 1 ? { kind: "unique", oid: oids[0]! } : { kind: "ambiguous", oids };
}

/** Whether a remote promised objects that were not fetched (partial-clone; gitrepository-layout). */
function isPartialClone(config: Config): boolean {
  if (config.get("extensions.partialclone") !== undefined) return true;
  return config.entries.some(({ key }) =>
    /^remote\..*\.partialclonefilter$/.test(key) || (/^remote\..*\.promisor$/.test(key) && config.getBoolean(key))
  );
}

/**
 * What a transaction asks of the refs as they are now: one by one for few refs, from one listing for many.
 *
 * Ten thousand look-ups, each with a search for conflicting names, cost ten times what one pass over the refs costs.
 * A view shows one moment; the look under the locks takes a new one.
 *
 * @module
 */
import type { EngineContext } from "./context.ts";
import { filesRefs } from "./files_refs.ts";
import type { RefValue } from "../git/refs/store.ts";
import { folderOf } from "../platform/paths.ts";

/** The refs of one moment. */
export interface RefView {
  /** What a ref holds, not followed; `null`: it does not exist. @throws {LatticeError} As `RefStore.read`. */
  read(name: string): RefValue | null;
  /** A ref that keeps another from being created, or `null`. */
  findConflict(name: string): string | null;
  /** Whether a ref has a loose file. */
  hasLooseFile(name: string): boolean;
}

/** About how many bytes of `packed-refs` can be listed in the time of one look-up. */
const BYTES_PER_LOOKUP = 4096;

/** With fewer refs than this a listing is never worth it. */
const NAMES_FOR_LISTING = 64;

/** Opens the view that is cheaper for these names. */
export function openRefView(context: EngineContext, names: readonly string[]): RefView {
  if (names.length < NAMES_FOR_LISTING) return directView(context);
  const packedBytes = filesRefs(context.repository).packed().stat?.size ?? 0;
  return packedBytes > names.length * BYTES_PER_LOOKUP ? directView(context) : listedView(context, commonFolder(names));
}

function directView(context: EngineContext): RefView {
  const refs = filesRefs(context.repository);
  return {
    read: (name) => refs.read(name)?.value ?? null,
    findConflict: (name) => refs.findConflict(name),
    hasLooseFile: (name) => refs.examineLoose(name).kind === "ref",
  };
}

function listedView(context: EngineContext, prefix: string): RefView {
  const refs = filesRefs(context.repository);
  const values = new Map<string, RefValue>();
  const broken = new Set<string>();
  for (const entry of refs.list(prefix, (name) => broken.add(name))) values.set(entry.name, entry.value);
  const folders = foldersOf([...values.keys(), ...broken], prefix);
  const loose = looseFiles(context);
  const blockers = new Map<string, string | null>();
  let last = ""; // the folder that was asked about before, with its slash: most refs share it
  let blocker: string | null = null;

  function exists(name: string): boolean {
    return name.startsWith(prefix) ? values.has(name) || broken.has(name) : refs.read(name) !== null;
  }

  /** The ref that is a folder of others, itself or one above it; `null`: none is, so that it can hold refs. */
  function blockerOf(folder: string): string | null {
    let known = blockers.get(folder);
    if (known === undefined) {
      const above = folder.lastIndexOf("/");
      known = above === -1 ? null : blockerOf(folder.slice(0, above)) ?? (exists(folder) ? folder : null);
      blockers.set(folder, known);
    }
    return known;
  }

  return {
    read: (name) => {
      const value = values.get(name);
      if (value !== undefined) return value;
      // Outside of the listing, or damaged: then the look at the ref itself says how.
      return name.startsWith(prefix) && !broken.has(name) ? null : refs.read(name)?.value ?? null;
    },
    findConflict: (name) => {
      if (last === "" || !isIn(name, last)) {
        const folder = name.slice(0, name.lastIndexOf("/") + 1);
        blocker = folder.startsWith("refs/") ? blockerOf(folder.slice(0, -1)) : null;
        last = folder; // only now: the look at a damaged ref throws, and is to throw again
      }
      if (blocker !== null) return blocker;
      return name.startsWith(prefix) ? folders.get(name) ?? null : refs.findConflict(name);
    },
    // What no listing has seen needs no look at its folder, which holds as many locks as refs are new.
    hasLooseFile: (name) => (!name.startsWith(prefix) || values.has(name) || broken.has(name)) && loose(name),
  };
}

/** Every folder of names below the prefix, with one ref that is in it. */
export function foldersOf(names: readonly string[], prefix: string): ReadonlyMap<string, string> {
  const folders = new Map<string, string>();
  let last = ""; // the folder of the name before, which most share
  for (const name of names) {
    if (last !== "" && isIn(name, last)) continue;
    last = name.slice(0, name.lastIndexOf("/") + 1);
    for (let slash = name.lastIndexOf("/"); slash >= prefix.length; slash = name.lastIndexOf("/", slash - 1)) {
      const folder = name.slice(0, slash);
      if (folders.has(folder)) break;
      folders.set(folder, name);
    }
  }
  return folders;
}

/** Whether a name is right in a folder, which is given with its slash. */
function isIn(name: string, folder: string): boolean {
  return name.lastIndexOf("/") === folder.length - 1 && name.startsWith(folder);
}

/** Tells whether a ref has a loose file, listing each folder once. Whatever stands at its path counts, but folders. */
function looseFiles(context: EngineContext): (name: string) => boolean {
  const refs = filesRefs(context.repository);
  const listed = new Map<string, ReadonlySet<string>>();
  return (name) => {
    const path = refs.loosePath(name);
    const folder = folderOf(path);
    let files = listed.get(folder);
    if (files === undefined) {
      const entries = context.system.disk.list(folder) ?? [];
      files = new Set(entries.filter(({ kind }) => kind !== "directory").map((entry) => entry.name));
      listed.set(folder, files);
    }
    return files.has(path.slice(folder.length + 1));
  };
}

/** The longest beginning, up to a slash, that all names share. */
function commonFolder(names: readonly string[]): string {
  let prefix = names[0]!;
  for (const name of names) {
    while (!name.startsWith(prefix)) prefix = prefix.slice(0, -1);
  }
  return prefix.slice(0, prefix.lastIndexOf("/") + 1);
}

/**
 * Walks the loose refs of a repository, in the order of the bytes of their names.
 *
 * Odd entries are taken as git takes them: names that begin with `.` or end with `.lock` are nobody's refs, empty
 * folders are nothing, a symbolic link to a folder is walked like a folder.
 *
 * @module
 */
import { type DirectoryEntry, type Disk, type FileKind, isDiskError } from "../../../platform/disk.ts";
import { compareNames } from "../../../platform/text.ts";
import type { ObjectFormat } from "../../object_format.ts";
import { checkRefName, LOCK_SUFFIX, type RefFolders, refPath } from "../names.ts";
import type { RefEntry } from "../store.ts";
import { brokenRef, readLooseRef } from "./loose.ts";

/** What is walked, and how a damaged ref is reported. */
export interface LooseWalk {
  readonly disk: Disk;
  readonly folders: RefFolders;
  readonly format: ObjectFormat;
  /** Called for a ref that is there and cannot be used. */
  readonly onBroken: (name: string, error: unknown) => void;
  /** Called for a file whose name no ref may have, such as an editor's back-up; git passes over it with a warning. */
  readonly onMisnamed: (name: string, error: unknown) => void;
}

/**
 * Folders reached through more symbolic links than this are not walked. Links that lead in circles would otherwise
 * cost time beyond all bounds, and git, too, follows them only until the system refuses.
 */
const LINKED_FOLDERS_MAX = 2;

/** Folders below `refs/` that each worktree has for itself. */
const PER_WORKTREE_FOLDERS = ["bisect", "rewritten", "worktree"];

/**
 * Reads all loose refs whose names begin with a prefix.
 *
 * @param prefix Begins with `refs/`.
 */
export function walkLooseRefs(walk: LooseWalk, prefix: string): RefEntry[] {
  const found: RefEntry[] = [];
  walkFolder(walk, prefix.slice(0, prefix.lastIndexOf("/")), prefix, 0, found);
  return found;
}

/**
 * Finds whether any file stands for a ref below a folder, whatever it holds.
 *
 * @param folder Name of the folder, such as `refs/heads/a`.
 * @param ignored Names of refs that do not count.
 * @returns The name of such a ref, or `null`.
 */
export function firstLooseBelow(walk: LooseWalk, folder: string, ignored: ReadonlySet<string>): string | null {
  return firstBelow(walk, folder, ignored, 0);
}

function firstBelow(walk: LooseWalk, folder: string, ignored: ReadonlySet<string>, links: number): string | null {
  if (links > LINKED_FOLDERS_MAX) return null;
  for (const entry of entriesOf(walk, folder, "")) {
    if (entry.kind !== "directory") {
      if (!ignored.has(entry.name)) return entry.name;
      continue;
    }
    const below = firstBelow(walk, entry.name, ignored, links + entry.links);
    if (below !== null) return below;
  }
  return null;
}

interface WalkEntry {
  /** The full name of the ref or folder. */
  readonly name: string;
  readonly kind: FileKind;
  readonly links: number;
}

function walkFolder(walk: LooseWalk, folder: string, prefix: string, links: number, found: RefEntry[]): void {
  if (links > LINKED_FOLDERS_MAX) {
    walk.onBroken(
      folder,
      brokenRef(pathOf(walk, folder), folder, `more than ${LINKED_FOLDERS_MAX} linked folders lead there`),
    );
    return;
  }
  for (const entry of entriesOf(walk, folder, prefix)) {
    if (entry.kind === "directory") walkFolder(walk, entry.name, prefix, links + entry.links, found);
    else readEntry(walk, entry.name, found);
  }
}

function readEntry(walk: LooseWalk, name: string, found: RefEntry[]): void {
  try {
    const path = pathOf(walk, name);
    const reason = checkRefName(name);
    if (reason !== null) {
      walk.onMisnamed(name, brokenRef(path, name, `its name is not allowed: ${reason}`));
      return;
    }
    const read = readLooseRef(walk.disk, walk.format, path, name);
    if (read.kind === "ref") found.push({ name, value: read.value });
  } catch (error) {
    walk.onBroken(name, error);
  }
}

/** The entries of a folder that can matter for a prefix, in the order of the refs that they lead to. */
function entriesOf(walk: LooseWalk, folder: string, prefix: string): WalkEntry[] {
  const path = refPath(walk.folders, `${folder}/x`).root + `/${folder}`;
  const listed = (walk.disk.list(path, mayLeadToRefs) ?? []).filter(({ name }) => mayLeadToRefs(name));
  if (folder === "refs" && walk.folders.gitDir !== walk.folders.commonDir) ownFoldersInstead(listed);
  const entries: WalkEntry[] = [];
  for (const entry of listed) {
    const name = `${folder}/${entry.name}`;
    if (!name.startsWith(prefix) && !prefix.startsWith(`${name}/`)) continue;
    const kind = entry.kind === "symlink" ? linkedKind(walk, name) : entry.kind;
    if (kind !== null) entries.push({ name, kind, links: entry.kind === "symlink" ? 1 : 0 });
  }
  const key = (entry: WalkEntry) => entry.kind === "directory" ? `${entry.name}/` : entry.name;
  return entries.sort((a, b) => compareNames(key(a), key(b)));
}

/** Whether a file or folder with such a name counts. */
function mayLeadToRefs(name: string): boolean {
  return !name.startsWith(".") && !name.endsWith(LOCK_SUFFIX);
}

/** In a linked worktree, what the common folder has under these names belongs to the main one. */
function ownFoldersInstead(listed: DirectoryEntry[]): void {
  for (const name of PER_WORKTREE_FOLDERS) {
    const at = listed.findIndex((entry) => entry.name === name);
    if (at < 0) listed.push({ name, kind: "directory" });
    else listed[at] = { name, kind: "directory" };
  }
}

/**
 * What a symbolic link leads to. `null`: it is a symbolic ref whose text, followed as a path from where it stands,
 * leads nowhere; git lists no such ref, though it reads it.
 */
function linkedKind(walk: LooseWalk, name: string): FileKind | null {
  const path = pathOf(walk, name);
  const target = walk.disk.readLink(path);
  try {
    const stat = walk.disk.stat(path);
    if (stat !== null) return stat.kind;
  } catch (error) {
    if (!isDiskError(error, "ELOOP")) throw error;
    return "other"; // reading it says what is wrong
  }
  return target !== null && target.startsWith("refs/") && checkRefName(target) === null ? null : "other";
}

function pathOf(walk: LooseWalk, name: string): string {
  const { root, relative } = refPath(walk.folders, name);
  return `${root}/${relative}`;
}

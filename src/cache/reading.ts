/**
 * Reading an entry without any lock.
 *
 * The pointer names the content, which is never changed. Between the two looks the content can go: it was superseded
 * longer than the grace time ago, which takes a reader that was stopped in between, or `clean` removed the entry. Then
 * the pointer has changed or gone as well, and whoever looks at it again finds what is there now. So damage is what the
 * same pointer names twice.
 *
 * On some file systems that hosts share, FUSE among them, a name is missing for a moment while another file is renamed to
 * it. Where contents lie there and none can be had, it is looked for again there, for an eighth of a second.
 *
 * Where this is shown: `tests/cache/together.test.ts`, `tests/e2e/mounts.test.ts`.
 *
 * @module
 */
import { type Disk, isDiskError, type OpenFile } from "../platform/disk.ts";
import { createHasher, hashHex } from "../platform/hash.ts";
import type { System } from "../platform/system.ts";
import { equalBytes, toHex } from "../platform/text.ts";
import { contentPath, type EntryFolder, hasFolder } from "./entry_folder.ts";
import { isDigest, parsePointer, type Pointer, POINTER_BYTES_MAX } from "./pointer.ts";

/** What an entry holds. `null` is said where there is no entry. */
export type Found<Content> =
  | { readonly pointer: Pointer; readonly content: Content }
  /** Why it cannot be used: it counts as absent. */
  | { readonly damage: string };

/** How the content is read: gives it, or says why it is not what the pointer says. */
export type ReadContent<Content> = (disk: Disk, path: string, pointer: Pointer) => { content: Content } | string;

/** Each round takes a refresh or a `clean` in the middle of it; so many in a row do not happen. */
const ROUNDS_MAX = 100;

/** Pauses between looks at what may be missing for a moment, in milliseconds. */
const PAUSES_MS: readonly number[] = [1, 2, 4, 8, 16, 32, 64];

const CHUNK_BYTES = 1024 * 1024;

/**
 * Finds what an entry holds.
 *
 * @returns `null`: there is no entry.
 * @throws {CacheError} Something else stands in place of its folder.
 * @throws {DiskError} Something cannot be read.
 */
export function readEntry<Content>(
  system: System,
  entry: EntryFolder,
  read: ReadContent<Content>,
): Found<Content> | null {
  const { disk, clock } = system;
  if (!hasFolder(disk, entry)) return null;
  for (let look = 0;; look++) {
    const found = lookOnce(disk, entry, read);
    if (found !== null && "content" in found) return found;
    const pauseMs = PAUSES_MS[look];
    if (pauseMs === undefined || !mayBeMomentary(disk, entry)) return found;
    clock.sleepSync(pauseMs);
  }
}

/** Whether an entry of which nothing is to be had may be there nevertheless. */
function mayBeMomentary(disk: Disk, { path }: EntryFolder): boolean {
  const hasContents = (disk.list(path) ?? []).some(({ name }) => isDigest(name));
  try {
    return hasContents && disk.isShared(path);
  } catch (error) {
    if (isDiskError(error, "ENOENT")) return false; // somebody cleans
    throw error;
  }
}

function lookOnce<Content>(disk: Disk, entry: EntryFolder, read: ReadContent<Content>): Found<Content> | null {
  let bytes = pointerBytes(disk, entry);
  for (let round = 1;; round++) {
    if (bytes === null) return null;
    const pointer = bytes === "no file" ? null : parsePointer(entry.name, bytes);
    const damage = pointer === null ? "its pointer cannot be understood" : tryRead(disk, entry, pointer, read);
    if (typeof damage !== "string") return damage;
    const again = pointerBytes(disk, entry);
    if (isSame(bytes, again) || round === ROUNDS_MAX) return { damage };
    bytes = again;
  }
}

/** What the pointer says; `null`: there is no sound one. */
export function readPointer(disk: Disk, entry: EntryFolder): Pointer | null {
  const bytes = hasFolder(disk, entry) ? pointerBytes(disk, entry) : null;
  return bytes === null || bytes === "no file" ? null : parsePointer(entry.name, bytes);
}

type PointerBytes = Uint8Array | "no file" | null;

/** What else stands in its place is not read: a pipe would not answer, and a link may lead anywhere. */
function pointerBytes(disk: Disk, { pointer }: EntryFolder): PointerBytes {
  const stat = disk.lstat(pointer);
  if (stat === null) return null;
  return stat.kind === "file" ? disk.readFile(pointer, POINTER_BYTES_MAX) : "no file";
}

function isSame(a: PointerBytes, b: PointerBytes): boolean {
  return a instanceof Uint8Array && b instanceof Uint8Array ? equalBytes(a, b) : a === b;
}

function tryRead<Content>(
  disk: Disk,
  entry: EntryFolder,
  pointer: Pointer,
  read: ReadContent<Content>,
): Found<Content> | string {
  const path = contentPath(entry, pointer.digest);
  const stat = disk.lstat(path);
  if (stat === null) return "its content is missing";
  if (stat.kind !== "file") return "its content is no file";
  if (stat.size !== pointer.size) return WRONG_SIZE;
  const found = read(disk, path, pointer);
  return typeof found === "string" ? found : { pointer, content: found.content };
}

const WRONG_SIZE = "its content has another size than its pointer says";
const WRONG_DIGEST = "its content is not that which its pointer names";
const MISSING = "its content is missing";

/** Looks at no content: that it is there, with the right size, is enough. */
export const glance: ReadContent<null> = () => ({ content: null });

/** Reads the content whole. */
export const wholeContent: ReadContent<Uint8Array> = (disk, path, { size, digest }) => {
  const content = disk.readFile(path, size + 1);
  if (content === null) return MISSING;
  if (content.length !== size) return WRONG_SIZE;
  return hashHex("sha256", content) === digest ? { content } : WRONG_DIGEST;
};

/** Opens the content, when all of it was found to be sound; close it. For what is too large to be held. */
export const openContent: ReadContent<OpenFile> = (disk, path, { size, digest }) => {
  const file = disk.openRead(path);
  if (file === null) return MISSING;
  const hasher = createHasher("sha256");
  let length = 0;
  try {
    for (const chunk of chunksOf(file)) {
      hasher.update(chunk);
      length += chunk.length;
      if (length > size) break; // it grows, maybe for ever
    }
  } catch (error) {
    file.close();
    throw error;
  }
  const damage = length !== size ? WRONG_SIZE : toHex(hasher.digest()) !== digest ? WRONG_DIGEST : null;
  if (damage === null) return { content: file };
  file.close();
  return damage;
};

/** Reads the content to see that it is sound, holding none of it. */
export const checkContent: ReadContent<null> = (disk, path, pointer) => {
  const opened = openContent(disk, path, pointer);
  if (typeof opened === "string") return opened;
  opened.content.close();
  return { content: null };
};

/** An open file from its beginning; each part is gone when the next one is asked for. */
export function* chunksOf(file: OpenFile): Generator<Uint8Array> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  for (let position = 0;;) {
    const count = file.readAt(buffer, position);
    if (count > 0) yield buffer.subarray(0, count);
    position += count;
    if (count < buffer.length) return;
  }
}

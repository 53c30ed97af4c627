/**
 * Loose refs: one file each, holding an object name or `ref: <name>`, or a symbolic link that stands for the latter.
 *
 * Read as git reads them: see "gitrepository-layout" and git's own leniency about blanks and what follows an object
 * name. What cannot be read as a ref is an error that names the file, never an absence.
 *
 * @module
 */
import { closing } from "../../../platform/closing.ts";
import type { Disk, FileStat } from "../../../platform/disk.ts";
import { isDiskError } from "../../../platform/disk.ts";
import { LatticeError } from "../../../platform/errors.ts";
import { bytesToName } from "../../../platform/text.ts";
import { isOidInAnyCase, type ObjectFormat } from "../../object_format.ts";
import { checkRefName } from "../names.ts";
import type { RefValue } from "../store.ts";

/** What stands at the path of a loose ref. */
export type LooseRead =
  | { readonly kind: "absent" }
  | { readonly kind: "folder" }
  | { readonly kind: "ref"; readonly value: RefValue };

/**
 * How many bytes of a file are looked at. A ref needs far fewer; `FETCH_HEAD`, and a file with more lines, begins
 * with what counts.
 */
const CONTENT_BYTES_MAX = 64 * 1024;

/** How often a file that vanishes between two calls is looked for again. */
const ATTEMPTS_MAX = 5;

/** Why a ref that holds the all-zero name is broken: everywhere else that name says that there is no ref. */
export const ZERO_REASON = "it holds the all-zero object name, which names nothing";

const ABSENT: LooseRead = { kind: "absent" };
const FOLDER: LooseRead = { kind: "folder" };

/**
 * Reads a loose ref.
 *
 * @param path Absolute path of the file.
 * @param name Name of the ref, for messages.
 * @throws {LatticeError} `invalid_data`: it is there, but no ref can be read from it; `io`.
 */
export function readLooseRef(disk: Disk, format: ObjectFormat, path: string, name: string): LooseRead {
  for (let attempt = 1;; attempt++) {
    const stat = disk.lstat(path);
    if (stat === null) return ABSENT;
    if (stat.kind === "directory") return FOLDER;
    const read = stat.kind === "symlink"
      ? readLink(disk, format, path, name)
      : readFile(disk, format, path, name, stat);
    if (read !== null) return read;
    // It was there and then was not: another process replaced or removed it in between.
    if (attempt === ATTEMPTS_MAX) throw brokenRef(path, name, "it changes faster than it can be read");
  }
}

/** What may stand behind a name, and around `ref:` and its target. */
const BLANKS = " \t\r\n";

/**
 * The value that the content of a loose ref file means.
 *
 * @throws {LatticeError} `invalid_data`.
 */
export function parseLooseRef(format: ObjectFormat, content: Uint8Array, path: string, name: string): RefValue {
  const text = bytesToName(content);
  if (text.startsWith("ref:")) {
    return symbolic(withoutBlanks(text.slice("ref:".length)), path, name);
  }
  const digits = text.slice(0, format.hexLength);
  const next = text.charAt(format.hexLength);
  if (isOidInAnyCase(format, digits) && BLANKS.includes(next)) {
    if (digits === format.zero) throw brokenRef(path, name, ZERO_REASON);
    return { kind: "direct", oid: digits.toLowerCase() };
  }
  throw brokenRef(
    path,
    name,
    content.length === 0 ? "the file is empty" : "it holds neither an object name nor `ref: `",
  );
}

/** The error for a ref that is there and cannot be used. */
export function brokenRef(path: string, name: string, reason: string, cause?: unknown): LatticeError {
  const message = `ref ${JSON.stringify(name)} is broken: ${reason} (in ${JSON.stringify(path)})`;
  return new LatticeError("invalid_data", message, {
    hint: "`lattice doctor` tells what it may have held, and mends it when it is named behind --fix",
    details: { ref: name, path },
    cause,
  });
}

/** Reads a plain file; `null`: it went away. */
function readFile(disk: Disk, format: ObjectFormat, path: string, name: string, stat: FileStat): LooseRead | null {
  if (stat.kind !== "file") throw brokenRef(path, name, "it is neither a file nor a link"); // to open a pipe would hang
  return closing(disk.openRead(path), (file) => {
    const buffer = new Uint8Array(between(format.hexLength + 2, stat.size, CONTENT_BYTES_MAX)); // it may have been replaced
    const content = buffer.subarray(0, file.readAt(buffer, 0));
    return { kind: "ref", value: parseLooseRef(format, content, path, name) };
  });
}

/** The number, or the bound that it oversteps. (Anything of `Math` takes 0.05 ms when it is first used.) */
function between(least: number, number: number, most: number): number {
  return number < least ? least : number > most ? most : number;
}

/** Reads a symbolic link: its text is a ref's name, or it is followed. `null`: it went away. */
function readLink(disk: Disk, format: ObjectFormat, path: string, name: string): LooseRead | null {
  const target = disk.readLink(path);
  if (target === null) return null;
  if (target.startsWith("refs/") && checkRefName(target) === null) {
    return { kind: "ref", value: { kind: "symbolic", target } };
  }
  const stat = followLink(disk, path, name);
  if (stat === null) {
    throw brokenRef(path, name, `its symbolic link leads to ${JSON.stringify(target)}, which is not there`);
  }
  if (stat.kind === "directory") return FOLDER;
  return readFile(disk, format, path, name, stat);
}

function followLink(disk: Disk, path: string, name: string): FileStat | null {
  try {
    return disk.stat(path);
  } catch (error) {
    if (isDiskError(error, "ELOOP")) throw brokenRef(path, name, "its symbolic links lead in a circle", error);
    throw error;
  }
}

/** A text without the blanks at its ends. */
function withoutBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && BLANKS.includes(text[start]!)) start++;
  while (start < end && BLANKS.includes(text[end - 1]!)) end--;
  return text.slice(start, end);
}

function symbolic(target: string, path: string, name: string): RefValue {
  const reason = checkRefName(target, { allowOneLevel: true });
  if (reason === null) return { kind: "symbolic", target };
  throw brokenRef(path, name, `it points to ${JSON.stringify(target)}, which is no ref name: ${reason}`);
}

/**
 * Folders of objects that a repository borrows from (gitrepository-layout, `objects/info/alternates`, and
 * `GIT_ALTERNATE_OBJECT_DIRECTORIES`).
 *
 * @module
 */
import type { Disk } from "../../platform/disk.ts";
import { bytesToName, nameToBytes } from "../../platform/text.ts";
import { readBounded } from "../bounded_file.ts";
import type { Repository } from "../repository.ts";

/** Alternates of alternates are followed this far; git ignores those beyond. */
const DEPTH_MAX = 5;

/** All folders in which an open repository has objects: its own, then those that it borrows from; each once. */
export function objectFolders({ system, objectsDir }: Repository): string[] {
  const environment = system.env["GIT_ALTERNATE_OBJECT_DIRECTORIES"];
  return [objectsDir, ...findAlternates(system.disk, objectsDir, environment, system.host.workingDirectory)];
}

/**
 * Finds all folders that a repository borrows from, in the order in which git asks them.
 *
 * @param objectsDir The repository's own folder of objects, absolute.
 * @param environment Value of `GIT_ALTERNATE_OBJECT_DIRECTORIES`, if it is set.
 * @param workingDirectory What relative paths in the environment are relative to.
 * @returns Absolute paths, each once, without `objectsDir` and without those that do not exist.
 */
export function findAlternates(
  disk: Disk,
  objectsDir: string,
  environment: string | undefined,
  workingDirectory: string,
): string[] {
  const seen = new Set([disk.realPath(objectsDir) ?? objectsDir]);
  const found: string[] = [];

  function add(lines: string[], relativeTo: string, depth: number): void {
    if (depth > DEPTH_MAX) return;
    for (const line of lines) {
      const real = disk.realPath(line.startsWith("/") ? line : `${relativeTo}/${line}`);
      if (real === null || seen.has(real) || disk.stat(real)?.kind !== "directory") continue;
      seen.add(real);
      found.push(real);
      addFile(real, depth + 1);
    }
  }

  function addFile(folder: string, depth: number): void {
    const bytes = readBounded(disk, `${folder}/info/alternates`);
    if (bytes === null) return;
    add(splitPaths(bytesToName(bytes), "\n"), folder, depth);
  }

  if (environment !== undefined) add(splitPaths(environment, ":"), workingDirectory, 0);
  addFile(objectsDir, 0);
  return found;
}

/** Paths between separators: comment lines and empty ones left out, quoted ones unquoted as in C. */
function splitPaths(text: string, separator: string): string[] {
  const paths: string[] = [];
  for (let at = 0; at < text.length;) {
    let end = text.indexOf(separator, at);
    if (end < 0) end = text.length;
    if (text[at] === "#") {
      at = end + 1;
      continue;
    }
    const quoted = text[at] === '"' ? unquote(text, at) : null;
    if (quoted !== null) {
      paths.push(quoted.path);
      end = text.indexOf(separator, quoted.end);
      if (end < 0) end = text.length;
    } else if (end > at) {
      paths.push(text.slice(at, end));
    }
    at = end + 1;
  }
  return paths.filter((path) => path !== "");
}

const ESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, '"': 34, "\\": 92 };

/** Reads a C-quoted string; `null` when it is not properly quoted, and then git takes it as it stands. */
function unquote(text: string, start: number): { path: string; end: number } | null {
  const bytes: number[] = [];
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at]!;
    if (character === '"') return { path: bytesToName(Uint8Array.from(bytes)), end: at + 1 };
    if (character !== "\\") {
      const isPair = /[\uD800-\uDBFF]/.test(character) && /[\uDC00-\uDFFF]/.test(text[at + 1] ?? "");
      bytes.push(...nameToBytes(isPair ? character + text[++at]! : character));
      continue;
    }
    const octal = /^[0-3][0-7]{2}/.exec(text.slice(at + 1, at + 4))?.[0];
    const escape = ESCAPES[text[at + 1] ?? ""];
    if (octal !== undefined) bytes.push(parseInt(octal, 8));
    else if (escape !== undefined) bytes.push(escape);
    else return null;
    at += octal === undefined ? 1 : 3;
  }
  return null;
}

/**
 * Paths as texts.
 *
 * @module
 */
import type { System } from "./system.ts";

/** The folder that holds an absolute path; that of `/` is itself. */
export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

/** The path that a user gave, absolute: a relative one counts from the working folder. */
export function absolutePath({ host }: Pick<System, "host">, path: string): string {
  return path.startsWith("/") ? path : pathBelow(host.workingDirectory, path);
}

/** A relative path in a folder. */
export function pathBelow(folder: string, path: string): string {
  return `${folder.replace(/\/$/, "")}/${path}`;
}
